/** What a Service learns of an authorization after redemption: that it stands, and with what scope, or nothing at all. */
import { expect, test } from 'vitest'
import { APPROVING, authorityWorld, type Callers, refusal, turns } from './authority-rig.ts'
import { fakeService } from './fake-service.ts'

const world = (changed: object = {}) => authorityWorld({ ...APPROVING, ...changed })
const UNKNOWN = [404, 'unknown_authorization']

test('an active authorization is confirmed with its scope and its end, and never kept [AUTH-CHK-01 AUTH-CHK-09]', async () => {
  const w = await world()
  const { authorizationId, answer } = await w.redeemed()
  w.pass(100)
  const response = await w.check(authorizationId, w.desk.bearer())
  expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
  const { scope, authorization_expires_at } = answer
  expect(await response.json()).toEqual({ scope, authorization_expires_at })
})

test('a check changes nothing: it may be asked any number of times, with one assertion too [AUTH-ASRT-16]', async () => {
  const w = await world()
  const { authorizationId } = await w.redeemed()
  const assertion = w.desk.bearer()
  for (let i = 0; i < 5; i++) expect((await w.check(authorizationId, assertion)).status).toBe(200)
})

test('it ends at the second that was said [AUTH-CHK-09 AUTH-CLS-06]', async () => {
  const w = await world({ lifetimes: { authorization_seconds: 500 } })
  const { authorizationId, answer } = await w.redeemed()
  expect(Date.parse(answer.authorization_expires_at!) / 1000).toBe(w.now() + 500)
  w.pass(499)
  expect((await w.check(authorizationId, w.desk.bearer())).status).toBe(200)
  w.pass(1)
  expect(await refusal(await w.check(authorizationId, w.desk.bearer()))).toEqual(UNKNOWN)
})

test("unknown, another Service's, revoked, completed and expired are told by the very same answer [AUTH-CHK-02 AUTH-CHK-03 AUTH-CHK-06 AUTH-CLS-06]", async () => {
  const w = await world()
  const stranger = fakeService(w.net, 'https://mail.example')
  const [active, revoked, completed] = [await w.redeemed(), await w.redeemed(), await w.redeemed()]
  await w.act('revoke', revoked.id)
  await w.close(completed.authorizationId, w.desk.bearer())
  const answers = [
    await w.check('no-such-authorization', w.desk.bearer()),
    await w.check(active.authorizationId, stranger.bearer()),
    await w.check(revoked.authorizationId, w.desk.bearer()),
    await w.check(completed.authorizationId, w.desk.bearer()),
  ]
  w.pass(3600)
  answers.push(await w.check(active.authorizationId, w.desk.bearer()))
  const told = await Promise.all(answers.map(async (answer) => [answer.status, await answer.text(), [...answer.headers]]))
  expect(told[0]![0]).toBe(404)
  for (const other of told) expect(other).toEqual(told[0])
})

test('what leads to an authorization is none: the pass, its value, its reference, before and after [AUTH-CHK-08]', async () => {
  const w = await world()
  const { id, value } = await w.approved()
  const { ref, digest } = await w.show(id)
  for (const guess of [id, value, ref, digest]) expect(await refusal(await w.check(guess, w.desk.bearer()))).toEqual(UNKNOWN)
  await w.validate(value, w.desk.bearer())
  for (const guess of [id, value, ref, digest]) expect(await refusal(await w.check(guess, w.desk.bearer()))).toEqual(UNKNOWN)
})

test('an unredeemed pass has no authorization yet: its id is drawn, and means nothing before it is spent [AUTH-CHK-08]', async () => {
  const w = await world()
  const { value } = await w.approved()
  const db = w.database<{ pass: { authorization_id: string } }>()
  const { authorization_id } = await db.read.selectFrom('pass').select('authorization_id').executeTakeFirstOrThrow()
  expect(await refusal(await w.check(authorization_id, w.desk.bearer()))).toEqual(UNKNOWN)
  await w.validate(value, w.desk.bearer())
  expect((await w.check(authorization_id, w.desk.bearer())).status).toBe(200)
})

test('ids are 192 random bits behind their place in time, none twice [AUTH-CHK-06]', async () => {
  const w = await world()
  const all = await Promise.all(Array.from({ length: 100 }, () => w.redeemed()))
  expect(new Set(all.map(({ authorizationId }) => authorizationId)).size).toBe(100)
  const random = all.map(({ authorizationId }) => authorizationId.slice(11))
  for (const part of random) expect(Buffer.from(part, 'base64url')).toHaveLength(24)
  expect(new Set(random).size).toBe(100)
})

test.each([undefined, null, 5, '', [], {}, 'x'.repeat(1025)].map((id) => [id]))('authorization_id is text, not %j [AUTH-CHK-07]', async (id) => {
  const w = await world()
  const { authorizationId } = await w.redeemed()
  expect(await refusal(await w.check(id, w.desk.bearer()))).toEqual([400, 'malformed_request'])
  expect((await w.check(authorizationId, w.desk.bearer())).status).toBe(200)
})

test('who asks is settled before what is asked [AUTH-CHK-04 AUTH-ASRT-18]', async () => {
  const w = await world()
  const bad = (body: unknown, authorization?: string) => w.call('POST', '/authorization/check', { body, authorization })
  expect(await refusal(await bad('{', undefined))).toEqual([401, 'invalid_assertion'])
  expect(await refusal(await bad('{', w.desk.bearer({ aud: 'x' })))).toEqual([401, 'invalid_assertion'])
  expect(await refusal(await bad('{', w.desk.bearer()))).toEqual([400, 'malformed_request'])
})

test('a narrowed scope is what the next check says, at every instance, and it can only shrink [AUTH-CHK-10 AUTH-CHK-11]', async () => {
  const w = await world()
  const other = await w.another()
  const { id, authorizationId } = await w.redeemed()
  const scopeAt = async (at: Callers) => (await (await at.check(authorizationId, w.desk.bearer())).json()) as object
  expect((await w.act('narrow', id, { scope: ['tickets:read'] })).status).toBe(200)
  for (const at of [w, other]) expect(await scopeAt(at)).toMatchObject({ scope: ['tickets:read'] })
  for (const scope of [['tickets:read', 'tickets:write'], ['tickets:write'], ['*'], ['x']])
    expect(await refusal(await other.act('narrow', id, { scope }))).toEqual([422, 'unprocessable'])
  expect(await refusal(await w.act('narrow', id, { scope: [] }))).toEqual([400, 'malformed_request'])
  for (const at of [w, other]) expect(await scopeAt(at)).toMatchObject({ scope: ['tickets:read'] })
})

test('an authorization for everything can be narrowed to anything, and is not for everything any more [AUTH-CHK-10]', async () => {
  const w = await world()
  w.desk.pages.scopes = () => Response.json({ scopes: [{ name: '*' }] })
  const { id, authorizationId } = await w.redeemed()
  expect((await w.act('narrow', id, { scope: ['tickets:read', 'tickets:read'] })).status).toBe(200)
  expect(await (await w.check(authorizationId, w.desk.bearer())).json()).toMatchObject({ scope: ['tickets:read'] })
  expect(await refusal(await w.act('narrow', id, { scope: ['*'] }))).toEqual([422, 'unprocessable'])
})

test('of two narrowings at once that contradict each other one holds, and the other is told [AUTH-CHK-10]', async () => {
  const w = await world()
  const other = await w.another()
  const { id, authorizationId } = await w.redeemed()
  const { digest } = await w.show(id)
  const narrow = (at: Callers, scope: string[]) => at.manage(`/requests/${id}/narrow`, { digest, scope })
  const lock = w.lock()
  const narrowing = [narrow(w, ['tickets:read']), narrow(other, ['tickets:write'])]
  await turns(5000) // by now both have read what there is to narrow
  lock.release()
  const answers = await Promise.all(narrowing)
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 422])
  const held = answers[0]!.status === 200 ? 'tickets:read' : 'tickets:write'
  expect(await (await w.check(authorizationId, w.desk.bearer())).json()).toMatchObject({ scope: [held] })
})

test('only an authorization that stands can be narrowed [AUTH-CHK-10]', async () => {
  const w = await world()
  const [unredeemed, over] = [await w.approved(), await w.redeemed()]
  await w.act('revoke', over.id)
  for (const { id } of [unredeemed, over])
    expect(await refusal(await w.act('narrow', id, { scope: ['tickets:read'] }))).toEqual([422, 'unprocessable'])
})
