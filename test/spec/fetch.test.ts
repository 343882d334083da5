import tls from 'node:tls'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createGuardedFetch, isPublicAddress } from '../../spec/node/fetch.ts'
import { answer, at, ca, canary, createCa, createSelfSigned, guard, NAME, peer } from './tls-fixture.ts'

const REFUSED = /refused/

const LOOPBACK = `127.0.0.1 127.0.0.1. 127.1 2130706433 0x7f000001 0177.0.0.1 0x7f.1 127.8.8.8 0.0.0.0 0 [::1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1]
  [::127.0.0.1] [::ffff:0:127.0.0.1] [64:ff9b::127.0.0.1] [64:ff9b:1::127.0.0.1] [2002:7f00:1::] [2001:0:7f00:1::]`.split(/\s+/)
const ELSEWHERE =
  `10.0.0.1 172.16.0.1 192.168.0.1 169.254.169.254 100.64.0.1 192.0.0.192 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1
  255.255.255.255 [fc00::1] [fd00::1] [fe80::1] [fec0::1] [ff02::1] [100::1] [2001:db8::1] [3fff::1] [4000::1] [::ffff:10.0.0.1]`.split(/\s+/)

test.each([...LOOPBACK, ...ELSEWHERE])('no connection is made to %s', async (host) => {
  const { port, sockets } = await canary()
  const { fetch } = guard({ allowPrivate: [] })
  await expect(fetch(`https://${host}:${port}/`)).rejects.toThrow(REFUSED)
  expect(sockets).toHaveLength(0)
})

test.each(['127.0.0.1', '::1', '::ffff:127.0.0.1', '10.0.0.1', '169.254.169.254', 'fd00::1', '0.0.0.0', 'no address', '0x7f000003'])(
  'a name that resolves to %s is refused, alone or beside a good address',
  async (address) => {
    const { port, sockets } = await canary()
    for (const answers of [[address], [address, '127.0.0.3'], ['127.0.0.3', address]]) {
      const { fetch } = guard({ allowPrivate: ['127.0.0.3/32'], resolveAddresses: async () => at(...answers) })
      await expect(fetch(`https://${NAME}:${port}/`)).rejects.toThrow(REFUSED)
    }
    expect(sockets).toHaveLength(0)
  },
)

test('a name of this machine is refused as the system resolves it', async () => {
  const { port, sockets } = await canary()
  const guarded = createGuardedFetch()
  await expect(guarded.fetch(`https://localhost:${port}/`)).rejects.toThrow(REFUSED)
  expect(sockets).toHaveLength(0)
})

test('a name that resolves to nothing, or not at all, is an error', async () => {
  await expect(guard({ resolveAddresses: async () => [] }).fetch(`https://${NAME}/`)).rejects.toThrow('no address')
  await expect(guard({ resolveAddresses: () => Promise.reject(new Error('SERVFAIL')) }).fetch(`https://${NAME}/`)).rejects.toThrow('SERVFAIL')
})

test('the connection goes to the address that was judged: a name cannot change its mind', async () => {
  const { url, port } = await peer(answer('good', { connection: 'close' }), {}, '127.0.0.3')
  const { sockets } = await canary(port, '127.0.0.1')
  const answers = [at('127.0.0.3'), at('127.0.0.1')]
  const { fetch } = guard({ allowPrivate: ['127.0.0.3/32'], resolveAddresses: async () => answers.shift() ?? [] })
  expect(await (await fetch(url)).text()).toBe('good')
  expect(answers).toHaveLength(1)
  await expect(fetch(url)).rejects.toThrow(REFUSED)
  expect(sockets).toHaveLength(0)
})

test('public means globally routed', () => {
  for (const address of ['8.8.8.8', '1.1.1.1', '::ffff:8.8.8.8', '2606:4700::1111', '172.32.0.1'])
    expect([address, isPublicAddress(address)]).toEqual([address, true])
  for (const host of [...ELSEWHERE, '0x08080808', '8.8', '', 'peer.example'])
    expect([host, isPublicAddress(host.replace(/[[\]]/g, ''))]).toEqual([host, false])
})

test.each(['http://HOST/', 'ftp://HOST/', 'data:text/plain,x', '//HOST/', 'https://user@HOST/', 'https://:secret@HOST/'])(
  '%s is not fetched',
  async (url) => {
    const { port, sockets } = await canary()
    await expect(guard().fetch(url.replace('HOST', `${NAME}:${port}`))).rejects.toThrow(REFUSED)
    expect(sockets).toHaveLength(0)
  },
)

test.each([301, 302, 303, 307, 308])('a redirect with %i is not followed', async (status) => {
  const { port, sockets } = await canary()
  const { url } = await peer((_, res) => res.writeHead(status, { location: `https://127.0.0.1:${port}/` }).end())
  await expect(guard().fetch(url, { redirect: 'follow' })).rejects.toThrow('redirect')
  expect(sockets).toHaveLength(0)
})

test('a caller who asks for it sees a redirect, which is not followed all the same', async () => {
  const { port, sockets } = await canary()
  const location = `https://127.0.0.1:${port}/`
  const { url } = await peer((_, res) => res.writeHead(303, { location, 'set-cookie': ['a=1', 'b=2'] }).end('there'))
  const response = await guard().fetch(url, { method: 'POST', body: 'a=b', redirect: 'manual' })
  expect([response.status, response.headers.get('location'), response.headers.getSetCookie()]).toEqual([303, location, ['a=1', 'b=2']])
  expect(await response.text()).toBe('there')
  expect(sockets).toHaveLength(0)
})

test('a request arrives whole, and its answer is a global Response', async () => {
  const { url } = await peer(async (req, res) => {
    const body = Buffer.concat(await req.toArray()).toString()
    res
      .writeHead(201, { 'content-type': 'application/json', 'set-cookie': ['a=1', 'b=2'] })
      .end(JSON.stringify([req.method, req.headers['content-type'], body]))
  })
  const { fetch } = guard()
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams({ a: 'b' }) })
  expect([response instanceof Response, response.status, response.headers.getSetCookie()]).toEqual([true, 201, ['a=1', 'b=2']])
  expect(await response.json()).toEqual(['POST', 'application/x-www-form-urlencoded;charset=UTF-8', 'a=b'])
})

test.each([204, 304])('a %i has no body', async (status) => {
  const { url } = await peer((_, res) => res.writeHead(status).end())
  expect(await guard().fetch(url)).toMatchObject({ status, body: null })
})

const UNTRUSTED = {
  'self-signed': () => createSelfSigned(NAME),
  'for another name': () => ca.issue('other.example'),
  expired: () => ca.issue(NAME, -1),
  'of an unknown authority': async () => (await createCa()).issue(NAME),
}
test.each(Object.entries(UNTRUSTED))('a certificate that is %s is refused, whatever the environment says [CFG-X-04]', async (_, create) => {
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
  onTestFinished(() => void vi.unstubAllEnvs())
  let requests = 0
  const { url } = await peer(() => requests++, await create())
  await expect(guard().fetch(url)).rejects.toThrow(/certificate|altnames/)
  expect(requests).toBe(0)
})

test('TLS before 1.2 is refused, whatever the defaults say [CFG-X-04]', async () => {
  const { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS } = tls
  onTestFinished(() => void Object.assign(tls, { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS }))
  Object.assign(tls, { DEFAULT_MIN_VERSION: 'TLSv1', DEFAULT_CIPHERS: 'DEFAULT@SECLEVEL=0' })
  const { url } = await peer(answer('old'), { maxVersion: 'TLSv1.1' })
  await expect(guard().fetch(url)).rejects.toThrow(/version/)
})

test('closing ends the connections kept alive', async () => {
  const { url, allClosed, sockets } = await peer(answer('x'), { keepAliveTimeout: 60_000 })
  const { fetch, close } = guard()
  for (const _ of 'abcdef') await (await fetch(url)).text()
  expect(sockets.length).toBeLessThan(6)
  await close()
  await allClosed()
})

test('a bad setting stops the start', () => {
  expect(() => createGuardedFetch({ allowPrivate: ['127.0.0.1'] })).toThrow()
  expect(() => createGuardedFetch({ ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' })).toThrow()
  expect(() => createGuardedFetch({ ca: 'no PEM' })).toThrow()
})
