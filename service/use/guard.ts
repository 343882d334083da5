import type { Context, MiddlewareHandler } from 'hono'
import { getCookie } from 'hono/cookie'
import { ProtocolError } from '../../spec/error.ts'
import { SESSION_COOKIE } from './cookie.ts'
import { NoCredential, refuseAccess, SessionEnded } from './refusal.ts'
import type { FindSession, Presented, Session, WhyEnded } from './session.ts'

export type GuardDeps = { origin: string; findSession: FindSession; whyEnded: WhyEnded }
/** What the guard has put at hand for the handlers behind it: `c.var.session`, and the credential that it is the session of. */
export type Guarded = { Variables: { session: Session; credential: Presented } }

/**
 * Hono middleware that lets a request on with the live session of its bearer token, or of its browser's cookie, and answers every other with a challenge (RFC 6750 §3),
 * a browser with a page. For an app that takes AgentPass credentials itself: `app.use(guard)`, then `c.var.session` says who acts, for whom and with which scope.
 * The gateway stands on it too.
 */
export const createGuard =
  (d: GuardDeps): MiddlewareHandler<Guarded> =>
  async (c, next) => {
    try {
      const credential = readCredential(c)
      const session = await requireSession(d, credential)
      requireOwnPage(d.origin, session, c.req.raw)
      c.set('session', session)
      c.set('credential', credential)
    } catch (refusal) {
      if (refusal instanceof ProtocolError && (refusal.status === 401 || refusal.status === 403)) return refuseAccess(d.origin, refusal, c.req.raw)
      throw refusal
    }
    await next()
  }

/** What a request shows of itself: its `Authorization` where it has one, and only otherwise the session's cookie. Throws invalid_token. */
function readCredential(c: Context): Presented {
  const authorization = c.req.header('authorization')
  const secret = authorization === undefined ? getCookie(c, SESSION_COOKIE) : undefined
  if (secret !== undefined) return { type: 'browser_session', value: secret }
  const token = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
  if (token !== undefined) return { type: 'bearer_token', value: token }
  throw new ProtocolError('invalid_token', 'this address needs a bearer token', { cause: new NoCredential() })
}

/** The session of a request's credential (protocol 8). Throws invalid_token, authority_unavailable. */
export async function requireSession(d: GuardDeps, presented: Presented): Promise<Session> {
  const session = await d.findSession(presented)
  if (session) return session
  if (presented.type === 'bearer_token') throw new ProtocolError('invalid_token', 'the bearer token is unknown, expired or has ended')
  const why = (await d.whyEnded(presented)) ?? 'it is unknown or has expired'
  throw new ProtocolError('invalid_token', `this browser session has ended: ${why}`, { cause: new SessionEnded() })
}

/** A browser sends a session's cookie with what a neighbouring site makes it send, so what changes something must come from a page of ours. Throws forbidden. */
function requireOwnPage(origin: string, { type }: Session, { method, headers }: Request): void {
  if (type !== 'browser_session' || method === 'GET' || method === 'HEAD') return
  if (!isFromOwnPage(origin, headers)) throw new ProtocolError('forbidden', 'another site may not act in this browser session')
}

/** Whether a browser says that a page of this origin made the request. A program that holds the cookie says nothing, and nobody else can make it send that. */
export function isFromOwnPage(origin: string, headers: Headers): boolean {
  const [site, from] = [headers.get('sec-fetch-site'), headers.get('origin')]
  return site === null ? from === null || from === origin : site === 'same-origin' || site === 'none'
}
