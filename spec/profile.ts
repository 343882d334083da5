/** What a deployment asks of its peers: every conforming peer of the published draft, or the hardening revision's elements too. */
export type Profile = 'core-0.1' | 'hardened'

/** How far two parties' clocks may be apart, in seconds (protocol 9). */
export const SKEW_SECONDS = 60

/** What only `hardened` demands of a signed object, and this one has not. Its message is a fixed public sentence: a peer of the published draft learns from nothing else what is asked of it. */
export class Demand extends Error {}

/** What is said of a signed object that is refused: a fixed sentence, or, where it would do in `core-0.1`, what it lacks. */
export const sentenceFor = (object: string, sentence: string, cause: unknown): string =>
  cause instanceof Demand ? `the profile hardened demands more of ${object}: ${cause.message}` : sentence

/** The longest `exp - iat` a signed object may have, in seconds (protocol 9). */
export const lifetimeCapSeconds = (profile: Profile, attestation: boolean): number =>
  profile === 'hardened' ? (attestation ? 3600 : 300) : attestation ? 86_400 : 3600
