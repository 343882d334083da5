/** What a person revokes is over: for the pass that nobody used, and for what it led to. */
import { expect, test } from 'vitest'
import { APPROVING, authorityWorld, type Callers, refusal, turns } from './authority-rig.ts'

const world = () => authorityWorld(APPROVING)

test('revoking an unused pass kills it, and its authorization never comes to be [AUTH-REV-02 AUTH-VAL-09]', async () => {
  const w = await world()
  const { id, value } = await w.approved()
  const shown = await w.act('revoke', id, { reason: 'a mistake' })
  expect(await shown.json()).toMatchObject({ status: 'approved' })
  expect(await refusal(await w.validate(value, w.desk.bearer()))).toEqual([410, 'agentpass_expired'])
  expect(await refusal(await w.status(id))).toEqual([410, 'request_gone'])
  expect((await w.show(id)).authorization).toBeUndefined()
})

test('revoking what a pass led to is seen at the next check, at every instance [AUTH-CHK-02 AUTH-CHK-11]', async () => {
  const w = await world()
  const other = await w.another()
  const { id, authorizationId } = await w.redeemed()
  expect((await other.check(authorizationId, w.desk.bearer())).status).toBe(200)
  const shown = await w.act('revoke', id, { reason: 'enough' })
  expect(await shown.json()).toMatchObject({ status: 'approved', authorization: { id: authorizationId, state: 'revoked', reason: 'enough' } })
  for (const at of [w, other]) expect((await at.check(authorizationId, w.desk.bearer())).status).toBe(404)
})

test('the revocation of one ends no other [AUTH-CHK-02]', async () => {
  const w = await world()
  const [ended, neighbour, unused] = [await w.redeemed(), await w.redeemed(), await w.approved()]
  await w.act('revoke', ended.id)
  expect((await w.check(neighbour.authorizationId, w.desk.bearer())).status).toBe(200)
  expect((await w.validate(unused.value, w.desk.bearer())).status).toBe(200)
})

test('where nothing is alive there is nothing to revoke, and the answer says so [AUTH-REV-02]', async () => {
  const w = await authorityWorld()
  const pending = await w.requested()
  const denied = await w.requested()
  await w.act('deny', denied.id)
  const revoked = await w.redeemed()
  await w.act('revoke', revoked.id)
  const expired = await w.approved()
  w.pass(120)
  for (const { id } of [pending, denied, revoked, expired]) expect(await refusal(await w.act('revoke', id))).toEqual([422, 'unprocessable'])
  expect((await w.act('approve', pending.id)).status).toBe(200)
})

test('a revocation names what was shown, as every decision does [AUTH-REV-01]', async () => {
  const w = await world()
  const { id, authorizationId } = await w.redeemed()
  expect(await refusal(await w.manage(`/requests/${id}/revoke`, { digest: 'another' }))).toEqual([409, 'stale_decision'])
  expect(await refusal(await w.manage(`/requests/${id}/revoke`, {}))).toEqual([400, 'malformed_request'])
  expect((await w.check(authorizationId, w.desk.bearer())).status).toBe(200)
})

const RACES = 100
test('once a revocation is answered nothing validates or checks any more, however it raced the validation [AUTH-CLS-07 AUTH-CHK-11]', async () => {
  const w = await world()
  const other = await w.another()
  const seen = { revoked: 0, redeemed: 0 }
  for (let round = 0; round < RACES; round++) {
    const { id, value } = await w.approved()
    const { digest } = await w.show(id)
    const [here, there]: Callers[] = round % 2 === 0 ? [w, other] : [other, w]
    const revoking = async () => {
      await turns((round % 10) * 10)
      const answer = await there!.manage(`/requests/${id}/revoke`, { digest })
      return { answer, afterwards: await here!.validate(value, w.desk.bearer()) }
    }
    const validating = async () => {
      await turns((round % 7) * 5)
      return here!.validate(value, w.desk.bearer())
    }
    const [{ answer, afterwards }, validated] = await Promise.all([revoking(), validating()])
    expect([answer.status, afterwards.status === 200]).toEqual([200, false])
    if (validated.status === 200) {
      seen.redeemed += 1
      const { authorization_id } = (await validated.json()) as { authorization_id: string }
      for (const at of [w, other]) expect((await at.check(authorization_id, w.desk.bearer())).status).toBe(404)
    } else {
      seen.revoked += 1
      expect([validated.status, afterwards.status]).toEqual([410, 410])
    }
  }
  expect(seen.redeemed, 'validation came first at times').toBeGreaterThan(0)
  expect(seen.revoked, 'and revocation at others').toBeGreaterThan(0)
})

test('of a revocation and a close at once both end it, and it stays what it became first [AUTH-CLS-04]', async () => {
  const w = await world()
  const other = await w.another()
  for (let round = 0; round < 20; round++) {
    const { id, authorizationId } = await w.redeemed()
    const { digest } = await w.show(id)
    const revoke = () => other.manage(`/requests/${id}/revoke`, { digest })
    const close = () => w.close(authorizationId, w.desk.bearer(), 'complete')
    const [one, two] = await Promise.all(round % 2 === 0 ? [revoke(), close()] : [close(), revoke()])
    expect(new Set([one.status, two.status]).has(200)).toBe(true)
    const { authorization } = await w.show(id)
    expect(await (await w.close(authorizationId, w.desk.bearer(), 'revoke')).json()).toMatchObject({ status: authorization!.state })
    expect((await w.check(authorizationId, w.desk.bearer())).status).toBe(404)
  }
})
