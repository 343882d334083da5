/** A small world to discover in, and the documents that are found there. */
import { createAuthorityDiscovery, createServiceDiscovery, type EnterpriseOutcome } from '../../spec/discovery.ts'
import { ProtocolError } from '../../spec/error.ts'
import type { Profile } from '../../spec/profile.ts'
import {
  AuthorityConfiguration,
  AuthorityForHarness,
  AuthorityForService,
  ServiceConfiguration,
  ServiceForAuthority,
} from '../../spec/wire/configuration.ts'
import type { Members } from './jws-fixture.ts'
import { clock, json, web, zone } from './peer-fixture.ts'

export const ACME = 'https://agents.acme.example'
export const ACME_URL = `${ACME}/agentpass/authority.json`
export const DESK = 'https://desk.example'
export const DESK_URL = `${DESK}/agentpass/service.json`

export const U = 'https://agents.acme.example/a.json'

export const AUTHORITY = {
  version: '0.1',
  authority: ACME,
  trust_mode: 'enterprise',
  jwks_uri: `${ACME}/jwks.json`,
  endpoints: {
    issuance: `${ACME}/requests`,
    issuance_status: `${ACME}/requests/{id}`,
    validate: `${ACME}/validate`,
    authorization_check: `${ACME}/check`,
    authorization_close: `${ACME}/close`,
  },
  policy: { allow_service_authorities: true },
  approval: { modes: ['poll'], default_ttl_seconds: 900 },
}
export const SERVICE = {
  version: '0.1',
  kind: 'service',
  service: { origin: DESK, name: 'Ticket Desk' },
  jwks_uri: `${DESK}/jwks.json`,
  trust: { service_authority: { authority: 'https://own.desk.example', authority_configuration_url: 'https://own.desk.example/a.json' } },
  endpoints: {
    resolve_authorities: `${DESK}/resolve`,
    available_scopes: `${DESK}/scopes`,
    redeem_browser_session: `${DESK}/browser`,
    redeem_bearer_token: `${DESK}/bearer`,
  },
}

/** A Service's eyes on a small world, in which acme.example has an Enterprise Authority and desk.example is a Service. */
export function world({ profile = 'core-0.1', requireDnssec = false }: { profile?: Profile; requireDnssec?: boolean } = {}) {
  const time = clock()
  const dns = zone({ '_agentpass.acme.example': [ACME_URL], '_agentpass-service.desk.example': [DESK_URL] })
  const peer = web({ [ACME_URL]: json(AUTHORITY), [DESK_URL]: json(SERVICE) })
  const d = { resolveTxt: dns.resolveTxt, fetch: peer.fetch, now: time.now, profile, requireDnssec }
  return {
    ...time,
    dns,
    peer,
    ...createAuthorityDiscovery(d, AuthorityForService),
    forHarness: createAuthorityDiscovery(d, AuthorityForHarness),
    strict: createAuthorityDiscovery(d, AuthorityConfiguration),
    service: createServiceDiscovery(d, ServiceForAuthority),
    strictService: createServiceDiscovery(d, ServiceConfiguration),
  }
}

export const codeOf = (outcome: EnterpriseOutcome<unknown>) => (outcome.outcome === 'failed' ? outcome.error.code : outcome.outcome)
export const codeThrown = async (call: Promise<unknown>) => {
  const failure = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return failure instanceof ProtocolError ? failure.code : failure
}

export function changed(document: Members, path: string, value: unknown): Members {
  const [member = '', ...rest] = path.split('.')
  const inner = document[member]
  return { ...document, [member]: rest.length > 0 ? changed(typeof inner === 'object' && inner ? { ...inner } : {}, rest.join('.'), value) : value }
}
