import { errorResponse, ProtocolError } from '../../spec/error.ts'
import { noSessionCookie } from './cookie.ts'
import { pageOfRefusal } from './pages.tsx'
import type { Session } from './session.ts'

/** No credentials were sent at all: the challenge then names no error (RFC 6750 §3.1). */
export class NoCredential extends Error {}

class InsufficientScope extends ProtocolError {
  readonly allowing: string[]
  constructor(allowing: string[]) {
    super('insufficient_scope', allowing.length > 0 ? `this act needs the scope ${allowing.join(' or ')}` : 'no scope allows this act to an agent')
    this.allowing = allowing
  }
}

/** Throws insufficient_scope unless the session holds one of the scopes that allow an act. */
export function requireOneOf(session: Session, allowing: string[]): void {
  if (!allowing.some((scope) => session.scope.includes(scope))) throw new InsufficientScope(allowing)
}

/** Whether a person looks at the answer, or an agent's browser: one that wants a page and shows no token. */
const isBrowser = ({ headers }: Request): boolean => !headers.has('authorization') && /\btext\/html\b/i.test(headers.get('accept') ?? '')

/** A refusal as a page, where a browser asked; undefined where a program did. */
export async function refuseWithPage(origin: string, refusal: ProtocolError, request: Request): Promise<Response | undefined> {
  if (!isBrowser(request)) return undefined
  const page = await pageOfRefusal(origin, refusal)
  if (refusal.retryAfterSeconds !== undefined) page.headers.set('retry-after', String(refusal.retryAfterSeconds))
  return withoutEndedSession(page, refusal)
}

/** A refusal as RFC 6750 §3 wants it: our error body with a `WWW-Authenticate` challenge; for a browser a page. */
export async function refuseAccess(origin: string, refusal: ProtocolError, request: Request): Promise<Response> {
  const response = (await refuseWithPage(origin, refusal, request)) ?? withoutEndedSession(errorResponse(refusal), refusal)
  if (refusal.status !== 401 && refusal.status !== 403) return response
  const parts = [`Bearer realm="${origin}"`]
  if (!(refusal.cause instanceof NoCredential)) parts.push(`error="${refusal.code}"`)
  if (refusal instanceof InsufficientScope) {
    const named = refusal.allowing.filter((scope) => SCOPE_TOKEN.test(scope))
    if (named.length > 0) parts.push(`scope="${named.join(' ')}"`)
  }
  response.headers.set('www-authenticate', parts.join(', '))
  return response
}

const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/ // RFC 6749 §3.3

/** The browser's copy of a session that has ended goes too. */
function withoutEndedSession(response: Response, refusal: ProtocolError): Response {
  if (refusal.cause instanceof SessionEnded) response.headers.append('set-cookie', noSessionCookie())
  return response
}

/** A browser showed the cookie of a session that does not live. */
export class SessionEnded extends Error {}
