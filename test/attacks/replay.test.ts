import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../spec/node/open-database.ts'
import type { PartyTables } from '../../spec/node/party.ts'
import { IssuanceStatus } from '../../spec/wire/issuance.ts'
import { APPROVING, authorityWorld, refusal } from '../authority-rig.ts'
import { fakeService } from '../fake-service.ts'
import { AUTHORITY } from '../parties.ts'
import { holder, okay } from '../service-rig.ts'

import { count, credulous, doubled, minted } from './replay-parties.ts'

const AT_ONCE = 100

test.each([1, 2])(
  'R-01: of a hundred validations at once among which others try it too, exactly one gets the pass, at %i instances [AUTH-VAL-03 AUTH-VAL-07]',
  async (instances) => {
    const w = await authorityWorld(APPROVING)
    const stranger = fakeService(w.net, 'https://other.example')
    const at = instances === 2 ? [w, await w.another()] : [w, w]
    for (let round = 0; round < 5; round++) {
      const { value, id } = await w.approved()
      const answers = Array.from({ length: AT_ONCE }, (_, i) => at[i % 2]!.validate(value, i % 5 === 0 ? stranger.bearer() : w.desk.bearer()))
      const polls = Array.from({ length: 20 }, (_, i) => at[i % 2]!.status(id))
      const all = await Promise.all(answers)
      expect([count(all, 200), count(all, 403), count(all, 409)]).toEqual([1, 20, 79])
      expect(all.findIndex(({ status }) => status === 200) % 5).not.toBe(0)
      for (const poll of await Promise.all(polls)) expect([200, 410]).toContain(poll.status)
    }
    expect((await w.validate((await w.approved()).value, w.desk.bearer())).status).toBe(200)
  },
)

test('R-02: of a hundred redemptions of one pass at once, at two instances of each party, one gets a token [SVC-RED-17]', async () => {
  const w = await doubled()
  for (let round = 1; round <= 3; round++) {
    const value = await w.approved()
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => w.redeem(value)))
    expect([count(answers, 200), count(answers, 409)]).toEqual([1, AT_ONCE - 1])
    expect(await w.credentials()).toBe(round)
  }
  expect((await w.redeem(await w.approved())).status).toBe(200)
})

test('R-03: each of many proofs that are shown to two instances at once is good at one of them [SVC-HB-09]', async () => {
  const { d, key, redeemAt } = await credulous()
  const at = [d.service, await d.another()]
  const proofs = await Promise.all(Array.from({ length: 30 }, () => key.proof(d.now())))
  const answers = await Promise.all(proofs.flatMap((proof) => at.map((service) => redeemAt(service, proof))))
  for (let i = 0; i < proofs.length; i++)
    expect(
      answers
        .slice(2 * i, 2 * i + 2)
        .map(({ status }) => status)
        .toSorted(),
    ).toEqual([200, 409])
  expect(await minted(d)).toBe(proofs.length)
  expect(d.enterprise.asked('close')).toHaveLength(proofs.length)
})

test('R-04: what was spent is spent after a restart: the pass, the assertion that closed, and the proof [AUTH-VAL-02 AUTH-ASRT-16 SVC-HB-09]', async () => {
  const w = await authorityWorld(APPROVING)
  const { value, authorizationId } = await w.redeemed()
  const closing = w.desk.bearer()
  expect((await w.close(authorizationId, closing)).status).toBe(200)
  await w.authority.stop()
  const again = await w.another()
  expect(await refusal(await again.validate(value, w.desk.bearer()))).toEqual([409, 'already_consumed'])
  expect(await refusal(await again.close(authorizationId, closing))).toEqual([401, 'invalid_assertion'])
  const { agentpass } = IssuanceStatus.parse(await (await again.issue()).json())
  expect((await again.validate(agentpass?.value, w.desk.bearer())).status).toBe(200)

  const { d, key, redeemAt } = await credulous()
  const proof = await key.proof(d.now())
  await okay(await d.redeem(proof))
  await d.service.stop()
  const restarted = await d.another()
  expect(await refusal(await redeemAt(restarted, proof))).toEqual([409, 'replay'])
  expect((await redeemAt(restarted, await key.proof(d.now()))).status).toBe(200)
})

test("R-05: a flood of an attacker's proofs is not remembered, and drives out nothing that is [SVC-HB-06]", async () => {
  const { d, key } = await credulous()
  const proof = await key.proof(d.now(), { jti: 'genuine' })
  await okay(await d.redeem(proof))
  const eve = await holder()
  const flood = await Promise.all(Array.from({ length: 500 }, (_, i) => eve.proof(d.now(), { jti: `junk-${i}`, exp: d.now() + 3600 })))
  const answers = await Promise.all(flood.map((junk) => d.redeem(junk)))
  expect(count(answers, 401)).toBe(flood.length)
  expect((await d.database().read.selectFrom('proof_seen').select('jti').execute()).map(({ jti }) => jti)).toEqual(['genuine'])
  expect(await refusal(await d.redeem(proof))).toEqual([409, 'replay'])
  await okay(await d.redeem(await key.proof(d.now())))
})

test('R-11: a pass that was spent when the answer was lost is lost: never good again, and the trail says that it was spent [AUTH-VAL-17]', async () => {
  const w = await doubled()
  const value = await w.approved()
  const { app } = w.authority
  const losing = async (url: string, init?: RequestInit) => {
    const answer = await app.request(url, init)
    if (url.endsWith('/validate')) throw new TypeError('the connection was reset')
    return answer
  }
  w.host(AUTHORITY, { request: losing as typeof app.request })
  expect(await refusal(await w.redeem(value))).toEqual([502, 'authority_unavailable'])
  w.host(AUTHORITY, app)
  expect(await refusal(await w.redeem(value))).toEqual([409, 'already_consumed'])
  expect(await w.credentials()).toBe(0)
  expect((await w.newest()).authorization).toMatchObject({ state: 'active' }) // spent, and nobody to use it
  const db = openDatabase<PartyTables>(w.authority.opening.database)
  onTestFinished(db.close)
  const events = (await db.read.selectFrom('audit').select('event').execute()).map(({ event }) => JSON.parse(event))
  expect(events.filter(({ event, outcome }) => event === 'validation' && outcome === 'consumed')).toHaveLength(1)
  expect((await w.redeem(await w.approved())).status).toBe(200) // the Harness starts again
})
