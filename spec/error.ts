/** The closed table of error codes and their HTTP status (protocol 11). */
const STATUS = {
  malformed_request: 400,
  invalid_email: 400,
  invalid_assertion: 401,
  invalid_attestation: 401,
  proof_required: 401,
  invalid_proof: 401,
  invalid_token: 401,
  unauthenticated: 401,
  untrusted_authority: 403,
  user_mismatch: 403,
  delegation_disabled: 403,
  agents_unsupported: 403,
  trust_tier_required: 403,
  policy_denied: 403,
  wrong_service: 403,
  insufficient_scope: 403,
  destination_not_allowed: 403,
  forbidden: 403,
  not_found: 404,
  no_authority: 404,
  unknown_request: 404,
  unknown_agentpass: 404,
  unknown_authorization: 404,
  unknown_initialization: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  already_consumed: 409,
  already_decided: 409,
  stale_decision: 409,
  replay: 409,
  request_gone: 410,
  agentpass_expired: 410,
  initialization_gone: 410,
  too_large: 413,
  unsupported_media_type: 415,
  invalid_agentpass: 422,
  unknown_service: 422,
  unprocessable: 422,
  rate_limited: 429,
  internal: 500,
  discovery_failed: 502,
  configuration_invalid: 502,
  authority_unavailable: 502,
  service_unavailable: 502,
  overloaded: 503,
} as const

export type ErrorCode = keyof typeof STATUS

/** A refusal one party shows another (protocol 11). `message` goes on the wire; `cause` stays in our log; `retryAfterSeconds` becomes `Retry-After`. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  readonly code: ErrorCode
  readonly retryAfterSeconds: number | undefined
  constructor(code: ErrorCode, message: string, options?: ErrorOptions & { retryAfterSeconds?: number }) {
    super(message, options)
    this.code = code
    this.retryAfterSeconds = options?.retryAfterSeconds
  }
  get status() {
    return STATUS[this.code]
  }
}

/** What a peer sees of a failure: a ProtocolError as it is, anything else as `internal` without detail. */
export const asProtocolError = (failure: unknown): ProtocolError =>
  failure instanceof ProtocolError ? failure : new ProtocolError('internal', 'internal error', { cause: failure })

/** The error-response body (protocol 1, Appendix A), never cached. */
export function errorResponse(failure: unknown): Response {
  const e = asProtocolError(failure)
  const headers = new Headers({ 'cache-control': 'no-store' })
  if (e.retryAfterSeconds !== undefined) headers.set('retry-after', String(e.retryAfterSeconds))
  return Response.json({ error: { code: e.code, message: e.message } }, { status: e.status, headers })
}
