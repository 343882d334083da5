import type { SignAssertion } from '../../spec/assertion.ts'
import type { Fetch } from '../../spec/effects.ts'
import type { Log } from '../../spec/node/log.ts'
import { discard, isSuccess, postMessage } from '../../spec/peer.ts'
import type { AuthorityForService } from '../../spec/wire/configuration.ts'

export type CloseDeps = { fetch: Fetch; signAssertion: SignAssertion; log: Log }
export type Closing = { authorizationId: string; action: 'complete' | 'revoke'; reason: string }

/** Closes an authorization at its Authority, where that has the endpoint (protocol 7). A failure is logged and never thrown: what had to end here has ended already. */
export async function closeAuthorization(d: CloseDeps, authority: AuthorityForService, { authorizationId, action, reason }: Closing): Promise<void> {
  const url = authority.endpoints.authorization_close
  if (url === undefined) return
  const fields = { authority: authority.authority, authorization_id: authorizationId }
  try {
    const response = await postMessage(
      d.fetch,
      url,
      { authorization_id: authorizationId, action, reason },
      await d.signAssertion(authority.authority),
    )
    if (!isSuccess(response)) d.log.warn('close_refused', { ...fields, status: response.status })
    await discard(response)
  } catch (failure) {
    d.log.warn('close_failed', { ...fields, failure })
  }
}
