/** End of task (protocol 10): a Harness gives its token back, and the delegation is over. */
import { expect, test } from 'vitest'
import { ACME, type Changes, DESK, json } from './fake-authority.ts'
import { type Desk, desk, REVOKE, refusal } from './service-rig.ts'

const TICKETS = '/api/tickets'
const CLOSE = { authorization_id: 'authorization-1', action: 'complete', reason: expect.any(String) }

/** A Service with one token of the enterprise's, used a moment ago: a good answer is kept for it. */
async function holding(settings: Changes = {}): Promise<{ d: Desk; token: string; closes: () => unknown[] }> {
  const d = await desk({ settings })
  d.enterprise.publish('acme.example')
  const token = await d.token()
  expect((await d.call(TICKETS, token)).status).toBe(200)
  return { d, token, closes: () => d.enterprise.asked('close') }
}

/** Answered as RFC 7009 wants it: nothing is said, whatever became of the token. */
async function expectDone(response: Response): Promise<void> {
  expect([response.status, await response.text(), response.headers.get('content-type')]).toEqual([200, '', null])
  expect(response.headers.get('cache-control')).toBe('no-store')
}

/** Nobody is called, and nothing is written down. */
async function expectNothing(d: Desk, act: () => Promise<unknown>): Promise<void> {
  const before = [d.sent(), await d.audited()]
  await act()
  expect([d.sent(), await d.audited()]).toEqual(before)
}

test('the Authority is told, in our name, that this authorization is complete [SVC-CONT-07]', async () => {
  const { d, token, closes } = await holding()
  await expectDone(await d.revoke({ token, token_type_hint: 'refresh_token' }))
  expect(closes()).toEqual([CLOSE])
  const call = d.enterprise.calls.find(({ path }) => path === '/close')
  expect(call?.assertion?.claims).toMatchObject({ iss: DESK, aud: ACME, jti: expect.any(String) })
})

test('the token is refused from that moment on, here and at every instance, though a good answer was kept for it [SVC-CONT-07]', async () => {
  const { d, token } = await holding()
  await d.revoke({ token })
  expect(await refusal(await d.call(TICKETS, token))).toEqual([401, 'invalid_token'])
  const second = await d.another()
  expect((await second.app.request(DESK + TICKETS, { headers: { authorization: `Bearer ${token}` } })).status).toBe(401)
})

test('all tokens of that authorization end with it, and no others [SVC-CONT-07]', async () => {
  const { d, token, closes } = await holding()
  const sibling = await d.token()
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ authorization_id: 'authorization-2' }))
  const other = await d.token()
  for (const held of [sibling, other]) expect((await d.call(TICKETS, held)).status).toBe(200)
  await d.revoke({ token })
  expect((await d.call(TICKETS, sibling)).status).toBe(401)
  expect((await d.call(TICKETS, other)).status).toBe(200)
  expect(closes()).toEqual([CLOSE])
})

test('a token under check when it is given back is not kept by the answer that comes late [SVC-CONT-07]', async () => {
  const { d, token } = await holding()
  d.enterprise.answers.check = async () => {
    await expectDone(await d.revoke({ token }))
    return json({ scope: ['tickets:read'] })
  }
  d.pass(5)
  await d.call(TICKETS, token)
  expect((await d.call(TICKETS, token)).status).toBe(401)
})

test('a second time changes nothing and calls nobody [SVC-CONT-07]', async () => {
  const { d, token } = await holding()
  await d.revoke({ token })
  await expectNothing(d, async () => expectDone(await d.revoke({ token })))
})

test.each([
  ['is unknown', async () => 'never-given-out'],
  [
    'has expired',
    async (d: Desk, token: string) => {
      d.pass(3600)
      return token
    },
  ],
  ['is almost the token', async (_: Desk, token: string) => token.toLowerCase()],
  ['is the pass it was had for', async () => 'pass-1'],
  ['has a NUL in it', async (_: Desk, token: string) => `${token}\0`],
])('a token that %s is 200: nothing is ended, and nobody is called [SVC-CONT-07]', async (_, make) => {
  const { d, token } = await holding()
  const sent = await make(d, token)
  await expectNothing(d, async () => expectDone(await d.revoke({ token: sent })))
  expect(await d.database().read.selectFrom('credential').select('ended_at').execute()).toEqual([{ ended_at: null }])
})

test('of many at once the Authority is told once, and the trail tells it once [SVC-CONT-07]', async () => {
  const { d, token, closes } = await holding()
  const second = await d.another()
  const there = () => second.app.request(DESK + REVOKE, { method: 'POST', body: new URLSearchParams({ token }) })
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? d.revoke({ token }) : there())))
  for (const response of answers) await expectDone(response)
  expect(closes()).toHaveLength(1)
  expect((await d.audited()).filter(({ event }) => event === 'session')).toHaveLength(1)
})

test.each<[string, (d: Desk) => void]>([
  ['is down', (d) => d.enterprise.unplug()],
  [
    'is down, and its configuration has to be read again',
    (d) => {
      d.pass(301)
      d.enterprise.unplug()
    },
  ],
  [
    'refuses',
    (d) => {
      d.enterprise.answers.close = async () => json({ error: { code: 'x', message: 'y' } }, 500)
    },
  ],
])('an Authority that %s keeps no token alive; the log says that it was not told [SVC-CONT-07]', async (_, spoil) => {
  const { d, token } = await holding()
  spoil(d)
  await expectDone(await d.revoke({ token }))
  expect(d.log.join('')).toMatch(/close_(?:failed|refused)/)
  d.enterprise.host()
  expect(await refusal(await d.call(TICKETS, token))).toEqual([401, 'invalid_token'])
})

test('an end that cannot be written down is none: the Harness is told to try again, and the Authority nothing [SVC-CONT-07]', async () => {
  const { d, token, closes } = await holding()
  const db = d.database()
  await db.write((tx) => tx.schema.alterTable('audit').renameTo('away').execute())
  expect((await d.revoke({ token })).status).toBeGreaterThanOrEqual(500)
  await db.write((tx) => tx.schema.alterTable('away').renameTo('audit').execute())
  expect(closes()).toEqual([])
  expect((await d.call(TICKETS, token)).status).toBe(200)
  await expectDone(await d.revoke({ token }))
  expect(closes()).toEqual([CLOSE])
})

test('the trail says once that it was completed, for whom, and never with which token [SVC-CONT-07]', async () => {
  const { d, token } = await holding()
  await d.revoke({ token })
  await d.revoke({ token: `${token}x` })
  await d.revoke({ token, token_type_hint: 'x'.repeat(70_000) })
  await d.revoke(`token=${token}&token=${token}`)
  await d.revoke({ token: token.repeat(30) })
  const rows = await d.audited()
  expect(rows.filter(({ event }) => event === 'session')).toEqual([
    {
      ...{ at: d.now(), event: 'session', outcome: 'completed', type: 'bearer_token', authority: ACME, authorization_id: 'authorization-1' },
      ...{ user: 'ada@acme.example', agent: 'agent-7' },
    },
  ])
  expect(d.log.join('')).toContain('malformed_request')
  expect([...d.log, JSON.stringify(rows), JSON.stringify(d.enterprise.calls)].join('\n')).not.toContain(token)
})

test.each<[string, string, Record<string, string>, [number, string]]>([
  ['without a token', 'token_type_hint=access_token', {}, [400, 'malformed_request']],
  ['with an empty token', 'token=', {}, [400, 'malformed_request']],
  ['with two tokens', 'token=TOKEN&token=TOKEN', {}, [400, 'malformed_request']],
  ['with a token of 1,025 characters', `token=${'x'.repeat(1025)}`, {}, [400, 'malformed_request']],
  ['that is JSON', '{"token":"TOKEN"}', { 'content-type': 'application/json' }, [415, 'unsupported_media_type']],
  ['that is some text', 'token=TOKEN', { 'content-type': 'text/plain' }, [415, 'unsupported_media_type']],
  ['in another charset', 'token=TOKEN', { 'content-type': 'application/x-www-form-urlencoded; charset=utf-16' }, [415, 'unsupported_media_type']],
  ['over 64 KiB', `token=TOKEN&x=${'x'.repeat(65_536)}`, {}, [413, 'too_large']],
])('a form %s is refused, and the token lives on [SVC-CONT-07]', async (_, body, headers, refused) => {
  const { d, token, closes } = await holding()
  const init = { method: 'POST', body: body.replaceAll('TOKEN', token), headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } }
  expect(await refusal(await d.request(`${REVOKE}?token=${token}`, init))).toEqual(refused)
  expect((await d.call(TICKETS, token)).status).toBe(200)
  expect(closes()).toEqual([])
})

test('bytes that are no UTF-8, or of no declared type, are no form [SVC-CONT-07]', async () => {
  const { d } = await holding()
  const send = (headers: Record<string, string>) => d.request(REVOKE, { method: 'POST', body: Buffer.from('token=\xff', 'latin1'), headers })
  expect(await refusal(await send({ 'content-type': 'application/x-www-form-urlencoded' }))).toEqual([400, 'malformed_request'])
  expect(await refusal(await send({}))).toEqual([415, 'unsupported_media_type'])
})

test('a caller that ends too often is told to wait; redemptions are counted apart [SVC-CONT-07]', async () => {
  const { d, token } = await holding({ limits: { redemptions_per_minute: 2 } })
  for (let i = 0; i < 2; i++) await expectDone(await d.revoke({ token: 'unknown' }))
  const refused = await d.revoke({ token })
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await refusal(refused)).toEqual([429, 'rate_limited'])
  expect((await d.redeem()).status).toBe(200)
})

test('where the Authority cannot be told, as it has no such endpoint, the token ends all the same [SVC-CONT-07]', async () => {
  const d = await desk()
  d.enterprise.publish('acme.example')
  d.enterprise.configuration.endpoints = { ...(d.enterprise.configuration.endpoints as object), authorization_close: undefined }
  const token = await d.token()
  await expectDone(await d.revoke({ token }))
  expect((await d.call(TICKETS, token)).status).toBe(401)
})
