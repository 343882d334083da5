import { canonicalAddress } from '../../spec/email.ts'
import { ProtocolError } from '../../spec/error.ts'
import { Scope } from '../../spec/wire/scopes.ts'
import { isApprover } from '../approve/approvers.ts'
import { type Shown, voucherOf } from '../approve/shown.ts'
import { type Matching, wantsNumber } from '../console/number.ts'
import { mayDecide } from '../console/person.ts'
import { demandOf } from '../console/risk.ts'
import type { RiskSetting, RoleSetting } from '../console/settings.ts'
import { groupsOf, standingGroupsOf } from '../store/person-groups.ts'
import { findRemembered, type NewRemembered } from '../store/remembered.ts'
import type { RememberedRow, RequestRow, Tx } from '../store/schema.ts'
import { isOf } from './pattern.ts'
import type { PolicyAnswer, PolicyQuestion } from './policy.ts'

/** An approval that was remembered, and what it grants now. */
export type Remembered = { row: RememberedRow; scope: string[] }
type Asked = Extract<PolicyAnswer, { decision: 'ask' }>
/** What the settings say now of approvals, which binds those of before too: for how long one is remembered, who has a role, what asks more than a sign-in, whose requests need a number. */
export type RememberSettings = { days: number; roles: RoleSetting[]; risks: RiskSetting[]; matching: Matching }

export const DAY_SECONDS = 86_400

/**
 * The approval that somebody had remembered for such a request, the newest; undefined where there is none. It answers where policy asks one person, and never more than policy lets a person grant and does not
 * forbid without one, and only as long as whoever gave it might approve such a request now. It is bound to the agent as others vouch for it, so there is none for a Harness that chose its name itself.
 */
export async function findApproval(
  db: Tx,
  question: PolicyQuestion,
  { answer, days, roles, risks, matching }: { answer: Asked } & RememberSettings,
): Promise<Remembered | undefined> {
  const { tier } = question.harness
  if (tier === 'unverified' || wantsNumber(matching, tier) || answer.approvals > 1 || answer.rememberable.length === 0) return undefined
  const { service, agent, at } = question
  const user = canonicalAddress(question.user.email)
  for (const row of await findRemembered(db, { user, service: service.origin, agent: agent.id, at })) {
    const kept = Scope.parse(JSON.parse(row.scope)).filter((name) => answer.rememberable.includes(name))
    const scope = kept.filter((name) => demandOf(risks, service.origin, name) === 'sign_in')
    if (scope.length === 0 || row.created_at + days * DAY_SECONDS <= at || !isSuch(row, question)) continue
    const giver = { email: row.by, groups: await standingGroupsOf(db, row.by) }
    const isTheirs = answer.approvers.length > 0 || mayDecide(giver, roles, { user, groups: await groupsOf(db, user), service: service.origin })
    if (isTheirs && isApprover({ approvers: answer.approvers, user: question.user }, { by: row.by, groups: giver.groups })) return { row, scope }
  }
  return undefined
}

/** Whether a remembered approval is of such a request: the same agent by the same word, the same flow and destination, and a task of its pattern. */
function isSuch(row: RememberedRow, { harness, type, destination, task }: PolicyQuestion): boolean {
  const isSameAgent = row.tier === harness.tier && harness.vouched !== undefined && row.vouched_by === voucherOf(harness.vouched)
  const isSameKey = harness.tier !== 'registered' || row.key_thumbprint === harness.key_thumbprint // an attested agent has a new key each time
  return isSameAgent && isSameKey && row.type === type && row.destination === (destination?.url ?? null) && isTaskOf(row.task_pattern, task.id)
}

/** Whether a task id is of a pattern, in which `*` stands for anything. */
export const isTaskOf = (pattern: string, id: string): boolean => isOf(pattern.split('*'), id)

/** What somebody wants remembered of an approval: for how long, and for tasks of which pattern. */
export type Wish = { seconds: number; taskPattern: string }

/** Of some scopes, those that an approval of this request can be remembered for. */
export function rememberableOf(shown: Shown, scope: string[]): string[] {
  if (shown.harness.tier === 'unverified' || (shown.approvals ?? 1) > 1) return []
  return scope.filter((name) => shown.rememberable?.includes(name))
}

type Remembering = {
  request: Pick<RequestRow, 'ref' | 'user_email' | 'task_id'>
  shown: Shown
  scope: string[]
  wish: Wish
  by: string
  at: number
  ref: string
}

/** An approval as it is remembered. Throws unprocessable where nothing of it can be, or the pattern is not of this very task. */
export function remembering({ request, shown, scope, wish, by, at, ref }: Remembering): NewRemembered {
  const { harness, service, agent, type, destination } = shown
  const kept = rememberableOf(shown, scope)
  if (kept.length === 0 || !harness.vouched)
    throw new ProtocolError('unprocessable', 'nothing of this approval can be remembered: approve it for once')
  if (!isTaskOf(wish.taskPattern, request.task_id))
    throw new ProtocolError('unprocessable', 'the task pattern does not mean this very task: write its id, with * for what changes')
  return {
    ref,
    user_email: request.user_email,
    service_origin: service.origin,
    agent_id: agent.id,
    tier: harness.tier,
    vouched_by: voucherOf(harness.vouched),
    key_thumbprint: harness.tier === 'registered' ? (harness.key_thumbprint ?? null) : null,
    type,
    destination: destination?.url ?? null,
    task_pattern: wish.taskPattern,
    scope: JSON.stringify(kept),
    by,
    request_ref: request.ref,
    created_at: at,
    expires_at: at + wish.seconds,
  }
}
