import type { z } from 'zod'
import { isSuccess, readAnswer } from '../spec/peer.ts'
import { ErrorResponse } from '../spec/wire/error.ts'
import { failAt, type Step, TripFailure } from './failure.ts'

/** What a person can do about a refusal, by the code of protocol 11 where the peer uses it. A foreign peer's other codes get the general hint. */
const HINTS: Record<string, string> = {
  invalid_email: 'check the e-mail address of the user',
  delegation_disabled: "the user's domain has switched delegation off: ask its administrators",
  no_authority: "neither the user's domain nor the service names an authority: ask the domain's administrators to publish one",
  agents_unsupported: "the service and the user's domain do not agree on an authority: agents cannot act there",
  untrusted_authority: 'the service no longer takes this authority for this user: start again',
  policy_denied: 'the policy of the authority does not allow this: ask its administrators',
  invalid_attestation:
    'the authority must know who attests this harness, and as whom: its settings pin issuers and workloads; clocks may differ by a minute',
  trust_tier_required: 'the authority wants a harness it knows: have this one attested or registered',
  unknown_service: 'check the service URL, or ask the service to publish its AgentPass record',
  discovery_failed: 'a DNS or document look-up failed at the peer: try again, then tell its operators',
  insufficient_scope: 'ask for fewer scopes, or have more approved',
  already_consumed: 'the pass is used up: start again',
  invalid_agentpass: 'the pass is no longer good: start again',
  rate_limited: 'wait a while, then try again',
  overloaded: 'wait a while, then try again',
}

/** Reads a peer's answer, or fails with the peer's own sentence and a hint. */
export async function requireAnswer<S extends z.ZodType>(response: Response, schema: S, at: { step: Step; peer: string }): Promise<z.infer<S>> {
  if (isSuccess(response)) return readAnswer(response, schema).catch(failAt(at, 'the peer does not speak AgentPass as it should: tell its operators'))
  throw await refusalOf(response, at)
}

/** A peer's refusal as a failure of the trip. */
export async function refusalOf(response: Response, at: { step: Step; peer: string }): Promise<TripFailure> {
  const error = await readErrorBody(response)
  const said = error ? `${error.message} (${response.status} ${error.code})` : `answered ${response.status}`
  const general =
    response.status >= 500 ? 'try again later, then tell its operators' : 'the request was refused: a new attempt needs something changed'
  return new TripFailure(at, said, hintFor(error?.code ?? '') ?? general)
}

/** A code is the peer's to choose, also one that every object has a member for. */
const hintFor = (code: string): string | undefined => (Object.hasOwn(HINTS, code) ? HINTS[code] : undefined)

async function readErrorBody(response: Response): Promise<ErrorResponse['error'] | undefined> {
  const answer = new Response(response.body, { status: 200 })
  return readAnswer(answer, ErrorResponse).then(
    ({ error }) => error,
    () => undefined, // a refusal without our body is still a refusal
  )
}
