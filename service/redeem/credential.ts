import type { Now, Random } from '../../spec/effects.ts'
import type { Audit } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import type { BearerTokenGrant } from '../../spec/wire/redemption.ts'
import { addCredential, digestOf } from '../store/credentials.ts'
import { consumeProof } from '../store/proofs.ts'
import type { ServiceTables } from '../store/schema.ts'
import { aboutValidation, boughtOf, lastMoment } from './bought.ts'
import type { Grant } from './redeem.ts'

export type CredentialDeps = { now: Now; random: Random; db: Database<ServiceTables>; audit: Audit; lifetimes: { credential_seconds: number } }

/** Opens a bearer token for a grant (protocol 8, §4.6): the proof is spent, the token's digest kept and the redemption audited in one transaction. Throws replay. */
export async function openBearerToken(d: CredentialDeps, grant: Grant, httpRequest: string): Promise<BearerTokenGrant> {
  const { validation, authority, scope, proof } = grant
  const token = d.random(32)
  const at = d.now()
  const expiresAt = lastMoment(d, grant)
  await d.db.write(async (tx) => {
    if (proof) await consumeProof(tx, proof)
    await addCredential(tx, { digest: digestOf(token), type: 'bearer_token', ...boughtOf(grant), created_at: at, expires_at: expiresAt })
    await d.audit.record(tx, {
      event: 'redemption',
      outcome: 'granted',
      type: 'bearer_token',
      scope,
      http_request: httpRequest,
      authority: authority.authority,
      ...aboutValidation(validation),
    })
  })
  return { bearer_token: token, scope, expires_in: expiresAt - at }
}
