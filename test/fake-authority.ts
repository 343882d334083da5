import { Hono } from 'hono'
import { type CryptoKey, decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'
import type { Internet } from './internet.ts'

/** What is put into, or taken out of (by undefined), an object: a header, claims, a document. */
export type Changes = Record<string, unknown>
/** One call that reached it, its JSON body, and the assertion it came with. */
export type Call = { method: string; path: string; body: unknown; assertion: { header: unknown; claims: JWTPayload } | undefined }
type Answer = (body: unknown) => Response | Promise<Response>

export const ACME = 'https://authority.acme.example'
export const USER = 'ada@acme.example'
export const DESK = 'https://desk.example'

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response => Response.json(body, { status, headers })

/**
 * An Authority that a test plays. It says what the test puts into `configuration`, `jwks` and `answers`, and writes every call down.
 * The one at ACME is the enterprise's; what it answers is good until a test says otherwise.
 */
export async function fakeAuthority(net: Internet, identifier = ACME, trustMode = 'enterprise') {
  const pair = await generateKeyPair('ES256', { extractable: true })
  const key: JWK & { kid: string } = { ...(await exportJWK(pair.publicKey)), kid: `key of ${identifier}`, alg: 'ES256', use: 'sig' }
  const { origin } = new URL(identifier)
  const endpoint = (path: string) => `${origin}${path}`
  const reference = { authority: identifier, authority_configuration_url: endpoint('/.well-known/agentpass-authority') }
  const configuration: Changes = {
    version: '0.1',
    authority: identifier,
    trust_mode: trustMode,
    jwks_uri: endpoint('/jwks.json'),
    endpoints: {
      issuance: endpoint('/issuance'),
      issuance_status: endpoint('/issuance/{id}'),
      validate: endpoint('/validate'),
      authorization_check: endpoint('/check'),
      authorization_close: endpoint('/close'),
    },
  }
  const jwks: { keys: unknown[] } = { keys: [key] }
  /** A good validation answer: an unbound bearer pass of ada's, but for what is changed. */
  const validation = (changes: Changes = {}): Changes => ({
    authorization_id: 'authorization-1',
    authorization_expires_at: new Date((net.now() + 600) * 1000).toISOString(),
    user: { email: USER },
    agent: { id: 'agent-7' },
    scope: ['tickets:read', 'tickets:write'],
    type: 'bearer_token',
    task: { id: 'task-1', description: 'Answer ticket 17', attested: true },
    harness: { id: 'harness-1' },
    ...changes,
  })
  const answers = {
    configuration: (): Response | Promise<Response> => json(configuration),
    jwks: (): Response | Promise<Response> => json(jwks),
    validate: (async () => json(validation())) as Answer,
    check: (async () => json({ scope: ['tickets:read', 'tickets:write'] })) as Answer,
    close: (async () => json({ status: 'revoked', closed_at: '2023-11-14T22:13:20Z' })) as Answer,
  }
  const calls: Call[] = []
  const app = new Hono()
    .use(async (c, next) => {
      calls.push({ method: c.req.method, path: c.req.path, body: c.req.method === 'POST' ? await c.req.json() : undefined, ...readAssertion(c.req) })
      await next()
    })
    .get('/.well-known/agentpass-authority', () => answers.configuration())
    .get('/jwks.json', () => answers.jwks())
    .post('/validate', async (c) => answers.validate(await c.req.json()))
    .post('/check', async (c) => answers.check(await c.req.json()))
    .post('/close', async (c) => answers.close(await c.req.json()))
  const host = () => net.host(origin, app)
  host()
  const claims = (changes: Changes = {}) => ({
    iss: identifier,
    aud: DESK,
    iat: net.now(),
    exp: net.now() + 60,
    jti: crypto.randomUUID(),
    ...changes,
  })
  return {
    ...{ identifier, reference, configuration, jwks, answers, validation, calls, key, privateKey: pair.privateKey },
    /** Takes it off the internet, as if it were down, and puts it back. */
    ...{ unplug: () => net.unplug(origin), host },
    /** The bodies of the calls to one of its addresses. */
    asked: (path: 'validate' | 'check' | 'close' | 'jwks.json' | '.well-known/agentpass-authority') =>
      calls.filter((call) => call.path === `/${path}`).map(({ body }) => body),
    /** Names it in the DNS of a domain, as its Enterprise Authority. */
    publish: (domain: string) => net.publish(`_agentpass.${domain}`, reference.authority_configuration_url),
    /** An authority assertion for the Service, signed with jose, with what is changed of its claims and header. */
    sign: (changes: Changes = {}, header: Changes = {}, privateKey: CryptoKey = pair.privateKey) =>
      signed(claims(changes), { kid: key.kid, ...header }, privateKey),
  }
}

/** Signs claims with ES256; members that are undefined are left out. */
export function signed(claims: Changes, header: Changes, privateKey: CryptoKey): Promise<string> {
  const { alg = 'ES256', typ = 'JWT', ...more } = header
  return new SignJWT(claims as JWTPayload).setProtectedHeader({ alg: String(alg), typ: String(typ), ...more }).sign(privateKey)
}

const part = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A compact JWS as an attacker writes it: any header, any payload, and under a key a genuine ES256 signature. */
export async function forged(header: unknown, claims: unknown, privateKey?: CryptoKey): Promise<string> {
  const input = `${part(header)}.${part(claims)}`
  if (!privateKey) return `${input}.`
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, Buffer.from(input))
  return `${input}.${Buffer.from(signature).toString('base64url')}`
}

function readAssertion(request: { header: (name: string) => string | undefined }): Pick<Call, 'assertion'> {
  const [, jwt] = /^Bearer (\S+)$/.exec(request.header('authorization') ?? '') ?? []
  return { assertion: jwt === undefined ? undefined : { header: decodeProtectedHeader(jwt), claims: decodeJwt(jwt) } }
}
