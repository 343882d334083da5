import type { Now } from '../../spec/effects.ts'
import type { Audit } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import { toRfc3339 } from '../../spec/time.ts'
import type { ValidationResponse } from '../../spec/wire/validation.ts'
import { openAuthorization } from '../store/authorizations.ts'
import { consumePass } from '../store/passes.ts'
import { referenceOf } from '../store/reference.ts'
import type { AuthorityTables } from '../store/schema.ts'

export type RedeemDeps = { now: Now; db: Database<AuthorityTables>; audit: Audit }

/**
 * Validates a pass for a Service that proved who it is (protocol 6, steps 3 to 7): spends it and opens the authorization, atomically and durably.
 * Throws unknown_agentpass, wrong_service (and then it is not spent), already_consumed, agentpass_expired.
 */
export async function redeem(d: RedeemDeps, value: string, { service, address }: { service: string; address?: string }): Promise<ValidationResponse> {
  return d.db.write(async (tx) => {
    const at = d.now()
    const pass = await consumePass(tx, value, service, at)
    const expiresAt = at + pass.authorization_seconds
    const opened = { authorization_id: pass.authorization_id, authorization_expires_at: toRfc3339(expiresAt) }
    const answer: ValidationResponse = { ...JSON.parse(pass.answer), ...opened } // written by mintPass, of what the schemas have judged
    await openAuthorization(tx, {
      id: pass.authorization_id,
      service_origin: service,
      scope: JSON.stringify(answer.scope),
      opened_at: at,
      expires_at: expiresAt,
    })
    await d.audit.record(tx, {
      event: 'validation',
      outcome: 'consumed',
      ...aboutAnswer(answer),
      ...(pass.about !== null && JSON.parse(pass.about)), // written by mintPass
      request_ref: referenceOf(pass.request_digest),
      service,
      address,
    })
    return answer
  })
}

const aboutAnswer = ({ authorization_id, user, agent, task, harness, scope }: ValidationResponse) => ({
  authorization_id,
  user: user.email,
  agent: agent.id,
  task: task?.id,
  harness: harness?.id,
  scope,
})
