/** Living with an authorization (protocol 7): a token is worth what its Authority stands for, now. */
import { expect, test } from 'vitest'
import { ACME, type Changes, DESK, json } from './fake-authority.ts'
import { type Desk, desk, okay, refusal } from './service-rig.ts'

const TICKETS = '/api/tickets'
const KEPT = 5 // the default time a good answer is trusted

/** A Service with one token of the enterprise's, checked once. */
async function holding(
  settings: Changes = {},
): Promise<{ d: Desk; token: string; call: (init?: RequestInit) => Promise<Response>; checks: () => number }> {
  const d = await desk({ settings })
  d.enterprise.publish('acme.example')
  const token = await d.token()
  const call = (init?: RequestInit) => d.call(TICKETS, token, init)
  expect((await call()).status).toBe(200)
  return { d, token, call, checks: () => d.enterprise.asked('check').length }
}
const POST = { method: 'POST', body: '{}' }

test('the Authority is asked in our name, for this authorization, and for nothing else [SVC-CONT-01]', async () => {
  const { d } = await holding()
  const [call] = d.enterprise.calls.filter(({ path }) => path === '/check')
  expect(call?.body).toEqual({ authorization_id: 'authorization-1' })
  expect(call?.assertion?.claims).toEqual({ iss: DESK, aud: ACME, iat: d.now(), exp: d.now() + 60, jti: expect.any(String) })
})

test('a good answer is trusted for five seconds and not a moment longer [SVC-CONT-01] [SVC-CONT-04]', async () => {
  const { d, call, checks } = await holding()
  for (let i = 0; i < 20; i++) expect((await call()).status).toBe(200)
  d.pass(KEPT - 1)
  expect((await call()).status).toBe(200)
  expect(checks()).toBe(1)
  d.pass(1)
  expect((await call()).status).toBe(200)
  expect(checks()).toBe(2)
})

test.each([
  [0, 3],
  [1, 3],
  [30, 1],
])('with check_seconds %i three calls a second apart cost %i checks [SVC-CONT-01]', async (seconds, cost) => {
  const { d, call, checks } = await holding({ lifetimes: { check_seconds: seconds } })
  for (let i = 0; i < 2; i++) {
    d.pass(1)
    expect((await call()).status).toBe(200)
  }
  expect(checks()).toBe(cost)
})

test('callers who come while a check is under way share it [SVC-CONT-01]', async () => {
  const { d, call, checks } = await holding()
  d.pass(KEPT)
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  d.enterprise.answers.check = () => held.then(() => json({ scope: ['tickets:read'] }))
  const calls = Array.from({ length: 50 }, () => call())
  release()
  for (const response of await Promise.all(calls)) expect(response.status).toBe(200)
  expect(checks()).toBe(2)
})

const UNCLEAR: [string, (d: Desk) => void][] = [
  ...[201, 204, 206, 302, 400, 401, 403, 405, 409, 410, 422, 429, 500, 502, 503].map((status): [string, (d: Desk) => void] => [
    `is ${status}`,
    (d) => {
      d.enterprise.answers.check = async () =>
        status === 204 ? new Response(null, { status }) : json({ error: { code: 'x', message: 'y' } }, status)
    },
  ]),
  ...(
    [
      ['{}', '{}'],
      ['a page', '<!doctype html>'],
      ['a scope that is text', '{"scope":"tickets:read"}'],
      ['an expiry that is no instant', '{"scope":["tickets:read"],"authorization_expires_at":"soon"}'],
      ['active: true', '{"active":true}'],
      ['over 64 KiB', JSON.stringify({ scope: ['tickets:read'], x: 'x'.repeat(65_536) })],
    ] as const
  ).map(([name, body]): [string, (d: Desk) => void] => [
    `is ${name}`,
    (d) => {
      d.enterprise.answers.check = async () => new Response(body)
    },
  ]),
  ['never comes', (d) => d.enterprise.unplug()],
]
test.each(UNCLEAR)(
  'where the answer %s the request is refused, nothing is kept and nothing is ended [SVC-CONT-03] [SVC-CONT-04]',
  async (_, spoil) => {
    const { d, call } = await holding()
    const { check } = d.enterprise.answers
    d.pass(KEPT)
    spoil(d)
    for (let i = 0; i < 2; i++) {
      const response = await call()
      expect(response.headers.get('www-authenticate')).toBe(null)
      expect(await refusal(response)).toEqual([502, 'authority_unavailable'])
    }
    expect(await d.database().read.selectFrom('credential').select('ended_at').execute()).toEqual([{ ended_at: null }])
    d.enterprise.answers.check = check
    d.enterprise.host()
    expect((await call()).status).toBe(200) // in the same second
  },
)

test('where the configuration of the Authority cannot be had any more, the request is refused as if it could not be asked [SVC-CONT-03]', async () => {
  const { d } = await holding()
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ authorization_expires_at: undefined }))
  const token = await d.token()
  const call = () => d.call(TICKETS, token)
  d.pass(301)
  d.enterprise.unplug()
  expect(await refusal(await call())).toEqual([502, 'authority_unavailable'])
  d.enterprise.host()
  d.pass(5)
  expect((await call()).status).toBe(200)
  d.pass(301)
  d.enterprise.configuration.authority = 'https://somebody.example'
  expect(await refusal(await call())).toEqual([502, 'authority_unavailable'])
})

test('on 404 the token ends for good, here and at every instance, whatever the Authority says later [SVC-CONT-02]', async () => {
  const { d, token, call } = await holding()
  const { check } = d.enterprise.answers
  d.pass(KEPT)
  d.enterprise.answers.check = async () => json({ error: { code: 'unknown_authorization', message: 'x' } }, 404)
  const refused = await call()
  expect(refused.headers.get('www-authenticate')).toBe(`Bearer realm="${DESK}", error="invalid_token"`)
  expect(await refusal(refused)).toEqual([401, 'invalid_token'])
  d.enterprise.answers.check = check
  expect(await refusal(await call())).toEqual([401, 'invalid_token'])
  const second = await d.another()
  expect((await second.app.request(DESK + TICKETS, { headers: { authorization: `Bearer ${token}` } })).status).toBe(401)
  expect(await d.database().read.selectFrom('credential').select('ended_because').execute()).toEqual([{ ended_because: expect.any(String) }])
  expect(await d.audited()).toContainEqual(
    expect.objectContaining({ event: 'session', outcome: 'ended', authorization_id: 'authorization-1', user: 'ada@acme.example', agent: 'agent-7' }),
  )
  expect((await d.call(TICKETS, await d.token())).status).toBe(200) // another delegation
})

test('on 404 every token of that authorization ends, and none of another Authority that uses the same id [SVC-CONT-02]', async () => {
  const d = await desk({ trust: ['own'] })
  d.enterprise.publish('acme.example')
  const [first, second, other] = [await d.token(), await d.token(), await d.token({ authority: d.own.identifier })]
  d.enterprise.answers.check = async () => json({}, 404)
  expect((await d.call(TICKETS, first)).status).toBe(401)
  const checks = d.enterprise.asked('check').length
  expect((await d.call(TICKETS, second)).status).toBe(401)
  expect(d.enterprise.asked('check')).toHaveLength(checks)
  expect((await d.call(TICKETS, other)).status).toBe(200)
})

test('on 404 the good answer that was kept for another token of that authorization is gone, too [SVC-CONT-02]', async () => {
  const { d, call } = await holding()
  d.pass(KEPT - 1)
  const second = await d.token()
  expect((await d.call(TICKETS, second)).status).toBe(200)
  d.pass(1)
  d.enterprise.answers.check = async () => json({}, 404)
  expect((await call()).status).toBe(401)
  expect((await d.call(TICKETS, second)).status).toBe(401)
})

test('a scope the Authority takes back is gone at the next check, and comes back if it gives it again [SVC-CONT-05]', async () => {
  const { d, call } = await holding()
  expect((await call(POST)).status).toBe(200)
  d.enterprise.answers.check = async () => json({ scope: ['tickets:read'] })
  d.pass(KEPT)
  expect(await refusal(await call(POST))).toEqual([403, 'insufficient_scope'])
  expect(await okay(await call())).toMatchObject({ headers: { 'agentpass-scope': 'tickets:read' } })
  d.enterprise.answers.check = async () => json({ scope: [] })
  d.pass(KEPT)
  expect(await refusal(await call())).toEqual([403, 'insufficient_scope'])
  d.enterprise.answers.check = async () => json({ scope: ['tickets:write', 'tickets:read'] })
  d.pass(KEPT)
  expect((await call(POST)).status).toBe(200)
})

test('a token never grows past its grant, whatever a check says [SVC-CONT-08]', async () => {
  const d = await desk()
  d.enterprise.publish('acme.example')
  const token = await d.token({ requested_scope: ['tickets:read'] })
  for (const scope of [['tickets:read', 'tickets:write'], ['*'], ['*', 'tickets:write']]) {
    d.enterprise.answers.check = async () => json({ scope })
    d.pass(KEPT)
    expect(await refusal(await d.call(TICKETS, token, POST))).toEqual([403, 'insufficient_scope'])
    expect(await okay(await d.call(TICKETS, token))).toMatchObject({ headers: { 'agentpass-scope': 'tickets:read' } })
  }
})

test('a check can shorten a life and never lengthen it; the kept answer ends with it [SVC-CONT-06] [SVC-CONT-08]', async () => {
  const { d, call, checks } = await holding()
  const until = (seconds: number) => async () =>
    json({ scope: ['tickets:read'], authorization_expires_at: new Date((d.now() + seconds) * 1000).toISOString() })
  d.enterprise.answers.check = until(86_400)
  d.pass(KEPT)
  expect((await call()).status).toBe(200)
  const ends = d.now() + 8
  d.enterprise.answers.check = async () => json({ scope: ['tickets:read'], authorization_expires_at: new Date(ends * 1000).toISOString() })
  d.pass(KEPT)
  expect((await call()).status).toBe(200)
  const before = checks()
  d.pass(2)
  expect((await call()).status).toBe(200)
  expect(checks()).toBe(before)
  d.pass(1)
  expect(await refusal(await call())).toEqual([401, 'invalid_token'])
})

test('ten minutes are ten minutes, though each check offers a day [SVC-CONT-06]', async () => {
  const { d, call } = await holding()
  d.enterprise.answers.check = async () => json({ scope: ['*'], authorization_expires_at: new Date((d.now() + 86_400) * 1000).toISOString() })
  d.pass(599)
  expect((await call()).status).toBe(200)
  d.pass(1)
  expect(await refusal(await call())).toEqual([401, 'invalid_token'])
})
