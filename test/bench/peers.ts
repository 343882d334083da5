import { Hono } from 'hono'
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'
import type { Fetch, ResolveTxt } from '../../spec/effects.ts'

export const AUTHORITY = 'https://authority.acme.example'
export const SERVICE = 'https://desk.example'
export const PROVIDER = 'https://login.acme.example'
export const USER = 'ada@acme.example'
/** The one agent of the bench's broker; its credential is the admin token. */
export const BROKER_AGENT = 'agent'
export const ADMIN_TOKEN = 'bench'
export const SCOPES = ['tickets:read', 'tickets:write']

/** A key pair as JWKs, so that it can be told to another process. */
export type KeyPair = { privateJwk: JWK; publicJwk: JWK }

export async function createKeyPair(kid: string): Promise<KeyPair> {
  const pair = await generateKeyPair('ES256', { extractable: true })
  return { privateJwk: await exportJWK(pair.privateKey), publicJwk: { ...(await exportJWK(pair.publicKey)), kid, alg: 'ES256', use: 'sig' } }
}

/** An assertion for as long as a load runs. */
export async function signAssertion(key: KeyPair, issuer: string, audience: string): Promise<string> {
  const claims = new SignJWT({})
    .setProtectedHeader({ alg: 'ES256', kid: key.publicJwk.kid ?? '', typ: 'JWT' })
    .setIssuer(issuer)
    .setAudience(audience)
  return claims
    .setIssuedAt()
    .setExpirationTime('30m')
    .setJti('bench')
    .sign(await importJWK(key.privateJwk, 'ES256'))
}

/** The Service an Authority under load discovers: its documents and scopes, answered in the Authority's own process. */
export const fakeService = (jwk: JWK) =>
  new Hono()
    .get('/.well-known/agentpass-service', (c) =>
      c.json({
        version: '0.1',
        kind: 'service',
        service: { origin: SERVICE },
        jwks_uri: `${SERVICE}/jwks`,
        trust: {},
        endpoints: Object.fromEntries(
          ['resolve_authorities', 'available_scopes', 'redeem_browser_session', 'redeem_bearer_token'].map((name) => [name, `${SERVICE}/${name}`]),
        ),
      }),
    )
    .get('/jwks', (c) => c.json({ keys: [jwk] }))
    .post('/available_scopes', (c) => c.json({ scopes: SCOPES.map((name) => ({ name })) }))

/** The Authority a Service under load checks with: it stands for everything. */
export const fakeAuthority = () =>
  new Hono()
    .get('/.well-known/agentpass-authority', (c) =>
      c.json({
        version: '0.1',
        authority: AUTHORITY,
        trust_mode: 'enterprise',
        jwks_uri: `${AUTHORITY}/jwks`,
        endpoints: {
          issuance: `${AUTHORITY}/i`,
          issuance_status: `${AUTHORITY}/i/{id}`,
          validate: `${AUTHORITY}/v`,
          authorization_check: `${AUTHORITY}/c`,
        },
      }),
    )
    .post('/c', (c) => c.json({ scope: ['*'] }))

/** The document of the identity provider of a console, with which nobody signs in. */
export const fakeProvider = () =>
  new Hono().get('/.well-known/openid-configuration', (c) => c.json({ issuer: PROVIDER, authorization_endpoint: `${PROVIDER}/authorize` }))

/** Names and addresses as the bench has them: TXT records from a table, https origins to apps of this process or to plain loopback ports. */
export function reach(sites: Record<string, Hono | string>): { fetch: Fetch; resolveTxt: ResolveTxt } {
  const records: Record<string, string> = {
    '_agentpass.acme.example': `${AUTHORITY}/.well-known/agentpass-authority`,
    '_agentpass-service.desk.example': `${SERVICE}/.well-known/agentpass-service`,
  }
  return {
    async fetch(url, init) {
      const { origin, pathname, search } = new URL(url)
      const site = sites[origin]
      if (site === undefined) throw new TypeError(`no site at ${origin}`)
      return typeof site === 'string' ? fetch(site + pathname + search, init) : site.request(url, init)
    },
    resolveTxt: async (name) => ({ values: records[name] ? [records[name]] : [], ttlSeconds: 3600, authenticated: false }),
  }
}
