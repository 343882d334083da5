import type { MiddlewareHandler } from 'hono'
import { errorResponse, ProtocolError } from '../../spec/error.ts'
import type { FindSession, Session } from './session.ts'

export type GuardDeps = { origin: string; findSession: FindSession }
/** What the guard has put at hand for the handlers behind it: `c.var.session`. */
export type Guarded = { Variables: { session: Session } }

/**
 * Hono middleware that lets a request on with the live session of its bearer token, and answers every other with a challenge (RFC 6750 §3).
 * For an app that takes AgentPass tokens itself: `app.use(guard)`, then `c.var.session` says who acts, for whom and with which scope. The gateway stands on it too.
 */
export const createGuard =
  (d: GuardDeps): MiddlewareHandler<Guarded> =>
  async (c, next) => {
    try {
      c.set('session', await requireSession(d, c.req.header('authorization')))
    } catch (refusal) {
      if (refusal instanceof ProtocolError && refusal.code === 'invalid_token') return challenge(d.origin, refusal)
      throw refusal
    }
    await next()
  }

/** The session of a request by its `Authorization: Bearer` (protocol 8). Throws invalid_token, authority_unavailable. */
async function requireSession(d: GuardDeps, authorization: string | undefined): Promise<Session> {
  const token = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
  if (token === undefined) throw new ProtocolError('invalid_token', 'this address needs a bearer token', { cause: new NoToken() })
  const session = await d.findSession({ type: 'bearer_token', value: token })
  if (!session) throw new ProtocolError('invalid_token', 'the bearer token is unknown, expired or has ended')
  return session
}

/** No credentials were sent at all: the challenge then names no error (RFC 6750 §3.1). */
class NoToken extends Error {}

/** Throws insufficient_scope unless the session holds one of the scopes that allow an act. */
export function requireOneOf(session: Session, allowing: string[]): void {
  if (!allowing.some((scope) => session.scope.includes(scope))) throw new InsufficientScope(allowing)
}

class InsufficientScope extends ProtocolError {
  readonly allowing: string[]
  constructor(allowing: string[]) {
    super('insufficient_scope', allowing.length > 0 ? `this act needs the scope ${allowing.join(' or ')}` : 'no scope allows this act to an agent')
    this.allowing = allowing
  }
}

/** A refusal as RFC 6750 §3 wants it: our error body with a `WWW-Authenticate` challenge. */
export function challenge(origin: string, refusal: ProtocolError): Response {
  const response = errorResponse(refusal)
  if (refusal.status !== 401 && refusal.status !== 403) return response
  const parts = [`Bearer realm="${origin}"`]
  if (!(refusal.cause instanceof NoToken)) parts.push(`error="${refusal.code}"`)
  if (refusal instanceof InsufficientScope) {
    const named = refusal.allowing.filter((scope) => SCOPE_TOKEN.test(scope))
    if (named.length > 0) parts.push(`scope="${named.join(' ')}"`)
  }
  response.headers.set('www-authenticate', parts.join(', '))
  return response
}

const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/ // RFC 6749 §3.3
