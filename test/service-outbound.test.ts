/** What strangers can make a Service fetch: nothing at a private address, nothing twice, nothing of itself. A real outbound guard, and a real door nobody may knock at. */
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { Fetch } from '../spec/effects.ts'
import { createGuardedFetch } from '../spec/node/fetch.ts'
import { ACME, DESK, json } from './fake-authority.ts'
import { internet } from './internet.ts'
import { type Desk, desk, okay, refusal } from './service-rig.ts'
import { guard, listen, peer } from './spec/tls-fixture.ts'

/** A Service for which the Authorities are where they always are, and every other name is a door on loopback, behind the guard. */
async function guarded(): Promise<{ d: Desk; port: number; knocks: () => number }> {
  const { sockets, port } = await listen(
    createServer((socket) => socket.destroy()),
    0,
    '127.0.0.1',
  )
  const guard = createGuardedFetch({ resolveAddresses: async () => [{ address: '127.0.0.1', family: 4 }] })
  onTestFinished(guard.close)
  let known: Fetch = internet().fetch
  const fetch: Fetch = (url, init) => (new URL(url).hostname.endsWith('.example') ? known(url, init) : guard.fetch(url, init))
  const d = await desk({ trust: ['own', 'federated'], effects: { fetch } })
  known = d.net.fetch
  d.enterprise.publish('acme.example')
  return { d, port, knocks: () => sockets.length }
}
const endpoints = (changed: object) => ({ validate: `${ACME}/validate`, authorization_check: `${ACME}/check`, ...changed })

/** Hosts that are this machine, or its network, however they are written. */
const PRIVATE = [
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '0.0.0.0',
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[fd00::1]',
  '10.0.0.1',
  '169.254.169.254',
  'localhost',
  'internal',
  '127.0.0.1.nip.io',
]

test.each(PRIVATE)('a record that leads to https://%s is 502, and nobody is reached [DISC-ENT-12]', async (host) => {
  const { d, port, knocks } = await guarded()
  d.net.publish('_agentpass.acme.example', `https://${host}:${port}/config`)
  expect((await refusal(await d.resolve()))[0]).toBe(502)
  expect((await refusal(await d.redeem({ authority: d.own.identifier })))[0]).toBe(502)
  expect(knocks()).toBe(0)
})

test.each(PRIVATE)('a document whose validate is at https://%s costs no pass: 502, and nobody is reached [SVC-RED-21]', async (host) => {
  const { d, port, knocks } = await guarded()
  const { endpoints: good } = d.enterprise.configuration
  d.enterprise.configuration.endpoints = endpoints({ validate: `https://${host}:${port}/validate` })
  expect(await refusal(await d.redeem())).toEqual([502, 'authority_unavailable'])
  expect(knocks()).toBe(0)
  d.enterprise.configuration.endpoints = good
  d.pass(301)
  await okay(await d.redeem())
})

test('nor do keys, checks and closing reach a private address [SVC-SCD-02] [SVC-CONT-03]', async () => {
  const { d, port, knocks } = await guarded()
  const at = (path: string) => `https://127.0.0.1:${port}/${path}`
  Object.assign(d.enterprise.configuration, {
    jwks_uri: at('jwks'),
    endpoints: endpoints({ authorization_check: at('check'), authorization_close: at('close') }),
  })
  expect(await refusal(await d.scopes(await d.enterprise.sign()))).toEqual([502, 'authority_unavailable'])
  expect(await refusal(await d.call('/api/tickets', await d.token()))).toEqual([502, 'authority_unavailable'])
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ scope: [] }))
  expect(await refusal(await d.redeem())).toEqual([403, 'insufficient_scope'])
  expect(knocks()).toBe(0)
})

test.each(['/agentpass/resolve-authorities', '/.well-known/agentpass-service', '/agentpass/redeem/bearer-token', '/'])(
  'a record that leads to the Service itself, %s, is 502 after one fetch, and goes round no circle',
  async (path) => {
    const d = await desk({ trust: ['own'] })
    d.net.publish('_agentpass.acme.example', DESK + path)
    expect((await refusal(await d.resolve()))[0]).toBe(502)
    expect(d.sent()).toEqual([`GET ${DESK}${path}`])
    expect(d.net.lookups).toEqual(['_agentpass.acme.example'])
  },
)

test('a document whose validate is our own redemption endpoint goes round no circle', async () => {
  const d = await desk()
  d.enterprise.publish('acme.example')
  d.enterprise.configuration.endpoints = endpoints({ validate: `${DESK}/agentpass/redeem/bearer-token` })
  expect(await refusal(await d.redeem())).toEqual([502, 'authority_unavailable'])
  expect(d.sent().filter((call) => call.startsWith('POST'))).toHaveLength(1)
})

test('what a caller sends never becomes an address, a header or a line of what we send', async () => {
  const d = await desk()
  d.enterprise.publish('acme.example')
  await d.redeem({ agentpass: { type: 'bearer_token', value: 'x\r\nX-Injected: 1\r\n\r\n' }, requested_scope: ['a\r\nb'] })
  await d.redeem({ authority: 'https://stranger.example/%0d%0aX-Injected' })
  for (const { url, headers } of d.net.calls) {
    expect(url).toMatch(/^https:\/\/authority\.acme\.example\/(?:validate|close|\.well-known\/agentpass-authority)$/)
    expect([...headers.keys()].toSorted().join()).toMatch(/^accept(?:,authorization,content-type)?$/)
  }
})

test('one user of a domain is as good as another: resolution says nothing of who has an account', async () => {
  const d = await desk({ settings: { users: [{ user: 'ada@acme.example', scopes: ['tickets:read'] }] } })
  d.enterprise.publish('acme.example')
  const answer = async (email: string) => {
    const response = await d.resolve(email)
    return [response.status, [...response.headers], await response.text()]
  }
  expect(await answer('nobody@acme.example')).toEqual(await answer('ada@acme.example'))
})

/** A Service among Authorities one of whose addresses begins to answer and never ends. The deadline is the guard's. */
async function stuckAt(path: string): Promise<Desk> {
  const { url } = await peer((_, response) => void response.writeHead(200).write('{'))
  const stuck = guard({ timeoutMs: 300 })
  let known: Fetch = stuck.fetch
  const d = await desk({ trust: ['own'], effects: { fetch: (to, init) => (to === ACME + path ? stuck.fetch(url, init) : known(to, init)) } })
  known = d.net.fetch
  d.enterprise.publish('acme.example')
  return d
}

test('a document that never ends is 502 at the deadline, and no Authority is named or asked [SVC-RES-17]', async () => {
  const d = await stuckAt('/.well-known/agentpass-authority')
  expect((await refusal(await d.resolve()))[0]).toBe(502)
  for (const { identifier, asked } of [d.enterprise, d.own]) {
    expect((await refusal(await d.redeem({ authority: identifier })))[0]).toBe(502)
    expect(asked('validate')).toEqual([])
  }
})

test('a validation that never ends is 502 at the deadline, and nothing is minted [SVC-RED-11]', async () => {
  const d = await stuckAt('/validate')
  expect(await refusal(await d.redeem())).toEqual([502, 'authority_unavailable'])
  expect(await d.database().read.selectFrom('credential').selectAll().execute()).toEqual([])
})
