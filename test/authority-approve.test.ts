/** Who may decide, about what, and how often. */
import { expect, test } from 'vitest'
import { IssuanceStatus } from '../spec/wire/issuance.ts'
import { authorityWorld, HARNESS, refusal, TASK } from './authority-rig.ts'
import { SERVICE, USER } from './parties.ts'

const READ = 'tickets:read'
const WRITE = 'tickets:write'

test.each<[string, string | undefined]>([
  ['no token', ''],
  ['a wrong token', 'Bearer junk'],
  ['an empty token', 'Bearer '],
  ['a token in Basic', 'Basic YWRtaW46YWRtaW4='],
  ['a part of the token', 'Bearer admin-token-of-the-test'],
  ['the token and more', 'Bearer admin-token-of-the-tests2'],
  ['two tokens', 'Bearer junk, Bearer admin-token-of-the-tests'],
])('with %s nothing is seen or decided [AUTH-REV-01 AUTH-DEC-02]', async (_, authorization) => {
  const w = await authorityWorld()
  const { id } = await w.requested()
  const { ref, digest } = await w.show(id)
  for (const path of ['/requests', `/requests/${ref}`, '/metrics', '/nothing'])
    expect(await refusal(await w.manage(path, undefined, authorization))).toEqual([401, 'unauthenticated'])
  for (const verb of ['approve', 'deny', 'cancel', 'revoke', 'narrow', 'burn'])
    expect(await refusal(await w.manage(`/requests/${ref}/${verb}`, { digest, scope: [READ] }, authorization))).toEqual([401, 'unauthenticated'])
  expect(await (await w.status(id)).json()).toMatchObject({ status: 'pending' })
  expect((await w.act('approve', id)).status).toBe(200)
})

test('a Service assertion is no admin token, and the admin token no assertion; decisions are on no protocol door [AUTH-DEC-02]', async () => {
  const w = await authorityWorld()
  const { id } = await w.requested()
  const { ref, digest } = await w.show(id)
  const admin = `Bearer ${w.authority.opening.adminToken}`
  expect((await w.manage(`/requests/${ref}/approve`, { digest }, w.desk.bearer())).status).toBe(401)
  expect((await w.validate('x', admin)).status).toBe(401)
  expect((await w.call('POST', `/requests/${ref}/approve`, { body: { digest }, authorization: admin })).status).toBe(404)
})

test('an approver is shown all a decision is about, under a digest, by reference or by id [AUTH-DEC-02]', async () => {
  const w = await authorityWorld()
  const { id } = await w.requested({ type: 'browser_session', intent: { destination_url: `${SERVICE}/tickets/17` } })
  const shown = await w.show(id)
  expect(shown).toMatchObject({
    ...{ status: 'pending', type: 'browser_session', service: SERVICE, user: USER, agent: HARNESS, task: TASK.id },
    digest: expect.stringMatching(/^[\w-]{43}$/),
    shown: {
      type: 'browser_session',
      service: { origin: SERVICE, name: 'Ticket desk' },
      user: { email: USER },
      agent: { id: HARNESS },
      harness: { id: HARNESS, tier: 'unverified' },
      task: { ...TASK, attested: false },
      destination: { url: `${SERVICE}/tickets/17`, on_service_origin: true },
      scopes: [expect.objectContaining({ name: READ }), expect.objectContaining({ name: WRITE })],
      authorization_seconds: 3600,
    },
  })
  expect(shown.ref).toHaveLength(12)
  expect(await w.show(shown.ref)).toEqual(shown)
  expect(JSON.stringify(shown)).not.toContain(id)
})

test('requests are listed by status, where one past its deadline counts as expired, and no list names an id [AUTH-DEC-02]', async () => {
  const w = await authorityWorld()
  const listed = async (query: string) => {
    const { requests } = (await (await w.manage(`/requests${query}`)).json()) as { requests: { ref: string; status: string }[] }
    return requests.map(({ ref }) => ref)
  }
  const refOf = async (id: string) => (await w.show(id)).ref
  const late = await w.requested()
  w.pass(899)
  const [open, denied] = [await w.requested(), await w.requested()]
  await w.act('deny', denied.id)
  w.pass(1)
  const { id: approved } = await w.approved()
  expect(await listed('?status=pending')).toEqual([await refOf(open.id)])
  expect(await listed('?status=expired')).toEqual([await refOf(late.id)])
  expect(await listed('?status=denied')).toEqual([await refOf(denied.id)])
  expect(await listed('?status=approved')).toEqual([await refOf(approved)])
  expect((await listed('')).length).toBe(4)
  expect(await refusal(await w.manage('/requests?status=bogus'))).toEqual([400, 'malformed_request'])
  const text = await (await w.manage('/requests')).text()
  for (const { id } of [late, open, denied, { id: approved }]) expect(text).not.toContain(id)
})

test('a part of what was offered may be approved, and validation answers with that part [AUTH-VAL-14 AUTH-ISS-19]', async () => {
  const w = await authorityWorld()
  expect((await w.redeemed({}, [WRITE])).answer.scope).toEqual([WRITE])
  expect((await w.redeemed({}, [READ, READ])).answer.scope).toEqual([READ])
  expect((await w.redeemed()).answer.scope).toEqual([READ, WRITE])
})

test.each([['tickets:admin'], ['*'], ['Tickets:read'], ['tickets:read '], ['tickets:read tickets:write'], ['__proto__']])(
  'the scope %j that was not offered is refused, and so is everything with it; the request stays open [AUTH-ISS-19]',
  async (foreign) => {
    const w = await authorityWorld()
    const { id } = await w.requested()
    for (const scope of [[foreign], [READ, foreign]]) expect(await refusal(await w.act('approve', id, { scope }))).toEqual([422, 'unprocessable'])
    expect(await (await w.status(id)).json()).toMatchObject({ status: 'pending' })
    expect((await w.act('approve', id, { scope: [READ] })).status).toBe(200)
  },
)

test.each<[string, unknown]>([
  ['no digest', {}],
  ['an empty digest', { digest: '' }],
  ['a digest that is no text', { digest: 7 }],
  ['a member that decides nothing', { digest: 'x', status: 'approved' }],
  ['an empty scope', { digest: 'x', scope: [] }],
  ['a scope that is text', { digest: 'x', scope: READ }],
  ['null', null],
])('a decision with %s is malformed, and decides nothing [AUTH-DEC-02]', async (_, body) => {
  const w = await authorityWorld()
  const { id } = await w.requested()
  expect(await refusal(await w.manage(`/requests/${id}/approve`, body))).toEqual([400, 'malformed_request'])
  expect((await w.act('approve', id)).status).toBe(200)
})

test.each(['approve', 'deny', 'cancel'])('%s under the digest of something else is stale, and decides nothing [AUTH-DEC-02]', async (verb) => {
  const w = await authorityWorld()
  const { id } = await w.requested()
  const other = await w.requested({ task: { id: 'task-18', description: 'Delete everything' } })
  const { digest } = await w.show(other.id)
  expect(await refusal(await w.manage(`/requests/${id}/${verb}`, { digest }))).toEqual([409, 'stale_decision'])
  expect(await (await w.status(id)).json()).toMatchObject({ status: 'pending' })
  expect((await w.act(verb, id)).status).toBe(200)
})

test('a request nobody made is unknown to every decision [AUTH-DEC-02]', async () => {
  const w = await authorityWorld()
  for (const name of ['A'.repeat(43), 'A'.repeat(12), '..'])
    for (const verb of ['approve', 'deny', 'cancel', 'revoke', 'narrow'])
      expect((await w.manage(`/requests/${name}/${verb}`, { digest: 'x', ...(verb === 'narrow' && { scope: [READ] }) })).status).toBe(404)
})

test('a decision is final: whatever is decided afterwards is refused and changes nothing [AUTH-STA-03 AUTH-DEC-01]', async () => {
  for (const first of ['approve', 'deny', 'cancel']) {
    const w = await authorityWorld()
    const { id } = await w.requested()
    await w.act(first, id)
    const before = await (await w.status(id)).json()
    for (const verb of ['approve', 'deny', 'cancel']) expect(await refusal(await w.act(verb, id))).toEqual([409, 'already_decided'])
    expect(await (await w.status(id)).json()).toEqual(before)
  }
})

test('of decisions at once, at two instances, one holds, and there is one pass or none [AUTH-DEC-01]', async () => {
  const w = await authorityWorld()
  const other = await w.another()
  const ends: string[] = []
  for (let round = 0; round < 20; round++) {
    const { id } = await w.requested()
    const { digest } = await w.show(id)
    const order = [w, other, w, other].map((at, i) => () => at.manage(`/requests/${id}/${i === round % 4 ? 'deny' : 'approve'}`, { digest }))
    const answers = await Promise.all(order.map((act) => act()))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409])
    const polls = await Promise.all([w, other, w].map(async (at) => IssuanceStatus.parse(await (await at.status(id)).json())))
    expect(new Set(polls.map((poll) => JSON.stringify(poll))).size).toBe(1)
    expect(polls[0]!.agentpass !== undefined).toBe(polls[0]!.status === 'approved')
    ends.push(polls[0]!.status)
  }
  expect(new Set(ends)).toEqual(new Set(['approved', 'denied']))
})
