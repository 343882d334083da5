import type { Now } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import type { Audit } from '../../spec/node/audit.ts'
import { toRfc3339 } from '../../spec/time.ts'
import type { CheckResponse } from '../../spec/wire/validation.ts'
import { findActive } from '../store/authorizations.ts'
import type { Tx } from '../store/schema.ts'

export type CheckDeps = { now: Now; db: { read: Tx }; audit: Audit }

/** Whether an authorization still stands, for the Service that redeemed it (protocol 7, §5.5.1). Throws unknown_authorization when it is unknown, another's, or over. */
export async function check(d: CheckDeps, id: string, service: string): Promise<CheckResponse> {
  const active = await findActive(d.db.read, id, service, d.now())
  if (!active) throw new ProtocolError('unknown_authorization', 'there is no such authorization')
  return { scope: JSON.parse(active.scope), authorization_expires_at: toRfc3339(active.expires_at) }
}
