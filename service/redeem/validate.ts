import type { SignAssertion } from '../../spec/assertion.ts'
import type { Fetch } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import { discard, isSuccess, postMessage, readAnswer, retryAfterSeconds } from '../../spec/peer.ts'
import type { Profile } from '../../spec/profile.ts'
import { fromRfc3339 } from '../../spec/time.ts'
import type { AuthorityForService } from '../../spec/wire/configuration.ts'
import { ValidationResponse } from '../../spec/wire/validation.ts'

export type ValidateDeps = { fetch: Fetch; signAssertion: SignAssertion }

/**
 * Has an Authority validate a pass, which spends it (protocol 8, check 4). The value goes on as it came: nobody but its Authority can read it.
 * Throws invalid_agentpass, wrong_service, already_consumed, overloaded, and authority_unavailable for everything that is no clear answer.
 */
export async function validatePass(d: ValidateDeps, authority: AuthorityForService, value: string): Promise<ValidationResponse> {
  const assertion = await d.signAssertion(authority.authority)
  const response = await postMessage(d.fetch, authority.endpoints.validate, { agentpass: { value } }, assertion).catch(unavailable)
  if (!isSuccess(response)) {
    await discard(response)
    throw refusal(response)
  }
  return readAnswer(response, ValidationResponse).catch(unavailable)
}

/** An authorization that is over already is none, and in `hardened` one must say when it ends (protocol 8, check 4). Throws authority_unavailable; the pass is spent by then. */
export function requireEnd({ authorization_expires_at: ends }: ValidationResponse, { now, profile }: { now: number; profile: Profile }): void {
  if (ends === undefined && profile === 'hardened')
    throw new ProtocolError('authority_unavailable', 'the authority does not say when the authorization ends: authorization_expires_at is required')
  if (ends !== undefined && fromRfc3339(ends) <= now) unavailable(new Error('authorization_expires_at is not in the future'))
}

function refusal(response: Response): ProtocolError {
  const cause = new Error(`the authority answered ${response.status}`)
  switch (response.status) {
    case 404:
    case 410:
    case 422:
      return new ProtocolError('invalid_agentpass', 'the authority knows no such pass, or it has expired', { cause })
    case 403:
      return new ProtocolError('wrong_service', 'the pass is for another service', { cause })
    case 409:
      return new ProtocolError('already_consumed', 'the pass has been used', { cause })
    case 429:
      return new ProtocolError('overloaded', 'the authority is asked too often', { cause, retryAfterSeconds: retryAfterSeconds(response) ?? 1 })
    default:
      return new ProtocolError('authority_unavailable', 'the authority gave no usable answer', { cause })
  }
}

function unavailable(cause: unknown): never {
  throw new ProtocolError('authority_unavailable', 'the authority gave no usable answer', { cause })
}
