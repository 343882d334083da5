import { z } from 'zod'
import type { Now, Random } from './effects.ts'
import { ProtocolError } from './error.ts'
import { isForAudience, type Jwt, readJwt, type SigningKey, signJwt } from './jwt.ts'
import { type Profile, sentenceFor } from './profile.ts'
import { identifier } from './wire/identifier.ts'

const SIGNED_FOR_SECONDS = 60

/** Which way an assertion goes (protocol 9.1). */
export type AssertionKind = 'service-assertion' | 'authority-assertion'
/** An assertion read strictly, not yet verified: `issuer` is what it claims. */
export type Assertion = { jwt: Jwt; issuer: string; jti: string | undefined; expiresAt: number }

const AssertionClaims = z.looseObject({ iss: z.string().min(1).max(2048), jti: identifier.optional() })

export type SignAssertion = (audience: string) => Promise<string>

/** Signs assertions as one party (protocol 9.1); the value of an `Authorization` header without its scheme. */
export function createAssertionSigner(d: {
  now: Now
  random: Random
  profile: Profile
  kind: AssertionKind
  issuer: string
  signingKey: () => Promise<SigningKey>
}): SignAssertion {
  return async (audience) => {
    const iat = d.now()
    return signJwt(d.kind, { iss: d.issuer, aud: audience, iat, exp: iat + SIGNED_FOR_SECONDS, jti: d.random(16) }, await d.signingKey(), d.profile)
  }
}

/** Who reads an assertion: the name it must be for, and the public keys that this party signs with itself. */
export type AssertionReader = { kind: AssertionKind; audience: string; ownKeys: readonly { kid?: string }[]; now: number; profile: Profile }

/** Reads an assertion from the `Authorization` header, all but its signature (protocol 9.1). Throws invalid_assertion, also for one of this party's own that came back. */
export function readAssertion(header: string | null | undefined, expected: AssertionReader): Assertion {
  const [, compact] = /^bearer +(\S+)$/i.exec(header ?? '') ?? []
  if (compact === undefined) throw invalidAssertion(new Error('no bearer assertion'))
  try {
    const jwt = readJwt(compact, expected.kind, expected)
    const { iss, jti } = AssertionClaims.parse(jwt.claims)
    if (!isForAudience(jwt.claims, expected.audience)) throw new Error('aud is another')
    // Where a Service and an Authority have one name and one key set, nothing else would tell their assertions apart in core-0.1.
    if (iss === expected.audience && expected.ownKeys.some(({ kid }) => kid === jwt.keyId)) throw new Error('an assertion of our own, sent back')
    return { jwt, issuer: iss, jti, expiresAt: jwt.claims.exp }
  } catch (cause) {
    throw invalidAssertion(cause)
  }
}

const REFUSED = 'the assertion is missing or not valid here, or the clocks differ by more than a minute'

/** The one refusal of every failed step of authentication between parties; only what `hardened` demands beyond the published draft is named. */
export const invalidAssertion = (cause: unknown): ProtocolError =>
  new ProtocolError('invalid_assertion', sentenceFor('the assertion', REFUSED, cause), { cause })
