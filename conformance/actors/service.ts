import { randomBytes } from 'node:crypto'
import { type Call, instant, member, NOT_FOUND } from './authority.ts'
import type { Ground } from './ground.ts'
import type { Answer, BadTls, Received, Serve } from './hosts.ts'
import { createKey, type Key } from './jws.ts'
import { type Changes, lifetime, newJti, signObject } from './jwt.ts'
import { salt } from './salt.ts'

export const SERVICE_ENDPOINTS = ['document', 'jwks', 'resolve', 'scopes', 'browser', 'bearer', 'initialize', 'api', 'revoke'] as const
export type ServiceEndpoint = (typeof SERVICE_ENDPOINTS)[number]

/** A Service of the suite, for an Authority or a Harness under test. */
export type FakeService = {
  host: string
  origin: string
  configurationUrl: string
  /** The name of its TXT record. */
  record: string
  document: Record<string, unknown>
  keys: Key[]
  /** What it offers at scope discovery. */
  scopes: { name: string; description?: string }[]
  /** The URL of each endpoint. */
  urls: Record<ServiceEndpoint, string>
  on: Partial<Record<ServiceEndpoint, Serve>>
  /** What it answers at every other path; nothing is there unless given. */
  otherwise?: Serve
  calls: Call<ServiceEndpoint>[]
  /** Requests for anything else on its host. */
  strays: Received[]
  callsTo: (endpoint: ServiceEndpoint) => Call<ServiceEndpoint>[]
  /** An assertion of this Service for an Authority (protocol 9.1). */
  assertion: (audience: string, changes?: Changes) => string
  /** Secrets it has handed out: no report may show them. */
  secrets: { token: string; initialization: string }
}
export type ServiceMade = {
  host?: string
  tls?: BadTls
  publish?: boolean
  resolution?: () => unknown
  postInitialization?: boolean
  documentPath?: string
}

export const OFFERED = [
  { name: 'things:read', description: 'Read things' },
  { name: 'things:write', description: 'Write things' },
  { name: 'things:admin' },
]

/** Where the document is of a Service that a peer knows by its own settings. */
const WELL_KNOWN = '/.well-known/agentpass-service'

/** Makes a Service on a host of its own, at paths of the seed, with its record in the suite's DNS. `resolution` is what it answers when it is asked for Authorities. */
export function createFakeService(ground: Ground, made: ServiceMade = {}): FakeService {
  const host = made.host ?? ground.nextHost('service')
  const chance = ground.chance.stream(host)
  const origin = ground.hosts.origin(host)
  const path = (name: ServiceEndpoint): string =>
    name === 'document' && ground.settings.names === 'static' ? WELL_KNOWN : `/${chance.name().slice(0, 5)}/${name}`
  const paths = Object.fromEntries(SERVICE_ENDPOINTS.map((name) => [name, name === 'document' ? (made.documentPath ?? path(name)) : path(name)]))
  const url = (name: ServiceEndpoint): string => origin + paths[name]
  const urls = {
    document: url('document'),
    jwks: url('jwks'),
    resolve: url('resolve'),
    scopes: url('scopes'),
    browser: url('browser'),
    bearer: url('bearer'),
    initialize: url('initialize'),
    api: url('api'),
    revoke: url('revoke'),
  }
  const fake: FakeService = {
    host,
    origin,
    configurationUrl: urls.document,
    record: `_agentpass-service.${host}.${ground.zone}`,
    document: {
      version: chance.pick(['0.1', '0.1', '0.3']),
      kind: 'service',
      service: { origin, name: 'A service of the conformance suite' },
      jwks_uri: urls.jwks,
      trust: {},
      endpoints: {
        resolve_authorities: urls.resolve,
        available_scopes: urls.scopes,
        redeem_browser_session: urls.browser,
        redeem_bearer_token: urls.bearer,
      },
    },
    keys: [createKey()],
    scopes: OFFERED,
    urls,
    on: {},
    calls: [],
    strays: [],
    callsTo: (endpoint) => fake.calls.filter((call) => call.endpoint === endpoint),
    assertion: (audience, changes) => {
      const [key = createKey()] = fake.keys
      return signObject('service-assertion', { iss: origin, aud: audience, ...lifetime(), jti: newJti() }, key, ground.profile, changes)
    },
    secrets: { token: `suite-token-${randomBytes(24).toString('base64url')}`, initialization: `suite-init-${randomBytes(24).toString('base64url')}` },
  }
  if (made.publish !== false) ground.dns.publish(fake.record, [fake.configurationUrl])
  ground.hosts.serve(
    host,
    async (received) => {
      const endpoint = SERVICE_ENDPOINTS.find((name) => received.path === paths[name])
      if (!endpoint) {
        fake.strays.push(received)
        return fake.otherwise ? fake.otherwise(received) : NOT_FOUND
      }
      fake.calls.push({ ...received, endpoint })
      const answer = await (fake.on[endpoint] ?? (() => defaults(fake, endpoint, made, received)))(received)
      return answer.json === undefined || endpoint === 'jwks' ? answer : { ...answer, json: salt(answer.json, chance) }
    },
    made.tls,
  )
  return fake
}

function defaults(
  fake: FakeService,
  endpoint: ServiceEndpoint,
  made: ServiceMade,
  request: { json: unknown; headers: Record<string, unknown> },
): Answer {
  const { token, initialization } = fake.secrets
  switch (endpoint) {
    case 'document':
      return { json: fake.document, headers: { 'cache-control': 'max-age=10' } }
    case 'jwks':
      return { json: { keys: fake.keys.map(({ jwk }) => jwk) }, headers: { 'cache-control': 'max-age=10' } }
    case 'resolve':
      return { json: made.resolution?.() ?? {} }
    case 'scopes':
      return { json: { scopes: fake.scopes } }
    case 'bearer':
      return { json: { bearer_token: token, scope: member(request.json, 'requested_scope') ?? fake.scopes.map(({ name }) => name), expires_in: 600 } }
    case 'browser':
      return { json: browserGrant(fake, initialization, made.postInitialization ?? true) }
    case 'initialize':
      return { status: 303, headers: { location: `${fake.origin}/`, 'set-cookie': `__Host-suite=${token}; Path=/; Secure; HttpOnly; SameSite=Lax` } }
    case 'api':
      return request.headers.authorization === `Bearer ${token}`
        ? { json: { done: true } }
        : { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }
    case 'revoke':
      return { status: 200 }
  }
}

const browserGrant = ({ urls }: FakeService, secret: string, post: boolean) => ({
  initialization_url: post ? urls.initialize : `${urls.initialize}?token=${secret}`,
  expires_at: instant(60),
  one_time: true,
  ...(post && { initialization_request: { method: 'POST', form_fields: { token: secret } } }),
})
