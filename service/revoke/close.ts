import type { SignAssertion } from '../../spec/assertion.ts'
import type { Fetch } from '../../spec/effects.ts'
import type { Log } from '../../spec/node/log.ts'
import { discard, isSuccess, postMessage } from '../../spec/peer.ts'
import type { AuthorityForService, AuthorityReference } from '../../spec/wire/configuration.ts'

export type CloseDeps = { fetch: Fetch; signAssertion: SignAssertion; log: Log }
export type Closing = { authorizationId: string; action: 'complete' | 'revoke'; reason: string }
/** Closes at the Authority that a stored credential names; one whose configuration cannot be had is logged like one that does not answer. */
export type ClosePinned = (pin: AuthorityReference, closing: Closing) => Promise<void>

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

export async function closePinned(
  d: CloseDeps & { readPinned: (pin: AuthorityReference) => Promise<AuthorityForService> },
  { authority, authority_configuration_url }: AuthorityReference,
  closing: Closing,
): Promise<void> {
  const document = await d.readPinned({ authority, authority_configuration_url }).catch((failure) => {
    d.log.warn('close_failed', { authority, authorization_id: closing.authorizationId, failure })
    return undefined
  })
  if (document) await closeAuthorization(d, document, closing)
}
