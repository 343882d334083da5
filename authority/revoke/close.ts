import { invalidAssertion } from '../../spec/assertion.ts'
import type { Now } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import type { Audit } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import { Demand, type Profile, SKEW_SECONDS } from '../../spec/profile.ts'
import { toRfc3339 } from '../../spec/time.ts'
import { type CloseRequest, CloseResponse } from '../../spec/wire/validation.ts'
import { aboutRequest } from '../audit/about.ts'
import type { Caller } from '../discover/authenticate.ts'
import { forgetOf, noteForgotten } from '../policy/forget.ts'
import { spendAssertion } from '../store/assertions.ts'
import { closeAuthorization } from '../store/authorizations.ts'
import { findByAuthorization } from '../store/requests.ts'
import type { AuthorityTables } from '../store/schema.ts'

export type CloseDeps = { now: Now; profile: Profile; db: Database<AuthorityTables>; audit: Audit }

/**
 * Closes an authorization for the Service that redeemed it (protocol 7, §5.5.2); the first action stands. With one that it revokes ends what was remembered of it.
 * Throws unknown_authorization; invalid_assertion for an assertion that was used before, or, in `hardened`, that cannot be told from one.
 */
export async function close(d: CloseDeps, request: CloseRequest, caller: Caller & { address?: string }): Promise<CloseResponse> {
  const { jti, service, address } = caller
  if (jti === undefined && d.profile === 'hardened') throw invalidAssertion(new Demand('jti is required'))
  const state = request.action === 'complete' ? 'completed' : 'revoked'
  const about = { event: 'close', authorization_id: request.authorization_id, reason: request.reason, address }
  const closed = await d.db.write(async (tx) => {
    const at = d.now()
    if (jti !== undefined) await spendAssertion(tx, { issuer: service, jti, expires_at: caller.expiresAt + SKEW_SECONDS })
    const row = await closeAuthorization(tx, { id: request.authorization_id, service, state, reason: request.reason, at })
    if (!row) return undefined
    const led = await findByAuthorization(tx, row.id)
    await d.audit.record(tx, { ...(led && aboutRequest(led)), ...about, service, outcome: row.first ? row.state : 'closed before' })
    if (led && row.first && row.state === 'revoked') await noteForgotten(d, tx, await forgetOf(tx, led), service)
    return row
  })
  // Only now, so that the assertion stays spent: one that was seen at a refused close must not close another authorization.
  if (!closed) throw new ProtocolError('unknown_authorization', 'there is no such authorization')
  return CloseResponse.parse({ status: closed.state, closed_at: toRfc3339(closed.closed_at ?? d.now()) })
}
