import type { JWK } from 'jose'
import { z } from 'zod'
import { fromBase64url } from './base64url.ts'
import type { Algorithm } from './jwt.ts'

/** The members that only a private or symmetric key has (RFC 7518 §6). */
export const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const RSA_ALGORITHMS: Algorithm[] = ['PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512']
const CURVES: Record<string, { kty: string; bytes: number; algorithms: Algorithm[] }> = {
  'P-256': { kty: 'EC', bytes: 32, algorithms: ['ES256'] },
  'P-384': { kty: 'EC', bytes: 48, algorithms: ['ES384'] },
  'P-521': { kty: 'EC', bytes: 66, algorithms: ['ES512'] },
  Ed25519: { kty: 'OKP', bytes: 32, algorithms: ['EdDSA', 'Ed25519'] },
}
const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 8192 // a longer key makes each verification a burden

/** The members of a JWK that say what it may be used for (RFC 7517 §4). Those present must be of their type. */
const PublicJwk = z.looseObject({
  kty: z.enum(['EC', 'OKP', 'RSA']),
  crv: z.string().optional(),
  x: z.string().optional(),
  y: z.string().optional(),
  n: z.string().optional(),
  e: z.string().optional(),
  alg: z.string().optional(),
  use: z.string().optional(),
  key_ops: z.array(z.string()).optional(),
  kid: z.string().optional(),
})

/** A public key that may verify signatures, and the algorithms it suits. */
export type VerificationJwk = { jwk: JWK; keyId: string | undefined; algorithms: Algorithm[] }

/**
 * Reads a JWK as a public verification key (protocol 4, 9): EC P-256/384/521, OKP Ed25519, or RSA of 2048 bits or more, no private member, nothing that rules out verifying.
 * Undefined for any other. Whether an EC point lies on its curve shows only at import.
 */
export function readVerificationJwk(candidate: unknown): VerificationJwk | undefined {
  const { data } = PublicJwk.safeParse(candidate)
  if (!data || PRIVATE_MEMBERS.some((member) => member in data)) return undefined
  if ((data.use ?? 'sig') !== 'sig' || !(data.key_ops ?? ['verify']).includes('verify')) return undefined
  const suited = suitedAlgorithms(data)
  const algorithms = data.alg === undefined ? suited : suited.filter((a) => a === data.alg)
  return algorithms.length > 0 ? { jwk: keyMembers(data), keyId: data.kid, algorithms } : undefined
}

/** Only what the key is made of: other members (`key_ops`, `ext`, `x5c` …) were judged above and must not reach the import. */
const keyMembers = ({ kty, crv, x, y, n, e }: z.infer<typeof PublicJwk>): JWK =>
  kty === 'RSA' ? { kty, n: n ?? '', e: e ?? '' } : { kty, crv: crv ?? '', x: x ?? '', ...(y !== undefined && { y }) }

function suitedAlgorithms(jwk: z.infer<typeof PublicJwk>): Algorithm[] {
  if (jwk.kty === 'RSA') return isSoundRsa(jwk.n ?? '', jwk.e ?? '') ? RSA_ALGORITHMS : []
  const curve = CURVES[jwk.crv ?? '']
  if (curve?.kty !== jwk.kty) return []
  const coordinates = (jwk.kty === 'EC' ? [jwk.x, jwk.y] : [jwk.x]).map((c) => (c === undefined ? undefined : fromBase64url(c)))
  const isPoint = coordinates.every((c) => c?.length === curve.bytes) && (jwk.kty === 'EC' || !isOfLowOrder(coordinates[0]))
  return isPoint ? curve.algorithms : []
}

const FIELD = 2n ** 255n - 19n
const EIGHTH = 0x5fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n
/** The y of the points of Ed25519 of order 1, 2, 4 and 8. Under such a key one signature is good for every message, and anybody can make it. */
const LOW_ORDER = [0n, 1n, FIELD - 1n, EIGHTH, FIELD - EIGHTH]

/** By the y that 32 bytes stand for (RFC 8032 §5.1.3): the last bit is the sign of x, and a y over the field is another spelling of one within. */
function isOfLowOrder(point: Uint8Array | undefined): boolean {
  const y = unsignedBytes(Uint8Array.from(point ?? []).reverse()) % 2n ** 255n
  return LOW_ORDER.includes(y % FIELD)
}

function isSoundRsa(n: string, e: string): boolean {
  const modulus = unsigned(n)
  const exponent = unsigned(e)
  if (modulus === undefined || exponent === undefined) return false
  const bits = modulus.toString(2).length
  return bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS && exponent >= 3n && exponent % 2n === 1n && !hasRocaFingerprint(modulus)
}

function unsigned(text: string): bigint | undefined {
  const bytes = text.length <= MAX_RSA_BITS / 6 + 8 ? fromBase64url(text) : undefined
  return bytes?.length ? unsignedBytes(bytes) : undefined
}

const unsignedBytes = (bytes: Uint8Array): bigint => BigInt(`0x${Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')}`)

const ROCA_PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151,
  157, 163, 167,
]

/** Keys of the flawed generator of CVE-2017-15361 have a modulus that is a power of 65537 modulo every small prime. */
const hasRocaFingerprint = (modulus: bigint): boolean => ROCA_PRIMES.every((p) => powersOf65537(p).has(Number(modulus % BigInt(p))))

function powersOf65537(p: number): Set<number> {
  const powers = new Set<number>()
  for (let power = 1; !powers.has(power); power = (power * 65537) % p) powers.add(power)
  return powers
}
