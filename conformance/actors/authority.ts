import { randomBytes } from 'node:crypto'
import type { Ground } from './ground.ts'
import type { Answer, BadTls, Received, Serve } from './hosts.ts'
import { createKey, type Key } from './jws.ts'
import { type Changes, lifetime, newJti, signObject } from './jwt.ts'
import { salt } from './salt.ts'

export const AUTHORITY_ENDPOINTS = ['document', 'jwks', 'issuance', 'status', 'validate', 'check', 'close'] as const
export type AuthorityEndpoint = (typeof AUTHORITY_ENDPOINTS)[number]
/** A request that one of a fake's endpoints received. */
export type Call<Endpoint extends string> = Received & { endpoint: Endpoint }

/** What a fake Authority knows of one pass: what it answers when it is validated, and of the authorization that follows. Undefined: the default. */
export type Script = {
  /** Members of the validation answer. */
  validation: Record<string, unknown>
  validate?: Serve
  check?: Serve
  close?: Serve
}

/** An Authority of the suite, for a Service or a Harness under test. It says yes to whatever it has a script for, as often as it is asked. */
export type FakeAuthority = {
  host: string
  origin: string
  identifier: string
  reference: { authority: string; authority_configuration_url: string }
  /** Its document, as it is published; may be changed. */
  document: Record<string, unknown>
  keys: Key[]
  /** The URL of each endpoint; that of the status is its template. */
  urls: Record<AuthorityEndpoint, string>
  /** What an endpoint answers instead. */
  on: Partial<Record<AuthorityEndpoint, Serve>>
  scripts: Map<string, Script>
  calls: Call<AuthorityEndpoint>[]
  /** Requests for anything else on its host. */
  strays: Received[]
  callsTo: (endpoint: AuthorityEndpoint) => Call<AuthorityEndpoint>[]
  /** An assertion of this Authority for a Service (protocol 9.1). */
  assertion: (audience: string, changes?: Changes) => string
}
export type AuthorityMade = {
  host?: string
  trustMode?: 'enterprise' | 'federated' | 'service'
  tls?: BadTls
  path?: string
  documentPath?: string
  withClose?: boolean
}

/** Makes an Authority on a host of its own, at paths of the seed. */
export function createFakeAuthority(ground: Ground, made: AuthorityMade = {}): FakeAuthority {
  const { trustMode = 'enterprise', withClose = true } = made
  const host = made.host ?? ground.nextHost('authority')
  const chance = ground.chance.stream(host)
  const origin = ground.hosts.origin(host)
  const identifier = `${origin}${made.path ?? ''}`
  const at = (name: string) => `/${chance.name().slice(0, 5)}/${name}`
  const paths = {
    document: made.documentPath ?? at('configuration'),
    jwks: at('keys'),
    issuance: at('ask'),
    status: at('state'),
    validate: at('validate'),
    check: at('check'),
    close: at('close'),
  }
  const document: Record<string, unknown> = {
    version: chance.pick(['0.1', '0.1', '0.2', '0.17']),
    authority: identifier,
    trust_mode: trustMode,
    jwks_uri: origin + paths.jwks,
    endpoints: {
      issuance: origin + paths.issuance,
      issuance_status: `${origin}${paths.status}/{id}`,
      validate: origin + paths.validate,
      authorization_check: origin + paths.check,
      ...(withClose && { authorization_close: origin + paths.close }),
    },
  }
  const fake: FakeAuthority = {
    host,
    origin,
    identifier,
    reference: { authority: identifier, authority_configuration_url: origin + paths.document },
    document,
    keys: [createKey()],
    urls: {
      document: origin + paths.document,
      jwks: origin + paths.jwks,
      issuance: origin + paths.issuance,
      status: `${origin}${paths.status}/{id}`,
      validate: origin + paths.validate,
      check: origin + paths.check,
      close: origin + paths.close,
    },
    on: {},
    scripts: new Map(),
    calls: [],
    strays: [],
    callsTo: (endpoint) => fake.calls.filter((call) => call.endpoint === endpoint),
    assertion: (audience, changes) => {
      const [key = createKey()] = fake.keys
      return signObject('authority-assertion', { iss: identifier, aud: audience, ...lifetime(), jti: newJti() }, key, ground.profile, changes)
    },
  }
  ground.hosts.serve(
    host,
    async (received) => {
      const endpoint = AUTHORITY_ENDPOINTS.find(
        (name) => received.path === paths[name] || (name === 'status' && received.path.startsWith(`${paths.status}/`)),
      )
      if (!endpoint) {
        fake.strays.push(received)
        return NOT_FOUND
      }
      fake.calls.push({ ...received, endpoint })
      const answer = await (fake.on[endpoint] ?? scripted(fake, endpoint) ?? (() => defaults(fake, endpoint)))(received)
      return answer.json === undefined || endpoint === 'jwks' ? answer : { ...answer, json: salt(answer.json, chance) }
    },
    made.tls,
  )
  return fake
}

export const NOT_FOUND: Answer = { status: 404, json: { error: { code: 'not_found', message: 'there is nothing here' } } }
export const refusal = (status: number, code: string): Answer => ({ status, json: { error: { code, message: `the suite answers ${code}` } } })
/** As an RFC 3339 instant, so many seconds from now. */
export const instant = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString()

/** What a validation answers unless a script says otherwise. */
export const validationOf = (user: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  authorization_id: `authorization-${randomBytes(12).toString('hex')}`,
  authorization_expires_at: instant(3600),
  user: { email: user },
  agent: { id: 'suite-agent' },
  scope: [],
  type: 'bearer_token',
  task: { id: 'suite-task', description: 'A task of the conformance suite' },
  ...more,
})

function scripted({ scripts }: FakeAuthority, endpoint: AuthorityEndpoint): Serve | undefined {
  switch (endpoint) {
    case 'validate':
      return (request) => {
        const script = scripts.get(String(member(member(request.json, 'agentpass'), 'value')))
        if (!script) return refusal(404, 'unknown_agentpass')
        return script.validate ? script.validate(request) : { json: script.validation }
      }
    case 'check':
    case 'close':
      return (request) => {
        const id = member(request.json, 'authorization_id')
        const script = [...scripts.values()].find(({ validation }) => validation.authorization_id === id)
        if (!script) return refusal(404, 'unknown_authorization')
        return (script[endpoint] ?? ((asked: Received) => alive(script, endpoint, asked)))(request)
      }
    default:
      return undefined
  }
}

const alive = ({ validation }: Script, endpoint: 'check' | 'close', request: Received): Answer =>
  endpoint === 'check'
    ? { json: { scope: validation.scope, authorization_expires_at: validation.authorization_expires_at ?? instant(3600) } }
    : { json: { status: member(request.json, 'action') === 'complete' ? 'completed' : 'revoked', closed_at: instant(0) } }

function defaults(fake: FakeAuthority, endpoint: AuthorityEndpoint): Answer {
  switch (endpoint) {
    case 'document':
      return { json: fake.document, headers: { 'cache-control': 'max-age=10' } }
    case 'jwks':
      return { json: { keys: fake.keys.map(({ jwk }) => jwk) }, headers: { 'cache-control': 'max-age=10' } }
    default:
      return NOT_FOUND
  }
}

/** A member of whatever JSON came. */
export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined
}
