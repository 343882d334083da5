/** What a deployment asks of its peers: every conforming peer of the published draft, or the hardening revision's elements too. */
export type Profile = 'core-0.1' | 'hardened'

/** How far two parties' clocks may be apart, in seconds (protocol 9). */
export const SKEW_SECONDS = 60

/** The longest `exp - iat` a signed object may have, in seconds (protocol 9). */
export const lifetimeCapSeconds = (profile: Profile, attestation: boolean): number =>
  profile === 'hardened' ? (attestation ? 3600 : 300) : attestation ? 86_400 : 3600
