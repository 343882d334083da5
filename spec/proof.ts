import { calculateJwkThumbprint } from 'jose'
import { z } from 'zod'
import { sha256 } from './base64url.ts'
import type { Now, Random } from './effects.ts'
import { ProtocolError } from './error.ts'
import { readVerificationJwk, type VerificationJwk } from './jwk.ts'
import { isForAudience, type Jwt, readJwt, type SigningKey, signJwt } from './jwt.ts'
import { parseUrl } from './origin.ts'
import { Demand, type Profile, SKEW_SECONDS, sentenceFor } from './profile.ts'
import { type ImportKey, importKey as importWebKey } from './verify.ts'
import { identifier } from './wire/identifier.ts'

/** A proof that verified: it is spent by its (thumbprint, jti) pair, which must be kept until `expiresAt` (epoch seconds). */
export type Proof = { thumbprint: string; jti: string; expiresAt: number }
/** What the proof must be for: the Service origin, the endpoint's public URL, the pass value; `now` in epoch seconds. */
export type ProofExpectation = { audience: string; endpoint: string; pass: string; now: number; profile: Profile }

const SIGNED_FOR_SECONDS = 60

const ProofClaims = z.looseObject({
  iss: z.string().min(1),
  jti: identifier,
  htm: z.string().optional(),
  htu: z.string().optional(),
  aph: z.string().optional(),
})

/** Signs a fresh proof of possession for one redemption (protocol 9.4). */
export async function signProof(
  d: { now: Now; random: Random; profile: Profile },
  key: SigningKey,
  proof: { harnessId: string; audience: string; endpoint: string; pass: string },
): Promise<string> {
  const iat = d.now()
  const claims = { iss: proof.harnessId, aud: proof.audience, iat, exp: iat + SIGNED_FOR_SECONDS, jti: d.random(16) }
  return signJwt('holder-proof', { ...claims, htm: 'POST', htu: proof.endpoint, aph: await sha256(proof.pass) }, key, d.profile)
}

/**
 * Everything about a proof that needs no key (protocol 8): checked before the pass is spent, so that a malformed request does not burn it.
 * Undefined when there is no proof: whether one is needed is known only when the Authority answers. Throws invalid_proof.
 */
export async function readProof(proof: { jwt: string } | undefined, expected: ProofExpectation): Promise<Jwt | undefined> {
  if (!proof) return undefined
  const aph = await sha256(expected.pass)
  try {
    const jwt = readJwt(proof.jwt, 'holder-proof', expected)
    const claims = ProofClaims.parse(jwt.claims)
    if (!isForAudience(jwt.claims, expected.audience)) throw new Error('aud is not this Service')
    const missing = expected.profile === 'hardened' && (['htm', 'htu', 'aph'] as const).some((claim) => claims[claim] === undefined)
    if (missing) throw new Demand('htm, htu and aph are required')
    if ((claims.htm ?? 'POST') !== 'POST') throw new Error('htm is not POST')
    if (!isEndpoint(claims.htu ?? expected.endpoint, expected.endpoint)) throw new Error('htu is another URL')
    if ((claims.aph ?? aph) !== aph) throw new Error('aph is of another pass')
    return jwt
  } catch (cause) {
    throw invalidProof(cause)
  }
}

/**
 * Checks holder binding at redemption (protocol 9.4), after the Authority has answered.
 * A pass without `cnf` needs no proof and gives undefined; a pass with `cnf` always needs one. `iss` is compared where the Authority named the Harness.
 * Throws proof_required, invalid_proof, or authority_unavailable for a `cnf` that is present but unusable. The caller must still consume what is returned (replay).
 */
export async function verifyProof(
  cnf: unknown,
  jwt: Jwt | undefined,
  harnessId: string | undefined,
  importKey: ImportKey = importWebKey,
): Promise<Proof | undefined> {
  if (cnf === undefined) return undefined
  const key = requireHolderKey(cnf)
  if (!jwt) throw new ProtocolError('proof_required', 'this pass is bound to a holder key: a holder proof is required')
  const { iss, jti } = ProofClaims.parse(jwt.claims)
  if (harnessId !== undefined && iss !== harnessId) throw invalidProof(new Error('iss is another Harness'))
  if (!key.algorithms.includes(jwt.algorithm)) throw invalidProof(new Error('alg does not suit the holder key'))
  const verify = await importKey(key, jwt.algorithm).catch(unusableKey)
  await verify(jwt).catch((cause) => {
    throw invalidProof(cause)
  })
  return { thumbprint: await calculateJwkThumbprint(key.jwk), jti, expiresAt: jwt.claims.exp + SKEW_SECONDS }
}

function requireHolderKey(cnf: unknown): VerificationJwk {
  const { data } = z.looseObject({ jwk: z.unknown() }).safeParse(cnf)
  const key = readVerificationJwk(data?.jwk)
  return key ?? unusableKey()
}

function unusableKey(cause?: unknown): never {
  throw new ProtocolError('authority_unavailable', 'the authority named a holder key that cannot be used', { cause })
}

const invalidProof = (cause: unknown) =>
  new ProtocolError('invalid_proof', sentenceFor('the holder proof', 'the holder proof is not valid for this redemption', cause), { cause })

/** Whether `htu` names the endpoint: both as a URL parser writes them, without query and fragment (protocol 9.4). */
const isEndpoint = (htu: string, endpoint: string): boolean => parseUrl(htu) !== undefined && withoutQuery(htu) === withoutQuery(endpoint)

function withoutQuery(href: string): string {
  const url = new URL(href)
  url.search = ''
  url.hash = ''
  return url.href
}
