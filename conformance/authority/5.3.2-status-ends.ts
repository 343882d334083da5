import { member } from '../actors/authority.ts'
import { expectStatus, isSuccess, type Reply } from '../actors/client.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { skip } from '../stage.ts'
import { expectAdmitted } from './admission.ts'
import { expectStillGood, suggest } from './presenting.ts'
import type { AuthorityStage, Decision } from './stage.ts'

/** That a status does not give the pass away any more: it is gone, or it is there without one. */
function expectNoPass(s: AuthorityStage, reply: Reply, value: string): void {
  expectThat(!reply.text.includes(value), 'no pass that was used, has expired or was revoked', 'the pass')
  if (isSuccess(reply)) expectEqual(member(member(reply.json, 'agentpass'), 'value'), undefined, 'agentpass.value')
  else suggest(s, reply, 410)
}

/** A decision, and another after it: the first one stands. */
const decidedTwice = (slug: string, first: Decision, then: Decision, status: string): Case<AuthorityStage> => ({
  id: `AUTH-STA-03/${slug}`,
  about: `a request that is ${status} is to be decided again: ${then}`,
  negative: true,
  run: async (s) => {
    const scopes = ['things:read']
    const { id } = await s.pending(s.service())
    await s.decide(first, id, { scopes, reason: 'The first word' })
    expectEqual(expectAdmitted(await s.status(id)).status, status, 'the status')
    await s.decide(then, id, { scopes, reason: 'Another word' })
    const { status: after, agentpass } = expectAdmitted(await s.status(id))
    expectEqual(after, status, 'the status, afterwards,')
    expectEqual(agentpass !== undefined, status === 'approved', 'whether there is a pass')
  },
})

/** Waits until so long after the deadline for a decision, or the end of a pass, of short ones. */
const passDeadline = (s: AuthorityStage, seconds: number): Promise<void> => s.wait(seconds * 1000 + 2500)

/** How a request ends: once, and what it gave is gone then (§5.3.2). */
export const issuanceEnds: Case<AuthorityStage>[] = [
  decidedTwice('denied', 'deny', 'approve', 'denied'),
  decidedTwice('canceled', 'cancel', 'approve', 'canceled'),
  decidedTwice('approved', 'approve', 'deny', 'approved'),
  {
    id: 'AUTH-STA-03/revoked',
    about: 'a request is approved, and its pass revoked before it was used',
    negative: true,
    run: async (s) => {
      const { id, value } = await s.approved()
      const { ok } = await s.decide('revoke', id, { reason: 'The suite takes it back' })
      expectThat(ok, 'the revocation to succeed', 'a refusal')
      const reply = await s.status(id)
      if (isSuccess(reply)) expectEqual(expectAdmitted(reply).status, 'approved', 'the status, which is final,')
      expectThat(!reply.text.includes(value), 'no pass', 'the pass')
    },
  },
  {
    id: 'AUTH-STA-03/used',
    about: 'a request is approved, its pass used, and its authorization revoked',
    negative: true,
    run: async (s) => {
      const { id, authorizationId } = await s.redeemed()
      await s.decide('revoke', id, { authorization_id: authorizationId, reason: 'The suite takes it back' })
      const reply = await s.status(id)
      if (isSuccess(reply)) expectEqual(expectAdmitted(reply).status, 'approved', 'the status, which is final,')
    },
  },
  {
    id: 'AUTH-STA-07',
    about: 'nobody decides before the deadline, and the status is fetched',
    slow: true,
    run: async (s) => {
      const short = await s.variant('short')
      const { id } = await short.pending(short.service())
      await passDeadline(s, short.instance.lifetimes.decision_seconds)
      const reply = await short.status(id)
      expectStatus(reply, 200, 410)
      if (reply.status === 200) expectEqual(expectAdmitted(reply).status, 'expired', 'the status')
    },
  },
  {
    id: 'AUTH-STA-08',
    about: 'nobody decides before the deadline, and then somebody approves',
    negative: true,
    slow: true,
    run: async (s) => {
      s.needDecision('approve')
      const short = await s.variant('short')
      const service = short.service()
      const { id } = await short.pending(service)
      await passDeadline(s, short.instance.lifetimes.decision_seconds)
      await short.decide('approve', id, { scopes: ['things:read'] })
      const reply = await short.status(id)
      if (isSuccess(reply)) expectEqual(expectAdmitted(reply).status, 'expired', 'the status')
      expectThat(!reply.text.includes('"agentpass"'), 'no pass after the deadline', 'a pass')
      await short.approved({ service })
    },
  },
  {
    id: 'AUTH-STA-08/at-once',
    about: 'nobody decides before the deadline, and somebody approves a moment after it',
    negative: true,
    slow: true,
    run: async (s) => {
      s.needDecision('approve')
      const short = await s.variant('short')
      const { id } = await short.pending(short.service())
      const { expires_at } = expectAdmitted(await short.status(id))
      const deadline = Date.parse(expires_at ?? '') || Date.now() + short.instance.lifetimes.decision_seconds * 1000 + 1000
      await s.wait(Math.max(0, deadline - Date.now()) + 100)
      const reply = await short.status(id)
      await short.decide('approve', id, { scopes: ['things:read'] })
      for (const each of [reply, await short.status(id)])
        expectEqual(isSuccess(each) ? expectAdmitted(each).status : 'expired', 'expired', 'the status')
    },
  },
  {
    id: 'AUTH-STA-11/used',
    about: 'the status of a request is fetched after its pass was used',
    negative: true,
    run: async (s) => {
      const { id, value } = await s.redeemed()
      expectNoPass(s, await s.status(id), value)
    },
  },
  {
    id: 'AUTH-STA-11/second-instance',
    about: 'its pass was used, and another instance is asked',
    negative: true,
    run: async (s) => {
      const { id, value } = await s.redeemed()
      expectNoPass(s, await s.status(id, { at: s.second() }), value)
    },
  },
  {
    id: 'AUTH-STA-11/revoked',
    about: 'the status of a request is fetched after its pass was revoked',
    negative: true,
    run: async (s) => {
      const { id, value } = await s.approved()
      await s.decide('revoke', id, { reason: 'The suite takes it back' })
      expectNoPass(s, await s.status(id), value)
    },
  },
  {
    id: 'AUTH-STA-11/expired',
    about: 'the status of a request is fetched after its pass has expired',
    negative: true,
    slow: true,
    run: async (s) => {
      const short = await s.variant('short')
      const { id, value } = await short.approved()
      await passDeadline(s, short.instance.lifetimes.pass_seconds)
      expectNoPass(s, await short.status(id), value)
    },
  },
  {
    id: 'AUTH-STA-13',
    about: 'an operator cancels a request that waits',
    run: async (s) => {
      const { id } = await s.pending(s.service())
      const { ok } = await s.decide('cancel', id, { reason: 'The suite calls it off' })
      expectThat(ok, 'the cancellation to succeed', 'a refusal')
      const { status, agentpass } = expectAdmitted(await s.status(id))
      expectEqual([status, agentpass], ['canceled', undefined], 'status and pass')
    },
  },
  {
    id: 'AUTH-STA-13/requester',
    about: 'the Harness cancels its request that waits, where the Authority lets it (DELETE)',
    run: async (s) => {
      const { id } = await s.pending(s.service())
      const reply = await s.status(id, { method: 'DELETE' })
      if ([404, 405, 501].includes(reply.status)) skip('the Authority does not offer that')
      expectEqual(expectAdmitted(reply).status, 'canceled', 'the status')
      expectEqual(expectAdmitted(await s.status(id)).status, 'canceled', 'the status')
    },
  },
  {
    id: 'AUTH-STA-13/requester-late',
    about: 'the Harness cancels its request when it has been approved (DELETE)',
    negative: true,
    run: async (s) => {
      const pass = await s.approved()
      const reply = await s.status(pass.id, { method: 'DELETE' })
      expectThat(!isSuccess(reply) || expectAdmitted(reply).status === 'approved', 'a refusal, or the status as it is', reply.text)
      expectEqual(expectAdmitted(await s.status(pass.id)).status, 'approved', 'the status')
      await expectStillGood(s, pass)
    },
  },
]
