import { SignJWT } from 'jose'
import { createCache } from '../../spec/cache.ts'
import type { Now } from '../../spec/effects.ts'
import type { SigningKey } from '../../spec/jwt.ts'
import type { Session } from '../use/session.ts'

export type IdentityDeps = { origin: string; audience: string; now: Now; signingKey: () => SigningKey }

const VALID_SECONDS = 60
const KEPT_SECONDS = 30

/** Tells the app behind who acts: a JWT it can verify with our JWKS, and the same in plain headers. */
export type IdentityHeaders = (session: Session) => Promise<[string, string][]>

/** Headers that only we may set on the way to the app: anybody else's are dropped. */
export const isIdentityHeader = (name: string): boolean => /^agentpass(?:-|$)/i.test(name)

export function createIdentityHeaders(d: IdentityDeps): IdentityHeaders {
  const signed = createCache<string>(d.now, { limit: 50_000 })
  return async (session) => {
    const scope = session.scope.join(' ')
    const signingKey = d.signingKey() // what a key signed that signs no more is not handed on
    const key = JSON.stringify([signingKey.keyId, session.authorizationId, session.user, session.agent, session.task?.id, scope])
    const jwt = await signed.get(key, async () => ({ value: await sign(d, session, signingKey), ttlSeconds: KEPT_SECONDS }))
    const plain: [string, string | undefined][] = [
      ['agentpass-user', session.user],
      ['agentpass-agent', session.agent],
      ['agentpass-task', session.task?.id],
      ['agentpass-scope', scope],
      ['agentpass-authorization', session.authorizationId],
    ]
    return [...plain.filter(isCarried), ['agentpass-identity', jwt]]
  }
}

/** A value that no header can carry stands in the JWT alone. */
const isCarried = (header: [string, string | undefined]): header is [string, string] =>
  header[1] !== undefined && /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(header[1])

function sign(
  d: IdentityDeps,
  { user, agent, task, scope, authorizationId }: Session,
  { privateKey, algorithm, keyId }: SigningKey,
): Promise<string> {
  const iat = d.now()
  const claims = { sub: user, act: { sub: agent }, ...(task && { task: task.id }), scope: scope.join(' '), authorization_id: authorizationId }
  return new SignJWT({ ...claims, iss: d.origin, aud: d.audience, iat, exp: iat + VALID_SECONDS })
    .setProtectedHeader({ alg: algorithm, typ: 'agentpass-identity+jwt', ...(keyId && { kid: keyId }) })
    .sign(privateKey)
}
