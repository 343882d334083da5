import { type CryptoKey, type JWK, SignJWT } from 'jose'
import { z } from 'zod'
import { fromBase64url } from './base64url.ts'
import { decodeUtf8, parseUniqueJson } from './json.ts'
import { Demand, lifetimeCapSeconds, type Profile, SKEW_SECONDS } from './profile.ts'

/** The kinds of signed objects, named as their `typ` in `hardened` (protocol 9). */
export type Kind = 'service-assertion' | 'authority-assertion' | 'holder-proof' | 'task-attestation' | 'harness-attestation'

/** Every algorithm accepted; never `none`, never a MAC (protocol 9). */
export const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'] as const
export type Algorithm = (typeof ALGORITHMS)[number]

/** A compact JWS in its one strict spelling, with a header we accept; its signature is not yet verified. */
export type Jws = { compact: string; algorithm: Algorithm; keyId: string | undefined }
/** A signed object read strictly, its signature not yet verified. */
export type Jwt = Jws & { claims: Claims }
export type Claims = Record<string, unknown> & { iat: number; exp: number }

/** The `typ` of a Security Event Token (RFC 8417 §2.3), which is a kind of its own: see `spec/security-event.ts`. */
export const SECURITY_EVENT_TYP = 'secevent+jwt'

const MAX_JWT_CHARS = 16 * 1024
const PROOF_CLAIMS = ['htm', 'htu', 'aph']
const PROOF_LIKE = [...PROOF_CLAIMS, 'task_description_hash']
/** Claims that are of our kinds alone (protocol 9): what a stranger signs for other purposes too has none of them. A `task_id` some have. */
export const OWN_CLAIMS = [...PROOF_LIKE, 'cnf']

/** Claims that tell another kind of object (protocol 9). An assertion may carry `task_id` and `cnf`: they are ignored there. */
const FOREIGN_CLAIMS: Record<Kind, string[]> = {
  'service-assertion': PROOF_LIKE,
  'authority-assertion': PROOF_LIKE,
  'holder-proof': ['task_id', 'task_description_hash', 'cnf'],
  'task-attestation': [...PROOF_CLAIMS, 'cnf'],
  'harness-attestation': [...PROOF_LIKE, 'task_id'],
}

const Header = z.looseObject({
  alg: z.enum(ALGORITHMS),
  kid: z.string().min(1).max(1024).optional(),
  typ: z.string().optional(),
  crit: z.never().optional(),
  b64: z.never().optional(),
})
const Times = z.looseObject({ iat: z.number(), exp: z.number(), nbf: z.number().optional() })
type Times = z.infer<typeof Times>

/** Reads a signed object strictly (protocol 9): its form and header, the `typ` and claims of its kind, and its times. Everything that needs no key. Throws Error; the caller translates. */
export function readJwt(compact: string, kind: Kind, at: { now: number; profile: Profile }): Jwt {
  const { jws, typ, payload } = readCompact(compact)
  requireTyp(typ, kind, at.profile)
  const claims = Times.parse(readMembers(payload))
  const foreign = FOREIGN_CLAIMS[kind].find((claim) => claim in claims)
  if (foreign !== undefined) throw new Error(`${foreign} is a claim of another kind`)
  requireTimes(claims, at.now)
  requireLifetime(claims.exp - claims.iat, kind, at.profile)
  return { ...jws, claims }
}

/** Form and header of a compact JWS (protocol 9): alphabet, no padding, no spare bits, bounded size, no member twice, allowed `alg`, no `crit`, no `b64`. Throws Error. */
export function readCompact(compact: string): { jws: Jws; typ: string | undefined; payload: Uint8Array } {
  if (compact.length > MAX_JWT_CHARS) throw new Error('the JWT is too long')
  const parts = compact.split('.', 4)
  const [header, payload, signature] = parts.map((part) => fromBase64url(part))
  if (parts.length !== 3 || !header || !payload || !signature?.length) throw new Error('not a compact JWS')
  const { alg, kid, typ } = Header.parse(readMembers(header))
  return { jws: { compact, algorithm: alg, keyId: kid }, typ, payload }
}

/** Reads a header or a payload in which no member is there twice (protocol 9). Throws Error. */
export const readMembers = (part: Uint8Array): unknown => parseUniqueJson(decodeUtf8(part))

/** A `typ` as it is compared: without case, and without `application/` (protocol 9). */
export const nameOfTyp = (typ: string | undefined): string => typ?.toLowerCase().replace(/^application\//, '') ?? 'jwt'

function requireTyp(typ: string | undefined, kind: Kind, profile: Profile): void {
  const name = nameOfTyp(typ)
  if (name === `agentpass-${kind}+jwt`) return
  if (name.startsWith('agentpass-') || name === SECURITY_EVENT_TYP) throw new Error('typ names another kind')
  if (profile === 'hardened') throw new Demand(`typ must be agentpass-${kind}+jwt`)
}

/** The times of a signed object, by our clock and with the skew of protocol 9. Throws Error. */
export function requireTimes({ iat, exp, nbf }: Times, now: number): void {
  if (exp < iat) throw new Error('ends before it begins')
  if (iat > now + SKEW_SECONDS) throw new Error('issued in the future: the clocks differ by more than a minute')
  if (nbf !== undefined && nbf > now + SKEW_SECONDS) throw new Error('not valid yet')
  if (exp <= now - SKEW_SECONDS) throw new Error('expired')
}

/** The longest `exp - iat` that the profile accepts of a kind (protocol 9). Throws Error, Demand where `core-0.1` would accept it. */
export function requireLifetime(seconds: number, kind: Kind, profile: Profile): void {
  const isAttestation = kind.endsWith('attestation')
  const capSeconds = lifetimeCapSeconds(profile, isAttestation)
  if (seconds > lifetimeCapSeconds('core-0.1', isAttestation)) throw new Error('lives too long')
  if (seconds > capSeconds) throw new Demand(`exp - iat must be at most ${capSeconds} seconds`)
}

/** The exact audience, as a string or an array of just it (protocol 9). */
export const isForAudience = (claims: Record<string, unknown>, audience: string): boolean =>
  Array.isArray(claims.aud) ? claims.aud.length === 1 && claims.aud[0] === audience : claims.aud === audience

export type SigningKey = { privateKey: CryptoKey; algorithm: Algorithm; keyId?: string; publicJwk: JWK }

/** Signs claims as an object of a kind, with its `typ` where the profile asks for it (protocol 9). */
export function signJwt(kind: Kind, claims: Claims, key: SigningKey, profile: Profile): Promise<string> {
  const typ = profile === 'hardened' ? `agentpass-${kind}+jwt` : 'JWT'
  return new SignJWT(claims).setProtectedHeader({ alg: key.algorithm, typ, ...(key.keyId && { kid: key.keyId }) }).sign(key.privateKey)
}
