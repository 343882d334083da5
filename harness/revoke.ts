import type { Fetch } from '../spec/effects.ts'
import { discard, isSuccess } from '../spec/peer.ts'
import { refusalOf } from './answer.ts'
import { failAt } from './failure.ts'

/** What a Service gave and takes back. `revokeUrl` is the address its own configuration document names; undefined where it names none. */
export type Returnable = { service: string; token: string; revokeUrl: string | undefined }

/**
 * Gives a token back to its Service because the task is done (protocol 10, End of task; RFC 7009): the Service ends it, and the delegation with it.
 * Whether there was anybody to tell; throws TripFailure where telling failed, and the token may live on.
 */
export async function endTask(d: { fetch: Fetch }, { service, token, revokeUrl }: Returnable): Promise<boolean> {
  if (revokeUrl === undefined) return false
  const at = { step: 'revoke' as const, peer: service, secrets: [token] }
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }
  const body = new URLSearchParams({ token }).toString()
  const response = await d
    .fetch(revokeUrl, { method: 'POST', headers, body, redirect: 'error' })
    .catch(failAt(at, 'the delegation goes on until it is ended at its authority or expires'))
  if (!isSuccess(response)) throw await refusalOf(response, at)
  await discard(response)
  return true
}
