import { Hono } from 'hono'
import type { JWK } from 'jose'
import { answer } from '../../spec/node/doors.ts'
import { type ServiceConfiguration, VERSION } from '../../spec/wire/configuration.ts'
import type { TrustSettings } from '../resolve/trust.ts'

export type DiscoverDeps = { origin: string; name: string | undefined; trust: TrustSettings; securityEvents: boolean; jwks: () => { keys: JWK[] } }

const CACHED = 'public, max-age=300'
export const REDEEM_BEARER_PATH = '/agentpass/redeem/bearer-token'
export const REDEEM_BROWSER_PATH = '/agentpass/redeem/browser-session'
export const INITIALIZE_PATH = '/agentpass/initialize'
export const SESSION_PATH = '/agentpass/session'
export const SECURITY_EVENTS_PATH = '/agentpass/security-events'
export const REVOKE_PATH = '/agentpass/revoke'

/** What this Service publishes of itself (protocol 2, §4.1). */
export function serviceConfiguration({ origin, name, trust, securityEvents }: DiscoverDeps): ServiceConfiguration {
  return {
    version: VERSION,
    kind: 'service',
    service: { origin, ...(name !== undefined && { name }) },
    jwks_uri: `${origin}/.well-known/agentpass-service/jwks.json`,
    trust: {
      ...(trust.federated.length > 0 && { trusted_federated_authorities: trust.federated }),
      ...(trust.service_authority && { service_authority: trust.service_authority }),
    },
    endpoints: {
      resolve_authorities: `${origin}/agentpass/resolve-authorities`,
      available_scopes: `${origin}/agentpass/available-scopes`,
      redeem_browser_session: `${origin}${REDEEM_BROWSER_PATH}`,
      redeem_bearer_token: `${origin}${REDEEM_BEARER_PATH}`,
      ...(securityEvents && { security_events: `${origin}${SECURITY_EVENTS_PATH}` }),
      revoke: `${origin}${REVOKE_PATH}`,
    },
  }
}

export const discoverRoutes = (d: DiscoverDeps) =>
  new Hono()
    .get('/.well-known/agentpass-service', () => answer(serviceConfiguration(d), 200, { 'cache-control': CACHED }))
    .get('/.well-known/agentpass-service/jwks.json', () => answer(d.jwks(), 200, { 'cache-control': CACHED }))
