import type { Now } from '../../spec/effects.ts'
import { fromRfc3339 } from '../../spec/time.ts'
import type { ValidationResponse } from '../../spec/wire/validation.ts'
import type { Grant } from './redeem.ts'

/** What a redemption bought, as the store keeps it of a token, and of the one-time token before a session. */
export const boughtOf = ({ validation, authority, scope }: Grant) => ({
  authorization_id: validation.authorization_id,
  authority: authority.authority,
  authority_configuration_url: authority.authority_configuration_url,
  user_email: validation.user.email,
  agent_id: validation.agent.id,
  task: validation.task ? JSON.stringify({ id: validation.task.id, description: validation.task.description }) : null,
  harness_id: validation.harness?.id ?? null,
  scope: JSON.stringify(scope),
})

/** When a credential of this grant ends at the latest, in epoch seconds: by our own maximum, and never after its authorization (protocol 7). */
export function lastMoment(d: { now: Now; lifetimes: { credential_seconds: number } }, { validation }: Grant): number {
  const own = d.now() + d.lifetimes.credential_seconds
  const { authorization_expires_at: ends } = validation
  return ends === undefined ? own : Math.min(own, fromRfc3339(ends))
}

/** What the audit trail says of a validation: user, agent and task as the Authority names them. */
export const aboutValidation = ({ authorization_id, user, agent, task, harness }: ValidationResponse) => ({
  authorization_id,
  user: user.email,
  agent: agent.id,
  task: task?.id,
  harness: harness?.id,
})
