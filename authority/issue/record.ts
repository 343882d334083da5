import { canonicalAddress } from '../../spec/email.ts'
import { toRfc3339 } from '../../spec/time.ts'
import type { IssuanceRequest } from '../../spec/wire/issuance.ts'
import type { OfferedScope } from '../../spec/wire/scopes.ts'
import { mintPass } from '../approve/mint.ts'
import { type Shown, writeShown } from '../approve/shown.ts'
import { aboutRequest } from '../audit/about.ts'
import { BY_MEMORY, BY_POLICY, inWords, type PolicyAnswer } from '../policy/policy.ts'
import type { Remembered } from '../policy/remember.ts'
import { nameApprovers } from '../store/approvals.ts'
import { digestOf } from '../store/digest.ts'
import { addPass } from '../store/passes.ts'
import { referenceOf } from '../store/reference.ts'
import { useRemembered } from '../store/remembered.ts'
import { addRequest, type Decided, type NewRequest } from '../store/requests.ts'
import type { IssueDeps } from './issue.ts'
import { requireRoom } from './room.ts'

/** What is known of a request before policy has said anything. */
export type Asked = Omit<Shown, 'scopes' | 'reasons' | 'policy' | 'approvals' | 'approvers' | 'remembered' | 'rememberable'>
export type Admitted = {
  request: IssuanceRequest
  asked: Asked
  offered: OfferedScope[]
  answer: PolicyAnswer
  remembered: Remembered | undefined
  at: number
  version: string | undefined
}

/** Writes the request and, where policy or a remembered approval decides, its decision, in one transaction. Throws rate_limited. */
export async function record(d: IssueDeps, id: string, admitted: Admitted): Promise<void> {
  const { remembered } = admitted
  if (remembered && (await write(d, id, admitted, remembered))) return
  await write(d, id, admitted, undefined)
}

/** Whether it was written: not where the remembered approval has just been taken back. */
async function write(d: IssueDeps, id: string, admitted: Admitted, remembered: Remembered | undefined): Promise<boolean> {
  const { answer, at } = admitted
  const shown = shownOf(admitted, remembered)
  const row = newRequest(d, id, { shown, request: admitted.request, at })
  const scope = remembered?.scope ?? (answer.decision === 'approve' ? answer.scope : undefined)
  const pass = scope && mintPass(d, row, { shown, scope })
  const decided = remembered ? byMemory(remembered, at) : byPolicy(answer, at)
  const about = aboutRequest(row, shown)
  return d.db.write(async (tx) => {
    if (remembered && !(await useRemembered(tx, remembered.row.ref, at))) return false
    if (!decided) await requireRoom(tx, d.db.dialect, row, d.caps)
    await addRequest(tx, row, decided)
    if (!decided && shown.approvers) await nameApprovers(tx, row, shown.approvers)
    await d.audit.record(tx, { event: 'issuance', outcome: 'admitted', address: shown.address, ...about })
    if (!decided) return true
    if (pass) await addPass(tx, pass)
    const by = remembered ? { by: BY_MEMORY, approvers: [remembered.row.by], remembered: remembered.row.ref } : { by: BY_POLICY }
    await d.audit.record(tx, { event: 'decision', outcome: decided.status, ...by, reason: decided.reason ?? undefined, scope, ...about })
    return true
  })
}

function shownOf({ asked, offered, answer, version }: Admitted, remembered: Remembered | undefined): Shown {
  const why = remembered ? [...answer.why, whyRemembered(remembered)] : answer.why
  const base = { ...asked, reasons: inWords({ why }, offered) }
  const policy = (left: OfferedScope[]) => ({
    ...(version !== undefined && { version }),
    why,
    withheld: offered.filter((scope) => !left.includes(scope)).map(({ name }) => name),
  })
  if (answer.decision === 'deny') return { ...base, scopes: offered, reasons: [answer.reason], policy: policy(offered) }
  if (answer.decision === 'approve') return { ...base, scopes: offered, policy: policy(offered) }
  const { approvals, approvers, rememberable } = answer
  return {
    ...base,
    scopes: answer.offered,
    policy: policy(answer.offered),
    ...(approvals > 1 && { approvals }),
    ...(approvers.length > 0 && { approvers }),
    ...(rememberable.length > 0 && { rememberable }),
    ...(remembered && { remembered: remembered.row.ref }),
  }
}

function newRequest(d: IssueDeps, id: string, { shown, request, at }: { shown: Shown; request: IssuanceRequest; at: number }): NewRequest {
  const digest = digestOf(id)
  return {
    digest,
    ref: referenceOf(digest),
    status: 'pending',
    type: request.type,
    service_origin: request.service.origin,
    user_email: canonicalAddress(request.user.email),
    agent_id: shown.agent.id,
    harness_id: request.harness.id,
    key_thumbprint: shown.harness.key_thumbprint ?? null,
    task_id: request.task.id,
    ...writeShown(shown),
    cnf: request.harness.cnf ? JSON.stringify(request.harness.cnf) : null,
    pass_digest: digestOf(d.passValues.derive(id, d.passValues.currentKeyId)),
    master_key_id: d.passValues.currentKeyId,
    created_at: at,
    expires_at: at + d.lifetimes.decision_seconds,
  }
}

function byPolicy(answer: PolicyAnswer, at: number): Decided | undefined {
  switch (answer.decision) {
    case 'ask':
      return undefined
    case 'approve':
      return { status: 'approved', decided_at: at, decided_by: BY_POLICY, reason: null }
    case 'deny':
      return { status: 'denied', decided_at: at, decided_by: BY_POLICY, reason: answer.reason }
  }
}

const byMemory = ({ row }: Remembered, at: number): Decided => ({
  status: 'approved',
  decided_at: at,
  decided_by: `${BY_MEMORY} of ${row.by}`,
  reason: null,
})

const whyRemembered = ({ row, scope }: Remembered) => ({
  policy: BY_MEMORY,
  effect: 'approve' as const,
  scopes: scope,
  says: `${row.by} approved this agent for tasks like ${row.task_pattern}, until ${toRfc3339(row.expires_at).slice(0, 16).replace('T', ' ')} UTC`,
})
