import { expect, test } from 'vitest'
import { z } from 'zod'
import { APPROVING, authorityWorld, refusal } from '../authority-rig.ts'
import { okay } from '../service-rig.ts'

import { credulous, minted } from './replay-parties.ts'

test('R-06: on a clock five minutes ahead the pass is over, and set back again it is not revived; what was spent is spent [AUTH-VAL-02 AUTH-VAL-05]', async () => {
  const w = await authorityWorld({ ...APPROVING, lifetimes: { pass_seconds: 120, authorization_seconds: 3600 } })
  const unused = await w.approved()
  const used = await w.redeemed()
  const validate = async ({ value }: { value: string }) => refusal(await w.validate(value, w.desk.bearer()))
  w.pass(300)
  expect([await validate(unused), await validate(used)]).toEqual([
    [410, 'agentpass_expired'],
    [409, 'already_consumed'],
  ])
  w.pass(-300)
  for (const pass of [unused, used]) expect(await validate(pass)).toEqual([503, 'overloaded'])
  expect((await w.issue()).status).toBe(503) // nothing is written on such a clock
  w.pass(300)
  expect([await validate(unused), await validate(used)]).toEqual([
    [410, 'agentpass_expired'],
    [409, 'already_consumed'],
  ])
  expect((await w.check(used.authorizationId, w.desk.bearer())).status).toBe(200)
  expect((await w.validate((await w.approved()).value, w.desk.bearer())).status).toBe(200)
})

test('R-06: a verifier five minutes off takes no fresh assertion or proof, burns no pass with it, and takes the next when it is right again', async () => {
  for (const off of [-300, 300]) {
    const w = await authorityWorld(APPROVING)
    const { value } = await w.approved()
    const made = w.desk.bearer({ iat: w.now() + off, exp: w.now() + off + 60 }) // the Service's clock is right, and the Authority's is not
    expect(await refusal(await w.validate(value, made))).toEqual([401, 'invalid_assertion'])
    expect((await w.validate(value, w.desk.bearer())).status).toBe(200)
    const { d, key } = await credulous()
    const early = await key.proof(d.now() + off)
    expect(await refusal(await d.redeem(early))).toEqual([401, 'invalid_proof'])
    expect(d.enterprise.asked('validate')).toEqual([])
    await okay(await d.redeem(await key.proof(d.now())))
  }
})

test('R-06: at a Service whose clock was set back no proof, token or closed delegation comes back', async () => {
  const { d, key } = await credulous()
  const proof = await key.proof(d.now())
  const { bearer_token: token } = z.object({ bearer_token: z.string() }).parse(await okay(await d.redeem(proof)))
  d.pass(601) // the authorization has ended
  expect((await d.call('/api/tickets', token)).status).toBe(401)
  d.pass(-600)
  expect((await d.call('/api/tickets', token)).status).toBe(503)
  expect((await d.redeem(proof)).status).not.toBe(200)
  expect(await minted(d)).toBe(1)
  d.pass(600)
  expect((await d.call('/api/tickets', token)).status).toBe(401)
  await okay(await d.redeem(await key.proof(d.now())))
})

test('R-07: an assertion that somebody reads on its way is harmless at the check, and at the close it was spent with the first [AUTH-ASRT-16]', async () => {
  const w = await authorityWorld(APPROVING)
  const second = await w.another()
  const [first, other] = [await w.redeemed(), await w.redeemed()]
  const checking = w.desk.bearer()
  for (const at of [w, second, w]) expect((await at.check(first.authorizationId, checking)).status).toBe(200)
  const closing = w.desk.bearer()
  expect(await (await w.close(first.authorizationId, closing, 'complete')).json()).toMatchObject({ status: 'completed' })
  for (const at of [w, second])
    for (const { authorizationId } of [first, other])
      expect(await refusal(await at.close(authorizationId, closing, 'revoke'))).toEqual([401, 'invalid_assertion'])
  const unnamed = w.desk.bearer({ jti: undefined })
  for (const at of [w, second]) expect(await (await at.close(first.authorizationId, unnamed, 'revoke')).json()).toMatchObject({ status: 'completed' })
  expect((await w.check(other.authorizationId, w.desk.bearer())).status).toBe(200)
})
