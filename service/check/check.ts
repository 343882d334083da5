import type { SignAssertion } from '../../spec/assertion.ts'
import type { Fetch } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import { discard, postMessage, readAnswer } from '../../spec/peer.ts'
import type { Profile } from '../../spec/profile.ts'
import type { AuthorityForService } from '../../spec/wire/configuration.ts'
import { CheckResponse } from '../../spec/wire/validation.ts'

export type CheckDeps = { fetch: Fetch; profile: Profile; signAssertion: SignAssertion }

/**
 * Asks an Authority whether an authorization still stands (protocol 7, §5.5.1). Undefined is its clear word that it does not.
 * Throws authority_unavailable for any other answer: then this request is refused, nothing is cached and nothing is ended.
 */
export async function checkAuthorization(d: CheckDeps, authority: AuthorityForService, authorizationId: string): Promise<CheckResponse | undefined> {
  const assertion = await d.signAssertion(authority.authority)
  const response = await postMessage(d.fetch, authority.endpoints.authorization_check, { authorization_id: authorizationId }, assertion).catch(
    unavailable,
  )
  if (response.status === 404) {
    await discard(response)
    return undefined
  }
  const answer = await readAnswer(response, CheckResponse).catch(unavailable)
  if (answer.authorization_expires_at === undefined && d.profile === 'hardened')
    throw new ProtocolError('authority_unavailable', 'the authority does not say when the authorization ends: authorization_expires_at is required')
  return answer
}

function unavailable(cause: unknown): never {
  throw new ProtocolError('authority_unavailable', 'the authority cannot be asked whether this delegation still stands', { cause })
}
