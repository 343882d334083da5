import { createLocalJWKSet, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { createDesk } from './world/desk.ts'

export const ISSUER = 'https://desk.localhost'
export const AUDIENCE = 'tickets'
export const NOW = 1_700_000_000
export const JSON_BODY = { 'content-type': 'application/json' }
const FORM_BODY = { 'content-type': 'application/x-www-form-urlencoded' }
const [gateway, stranger, other] = await Promise.all(['ES256', 'ES256', 'ES384'].map((alg) => generateKeyPair(alg)))
/** The gateway's two published keys, and those of a stranger. */
export const PRIVATE_KEYS = { gateway: gateway!.privateKey, otherAlgorithm: other!.privateKey, stranger: stranger!.privateKey }
export const keys = createLocalJWKSet({
  keys: await Promise.all([gateway, other].map(async (pair) => ({ ...(await exportJWK(pair!.publicKey)), kid: 'g' }))),
})

/** Signs what a gateway says of a caller. */
export const sign = (payload: JWTPayload, key = PRIVATE_KEYS.gateway, alg = 'ES256') =>
  new SignJWT(payload).setProtectedHeader({ alg, kid: 'g' }).sign(key)

/** A new desk and its gateway: ada calls through agent-7 for task-1, unless a call says otherwise by `as`. */
export function openDesk() {
  let clock = NOW
  const desk = createDesk({ now: () => clock, keys, issuer: ISSUER, audience: AUDIENCE })
  const claims = (changes: JWTPayload = {}): JWTPayload => ({
    ...{ iss: ISSUER, aud: AUDIENCE, sub: 'ada@acme.localhost', act: { sub: 'agent-7' }, task: 'task-1' },
    ...{ scope: 'tickets:read tickets:write', authorization_id: 'az-1', iat: clock, exp: clock + 60 },
    ...changes,
  })
  const byJwt = async (changes: JWTPayload = {}) => ({ 'agentpass-identity': await sign(claims(changes)) })
  /** With all that a gateway sends: the signed word and the plain headers. */
  const call = async (path: string, { as, ...init }: RequestInit & { as?: JWTPayload | undefined } = {}): Promise<Response> => {
    const { scope, sub } = claims(as)
    const plain = { 'agentpass-user': `${sub}`, 'agentpass-agent': 'agent-7', 'agentpass-task': 'task-1', 'agentpass-scope': `${scope}` }
    const headers = { ...(await byJwt(as)), ...plain, 'agentpass-authorization': 'az-1', ...Object.fromEntries(new Headers(init.headers)) }
    return desk.request(`${ISSUER}${path}`, { ...init, headers })
  }
  const post = (path: string, body?: unknown, as?: JWTPayload) =>
    call(path, { method: 'POST', headers: JSON_BODY, ...(body === undefined ? {} : { body: JSON.stringify(body) }), as })
  const submit = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    call(path, { method: 'POST', headers: { ...FORM_BODY, ...headers }, body: new URLSearchParams(fields).toString() })
  const pass = (seconds: number) => {
    clock += seconds
  }
  return { desk, claims, byJwt, call, post, submit, pass }
}
