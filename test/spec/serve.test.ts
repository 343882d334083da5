/** The doors of our own servers, on a real socket. */
import { once } from 'node:events'
import tls from 'node:tls'
import { Hono } from 'hono'
import { expect, onTestFinished, test } from 'vitest'
import { openDoor } from '../../spec/node/serve.ts'
import { ca, guard, NAME } from './tls-fixture.ts'

test('a door with a certificate speaks TLS 1.2 and later, and nothing before, whatever the defaults say [CFG-X-04]', async () => {
  const { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS } = tls
  onTestFinished(() => void Object.assign(tls, { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS }))
  Object.assign(tls, { DEFAULT_MIN_VERSION: 'TLSv1', DEFAULT_CIPHERS: 'DEFAULT@SECLEVEL=0' })
  const door = await openDoor({ host: '127.0.0.1', port: 0, tls: await ca.issue(NAME) })
  onTestFinished(door.close)
  door.mount(new Hono().get('/', (c) => c.text('here')))
  const speaking = async (version: tls.SecureVersion) => {
    const options = { servername: NAME, ca: ca.pem, minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }
    const socket = tls.connect(door.port, '127.0.0.1', options)
    onTestFinished(() => void socket.destroy())
    await once(socket, 'secureConnect')
    return socket.getProtocol()
  }
  for (const old of ['TLSv1', 'TLSv1.1'] as const) await expect(speaking(old)).rejects.toThrow(/version|protocol/i)
  for (const good of ['TLSv1.2', 'TLSv1.3'] as const) expect(await speaking(good)).toBe(good)
  expect(await (await guard().fetch(`https://${NAME}:${door.port}/`)).text()).toBe('here')
})
