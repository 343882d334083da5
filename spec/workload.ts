import { calculateJwkThumbprint, type JWK } from 'jose'
import { z } from 'zod'
import { isForAudience, type Jws, nameOfTyp, OWN_CLAIMS, readCompact, readMembers, requireLifetime, requireTimes } from './jwt.ts'
import { type Profile, SKEW_SECONDS } from './profile.ts'
import { identifier } from './wire/identifier.ts'

/**
 * A workload identity provider as settings pin it (protocol 10, Workload attestation). `subjects` are the workloads that count: a whole `sub`, or a beginning of it
 * with `*` in place of the rest. `maxAgeSeconds` is how long after its `iat` a token counts; `issuer` is as it is pinned, `shownAs` what approvers read.
 */
export type WorkloadProvider = {
  issuer: string
  shownAs: string
  subjects: readonly string[]
  maxAgeSeconds: number
  verify: (jws: Jws) => Promise<void>
}
/** Providers by the `iss` of their tokens, byte for byte, or by their SPIFFE trust domain (`spiffe://acme.example`) where tokens have none. */
export type WorkloadProviders = ReadonlyMap<string, WorkloadProvider>
/** The token of a workload read strictly, its signature not yet verified. `since` is when it was issued, or read where it does not say (epoch seconds). */
export type WorkloadToken = { jws: Jws; sub: string; since: number }

/** Whom the token of a workload is for: one Authority, about one holder key (protocol 10). */
export const workloadAudience = async (authority: string, jwk: JWK): Promise<string> => `${authority}#jkt=${await calculateJwkThumbprint(jwk)}`

const SPIFFE_ID = /^(spiffe:\/\/[a-z0-9._-]{1,255})(?:\/(?!\.{1,2}(?:\/|$))[\w.-]+)+$/
const trustDomainOf = (sub: string): string | undefined => SPIFFE_ID.exec(sub)?.[1]

/** A `typ` that others than us write: RFC 7519 §5.1, and JWT-SVID §2.3. */
const TYPS = ['jwt', 'jose']
const Named = z.looseObject({ iss: z.string().optional(), sub: z.string().optional() }).catch({})
const WorkloadClaims = z.looseObject({ sub: identifier, iat: z.number().optional(), exp: z.number(), nbf: z.number().optional() })
type WorkloadClaims = z.infer<typeof WorkloadClaims>

/** The pinned provider that a token names. Undefined where it names none, and for what cannot be read: that is judged as a vendor's attestation, and refused. */
export function findProvider(compact: string, providers: WorkloadProviders): WorkloadProvider | undefined {
  const { iss, sub = '' } = namesIn(compact)
  return providers.get(iss ?? trustDomainOf(sub) ?? '')
}

function namesIn(compact: string): z.infer<typeof Named> {
  try {
    return Named.parse(readMembers(readCompact(compact).payload))
  } catch {
    return {} // no token of anybody
  }
}

/**
 * Reads the token of a workload, all but its signature (protocol 10): for exactly this audience, of a workload that the provider's settings admit, and young.
 * What it says of its kind is what others write, in both profiles. Throws Error; the caller translates.
 */
export function readWorkload(
  compact: string,
  provider: WorkloadProvider,
  expected: { audience: string; now: number; profile: Profile },
): WorkloadToken {
  const { jws, typ, payload } = readCompact(compact)
  if (!TYPS.includes(nameOfTyp(typ))) throw new Error('typ names another kind')
  const claims = WorkloadClaims.parse(readMembers(payload))
  const own = OWN_CLAIMS.find((claim) => claim in claims)
  if (own !== undefined) throw new Error(`${own} is a claim of another kind`)
  if (!isForAudience(claims, expected.audience)) throw new Error('aud is not this authority and this key, and nothing else')
  requireAge(claims, provider.maxAgeSeconds, expected)
  requireSubject(claims, provider.subjects)
  return { jws, sub: claims.sub, since: claims.iat ?? expected.now }
}

/** A JWT-SVID need not say when it was issued. Such a one must end as soon as if that were now. */
function requireAge({ iat, exp, nbf }: WorkloadClaims, maxAgeSeconds: number, { now, profile }: { now: number; profile: Profile }): void {
  requireTimes({ iat: iat ?? Math.min(exp, now), exp, nbf }, now)
  requireLifetime(exp - (iat ?? now), 'harness-attestation', profile)
  const isYoung = iat === undefined ? exp <= now + maxAgeSeconds + SKEW_SECONDS : iat >= now - maxAgeSeconds - SKEW_SECONDS
  if (!isYoung) throw new Error('issued too long ago, or does not say when')
}

function requireSubject({ sub, iat }: WorkloadClaims, subjects: readonly string[]): void {
  const isSpiffeId = trustDomainOf(sub) !== undefined
  if (sub.startsWith('spiffe:') && !isSpiffeId) throw new Error('sub is no SPIFFE ID')
  if (iat === undefined && !isSpiffeId) throw new Error('iat is missing')
  if (!subjects.some((pattern) => isAdmitted(sub, pattern))) throw new Error('sub is none of the subjects')
}

/** Settings see to it that what is before a `*` ends at a boundary. */
const isAdmitted = (sub: string, pattern: string): boolean =>
  pattern.endsWith('*') ? sub.startsWith(pattern.slice(0, -1)) && sub.length >= pattern.length : sub === pattern
