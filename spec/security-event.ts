import { SignJWT } from 'jose'
import { z } from 'zod'
import { ProtocolError } from './error.ts'
import { isForAudience, type Jws, nameOfTyp, readCompact, readMembers, SECURITY_EVENT_TYP, type SigningKey } from './jwt.ts'
import { SKEW_SECONDS } from './profile.ts'
import { identifier, storedText } from './wire/identifier.ts'

/** The media type a Security Event Token is pushed with (RFC 8935 §2.1). */
export const SECURITY_EVENT_MEDIA_TYPE = `application/${SECURITY_EVENT_TYP}`

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/'
const SESSION_REVOKED = `${CAEP}session-revoked`
const TOKEN_CLAIMS_CHANGE = `${CAEP}token-claims-change`
const MAX_SCOPE_CHARS = 2000

/** What became of an authorization: it ended, or so much scope is left. */
export type Change = { authorizationId: string; changedAt: number; left: 'nothing' | string[] }

/** Signs what became of an authorization as a Security Event Token (protocol 10, RFC 8417): without `exp`, because it stays true. A long list of scopes is left out: who hears of the change asks. */
export function signSecurityEvent(key: SigningKey, change: Change & { issuer: string; audience: string; jti: string }): Promise<string> {
  const { issuer: iss, audience: aud, jti, authorizationId: id, changedAt: iat } = change
  const claims = { iss, aud, iat, jti, sub_id: { format: 'opaque', id }, events: eventsOf(change) } // RFC 9493 §3.2.7
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.algorithm, typ: SECURITY_EVENT_TYP, ...(key.keyId && { kid: key.keyId }) })
    .sign(key.privateKey)
}

function eventsOf({ left, changedAt }: Change): Record<string, object> {
  if (left === 'nothing') return { [SESSION_REVOKED]: { event_timestamp: changedAt } }
  const claims = JSON.stringify(left).length > MAX_SCOPE_CHARS ? {} : { scope: left }
  return { [TOKEN_CLAIMS_CHANGE]: { event_timestamp: changedAt, claims } }
}

/** A Security Event Token read strictly, not yet verified: `issuer` is what it claims. `other` is of a type that is none of ours. */
export type SecurityEvent = { jws: Jws; issuer: string; jti: string; authorizationId: string; says: 'ended' | 'narrowed' | 'other' }

const SecurityEventClaims = z.looseObject({
  iss: storedText.min(1).max(2048),
  aud: z.unknown().optional(),
  iat: z.number(),
  exp: z.number().optional(),
  nbf: z.number().optional(),
  jti: identifier,
  sub_id: z.looseObject({ format: z.literal('opaque'), id: identifier }),
  events: z.record(z.string(), z.looseObject({})),
})

/** Reads a Security Event Token, all but its signature (protocol 10, RFC 8417). However old it is, it holds. Throws malformed_request, and wrong_service for one that is for another audience. */
export function readSecurityEvent(compact: string, expected: { audience: string; now: number }): SecurityEvent {
  const { jws, claims } = read(compact, expected.now)
  if (!isForAudience(claims, expected.audience)) throw new ProtocolError('wrong_service', 'the security event is for another audience')
  const { iss, jti, sub_id, events } = claims
  const says = SESSION_REVOKED in events ? 'ended' : TOKEN_CLAIMS_CHANGE in events ? 'narrowed' : 'other'
  return { jws, issuer: iss, jti, authorizationId: sub_id.id, says }
}

function read(compact: string, now: number): { jws: Jws; claims: z.infer<typeof SecurityEventClaims> } {
  try {
    const { jws, typ, payload } = readCompact(compact)
    if (nameOfTyp(typ) !== SECURITY_EVENT_TYP) throw new Error('typ names another kind')
    const claims = SecurityEventClaims.parse(readMembers(payload))
    if (Object.keys(claims.events).length === 0) throw new Error('tells of no event')
    const { iat, exp, nbf } = claims
    if (Math.max(iat, nbf ?? iat) > now + SKEW_SECONDS) throw new Error('issued in the future: the clocks differ by more than a minute')
    if (exp !== undefined && exp <= now - SKEW_SECONDS) throw new Error('its issuer wants it read no more')
    return { jws, claims }
  } catch (cause) {
    throw new ProtocolError('malformed_request', 'the body is no security event token that is valid here', { cause })
  }
}
