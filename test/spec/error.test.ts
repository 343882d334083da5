import { expect, test } from 'vitest'
import { asProtocolError, type ErrorCode, errorResponse, ProtocolError } from '../../spec/error.ts'
import { ErrorResponse } from '../../spec/wire/error.ts'

/** The table of protocol 11, by hand. */
const TABLE: Record<number, ErrorCode[]> = {
  400: ['malformed_request', 'invalid_email'],
  401: ['invalid_assertion', 'invalid_attestation', 'proof_required', 'invalid_proof', 'invalid_token', 'unauthenticated'],
  403: [
    'untrusted_authority',
    'user_mismatch',
    'delegation_disabled',
    'agents_unsupported',
    'trust_tier_required',
    'policy_denied',
    'wrong_service',
    'insufficient_scope',
    'destination_not_allowed',
    'forbidden',
  ],
  404: ['not_found', 'no_authority', 'unknown_request', 'unknown_agentpass', 'unknown_authorization', 'unknown_initialization'],
  405: ['method_not_allowed'],
  406: ['not_acceptable'],
  409: ['already_consumed', 'already_decided', 'stale_decision', 'replay'],
  410: ['request_gone', 'agentpass_expired', 'initialization_gone'],
  413: ['too_large'],
  415: ['unsupported_media_type'],
  422: ['invalid_agentpass', 'unknown_service', 'unprocessable'],
  429: ['rate_limited'],
  500: ['internal'],
  502: ['discovery_failed', 'configuration_invalid', 'authority_unavailable', 'service_unavailable'],
  503: ['overloaded'],
}
const ROWS = Object.entries(TABLE).flatMap(([status, codes]) => codes.map((code): [ErrorCode, number] => [code, Number(status)]))

test.each(ROWS)('%s is %i', (code, status) => {
  expect(new ProtocolError(code, 'a sentence').status).toBe(status)
})

test.each(ROWS)('the answer %s has the shape of every error, is JSON, and is not kept by anybody [CFG-X-01 CFG-X-02]', async (code, status) => {
  const response = errorResponse(new ProtocolError(code, 'a sentence'))
  expect(response.status).toBe(status)
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(response.headers.has('retry-after')).toBe(false)
  expect(ErrorResponse.parse(await response.json())).toEqual({ error: { code, message: 'a sentence' } })
})

test.each<[string, unknown]>([
  ['an Error', new Error('SELECT secret FROM pass')],
  ['a TypeError with a cause', new TypeError('https://10.0.0.1/', { cause: new Error('token') })],
  ['text', 'secret'],
  ['nothing', undefined],
  ['null', null],
  ['what only looks like ours', { code: 'not_found', status: 200, message: 'secret' }],
])('%s that was thrown is internal, and nothing of it is told [CFG-X-03]', async (_, failure) => {
  const response = errorResponse(failure)
  expect(response.status).toBe(500)
  expect(await response.text()).toBe('{"error":{"code":"internal","message":"internal error"}}')
  expect(asProtocolError(failure).cause).toBe(failure)
})

test('the cause of a refusal stays with us [CFG-X-03]', async () => {
  const refusal = new ProtocolError('invalid_proof', 'a sentence', { cause: new Error('the other side of it') })
  expect(await errorResponse(refusal).text()).not.toContain('the other side')
  expect(asProtocolError(refusal)).toBe(refusal)
})

test('a refusal that knows when to ask again says so', () => {
  expect(errorResponse(new ProtocolError('rate_limited', 'a sentence', { retryAfterSeconds: 7 })).headers.get('retry-after')).toBe('7')
  expect(errorResponse(new ProtocolError('overloaded', 'a sentence', { retryAfterSeconds: 0 })).headers.get('retry-after')).toBe('0')
})

test.each<[unknown]>([
  [{}],
  [{ error: 'not_found' }],
  [{ error: { code: 'not_found' } }],
  [{ error: { code: '', message: '' } }],
  [{ error: { code: 404, message: '' } }],
  [{ code: 'x', message: '' }],
  [null],
  [[]],
])('%j is no error body [CFG-X-01]', (body) => {
  expect(ErrorResponse.safeParse(body).success).toBe(false)
})
test('an error body of a peer may say more, and a code we do not know [VER-07]', () => {
  expect(ErrorResponse.safeParse({ error: { code: 'something_else', message: '', details: [] }, request_id: 1 }).success).toBe(true)
})
