import type { Now, Random } from '../../spec/effects.ts'
import type { Audit } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import { fromRfc3339 } from '../../spec/time.ts'
import type { BearerTokenGrant } from '../../spec/wire/redemption.ts'
import type { ValidationResponse } from '../../spec/wire/validation.ts'
import { addCredential, digestOf } from '../store/credentials.ts'
import { consumeProof } from '../store/proofs.ts'
import type { ServiceTables } from '../store/schema.ts'
import type { Grant } from './redeem.ts'

export type CredentialDeps = { now: Now; random: Random; db: Database<ServiceTables>; audit: Audit; lifetimes: { credential_seconds: number } }

/** Opens a bearer token for a grant (protocol 8, §4.6): the proof is spent, the token's digest kept and the redemption audited in one transaction. Throws replay. */
export async function openBearerToken(d: CredentialDeps, grant: Grant, httpRequest: string): Promise<BearerTokenGrant> {
  const { validation, authority, scope, proof } = grant
  const token = d.random(32)
  const at = d.now()
  const own = at + d.lifetimes.credential_seconds
  const expiresAt = validation.authorization_expires_at === undefined ? own : Math.min(own, fromRfc3339(validation.authorization_expires_at))
  await d.db.write(async (tx) => {
    if (proof) await consumeProof(tx, proof)
    await addCredential(tx, {
      digest: digestOf(token),
      type: 'bearer_token',
      authorization_id: validation.authorization_id,
      authority: authority.authority,
      authority_configuration_url: authority.authority_configuration_url,
      user_email: validation.user.email,
      agent_id: validation.agent.id,
      task: validation.task ? JSON.stringify({ id: validation.task.id, description: validation.task.description }) : null,
      harness_id: validation.harness?.id ?? null,
      scope: JSON.stringify(scope),
      created_at: at,
      expires_at: expiresAt,
    })
    await d.audit.record(tx, {
      event: 'redemption',
      outcome: 'granted',
      scope,
      http_request: httpRequest,
      authority: authority.authority,
      ...aboutValidation(validation),
    })
  })
  return { bearer_token: token, scope, expires_in: expiresAt - at }
}

/** What the audit trail says of a validation: user, agent and task as the Authority names them. */
export const aboutValidation = ({ authorization_id, user, agent, task, harness }: ValidationResponse) => ({
  authorization_id,
  user: user.email,
  agent: agent.id,
  task: task?.id,
  harness: harness?.id,
})
