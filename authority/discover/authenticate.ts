import type { JWK } from 'jose'
import { invalidAssertion, readAssertion } from '../../spec/assertion.ts'
import type { Now } from '../../spec/effects.ts'
import type { KeySets } from '../../spec/keys.ts'
import { origin } from '../../spec/origin.ts'
import type { Profile } from '../../spec/profile.ts'
import type { ServiceForAuthority } from '../../spec/wire/configuration.ts'

/** A Service that proved who it is; `jti` where its assertion had one, until `expiresAt` (epoch seconds). */
export type Caller = { service: string; jti: string | undefined; expiresAt: number }
export type AuthenticateService = (authorization: string | undefined) => Promise<Caller>

export type AuthenticateDeps = {
  authority: string
  jwks: () => { keys: JWK[] }
  now: Now
  profile: Profile
  discoverService: (origin: string) => Promise<ServiceForAuthority>
  keySets: KeySets
}

/** Authenticates a Service by its assertion (protocol 9.1, §5.4.1): keys by discovery from `iss`. Every failed step, an outage too, throws invalid_assertion. */
export const createAuthenticate =
  (d: AuthenticateDeps): AuthenticateService =>
  async (authorization) => {
    const reader = { kind: 'service-assertion' as const, audience: d.authority, ownKeys: d.jwks().keys }
    const assertion = readAssertion(authorization, { ...reader, now: d.now(), profile: d.profile })
    try {
      const service = await d.discoverService(origin.parse(assertion.issuer))
      await d.keySets.verify(service.jwks_uri, assertion.jwt)
    } catch (cause) {
      throw invalidAssertion(cause)
    }
    return { service: assertion.issuer, jti: assertion.jti, expiresAt: assertion.expiresAt }
  }
