import { member } from '../actors/authority.ts'
import { isSuccess } from '../actors/client.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { expectTurnedAway, NO_CREDENTIALS } from './doors.ts'
import { expectStillGood } from './presenting.ts'
import type { Approved, AuthorityStage, Decision } from './stage.ts'

/** What polls say of a request: its status, and the value of its pass. */
async function poll(s: AuthorityStage, id: string): Promise<{ status: unknown; value: unknown }> {
  const { json } = await s.status(id)
  return { status: member(json, 'status'), value: member(member(json, 'agentpass'), 'value') }
}

/** Decides several times at once. Gives how many were told that their decision holds, and what the polls that follow agree on. */
async function race(s: AuthorityStage, decisions: Decision[]) {
  for (const decision of decisions) s.needDecision(decision)
  const service = s.service()
  const { id, message } = await s.pending(service)
  const scopes = service.scopes.map(({ name }) => name)
  const done = await Promise.all(decisions.map((decision) => s.decide(decision, id, decision === 'approve' ? { scopes } : { reason: 'The suite' })))
  const polls = [await poll(s, id), await poll(s, id)]
  await s.wait(300)
  polls.push(await poll(s, id))
  return { pass: { id, service, message }, held: done.map(({ ok }) => ok), polls }
}

/** That every poll says the same. */
function expectOneOutcome(polls: { status: unknown; value: unknown }[], among: string[]): { status: unknown; value: unknown } {
  const [first = { status: undefined, value: undefined }] = polls
  for (const one of polls) expectEqual(one, first, 'what a later poll says')
  expectThat(among.includes(String(first.status)), `the status ${among.join(' or ')}`, String(first.status))
  return first
}

/** Decisions, of which one holds, by somebody who may (§5.3.2). */
export const decisions: Case<AuthorityStage>[] = [
  {
    id: 'AUTH-DEC-01',
    about: 'three approvals of one request come at once',
    negative: true,
    run: async (s) => {
      const { pass, held, polls } = await race(s, ['approve', 'approve', 'approve'])
      const { value } = expectOneOutcome(polls, ['approved'])
      expectThat(typeof value === 'string', 'a pass', String(value))
      const approved: Approved = { ...pass, value: s.secret(String(value)) }
      await expectStillGood(s, approved)
      expectThat(!isSuccess(await s.validate(approved.value, approved.service)), 'that one pass to be spent once', 'a second success')
      if (held.filter(Boolean).length !== 1) s.warn(`of decisions at once one should hold, and ${held.filter(Boolean).length} were told so`)
    },
  },
  {
    id: 'AUTH-DEC-01/approve-deny',
    about: 'an approval and a denial of one request come at once',
    negative: true,
    run: async (s) => {
      const { pass, held, polls } = await race(s, ['approve', 'deny'])
      expectEqual(held.filter(Boolean).length, 1, 'how many of the two were told that theirs holds')
      const { status, value } = expectOneOutcome(polls, ['approved', 'denied'])
      expectEqual(status, held[0] ? 'approved' : 'denied', 'the status')
      if (status === 'approved') await expectStillGood(s, { ...pass, value: s.secret(String(value)) })
      else expectEqual(value, undefined, 'the pass of a request that was denied')
    },
  },
  {
    id: 'AUTH-DEC-01/late',
    about: 'a request that was approved is denied, and its pass was spent when it is approved again',
    negative: true,
    run: async (s) => {
      for (const decision of ['approve', 'deny'] satisfies Decision[]) s.needDecision(decision)
      const pass = await s.approved()
      const denied = await s.decide('deny', pass.id, { reason: 'The suite' })
      expectThat(!denied.ok, 'a denial of what is approved to be refused', `${denied.status}`)
      await expectStillGood(s, pass)
      await s.decide('approve', pass.id, { scopes: pass.service.scopes.map(({ name }) => name) })
      expectThat(!isSuccess(await s.validate(pass.value, pass.service)), 'the pass to stay spent', 'a second success')
    },
  },
  ...NO_CREDENTIALS.map(
    ([slug, how, headers]): Case<AuthorityStage> => ({
      id: `AUTH-DEC-02/${slug}`,
      about: `somebody decides ${how}`,
      negative: true,
      run: async (s) => {
        const { id } = await s.pending(s.service())
        await expectTurnedAway(s, id, headers)
        expectEqual((await poll(s, id)).status, 'pending', 'the status')
        await s.redeemed() // who may decide still can
      },
    }),
  ),
]
