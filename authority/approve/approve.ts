import type { Audit } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import { aboutRequest } from '../audit/about.ts'
import type { Kept } from '../console/passkey.ts'
import { addPass } from '../store/passes.ts'
import { decide, expireRequests } from '../store/requests.ts'
import type { AuthorityTables, RequestRow, Tx } from '../store/schema.ts'
import { type MintDeps, mintPass } from './mint.ts'
import { readShown } from './shown.ts'

export type ApproveDeps = MintDeps & {
  db: Database<AuthorityTables>
  audit: Audit
  /** Hears of each decision that this instance has made, once it is on disk. */
  onDecided: (requestDigest: string) => void
}
/** Who decides, and the digest of what they were shown. */
export type DecisionBy = { by: string; digest: string }

export type Approval = DecisionBy & {
  scope?: string[] | undefined
  /** The assertion of the approver's passkey, for the audit trail. */
  passkey?: Kept
  /** What holds only if the approval does, and the other way round. */
  also?: (tx: Tx) => Promise<void>
}

/** Approves a request and mints its pass (protocol 4), with a subset of what was offered, or all of it. Throws unknown_request, already_decided, stale_decision, unprocessable. */
export async function approve(d: ApproveDeps, requestDigest: string, decision: Approval): Promise<void> {
  await d.db.write(async (tx) => {
    const request = await decide(tx, requestDigest, 'approved', { shownDigest: decision.digest, by: decision.by, at: d.now() })
    const scope = decision.scope ?? readShown(request.shown).scopes.map(({ name }) => name)
    await addPass(tx, mintPass(d, request, scope))
    await decision.also?.(tx)
    const { by, passkey } = decision
    await d.audit.record(tx, { event: 'decision', outcome: 'approved', by, scope, ...aboutRequest(request), ...(passkey && { passkey }) })
  })
  d.onDecided(requestDigest)
}

/** Denies or cancels a request (protocol 4). Throws unknown_request, already_decided, stale_decision. */
export async function refuse(
  d: Pick<ApproveDeps, 'now' | 'db' | 'audit' | 'onDecided'>,
  requestDigest: string,
  decision: DecisionBy & { status: 'denied' | 'canceled'; reason?: string | undefined },
): Promise<RequestRow> {
  const refused = await d.db.write(async (tx) => {
    const request = await decide(tx, requestDigest, decision.status, {
      shownDigest: decision.digest,
      by: decision.by,
      at: d.now(),
      reason: decision.reason,
    })
    await d.audit.record(tx, { event: 'decision', outcome: decision.status, by: decision.by, reason: decision.reason, ...aboutRequest(request) })
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
