import { CheckResponse, ValidationResponse } from '../../spec/wire/validation.ts'
import { expectAnswer, expectRefused, isSuccess } from '../actors/client.ts'
import type { FakeService } from '../actors/service.ts'
import { type Case, expectThat } from '../case.ts'
import { skip } from '../stage.ts'
import { expectOver, revoke } from './5.5.1-check.ts'
import { expectTurnedAway, NO_CREDENTIALS } from './doors.ts'
import { suggest } from './presenting.ts'
import type { AuthorityStage } from './stage.ts'

const RACES = 20

/**
 * A validation and a revocation at once; without a time, the validation comes when the revocation has answered. Then nothing is left: neither the pass nor an authorization.
 * Gives whether the revocation succeeded at all.
 */
async function raceOnce(s: AuthorityStage, service: FakeService, afterMs: number | undefined): Promise<boolean> {
  const pass = await s.approved({ service })
  const validating = afterMs === undefined ? undefined : s.wait(afterMs).then(() => s.validate(pass.value, service))
  const done = await s.decide('revoke', pass.id, { reason: 'The suite' })
  const late = await s.validate(pass.value, service)
  const reply = await validating
  if (!done.ok) return false
  expectThat(!isSuccess(late), 'no pass to be spent once its revocation has answered', `${late.status}`)
  if (reply && isSuccess(reply)) expectOver(await s.check(expectAnswer(reply, ValidationResponse, 'the validation').authorization_id, service))
  return true
}

/** What was granted is taken back (§5.5). */
export const revocation: Case<AuthorityStage>[] = [
  ...NO_CREDENTIALS.map(
    ([slug, how, headers]): Case<AuthorityStage> => ({
      id: `AUTH-REV-01/${slug}`,
      about: `somebody revokes ${how}`,
      negative: true,
      run: async (s) => {
        const { id, authorizationId, service } = await s.redeemed()
        await expectTurnedAway(s, id, headers)
        expectAnswer(await s.check(authorizationId, service), CheckResponse, 'the check')
      },
    }),
  ),
  {
    id: 'AUTH-REV-02',
    about: 'what was approved is revoked before its pass was presented, at whatever instance',
    negative: true,
    run: async (s) => {
      const service = s.service()
      for (const at of [undefined, s.instance.second]) {
        const pass = await s.approved({ service })
        await revoke(s, pass.id)
        const reply = await s.validate(pass.value, service, at === undefined ? {} : { send: { at } })
        expectRefused(reply)
        suggest(s, reply, 410, 404, 409, 422)
      }
      await s.redeemed({ service }) // it is alive
    },
  },
  {
    id: 'AUTH-CLS-07',
    about: `${RACES} passes are presented and revoked at the same moment`,
    negative: true,
    run: async (s) => {
      s.needDecision('revoke')
      const service = s.service()
      await s.redeemed({ service }) // now the Service and its keys are known, so the race is about the pass
      const raced = await Promise.all(Array.from({ length: RACES }, (_, i) => raceOnce(s, service, i % 4 === 3 ? undefined : (i % 10) * 12)))
      if (!raced.includes(true)) skip("the adapter's revoke hook did not succeed once")
      await s.redeemed({ service }) // it is alive
    },
  },
]
