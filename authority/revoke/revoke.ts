import type { Now, Random } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import type { Audit } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import { isApprovable } from '../../spec/scope.ts'
import { Scope } from '../../spec/wire/scopes.ts'
import { aboutRequest } from '../audit/about.ts'
import { forgetOf, noteForgotten } from '../policy/forget.ts'
import { findByRequest, narrowAuthorization, revokeAuthorizations } from '../store/authorizations.ts'
import { announce } from '../store/outbox.ts'
import { revokePasses } from '../store/passes.ts'
import { findRequest } from '../store/requests.ts'
import type { AuthorityTables, RequestRow } from '../store/schema.ts'

/** `deliverSoon`: something may have been put into the outbox. */
export type RevokeDeps = { now: Now; random: Random; db: Database<AuthorityTables>; audit: Audit; deliverSoon: () => void }
type Act = { by: string; digest: string; reason?: string | undefined; address?: string | undefined }

/**
 * Ends what a request led to (protocol 4, 7): an unused pass dies, an active authorization is revoked and its Service told, what was remembered of it is forgotten; the request's own status stays as it is.
 * Throws unknown_request, stale_decision, unprocessable when there is nothing to revoke.
 */
export async function revoke(d: RevokeDeps, requestDigest: string, act: Act): Promise<void> {
  const request = await requireShown(d, requestDigest, act.digest)
  await d.db.write(async (tx) => {
    const at = d.now()
    const [killed] = await revokePasses(tx, [requestDigest], { at })
    const [ended] = await revokeAuthorizations(tx, [requestDigest], { reason: act.reason, at })
    if (killed === undefined && !ended) throw new ProtocolError('unprocessable', 'this request has no pass or authorization that is still alive')
    if (ended) await announce(tx, [ended], { at, random: d.random })
    await noteForgotten(d, tx, await forgetOf(tx, request), act.by)
    await d.audit.record(tx, {
      event: 'revocation',
      outcome: ended ? 'authorization revoked' : 'pass revoked',
      authorization_id: ended?.id,
      by: act.by,
      address: act.address,
      reason: act.reason,
      ...aboutRequest(request),
    })
  })
  d.deliverSoon()
}

/** Takes scope from an active authorization (protocol 7); its Service is told, or sees it at its next check. Throws unknown_request, stale_decision, unprocessable. */
export async function narrow(d: RevokeDeps, requestDigest: string, act: Act & { scope: string[] }): Promise<void> {
  const request = await requireShown(d, requestDigest, act.digest)
  const authorization = await findByRequest(d.db.read, requestDigest)
  const from = authorization?.scope ?? '[]'
  const scope = [...new Set(act.scope)]
  if (!isNarrower(scope, Scope.parse(JSON.parse(from))))
    throw new ProtocolError('unprocessable', 'narrowing leaves at least one scope, and only those it has')
  await d.db.write(async (tx) => {
    const at = d.now()
    const narrowed = await narrowAuthorization(tx, requestDigest, { from, to: JSON.stringify(scope) }, at)
    if (!narrowed) throw new ProtocolError('unprocessable', 'this request has no authorization that is still alive, or its scope has just changed')
    await announce(tx, [narrowed], { at, random: d.random })
    await d.audit.record(tx, {
      event: 'narrowing',
      outcome: 'narrowed',
      authorization_id: narrowed.id,
      by: act.by,
      address: act.address,
      scope,
      ...aboutRequest(request),
    })
  })
  d.deliverSoon()
}

/** Any scope is within an approved `"*"`, which stands for all of them (protocol 1). */
const isNarrower = (scope: string[], from: string[]): boolean => (from.includes('*') ? scope.length > 0 : isApprovable(scope, from))

/** What was shown never changes after the decision, so reading it before the write decides nothing that could go stale. */
async function requireShown(d: RevokeDeps, requestDigest: string, shownDigest: string): Promise<RequestRow> {
  const request = await findRequest(d.db.read, requestDigest)
  if (!request) throw new ProtocolError('unknown_request', 'there is no such request')
  if (request.shown_digest !== shownDigest) throw new ProtocolError('stale_decision', 'the request is not what was shown: look at it again')
  return request
}
