import { Hono } from 'hono'
import type { JWK } from 'jose'
import { answer } from '../../spec/node/doors.ts'
import type { AuthorityConfiguration, TrustMode } from '../../spec/wire/configuration.ts'
import { VERSION } from '../../spec/wire/configuration.ts'

export type DiscoverDeps = {
  /** The authority identifier; endpoints are of its origin. */
  authority: string
  trustMode: TrustMode
  allowServiceAuthorities: boolean
  lifetimes: { decision_seconds: number }
  jwks: () => { keys: JWK[] }
}

const CACHED = 'public, max-age=300'

/** What this Authority publishes of itself (protocol 2, §5.2). */
export function authorityConfiguration(d: DiscoverDeps): AuthorityConfiguration {
  const at = (path: string) => `${new URL(d.authority).origin}${path}`
  return {
    version: VERSION,
    authority: d.authority,
    trust_mode: d.trustMode,
    jwks_uri: at('/.well-known/jwks.json'),
    endpoints: {
      issuance: at('/issuance'),
      issuance_status: at('/issuance/{id}'),
      validate: at('/validate'),
      authorization_check: at('/authorization/check'),
      authorization_close: at('/authorization/close'),
    },
    policy: { allow_service_authorities: d.allowServiceAuthorities },
    approval: { modes: ['poll'], default_ttl_seconds: d.lifetimes.decision_seconds },
  }
}

export const discoverRoutes = (d: DiscoverDeps) =>
  new Hono()
    .get('/.well-known/agentpass-authority', () => answer(authorityConfiguration(d), 200, { 'cache-control': CACHED }))
    .get('/.well-known/jwks.json', () => answer(d.jwks(), 200, { 'cache-control': CACHED }))
