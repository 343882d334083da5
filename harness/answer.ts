import type { z } from 'zod'
import { isRedirect, isSuccess, readAnswer } from '../spec/peer.ts'
import { ErrorResponse } from '../spec/wire/error.ts'
import { describeSkew, SET_CLOCK } from './clock.ts'
import { type At, failAt, TripFailure } from './failure.ts'

/** What a person can do about a refusal, by the code of protocol 11 where the peer uses it. A foreign peer's other codes get the general hint. */
const HINTS: Record<string, string> = {
  invalid_email: 'check the e-mail address of the user',
  invalid_proof: "what this machine signs is judged by its times: check this machine's clock, then start again",
  proof_required: 'the pass is bound to the key of this task, and the proof of that did not arrive: tell the operators of the service',
  delegation_disabled: "the user's domain has switched delegation off: ask its administrators",
  no_authority: "neither the user's domain nor the service names an authority: ask the domain's administrators to publish one",
  agents_unsupported: "the service and the user's domain do not agree on an authority: agents cannot act there",
  untrusted_authority: 'the service no longer takes this authority for this user: start again',
  user_mismatch: 'the authority decided for another user than the one asked for: check --user, and have it approved for that one',
  destination_not_allowed: 'the service lets no session begin at that page: name another --destination, or none',
  wrong_service: 'the pass is for another service: start again',
  policy_denied: 'the policy of the authority does not allow this: ask its administrators',
  invalid_attestation:
    "check this machine's clock; where an attestation is set, the settings of the authority must pin who attests this harness, and as whom",
  trust_tier_required: 'the authority wants a harness it knows: have this one attested or registered',
  unknown_service: 'check the service URL, or ask the service to publish its AgentPass record',
  discovery_failed: 'a DNS or document look-up failed at the peer: try again, then tell its operators',
  configuration_invalid: 'a configuration document that the peer needs is broken: tell the operators of both',
  authority_unavailable: 'the service cannot reach the authority, or not understand it: try again, then tell the operators of both',
  service_unavailable: 'the authority cannot reach the service, or not understand it: try again, then tell the operators of both',
  insufficient_scope: 'ask for fewer scopes, or have more approved',
  already_consumed: 'the pass is used up: start again',
  agentpass_expired: 'the pass was not redeemed in time: start again',
  invalid_agentpass: 'the pass is no longer good: start again',
  replay: 'the proof was seen before: start again',
  unknown_request: 'the authority does not know the request any more: start again',
  request_gone: 'the pass was used, revoked or not fetched in time: start again',
  unprocessable: 'no pass can be made of that: check --service and --destination',
  rate_limited: 'wait a while, then try again',
  overloaded: 'wait a while, then try again',
}

/** Reads a peer's answer, or fails with the peer's own sentence and a hint. */
export async function requireAnswer<S extends z.ZodType>(response: Response, schema: S, at: At): Promise<z.infer<S>> {
  if (isSuccess(response)) return readAnswer(response, schema).catch(failAt(at, 'the peer does not speak AgentPass as it should: tell its operators'))
  throw await refusalOf(response, at)
}

/** A peer's refusal as a failure of the trip. A sentence that quotes a secret it was told is not passed on. Where it judges our clock, and that is off by what it says itself, that is what to mend. */
export async function refusalOf(response: Response, at: At): Promise<TripFailure> {
  if (isRedirect(response))
    return new TripFailure(
      at,
      `answered ${response.status}, a redirect: none is ever followed`,
      'tell its operators: what it names is to answer itself',
    )
  const skew = response.status === 401 && at.now ? describeSkew(response, at.peer, at.now()) : undefined
  const error = await readErrorBody(response)
  const status = `answered ${response.status}`
  const sentence = error ? `${error.message} (${response.status} ${error.code})` : status
  const said = at.secrets?.some((secret) => sentence.includes(secret)) ? status : sentence
  const general =
    response.status >= 500 ? 'try again later, then tell its operators' : 'the request was refused: a new attempt needs something changed'
  return new TripFailure(at, said, skew === undefined ? (hintFor(error?.code ?? '') ?? general) : `${skew}: ${SET_CLOCK}`)
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
