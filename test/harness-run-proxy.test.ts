import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { createCa } from '../spec/node/ca.ts'
import { systemNow, systemRandom } from '../spec/node/settings.ts'
import { DESK, TOKEN } from './harness-rig.ts'
import { openRun } from './harness-run-rig.ts'

const CONNECT = 'CONNECT desk.example:443 HTTP/1.1'
const basic = (text: string) => `Proxy-Authorization: Basic ${btoa(text)}`

test.each([
  ['nothing', []],
  ['another password', [basic('agentpass:guess')]],
  ['no password', [basic('agentpass:')]],
  ['another scheme', ['Proxy-Authorization: Bearer x']],
  ['the token', [`Proxy-Authorization: Bearer ${TOKEN}`]],
])('another user of the machine, who knows %s, gets nowhere', async (_, lines) => {
  const run = await openRun()
  for (const line of [CONNECT, 'CONNECT evil.example:443 HTTP/1.1', `GET ${DESK}/ HTTP/1.1`, 'GET / HTTP/1.1'])
    expect(await run.say(line, 'Host: x', ...lines)).toMatch(/^HTTP\/1\.1 407 .*proxy-authenticate: Basic/is)
  expect(run.asked).toEqual([])
  expect(run.notes.lines({ service: DESK, expiresAt: undefined, now: 0 })).toEqual([])
})

test.each([
  'evil.example:443',
  'desk.example:80',
  'desk.example:8443',
  'desk.example',
  'desk.example.:443',
  'desk.example.evil.example:443',
  '127.0.0.1:443',
])('there is no tunnel to %s', async (target) => {
  const run = await openRun()
  const said = await run.say(`CONNECT ${target} HTTP/1.1`, 'Host: desk.example', run.allowed)
  expect(said).toMatch(/^HTTP\/1\.1 403 /)
  expect(said).toContain(`this proxy leads to ${DESK} alone`)
  expect(run.notes.lines({ service: DESK, expiresAt: undefined, now: 0 })).toEqual([expect.stringContaining(target)])
})

test.each(['http://desk.example/api', 'http://desk.example:443/api', 'http://evil.example/', 'https://desk.example/api', '/api'])(
  'nothing goes over plain http: %s',
  async (target) => {
    const run = await openRun()
    const said = await run.say(`GET ${target} HTTP/1.1`, 'Host: desk.example', run.allowed)
    expect(said).toMatch(/^HTTP\/1\.1 403 /)
    expect(said).toContain(`this proxy leads to ${DESK} alone`)
    expect(run.asked).toEqual([])
  },
)

test.each([
  ['another host', ['Host: evil.example']],
  ['another port', ['Host: desk.example:8443']],
  ['a host and a path', ['Host: desk.example/x']],
  ['userinfo', ['Host: x@desk.example']],
  ['two hosts', ['Host: desk.example', 'Host: evil.example']],
  ['the same host twice', ['Host: desk.example', 'host: desk.example']],
  ['an empty host', ['Host: ']],
])('inside the tunnel, %s is refused', async (_, lines) => {
  const run = await openRun()
  expect(await run.ask('GET /api HTTP/1.1', ...lines)).toMatch(/^HTTP\/1\.1 (?:421|400) /)
  expect(run.asked).toEqual([])
})

test.each(['https://evil.example/', 'http://desk.example/', 'https://desk.example:8443/', 'https://desk.example@evil.example/', '*', 'evil.example'])(
  'inside the tunnel, the target %s is refused',
  async (target) => {
    const run = await openRun()
    expect(await run.ask(`OPTIONS ${target} HTTP/1.1`)).toMatch(/^HTTP\/1\.1 (?:421|400) /)
    expect(run.asked).toEqual([])
  },
)

test.each([
  ['/api?a=b%2Fc', '/api?a=b%2Fc'],
  ['https://desk.example/api?a', '/api?a'],
  ['https://DESK.example:443/api', '/api'],
  ['//evil.example/api', '//evil.example/api'],
])('inside the tunnel, %s is the service’s', async (target, path) => {
  const run = await openRun()
  expect(await run.ask(`GET ${target} HTTP/1.1`, 'Host: desk.example:443')).toMatch(/^HTTP\/1\.1 200 /)
  expect(run.asked.map(({ url, headers }) => [url, headers.get('authorization')])).toEqual([[DESK + path, `Bearer ${TOKEN}`]])
})

test('the proxy is gone when the run is, with all its connections', async () => {
  const run = await openRun()
  const socket = await run.tunnel()
  const closed = once(socket, 'close')
  await run.proxy.close()
  await closed
  await expect(run.say(CONNECT, run.allowed)).resolves.toBe('(broken off)')
})

test('the authority of a run vouches for the service’s name alone', async () => {
  const run = await openRun()
  await expect(run.tunnel({ ca: [] })).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
  const constrained = await createCa({ now: systemNow, random: systemRandom, organisation: 'x', lifetimeSeconds: 3600, onlyFor: 'desk.example' })
  for (const [host, expected] of [
    ['desk.example', 'fine'],
    ['evil.example', 'permitted subtree'],
  ] as const) {
    const server = createServer(await constrained.issue([host]), (socket) => void socket.on('error', () => {}).end())
    onTestFinished(() => void server.close())
    server.on('tlsClientError', () => {})
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    const client = connect({ port: typeof address === 'object' ? address!.port : 0, host: '127.0.0.1', servername: host, ca: constrained.pem })
    onTestFinished(() => void client.destroy())
    const outcome = await once(client, 'secureConnect').then(
      () => 'fine',
      ({ message }) => message,
    )
    expect(outcome).toContain(expected)
  }
  const root = new X509Certificate(constrained.pem)
  const lifetime = Date.parse(root.validTo) - Date.parse(root.validFrom)
  expect([root.ca, lifetime]).toEqual([true, 2 * 3_600_000])
})
