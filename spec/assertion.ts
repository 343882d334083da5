import { z } from 'zod'
import type { Now, Random } from './effects.ts'
import { ProtocolError } from './error.ts'
import { isForAudience, type Jwt, readJwt, type SigningKey, signJwt } from './jwt.ts'
import type { Profile } from './profile.ts'
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

/** Reads an assertion from the `Authorization` header, all but its signature (protocol 9.1). Throws invalid_assertion. */
export function readAssertion(
  header: string | null | undefined,
  expected: { kind: AssertionKind; audience: string; now: number; profile: Profile },
): Assertion {
  const [, compact] = /^bearer +(\S+)$/i.exec(header ?? '') ?? []
  if (compact === undefined) throw invalidAssertion(new Error('no bearer assertion'))
  try {
    const jwt = readJwt(compact, expected.kind, expected)
    const { iss, jti } = AssertionClaims.parse(jwt.claims)
    if (!isForAudience(jwt.claims, expected.audience)) throw new Error('aud is another')
    return { jwt, issuer: iss, jti, expiresAt: jwt.claims.exp }
  } catch (cause) {
    throw invalidAssertion(cause)
  }
}

/** The one refusal of every failed step of authentication between parties. */
export const invalidAssertion = (cause: unknown): ProtocolError =>
  new ProtocolError('invalid_assertion', 'the assertion is missing or not valid here, or the clocks differ by more than a minute', { cause })
