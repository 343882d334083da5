import type { SignAssertion } from '../../spec/assertion.ts'
import type { Fetch } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import { discard, postMessage, readAnswer } from '../../spec/peer.ts'
import type { ServiceForAuthority } from '../../spec/wire/configuration.ts'
import { type OfferedScope, type ScopesRequest, ScopesResponse } from '../../spec/wire/scopes.ts'

export type AskScopesDeps = { fetch: Fetch; signAssertion: SignAssertion }

/**
 * Asks a Service which scopes it would accept (protocol 5, §4.3). Scopes that cannot be learnt are never approved:
 * throws unprocessable where the Service refuses this Authority or user or offers nothing, service_unavailable for anything else that is no answer.
 */
export async function askScopes(d: AskScopesDeps, service: ServiceForAuthority, about: ScopesRequest): Promise<OfferedScope[]> {
  const assertion = await d.signAssertion(service.service.origin)
  const response = await postMessage(d.fetch, service.endpoints.available_scopes, about, assertion).catch(unavailable)
  if (response.status === 403 || response.status === 404) {
    await discard(response)
    throw new ProtocolError('unprocessable', 'the service does not take this authority for this user', {
      cause: new Error(`answered ${response.status}`),
    })
  }
  const { scopes } = await readAnswer(response, ScopesResponse).catch(unavailable)
  if (scopes.length === 0) throw new ProtocolError('unprocessable', 'the service offers this user no scope')
  return scopes.map(({ name, description }) => ({ name, ...(description !== undefined && { description }) }))
}

function unavailable(cause: unknown): never {
  throw new ProtocolError('service_unavailable', 'the service cannot be asked for its scopes', { cause })
}
