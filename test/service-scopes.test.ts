import { expect, test } from 'vitest'
import { ScopesResponse } from '../spec/wire/scopes.ts'
import { type Changes, DESK, fakeAuthority, json, USER } from './fake-authority.ts'
import { type Desk, desk, okay, refusal, SCOPES } from './service-rig.ts'

const READ = { name: 'tickets:read', description: 'Read tickets' }
const WRITE = { name: 'tickets:write', description: 'Write tickets' }
const BODY = { user: { email: USER }, agent: { id: 'agent-7' } }

async function found(more: Parameters<typeof desk>[0] = {}): Promise<Desk> {
  const d = await desk(more)
  d.enterprise.publish('acme.example')
  return d
}

test('an Authority that may decide for the user learns the scopes it may approve [SVC-SCD-08]', async () => {
  const d = await found()
  const response = await d.scopes(await d.enterprise.sign(), { ...BODY, task: { id: 'task-1', description: 'Answer ticket 17' }, x_unknown: 1 })
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(ScopesResponse.parse(await okay(response))).toEqual({ scopes: [READ, WRITE] })
})

test('each user has their own: by address, by domain, first match first, and none where nothing matches [SVC-SCD-09]', async () => {
  const users = [
    { user: 'ada@acme.example', scopes: ['tickets:write', 'tickets:read'] },
    { user: 'eve@acme.example', scopes: [] },
    { user: '@ACME.example', scopes: ['tickets:read'] },
  ]
  const d = await found({ settings: { users } })
  d.enterprise.publish('other.example')
  const of = async (email: string) => okay(await d.scopes(await d.enterprise.sign(), { ...BODY, user: { email } }))
  expect(await of('ada@acme.example')).toEqual({ scopes: [READ, WRITE] }) // in the order of the settings
  expect(await of('eve@acme.example')).toEqual({ scopes: [] })
  expect(await of('Ada@acme.example')).toEqual({ scopes: [READ] }) // another user: local parts are compared byte for byte
  expect(await of('bob@acme.example')).toEqual({ scopes: [READ] })
  expect(await of('bob@other.example')).toEqual({ scopes: [] })
})

test.each<[string, unknown]>([
  ['no user', { agent: BODY.agent }],
  ['no agent', { user: BODY.user }],
  ['an agent without id', { ...BODY, agent: {} }],
  ['an empty agent.id', { ...BODY, agent: { id: '' } }],
  ['an agent.id of 1,025 characters', { ...BODY, agent: { id: 'x'.repeat(1025) } }],
  ['agent.id 5', { ...BODY, agent: { id: 5 } }],
  ['a task without id', { ...BODY, task: { description: 'x' } }],
  ['a task that is a string', { ...BODY, task: 'task-1' }],
  ['an array', [BODY]],
])('%s: 400, and nothing is looked up or fetched [SVC-SCD-07]', async (_, body) => {
  const d = await found()
  expect(await refusal(await d.scopes(await d.enterprise.sign(), body))).toEqual([400, 'malformed_request'])
  expect([d.net.lookups, d.sent()]).toEqual([[], []])
  await okay(await d.scopes(await d.enterprise.sign()))
})

test('a user.email that is no address is 400, and no question to DNS [SVC-SCD-07] [DISC-ENT-01]', async () => {
  const d = await found()
  expect(await refusal(await d.scopes(await d.enterprise.sign(), { ...BODY, user: { email: 'a@b@acme.example' } }))).toEqual([400, 'invalid_email'])
  expect(d.net.lookups).toEqual([])
})

test('the assertion comes before the body, the body before DNS [SVC-SCD-01] [SVC-SCD-11]', async () => {
  const d = await found()
  expect(await refusal(await d.post(SCOPES, '{', {}))).toEqual([401, 'invalid_assertion'])
  expect(await refusal(await d.scopes(await d.enterprise.sign({ aud: 'https://other.example' }), '{'))).toEqual([401, 'invalid_assertion'])
  expect(await refusal(await d.scopes(await d.enterprise.sign(), '{'))).toEqual([400, 'malformed_request'])
  expect(d.net.lookups).toEqual([])
})

test('the keys and the document of an Authority that is not permitted for this user are not fetched [SVC-SCD-06]', async () => {
  const d = await found({ trust: ['own', 'federated'] })
  const stranger = await fakeAuthority(d.net, 'https://stranger.example')
  d.enterprise.configuration.policy = { allow_service_authorities: false }
  for (const { sign, calls } of [stranger, d.own, d.federated]) {
    expect(await refusal(await d.scopes(await sign()))).toEqual([403, 'untrusted_authority'])
    expect(calls).toEqual([])
  }
  await okay(await d.scopes(await d.enterprise.sign()))
})

test('an Authority permitted for one domain learns nothing about a user of another [SVC-SCD-06]', async () => {
  const d = await found()
  const evil = await fakeAuthority(d.net, 'https://authority.evil.example')
  evil.publish('evil.example')
  await okay(await d.scopes(await evil.sign(), { ...BODY, user: { email: 'eve@evil.example' } }))
  expect(await refusal(await d.scopes(await evil.sign()))).toEqual([403, 'untrusted_authority'])
})

test("the Service's own Authority and a federated one are asked to prove who they are, under the keys of their pins [SVC-SCD-02] [SVC-SCD-06]", async () => {
  const d = await desk({ trust: ['own', 'federated'], policy: { offer_both: true } })
  for (const authority of [d.own, d.federated]) {
    expect(await refusal(await d.scopes(await authority.sign({}, {}, d.enterprise.privateKey)))).toEqual([401, 'invalid_assertion'])
    await okay(await d.scopes(await authority.sign()))
  }
  d.enterprise.publish('acme.example') // from now on it alone, and what it allows, may speak
  d.pass(61)
  expect(await refusal(await d.scopes(await d.federated.sign()))).toEqual([403, 'untrusted_authority'])
  await okay(await d.scopes(await d.own.sign()))
})

test.each<[string, string[], [number, string]]>([
  ['none', ['none'], [403, 'delegation_disabled']],
  ['two values', ['https://a.example', 'https://b.example'], [502, 'discovery_failed']],
])('with %s in DNS nobody learns anything', async (_, values, outcome) => {
  const d = await desk({ trust: ['own'] })
  d.net.publish('_agentpass.acme.example', ...values)
  expect(await refusal(await d.scopes(await d.own.sign()))).toEqual(outcome)
  expect(d.own.calls).toEqual([])
})

test.each<[string, (d: Desk) => void]>([
  ['the host of the keys is down', (d) => Object.assign(d.enterprise.configuration, { jwks_uri: 'https://down.example/jwks.json' })],
  ['they are a 404', (d) => Object.assign(d.enterprise.answers, { jwks: () => json({}, 404) })],
  ['they are a page', (d) => Object.assign(d.enterprise.answers, { jwks: () => new Response('<!doctype html>') })],
  ['they are no key set', (d) => Object.assign(d.enterprise.answers, { jwks: () => json([d.enterprise.key]) })],
  ['they are a redirect', (d) => Object.assign(d.enterprise.answers, { jwks: () => Response.redirect('https://elsewhere.example/jwks', 307) })],
  ['they are over 256 KiB', (d) => Object.assign(d.enterprise.answers, { jwks: () => json({ keys: [d.enterprise.key], x: 'x'.repeat(262_144) }) })],
])('where %s: 502, not the verdict that the assertion is bad [SVC-SCD-02]', async (_, spoil) => {
  const d = await found()
  const before = { ...d.enterprise.answers }
  const { jwks_uri } = d.enterprise.configuration
  spoil(d)
  expect(await refusal(await d.scopes(await d.enterprise.sign()))).toEqual([502, 'authority_unavailable'])
  Object.assign(d.enterprise.answers, before)
  d.enterprise.configuration.jwks_uri = jwks_uri
  d.pass(301)
  await okay(await d.scopes(await d.enterprise.sign()))
})

test('whether a user is known here is told to nobody who has not proved who they are [SVC-SCD-11]', async () => {
  const d = await found({ settings: { users: [{ user: USER, scopes: ['tickets:read'] }] } })
  const answer = async (email: string, changes: Changes, header: Changes) => {
    const response = await d.scopes(await d.enterprise.sign(changes, header, d.own.privateKey), { ...BODY, user: { email } })
    return [response.status, [...response.headers], await response.text()]
  }
  for (const [changes, header] of [
    [{}, {}],
    [{ aud: `${DESK}:8443` }, {}],
    [{}, { kid: 'unknown' }],
  ] as const) {
    const known = await answer(USER, changes, header)
    expect(known[0]).toBe(401)
    expect(await answer('nobody@acme.example', changes, header)).toEqual(known)
  }
})

test('a caller who has proved nothing yet has a bounded number of questions, as each may cost a look-up [SVC-RES-16]', async () => {
  const d = await found({ settings: { limits: { scope_requests_per_minute: 5 } } })
  const from = async (i: number) =>
    d.scopes(await d.enterprise.sign({}, {}, d.own.privateKey), { ...BODY, user: { email: `ada@domain-${i}.example` } })
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => from(i)))
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(45)
  expect(d.net.lookups).toHaveLength(5)
})
