import { ValidationResponse } from '../../spec/wire/validation.ts'
import { expectAnswer, expectRefused, isSuccess, type Reply } from '../actors/client.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { expectStillGood, restart, suggest } from './presenting.ts'
import type { AuthorityStage } from './stage.ts'

const AT_ONCE = 100
/** Longer than a lifetime in whole seconds takes to end. */
const MARGIN_MS = 1200

/** Of calls at once exactly one succeeds, and the others are refused. */
function expectOneWinner(s: AuthorityStage, replies: Reply[]): void {
  expectEqual(replies.filter(isSuccess).length, 1, 'the number of successes')
  for (const reply of replies) if (!isSuccess(reply)) expectRefused(reply, { orServerError: true })
  const codes = new Set(replies.filter((reply) => !isSuccess(reply)).map(({ status }) => status))
  if ([...codes].some((status) => status !== 409)) s.warn(`409 is suggested for a pass that was used, not ${[...codes].join(', ')}`)
}

/** A pass is spent once, by its Service alone, in time (§5.4.1). */
export const singleUse: Case<AuthorityStage>[] = [
  {
    id: 'AUTH-VAL-02',
    about: 'the same pass is presented twice',
    negative: true,
    run: async (s) => {
      const pass = await s.approved()
      await expectStillGood(s, pass)
      const again = await s.validate(pass.value, pass.service)
      expectRefused(again)
      suggest(s, again, 409)
    },
  },
  {
    id: 'AUTH-VAL-02/elsewhere',
    about: 'the same pass is presented at one instance, and then at another',
    negative: true,
    run: async (s) => {
      const at = s.second()
      const pass = await s.approved()
      await expectStillGood(s, pass)
      const again = await s.validate(pass.value, pass.service, { send: { at } })
      expectRefused(again)
      suggest(s, again, 409)
    },
  },
  {
    id: 'AUTH-VAL-03',
    about: `${AT_ONCE} calls of its Service present one pass at once`,
    negative: true,
    run: async (s) => {
      const pass = await s.approved()
      const replies = await Promise.all(Array.from({ length: AT_ONCE }, () => s.validate(pass.value, pass.service)))
      expectOneWinner(s, replies)
      await s.redeemed() // it is alive
    },
  },
  {
    id: 'AUTH-VAL-03/rounds',
    about: 'eight passes one after the other, each presented by ten calls at once',
    negative: true,
    run: async (s) => {
      const service = s.service()
      const passes = await Promise.all(Array.from({ length: 8 }, () => s.approved({ service })))
      for (const { value } of passes) expectOneWinner(s, await Promise.all(Array.from({ length: 10 }, () => s.validate(value, service))))
    },
  },
  {
    id: 'AUTH-VAL-03/instances',
    about: 'five passes, each presented by twelve calls at once, at two instances in turn',
    negative: true,
    run: async (s) => {
      const at = s.second()
      const service = s.service()
      const passes = await Promise.all(Array.from({ length: 5 }, () => s.approved({ service })))
      for (const { value } of passes)
        expectOneWinner(s, await Promise.all(Array.from({ length: 12 }, (_, i) => s.validate(value, service, i % 2 ? { send: { at } } : {}))))
    },
  },
  {
    id: 'AUTH-VAL-05',
    about: 'a pass is presented after its end',
    negative: true,
    slow: true,
    run: async (stage) => {
      const s = await stage.variant('short')
      const pass = await s.approved()
      await s.wait(s.instance.lifetimes.pass_seconds * 1000 + MARGIN_MS)
      const late = await s.validate(pass.value, pass.service)
      expectRefused(late)
      suggest(s, late, 410, 409, 422)
      await s.redeemed() // it is alive
    },
  },
  {
    id: 'AUTH-VAL-06',
    about: 'another Service presents a pass',
    negative: true,
    run: async (s) => {
      const pass = await s.approved()
      const stranger = await s.validate(pass.value, s.service())
      expectRefused(stranger)
      suggest(s, stranger, 403)
      await s.redeemed() // it is alive
    },
  },
  {
    id: 'AUTH-VAL-06/harvested',
    about: 'a Service for which another pass was issued presents one that was sent to it and is not its own',
    negative: true,
    run: async (s) => {
      const [own, other] = [await s.approved(), await s.approved()]
      const stranger = await s.validate(other.value, own.service)
      expectRefused(stranger)
      suggest(s, stranger, 403)
      await expectStillGood(s, own)
    },
  },
  {
    id: 'AUTH-VAL-07',
    about: 'another Service presents the pass before its own does',
    negative: true,
    run: async (s) => {
      const pass = await s.approved()
      expectRefused(await s.validate(pass.value, s.service()))
      await expectStillGood(s, pass)
    },
  },
  {
    id: 'AUTH-VAL-09',
    about: 'the id of a request that was approved is presented as its pass',
    negative: true,
    run: async (s) => {
      const pass = await s.approved()
      expectRefused(await s.validate(pass.id, pass.service))
      await expectStillGood(s, pass)
    },
  },
  {
    id: 'AUTH-VAL-09/pending',
    about: 'the id of a request that waits for its decision is presented as a pass',
    negative: true,
    run: async (s) => {
      const service = s.service()
      const { id } = await s.pending(service)
      expectRefused(await s.validate(id, service))
      await s.redeemed({ service }) // it is alive
    },
  },
  {
    id: 'AUTH-VAL-09/revoked',
    about: 'a pass is presented after it was revoked',
    negative: true,
    run: async (s) => {
      s.needDecision('revoke')
      const pass = await s.approved()
      const done = await s.decide('revoke', pass.id, { reason: 'The conformance suite takes it back' })
      expectThat(done.ok, "the adapter's revoke hook to succeed", `${done.status} ${done.text.slice(0, 200)}`)
      const late = await s.validate(pass.value, pass.service)
      expectRefused(late)
      suggest(s, late, 410, 404, 409, 422)
      await s.redeemed() // it is alive
    },
  },
  {
    id: 'AUTH-VAL-17',
    about: 'a pass is presented again after the Authority was killed, the moment it had answered, and started again',
    negative: true,
    alone: true,
    run: async (stage) => {
      const s = await stage.variant('durable')
      const pass = await s.approved()
      expectAnswer(await s.validate(pass.value, pass.service), ValidationResponse, 'the validation')
      await restart(s)
      const again = await s.validate(pass.value, pass.service)
      expectRefused(again)
      suggest(s, again, 409)
      await s.redeemed() // it is alive
    },
  },
]
