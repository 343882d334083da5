import { ProtocolError } from '../../spec/error.ts'
import type { Audit } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import { isApprovable } from '../../spec/scope.ts'
import { Scope } from '../../spec/wire/scopes.ts'
import { aboutRequest } from '../audit/about.ts'
import type { Kept } from '../console/passkey.ts'
import { addApproval } from '../store/approvals.ts'
import { addPass } from '../store/passes.ts'
import { decide, expireRequests, findRequest, requirePending } from '../store/requests.ts'
import type { AuthorityTables, RequestRow, Tx } from '../store/schema.ts'
import { requireApprover } from './approvers.ts'
import { type MintDeps, mintPass } from './mint.ts'
import { readShown, type Shown } from './shown.ts'

export type ApproveDeps = MintDeps & {
  db: Database<AuthorityTables>
  audit: Audit
  /** Hears of each decision that this instance has made, once it is on disk. */
  onDecided: (requestDigest: string) => void
}
/** Who decides, from where, and the digest of what they were shown. */
export type DecisionBy = { by: string; digest: string; address?: string | undefined }

export type Approval = DecisionBy & {
  /** The groups of whoever approves, where policy names those who may. */
  groups?: string[]
  scope?: string[] | undefined
  /** The assertion of the approver's passkey, for the audit trail. */
  passkey?: Kept
  /** What holds only if the approval does, and the other way round. */
  also?: (tx: Tx) => Promise<void>
}

/**
 * Approves a request and mints its pass (protocol 4), with a subset of what was offered, or all of it. Where policy demands two people, the first approval waits for another's, and the pass has
 * what both left. Gives whether it is approved now. Throws unknown_request, already_decided, stale_decision, unprocessable; forbidden for somebody whom policy does not name.
 */
export async function approve(d: ApproveDeps, requestDigest: string, decision: Approval): Promise<'approved' | 'waits'> {
  const request = await findRequest(d.db.read, requestDigest)
  if (!request) throw new ProtocolError('unknown_request', 'there is no such request')
  const shown = readShown(request.shown) // which never changes: a decision names its digest
  requireApprover(shown, decision)
  const offered = shown.scopes.map(({ name }) => name)
  const scope = decision.scope ?? offered
  const outcome = await d.db.write(async (tx) => {
    if ((shown.approvals ?? 1) === 1) return grant(d, tx, request, { ...decision, shown, scope, names: [decision.by] })
    if (!isApprovable(scope, offered)) throw new ProtocolError('unprocessable', 'an approval grants at least one scope, and only offered ones')
    return approveWithOthers(d, tx, request, { ...decision, shown, scope })
  })
  if (outcome === 'approved') d.onDecided(requestDigest)
  return outcome
}

type Granting = Approval & { shown: Shown; scope: string[]; names: string[] }

async function grant(d: ApproveDeps, tx: Tx, { digest }: RequestRow, decision: Granting): Promise<'approved'> {
  const { names, by, shown, scope, passkey, address } = decision
  const request = await decide(tx, digest, 'approved', { shownDigest: decision.digest, by: names.join(' and '), at: d.now() })
  await addPass(tx, mintPass(d, request, { shown, scope }))
  await decision.also?.(tx)
  const who = { by, address, ...(names.length > 1 && { approvers: names }) }
  await d.audit.record(tx, { event: 'decision', outcome: 'approved', ...who, scope, ...aboutRequest(request, shown), ...(passkey && { passkey }) })
  return 'approved'
}

/** One approval of several. The request is held by it, so that of two at once the second sees the first. */
async function approveWithOthers(
  d: ApproveDeps,
  tx: Tx,
  request: RequestRow,
  { passkey, also, ...decision }: Approval & { shown: Shown; scope: string[] },
): Promise<'approved' | 'waits'> {
  const { by, shown, scope, address } = decision
  const at = d.now()
  await requirePending(tx, request.digest, { shownDigest: decision.digest, by, at })
  const approvals = await addApproval(tx, { request_digest: request.digest, by, scope: JSON.stringify(scope), at })
  await also?.(tx)
  const about = { event: 'decision', outcome: 'approved by one', by, address, scope, ...aboutRequest(request, shown), ...(passkey && { passkey }) }
  await d.audit.record(tx, about)
  if (approvals.length < (shown.approvals ?? 1)) return 'waits'
  const left = approvals.map((one) => Scope.parse(JSON.parse(one.scope))).reduce((all, one) => all.filter((name) => one.includes(name)))
  if (left.length === 0) throw new ProtocolError('unprocessable', 'no scope is left that you and whoever approved before have both approved')
  return grant(d, tx, request, { ...decision, scope: left, names: approvals.map((one) => one.by) })
}

/** Denies or cancels a request (protocol 4). Throws unknown_request, already_decided, stale_decision. */
export async function refuse(
  d: Pick<ApproveDeps, 'now' | 'db' | 'audit' | 'onDecided'>,
  requestDigest: string,
  { by, digest, address, status, reason }: DecisionBy & { status: 'denied' | 'canceled'; reason?: string | undefined },
): Promise<RequestRow> {
  const refused = await d.db.write(async (tx) => {
    const request = await decide(tx, requestDigest, status, { shownDigest: digest, by, at: d.now(), reason })
    await d.audit.record(tx, { event: 'decision', outcome: status, by, address, reason, ...aboutRequest(request) })
    return request
  })
  d.onDecided(requestDigest)
  return refused
}

/** Writes down the requests whose deadline has passed, some at a time. Gives how many. */
export async function expireDue(d: Pick<ApproveDeps, 'now' | 'db' | 'audit'>, limit: number): Promise<number> {
  return d.db.write(async (tx) => {
    const expired = await expireRequests(tx, d.now(), limit)
    for (const request of expired) await d.audit.record(tx, { event: 'decision', outcome: 'expired', ...aboutRequest(request) })
    return expired.length
  })
}
