/** The Service hears what an Authority ended or narrowed (protocol 10): from that Authority alone, and nobody else makes it ask anybody anything. */
import { expect, test } from 'vitest'
import { deleteEventsSeenBefore } from '../service/store/security-events.ts'
import { ACME, type Changes, DESK, forged, json, signed } from './fake-authority.ts'
import { NARROWED, REVOKED } from './push-rig.ts'
import { type Desk, desk, FEDERATED, okay, refusal } from './service-rig.ts'

const EVENTS = '/agentpass/security-events'
const TICKETS = '/api/tickets'
const SET = 'application/secevent+jwt'
type Signer = Desk['enterprise']

/** A Service with one token of the enterprise's, used a moment ago: a good answer is kept for it. Nothing was called since. */
async function holding(settings: Changes = {}) {
  const d = await desk({ settings, trust: ['federated'] })
  d.enterprise.publish('acme.example')
  const token = await d.token()
  const call = async () => (await d.call(TICKETS, token)).status
  expect(await call()).toBe(200)
  const claims = (changes: Changes = {}): Changes => ({
    ...{ iss: ACME, aud: DESK, iat: d.now(), jti: crypto.randomUUID(), sub_id: { format: 'opaque', id: 'authorization-1' } },
    events: { [REVOKED]: { event_timestamp: d.now() } },
    ...changes,
  })
  const event = (changes: Changes = {}, header: Changes = {}, by: Signer = d.enterprise) =>
    signed(claims(changes), { typ: 'secevent+jwt', kid: by.key.kid, ...header }, by.privateKey)
  const push = (body: string | Promise<string>, headers: Changes = {}) =>
    Promise.resolve(body).then((text) =>
      d.request(EVENTS, { method: 'POST', body: text, headers: { 'content-type': SET, ...headers } as Record<string, string> }),
    )
  d.net.calls.length = 0
  return { d, token, call, claims, event, push }
}
type Holding = Awaited<ReturnType<typeof holding>>

/** Refused with the code, nobody was asked anything, and a genuine event still ends the session. */
async function expectRefused(h: Holding, body: string | Promise<string>, err: string, calls: string[] = []): Promise<void> {
  const response = await h.push(body)
  expect([response.status, await response.json()]).toEqual([400, { err, description: expect.any(String) }])
  expect([response.headers.get('content-language'), response.headers.get('content-type')]).toEqual(['en', 'application/json'])
  expect(h.d.sent()).toEqual(calls)
  await expectStillWorks(h)
}

async function expectStillWorks({ push, event, call }: Holding): Promise<void> {
  expect(await call()).toBe(200)
  await expectTaken(push(event()))
  expect(await call()).toBe(401)
}

async function expectTaken(answer: Promise<Response>): Promise<void> {
  const response = await answer
  expect([response.status, await response.text(), response.headers.get('content-type')]).toEqual([202, '', null])
}

test('what the Authority ended ends here at once: the next call is refused, and the Authority is not asked', async () => {
  const { d, push, event, call } = await holding()
  await expectTaken(push(event()))
  expect(await call()).toBe(401)
  expect(d.enterprise.asked('check')).toHaveLength(1) // that of before
})

test('of what the Authority narrowed it is asked at the next call, and its answer counts, not what the event says', async () => {
  const { d, token, push, event, call } = await holding()
  const write = async () => (await d.call(TICKETS, token, { method: 'POST', body: '{}' })).status
  expect(await write()).toBe(200)
  d.enterprise.answers.check = async () => json({ scope: ['tickets:read'] })
  await expectTaken(push(event({ events: { [NARROWED]: { event_timestamp: d.now(), claims: { scope: ['tickets:write'] } } } })))
  expect([await call(), await write()]).toEqual([200, 403])
  expect(d.enterprise.asked('check')).toHaveLength(2)
})

test('all tokens of that authorization end with it, one-time tokens too, and no others', async () => {
  const { d, call, push, event } = await holding()
  const sibling = await d.token()
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ authorization_id: 'authorization-2' }))
  const other = await d.token()
  const bought = {
    authority_configuration_url: 'https://x.example',
    user_email: 'ada@acme.example',
    agent_id: 'a',
    task: null,
    harness_id: null,
    scope: '[]',
  }
  const initialization = { ...bought, authority: ACME, authorization_id: 'authorization-1', destination: DESK, session_expires_at: d.now() + 60 }
  const db = d.database()
  await db.write((tx) =>
    tx
      .insertInto('initialization')
      .values({ ...initialization, digest: 'd', expires_at: d.now() + 60 })
      .execute(),
  )
  await expectTaken(push(event()))
  expect([await call(), (await d.call(TICKETS, sibling)).status, (await d.call(TICKETS, other)).status]).toEqual([401, 401, 200])
  expect(await db.read.selectFrom('initialization').select('spent_at').execute()).toEqual([{ spent_at: d.now() }])
})

test('a one-time token alone is enough for its Authority to be heard', async () => {
  const { d, push, event } = await holding()
  const db = d.database()
  await db.write((tx) => tx.updateTable('credential').set({ authorization_id: 'another', authority: 'https://another.example' }).execute())
  const where = {
    authority: ACME,
    authority_configuration_url: d.enterprise.reference.authority_configuration_url,
    authorization_id: 'authorization-1',
  }
  const bought = { ...where, user_email: 'ada@acme.example', agent_id: 'a', task: null, harness_id: null, scope: '[]' }
  const initialization = { ...bought, digest: 'd', destination: DESK, session_expires_at: d.now() + 60, expires_at: d.now() + 60 }
  await db.write((tx) => tx.insertInto('initialization').values(initialization).execute())
  await expectTaken(push(event()))
  expect(await db.read.selectFrom('initialization').select('spent_at').execute()).toEqual([{ spent_at: d.now() }])
})

test('an event that comes again, or twice at once, changes nothing and is told once', async () => {
  const { d, call, push, event } = await holding()
  const one = await event()
  await Promise.all(Array.from({ length: 10 }, () => expectTaken(push(one))))
  await expectTaken(push(one))
  expect(await call()).toBe(401)
  const told = (await d.audited()).filter(({ event }) => event === 'security_event' || event === 'session')
  const about = { at: d.now(), authority: ACME, authorization_id: 'authorization-1' }
  expect(told).toEqual([
    { ...about, event: 'session', outcome: 'ended', type: 'bearer_token', user: 'ada@acme.example', agent: 'agent-7' },
    { ...about, event: 'security_event', outcome: 'ended' },
  ])
})

test('a captured narrowing sent again does not make the Authority be asked again', async () => {
  const { d, call, push, event } = await holding()
  const one = await event({ events: { [NARROWED]: {} } })
  for (let i = 0; i < 3; i++) {
    await expectTaken(push(one))
    expect(await call()).toBe(200)
  }
  expect(d.enterprise.asked('check')).toHaveLength(2)
})

test('an end that cannot be written down is not taken, and has its effect when it comes again', async () => {
  const { d, call, push, event } = await holding()
  const one = await event()
  const db = d.database()
  await db.write((tx) => tx.schema.alterTable('initialization').renameTo('away').execute())
  expect((await push(one)).status).toBeGreaterThanOrEqual(500)
  await db.write((tx) => tx.schema.alterTable('away').renameTo('initialization').execute())
  expect(await call()).toBe(200)
  await expectTaken(push(one))
  expect(await call()).toBe(401)
})

test('an end that arrives while a check is under way is not outlived by its good answer', async () => {
  const { d, call, push, event } = await holding()
  d.pass(5)
  d.enterprise.answers.check = async () => {
    await expectTaken(push(event()))
    return json({ scope: ['tickets:read'] })
  }
  await call() // it came before the end
  expect(await call()).toBe(401)
})

test('a narrowing that arrives while a check is under way is not outlived by its answer of before', async () => {
  const { d, token, call, push, event } = await holding()
  d.pass(5)
  d.enterprise.answers.check = async () => {
    d.enterprise.answers.check = async () => json({ scope: ['tickets:read'] })
    await expectTaken(push(event({ events: { [NARROWED]: {} } })))
    return json({ scope: ['tickets:read', 'tickets:write'] })
  }
  await call()
  expect((await d.call(TICKETS, token, { method: 'POST', body: '{}' })).status).toBe(403)
})

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

test('events that were acted on are forgotten a day later', async () => {
  const h = await holding()
  await expectStillWorks(h)
  const db = h.d.database()
  const sweep = (before: number) => db.write((tx) => deleteEventsSeenBefore(tx, before, 10))
  expect([await sweep(h.d.now()), await sweep(h.d.now() + 1), await sweep(h.d.now() + 1)]).toEqual([0, 1, 0])
})

test('no token of an event is in the trail or the log', async () => {
  const h = await holding()
  const one = await h.event()
  await h.push(one)
  await h.push(h.event({ iss: 'https://stranger.example' }))
  const written = [...h.d.log, JSON.stringify(await h.d.audited())].join('\n')
  for (const part of one.split('.')) expect(written).not.toContain(part)
})
