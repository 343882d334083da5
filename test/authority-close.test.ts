/** A Service ends an authorization; the first action stands. */
import { expect, test } from 'vitest'
import { CloseResponse } from '../spec/wire/validation.ts'
import { APPROVING, authorityWorld, refusal } from './authority-rig.ts'
import { fakeService } from './fake-service.ts'

const world = () => authorityWorld(APPROVING)
const UNKNOWN = [404, 'unknown_authorization']
const read = async (response: Response) => ({ http: response.status, ...CloseResponse.parse(await response.json()) })

test.each([
  ['complete', 'completed'],
  ['revoke', 'revoked'],
])('%s makes it %s, at once, and says when [AUTH-CLS-01 AUTH-CLS-06]', async (action, status) => {
  const w = await world()
  const { id, authorizationId } = await w.redeemed()
  const response = await w.close(authorizationId, w.desk.bearer(), action, { reason: 'done' })
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(await read(response)).toEqual({ http: 200, status, closed_at: new Date(w.now() * 1000).toISOString() })
  expect(await refusal(await w.check(authorizationId, w.desk.bearer()))).toEqual(UNKNOWN)
  expect(await w.show(id)).toMatchObject({ status: 'approved', authorization: { state: status, reason: 'done' } })
})

test.each([
  ['complete', 'revoke'],
  ['revoke', 'complete'],
  ['complete', 'complete'],
])('after %s, %s is answered with the first, when and what it was [AUTH-CLS-04]', async (first, second) => {
  const w = await world()
  const { authorizationId } = await w.redeemed()
  const before = await read(await w.close(authorizationId, w.desk.bearer(), first))
  w.pass(50)
  expect(await read(await w.close(authorizationId, w.desk.bearer(), second))).toEqual(before)
})

test('what the admin revoked is revoked to the Service that closes it as complete [AUTH-CLS-04]', async () => {
  const w = await world()
  const { id, authorizationId } = await w.redeemed()
  await w.act('revoke', id)
  expect(await read(await w.close(authorizationId, w.desk.bearer(), 'complete'))).toMatchObject({ http: 200, status: 'revoked' })
})

test('of both actions at once, at two instances, one stands and both are told which [AUTH-CLS-04]', async () => {
  const w = await world()
  const other = await w.another()
  for (let round = 0; round < 10; round++) {
    const { authorizationId } = await w.redeemed()
    const asked = [w.close(authorizationId, w.desk.bearer(), 'complete'), other.close(authorizationId, w.desk.bearer(), 'revoke')]
    const [one, two] = await Promise.all((await Promise.all(asked)).map(read))
    expect(one).toEqual(two)
  }
})

test("unknown, another Service's and expired are told by the very same answer, and end nothing [AUTH-CLS-02 AUTH-CLS-05]", async () => {
  const w = await world()
  const stranger = fakeService(w.net, 'https://mail.example')
  const { authorizationId } = await w.redeemed()
  const answers = [await w.close('no-such', w.desk.bearer()), await w.close(authorizationId, stranger.bearer())]
  expect((await w.check(authorizationId, w.desk.bearer())).status).toBe(200)
  w.pass(3600)
  answers.push(await w.close(authorizationId, w.desk.bearer()))
  const told = await Promise.all(answers.map(async (answer) => [answer.status, await answer.text(), [...answer.headers]]))
  for (const other of told) expect(other).toEqual(told[0])
  expect(told[0]![0]).toBe(404)
})

test('what was closed stays closed to its Service after its end, and unknown to any other [AUTH-CLS-04 AUTH-CLS-02]', async () => {
  const w = await world()
  const stranger = fakeService(w.net, 'https://mail.example')
  const { authorizationId } = await w.redeemed()
  const before = await read(await w.close(authorizationId, w.desk.bearer()))
  w.pass(3601)
  expect(await read(await w.close(authorizationId, w.desk.bearer()))).toEqual(before)
  expect(await refusal(await w.close(authorizationId, stranger.bearer()))).toEqual(UNKNOWN)
})

test.each<[string, object]>([
  ...['x', 'completed', '', null, undefined, 5, ['complete']].map((action): [string, object] => [`action ${JSON.stringify(action)}`, { action }]),
  ...[undefined, null, '', 5].map((id): [string, object] => [`authorization_id ${JSON.stringify(id)}`, { authorization_id: id }]),
  ['a reason that is no text', { reason: 5 }],
  ['a reason over 1,024 characters', { reason: 'x'.repeat(1025) }],
])('a close with %s is malformed, and ends nothing [AUTH-CLS-03]', async (_, changed) => {
  const w = await world()
  const { authorizationId } = await w.redeemed()
  const body = { authorization_id: authorizationId, action: 'complete', ...changed }
  const send = (sent: unknown) => w.call('POST', '/authorization/close', { body: sent, authorization: w.desk.bearer() })
  expect(await refusal(await send(body))).toEqual([400, 'malformed_request'])
  expect((await w.check(authorizationId, w.desk.bearer())).status).toBe(200)
  expect((await send({ ...body, ...{ authorization_id: authorizationId, action: 'complete', reason: 'ok' } })).status).toBe(200)
})

test('without a good assertion nothing is closed, whatever the body [AUTH-CLS-08]', async () => {
  const w = await world()
  const { authorizationId } = await w.redeemed()
  for (const authorization of [undefined, 'Bearer x', w.desk.bearer({ exp: w.now() - 90, iat: w.now() - 100 })])
    for (const id of [authorizationId, null]) expect(await refusal(await w.close(id, authorization))).toEqual([401, 'invalid_assertion'])
  expect((await w.check(authorizationId, w.desk.bearer())).status).toBe(200)
})

test('an assertion closes once: with the same jti it is refused, at every instance and after a restart, as long as it lives [AUTH-ASRT-16]', async () => {
  const w = await world()
  const other = await w.another()
  const [first, second] = [await w.redeemed(), await w.redeemed()]
  const assertion = w.desk.bearer()
  expect((await w.close(first.authorizationId, assertion)).status).toBe(200)
  w.pass(119)
  for (const at of [w, other, await w.another()])
    expect(await refusal(await at.close(second.authorizationId, assertion))).toEqual([401, 'invalid_assertion'])
  expect((await w.check(second.authorizationId, w.desk.bearer())).status).toBe(200)
  expect((await w.close(second.authorizationId, w.desk.bearer())).status).toBe(200)
})

test('an assertion seen at a close that was refused is seen: it closes nothing else [AUTH-ASRT-16]', async () => {
  const w = await world()
  const { authorizationId } = await w.redeemed()
  const assertion = w.desk.bearer()
  expect(await refusal(await w.close('no-such', assertion))).toEqual(UNKNOWN)
  expect(await refusal(await w.close(authorizationId, assertion))).toEqual([401, 'invalid_assertion'])
  expect((await w.close(authorizationId, w.desk.bearer())).status).toBe(200)
})

test('of two closes with one assertion at once, at two instances, one is refused [AUTH-ASRT-16]', async () => {
  const w = await world()
  const other = await w.another()
  const [one, two] = [await w.redeemed(), await w.redeemed()]
  const assertion = w.desk.bearer()
  const answers = await Promise.all([w.close(one.authorizationId, assertion), other.close(two.authorizationId, assertion)])
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 401])
})

test('a jti belongs to its issuer: two Services may use the same [AUTH-ASRT-16]', async () => {
  const w = await world()
  const mail = fakeService(w.net, 'https://mail.example')
  const ours = await w.redeemed()
  const pass = await w.approved({ service: { origin: mail.origin } })
  const theirs = (await (await w.validate(pass.value, mail.bearer())).json()) as { authorization_id: string }
  expect((await w.close(ours.authorizationId, w.desk.bearer({ jti: 'same' }))).status).toBe(200)
  expect((await w.close(theirs.authorization_id, mail.bearer({ jti: 'same' }))).status).toBe(200)
})

test('without a jti a close is accepted, again and again: the first action stands anyway [AUTH-ASRT-16]', async () => {
  const w = await world()
  const { authorizationId } = await w.redeemed()
  const assertion = w.desk.bearer({ jti: undefined })
  const before = await read(await w.close(authorizationId, assertion, 'complete'))
  expect(before.http).toBe(200)
  expect(await read(await w.close(authorizationId, assertion, 'revoke'))).toEqual(before)
})
