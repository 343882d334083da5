/** What the audit trail tells: every step, by whom and when, and no secret. */
import { expect, test } from 'vitest'
import { APPROVING, type AuthorityWorld, authorityWorld, HARNESS, message, TASK } from './authority-rig.ts'
import { fakeService } from './fake-service.ts'
import { SERVICE, USER } from './parties.ts'

type Row = Record<string, unknown>
/** The rows of the trail, all that was noted among them, oldest first. */
async function trail(w: AuthorityWorld): Promise<Row[]> {
  await w.manage('/ready') // numbers what waits
  const rows = await w.database().read.selectFrom('audit').select('event').orderBy('seq').execute()
  return rows.map(({ event }) => JSON.parse(event)).filter((row) => row.event !== 'audit_head')
}
const ABOUT = { user: USER, agent: HARNESS, harness: HARNESS, tier: 'unverified', task: TASK.id, service: SERVICE, policies: ['the default'] }
/** Where it came from, as the fake door tells it. */
const FROM = { address: 'unknown' }
const SCOPE = ['tickets:read', 'tickets:write']

test('every step of an authorization is told, with who, what and when [AUTH-AUD-01]', async () => {
  const w = await authorityWorld()
  const { id } = await w.requested()
  const { ref } = await w.show(id)
  const start = w.now()
  const at = (seconds: number, row: object) => ({ at: start + seconds, request_ref: ref, ...ABOUT, ...row })
  w.pass(10)
  await w.act('approve', id)
  const { agentpass } = (await (await w.status(id)).json()) as { agentpass: { value: string } }
  w.pass(10)
  const { authorization_id } = (await (await w.validate(agentpass.value, w.desk.bearer())).json()) as { authorization_id: string }
  w.pass(10)
  await w.check(authorization_id, w.desk.bearer())
  await w.act('narrow', id, { scope: ['tickets:read'] })
  w.pass(10)
  await w.close(authorization_id, w.desk.bearer(), 'complete', { reason: 'all done' })
  await w.close(authorization_id, w.desk.bearer(), 'revoke')
  const rows = await trail(w)
  expect(rows).toEqual(
    expect.arrayContaining([
      at(0, { event: 'issuance', outcome: 'admitted', ...FROM }),
      at(10, { event: 'decision', outcome: 'approved', by: 'admin token', scope: SCOPE }),
      at(20, { event: 'validation', outcome: 'consumed', authorization_id, scope: SCOPE, ...FROM }),
      { at: start + 30, event: 'check', outcome: 'active', authorization_id, service: SERVICE, ...FROM },
      at(30, { event: 'narrowing', outcome: 'narrowed', by: 'admin token', authorization_id, scope: ['tickets:read'] }),
      at(40, { event: 'close', outcome: 'completed', authorization_id, reason: 'all done', ...FROM }),
      at(40, { event: 'close', outcome: 'closed before', authorization_id, ...FROM }),
    ]),
  )
  expect(rows).toHaveLength(7)
})

test.each<[string, object, (w: AuthorityWorld) => Promise<unknown>]>([
  [
    'a denial',
    { event: 'decision', outcome: 'denied', by: 'admin token', reason: 'no' },
    async (w) => w.act('deny', (await w.requested()).id, { reason: 'no' }),
  ],
  ['a cancellation', { event: 'decision', outcome: 'canceled', by: 'admin token' }, async (w) => w.act('cancel', (await w.requested()).id)],
  ['a cancellation by the Harness', { event: 'decision', outcome: 'canceled', by: 'harness' }, async (w) => w.cancel((await w.requested()).id)],
  ['the end of a pass', { event: 'revocation', outcome: 'pass revoked', by: 'admin token' }, async (w) => w.act('revoke', (await w.approved()).id)],
  [
    'the end of an authorization',
    { event: 'revocation', outcome: 'authorization revoked', by: 'admin token', reason: 'x', authorization_id: expect.any(String) },
    async (w) => w.act('revoke', (await w.redeemed()).id, { reason: 'x' }),
  ],
])('%s is told [AUTH-AUD-01]', async (_, row, act) => {
  const w = await authorityWorld()
  await act(w)
  expect((await trail(w)).at(-1)).toEqual({ at: w.now(), request_ref: expect.stringMatching(/^[\w-]{12}$/), ...ABOUT, ...row })
})

test('a decision of policy is told as its own [AUTH-AUD-01]', async () => {
  for (const [policy, outcome] of [['approve', 'approved'] as const, ['deny', 'denied'] as const]) {
    const w = await authorityWorld({ policy: { default: policy } })
    await w.requested()
    expect(await trail(w)).toEqual([
      expect.objectContaining({ event: 'issuance', outcome: 'admitted', ...ABOUT }),
      expect.objectContaining({ event: 'decision', outcome, by: 'policy', ...ABOUT }),
    ])
  }
})

test.each<[string, object, (w: AuthorityWorld) => Promise<unknown>]>([
  [
    'a request for a user of another domain',
    { event: 'issuance', code: 'policy_denied', user: 'eve@evil.example', service: SERVICE, harness: HARNESS, task: TASK.id, ...FROM },
    (w) => w.issue(message({ user: { email: 'eve@evil.example' } })),
  ],
  ['an unknown pass', { event: 'validation', code: 'unknown_agentpass', service: SERVICE, ...FROM }, (w) => w.validate('x', w.desk.bearer())],
  [
    "another Service's pass",
    { event: 'validation', code: 'wrong_service', service: 'https://mail.example', ...FROM },
    async (w) => w.validate((await w.approved()).value, fakeService(w.net, 'https://mail.example').bearer()),
  ],
  [
    'a used pass',
    { event: 'validation', code: 'already_consumed', service: SERVICE, ...FROM },
    async (w) => w.validate((await w.redeemed()).value, w.desk.bearer()),
  ],
  [
    'an unknown authorization',
    { event: 'check', code: 'unknown_authorization', service: SERVICE, authorization_id: 'x', ...FROM },
    (w) => w.check('x', w.desk.bearer()),
  ],
  [
    'a close of nothing',
    { event: 'close', code: 'unknown_authorization', service: SERVICE, authorization_id: 'x', ...FROM },
    (w) => w.close('x', w.desk.bearer()),
  ],
  [
    'a replayed close',
    { event: 'close', code: 'invalid_assertion', service: SERVICE, authorization_id: 'x', ...FROM },
    async (w) => {
      const assertion = w.desk.bearer()
      await w.close('y', assertion)
      await w.close('x', assertion)
    },
  ],
  [
    'a decision that came late',
    { event: 'decision', code: 'already_decided', by: 'admin token', request_ref: expect.any(String) },
    async (w) => w.act('deny', (await w.approved()).id),
  ],
  [
    'an approval of more than was offered',
    { event: 'decision', code: 'unprocessable', by: 'admin token', request_ref: expect.any(String) },
    async (w) => w.act('approve', (await w.requested()).id, { scope: ['*'] }),
  ],
  [
    'a revocation of nothing',
    { event: 'revocation', code: 'unprocessable', by: 'admin token', request_ref: expect.any(String) },
    async (w) => w.act('revoke', (await w.requested()).id),
  ],
])('%s is told as refused, with its code [AUTH-AUD-01]', async (_, row, act) => {
  const w = await authorityWorld()
  await act(w)
  expect((await trail(w)).at(-1)).toEqual({ at: w.now(), outcome: 'refused', ...row })
})

test('if it cannot be audited it does not happen: the pass is not spent, and is good when the trail is [AUTH-AUD-01 AUTH-VAL-17]', async () => {
  const w = await authorityWorld(APPROVING)
  const { value } = await w.approved()
  const db = w.database<Record<string, Record<string, unknown>>>()
  const rename = (from: string, to: string) => db.write((tx) => tx.schema.alterTable(from).renameTo(to).execute())
  await rename('audit', 'gone')
  expect((await w.validate(value, w.desk.bearer())).status).toBeGreaterThanOrEqual(500)
  expect((await w.issue()).status).toBeGreaterThanOrEqual(500)
  await rename('gone', 'audit')
  expect((await w.validate(value, w.desk.bearer())).status).toBe(200)
})

/** Text that tries to be another record, or to drive the terminal of who reads it. */
const HOSTILE = [
  'x\n{"event":"decision","outcome":"approved"}',
  '\r\n',
  '","outcome":"approved","x":"',
  '\u001b[2J\u001b]0;pwn\u0007',
  '\u009b31m',
  '\u2028y\u2029',
  'a\u202eb',
  '\u0001',
]
test.each(HOSTILE)('text of strangers stays text: %j makes one record, and no character of it drives a terminal [SVC-AUD-04]', async (text) => {
  const w = await authorityWorld()
  const { id } = await w.requested({ task: { id: text, description: text }, harness: { id: text } })
  await w.act('deny', id, { reason: text })
  await w.check(text, w.desk.bearer())
  await w.close(text, w.desk.bearer(), 'complete', { reason: text })
  const rows = await trail(w)
  expect(rows.map(({ event, outcome, task, authorization_id }) => [event, outcome, task ?? authorization_id])).toEqual([
    ['issuance', 'admitted', text],
    ['decision', 'denied', text],
    ['check', 'refused', text],
    ['close', 'refused', text],
  ])
  const raw = await w.database().read.selectFrom('audit').select('event').execute()
  for (const line of [...raw.map(({ event }) => event), ...w.lines.map((entry) => entry.trimEnd())]) {
    expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u)
    expect(JSON.parse(line)).toBeTypeOf('object')
  }
})

test('a field of any length is cut, so that nobody floods the trail [SVC-AUD-04]', async () => {
  const w = await authorityWorld()
  await w.issue(message({ user: { email: 'eve@evil.example' }, service: { origin: `https://${'a.'.repeat(900)}example` } }))
  const [row] = await trail(w)
  expect(row).toMatchObject({ outcome: 'refused', service: `https://${'a.'.repeat(508)}…` })
})
