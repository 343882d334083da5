/** The Service hears an event from the Authority behind a delegation alone (protocol 10), and nobody else makes it ask anybody anything. */
import { expect, test } from 'vitest'
import { ACME, type Changes, DESK, forged } from './fake-authority.ts'
import { expectRefused, expectStillWorks, expectTaken, type Holding, holding, SET } from './push-receiver-rig.ts'
import { FEDERATED, okay, refusal } from './service-rig.ts'

test('another Authority that we know may say what it likes of an authorization that is not its own: nothing comes of it', async () => {
  const h = await holding()
  await expectTaken(h.push(h.event({ iss: FEDERATED }, {}, h.d.federated)))
  expect(h.d.sent().every((call) => call.startsWith(`GET ${FEDERATED}`))).toBe(true)
  expect(await h.d.database().read.selectFrom('security_event_seen').selectAll().execute()).toEqual([])
  await expectStillWorks(h)
})

test('an event about an authorization that we never had is taken from its Authority, and nothing comes of it', async () => {
  const h = await holding()
  await expectTaken(h.push(h.event({ sub_id: { format: 'opaque', id: 'authorization-2' } })))
  await expectStillWorks(h)
  expect((await h.d.audited()).filter(({ event }) => event === 'security_event').map(({ outcome }) => outcome)).toContain('ignored')
})

test('an event of a type that we do not know is taken, and nothing comes of it', async () => {
  const h = await holding()
  await expectTaken(h.push(h.event({ events: { 'https://schemas.openid.net/secevent/caep/event-type/credential-change': {} } })))
  await expectStillWorks(h)
})

test('an issuer that stands behind nothing here is refused, and is not asked for its keys', async () => {
  const h = await holding()
  const stranger = 'https://stranger.example'
  await expectRefused(h, h.event({ iss: stranger }, { jku: `${stranger}/jwks` }), 'invalid_issuer')
})

test.each(['https://authority.acme.example/', 'https://AUTHORITY.acme.example', 'https://authority.acme.example:443'])(
  'an issuer that is written %s is another',
  async (iss) => {
    const h = await holding()
    await expectRefused(h, h.event({ iss }), 'invalid_issuer')
  },
)

const KEYS = [`GET ${ACME}/jwks.json`]
test.each<[string, (h: Holding) => Promise<string>, string, string[]]>([
  ['by another Authority that we know', (h) => h.event({}, { kid: h.d.enterprise.key.kid }, h.d.federated), 'authentication_failed', KEYS],
  ['with nothing', (h) => forged({ alg: 'none', typ: 'secevent+jwt' }, h.claims()), 'invalid_request', []],
  ['with an empty signature', (h) => forged({ alg: 'ES256', typ: 'secevent+jwt' }, h.claims()), 'invalid_request', []],
  ['as HS256', (h) => forged({ alg: 'HS256', typ: 'secevent+jwt' }, h.claims(), h.d.enterprise.privateKey), 'invalid_request', []],
  [
    'as RS256 with an EC key',
    (h) => forged({ alg: 'RS256', typ: 'secevent+jwt' }, h.claims(), h.d.enterprise.privateKey),
    'authentication_failed',
    KEYS,
  ],
  [
    'by a key that the event itself brings',
    (h) => h.event({}, { jwk: h.d.federated.key, kid: undefined }, h.d.federated),
    'authentication_failed',
    KEYS,
  ],
])('an event signed %s is refused', async (_, make, err, calls) => {
  const h = await holding()
  const response = await h.push(make(h))
  expect([response.status, await response.json()]).toEqual([400, { err, description: expect.any(String) }])
  for (const call of h.d.sent()) expect(calls).toContain(call)
  await expectStillWorks(h)
})

test.each<[string, Changes, string]>([
  ['another Service', { aud: 'https://other.example' }, 'invalid_audience'],
  ['us and another', { aud: [DESK, 'https://other.example'] }, 'invalid_audience'],
  ['nobody', { aud: undefined }, 'invalid_audience'],
])('an event for %s is refused: one that another Service was sent is of no use here', async (_, changes, err) => {
  const h = await holding()
  await expectRefused(h, h.event(changes), err)
})

test.each<[string, Changes, Changes]>([
  ['is an assertion', { exp: 9_999_999_999 }, { typ: 'JWT' }],
  ['is from the future', { iat: 9_999_999_999 }, {}],
  ['has no jti', { jti: undefined }, {}],
  ['is about somebody', { sub_id: { format: 'email', email: 'ada@acme.example' } }, {}],
])('a token that %s is refused', async (_, changes, header) => {
  const h = await holding()
  await expectRefused(h, h.event(changes, header), 'invalid_request')
})

test.each(['', 'no token', '{"iss":"x"}', 'a.b', 'ü.ü.ü'])('%j is no event', async (body) => {
  await expectRefused(await holding(), body, 'invalid_request')
})

test('an assertion of the Authority is no event, and an event no assertion', async () => {
  const h = await holding()
  await expectRefused(h, h.d.enterprise.sign(), 'invalid_request')
  const event = await h.event({ exp: h.d.now() + 60 })
  expect(await refusal(await h.d.scopes(event))).toEqual([401, 'invalid_assertion'])
  expect((await h.d.scopes(await h.d.enterprise.sign())).status).toBe(200)
})

test.each<[string, Changes, number]>([
  ['another media type', { 'content-type': 'application/json' }, 415],
  ['another charset', { 'content-type': `${SET}; charset=utf-16` }, 415],
])('with %s it is refused as every message', async (_, headers, status) => {
  const h = await holding()
  expect((await h.push(h.event(), headers)).status).toBe(status)
  await expectStillWorks(h)
})

test('a body over 64 KiB is refused as every message', async () => {
  const h = await holding()
  expect(await refusal(await h.push('x'.repeat(65_537)))).toEqual([413, 'too_large'])
  await expectStillWorks(h)
})

test('where the keys of the Authority cannot be had the event has to come again', async () => {
  const h = await holding()
  h.d.pass(301)
  h.d.enterprise.unplug()
  const one = await h.event()
  expect((await h.push(one)).status).toBe(502)
  h.d.enterprise.host()
  h.d.pass(2)
  expect(await h.call()).toBe(200)
  await expectTaken(h.push(one))
  expect(await h.call()).toBe(401)
})

test('a caller that sends too many is told to wait', async () => {
  const h = await holding({ limits: { security_events_per_minute: 2 } })
  for (let i = 0; i < 2; i++) await h.push('rubbish')
  const refused = await h.push(h.event())
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await refusal(refused)).toEqual([429, 'rate_limited'])
  expect(await h.call()).toBe(200)
})

test('what strangers make up fills the trail no faster than redemptions could, and keeps no Authority from being heard', async () => {
  const h = await holding({ limits: { redemptions_per_minute: 3 } })
  const strange = await h.event({ iss: 'https://stranger.example' })
  const answers: number[] = []
  for (let i = 0; i < 5; i++) answers.push((await h.push(strange)).status)
  expect(answers).toEqual([400, 400, 400, 429, 429])
  const refused = (await h.d.audited()).filter(({ event, outcome }) => event === 'security_event' && outcome === 'refused')
  expect(refused).toHaveLength(3)
  await expectTaken(h.push(h.event()))
  expect(await h.call()).toBe(401)
})

test('switched off, there is no such address, and none is published', async () => {
  const h = await holding({ security_events: false })
  expect((await h.push(h.event())).status).toBe(401) // the app's, behind the gateway
  expect(await h.call()).toBe(200)
  const document = await okay(await h.d.request('/.well-known/agentpass-service'))
  expect(JSON.stringify(document)).not.toContain('security')
})
