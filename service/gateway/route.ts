import { Hono } from 'hono'
import { asVariable, beyondThisConnection } from '../../spec/connection.ts'
import { ProtocolError } from '../../spec/error.ts'
import type { Audit } from '../../spec/node/audit.ts'
import { type EndTaskDeps, endTask } from '../revoke/end.ts'
import { noSessionCookie } from '../use/cookie.ts'
import { createGuard, type GuardDeps, type Guarded, requireSession } from '../use/guard.ts'
import { refuseAccess, requireOneOf } from '../use/refusal.ts'
import type { Session } from '../use/session.ts'
import { type Act, allows, requirePlainPath } from './acts.ts'
import { type IdentityHeaders, isIdentityHeader } from './identity.ts'
import { whileAllowed } from './under-way.ts'

/** Passes a request on to the app behind, and its answer back, both as streams. Throws service_unavailable when the app does not answer. */
export type Forward = (
  pathAndQuery: string,
  init: { method: string; headers: Headers; body: ReadableStream<Uint8Array> | null; signal: AbortSignal },
) => Promise<Response>
export type GatewayScope = { name: string; acts: Act[] }
/** `signOutActs` are the app's own ways to sign out: nobody is kept from them, and they end the agent's task. */
export type GatewayDeps = GuardDeps &
  EndTaskDeps & { audit: Audit; gatewayScopes: GatewayScope[]; signOutActs: Act[]; identityHeaders: IdentityHeaders; forward: Forward }

/** Credentials that are ours to read, and what would let a caller pose as a proxy or change the method or path that was judged. */
const ENDS_HERE =
  /^(?:host|expect|authorization|cookie|forwarded|x-forwarded-.*|x-real-ip|x-(?:http-)?method(?:-override)?|x-(?:original|rewrite)-.*)$/

/** The gateway in front of an unmodified app: everything that is no step of the protocol comes here. */
export const gatewayRoutes = (d: GatewayDeps) =>
  new Hono<Guarded>().all('*', createGuard(d), async (c) => {
    try {
      return await pass(d, c.var, c.req.raw)
    } catch (refusal) {
      if (refusal instanceof ProtocolError && refusal.code === 'insufficient_scope') return refuseAccess(d.origin, refusal, c.req.raw)
      throw refusal
    }
  })

async function pass(d: GatewayDeps, { session, credential }: Guarded['Variables'], request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url)
  requirePlainPath(pathname)
  const asked = { request, pathAndQuery: pathname + search }
  const isSignOut = d.signOutActs.some((act) => allows(act, request.method, pathname))
  if (!isSignOut) {
    judge(d, session, request.method, pathname)
    const allowedAt = d.now()
    const { body, ...answer } = await passOn(d, session, asked)
    const requireAllowed = async () => requireOneOf(await requireSession(d, credential), allowing(d, request.method, pathname))
    return new Response(body && whileAllowed(d, body, { allowedAt, requireAllowed }), answer)
  }
  try {
    const { body, ...answer } = await passOn(d, session, asked)
    if (session.type === 'browser_session') answer.headers.append('set-cookie', noSessionCookie())
    return new Response(body, answer)
  } finally {
    await endTask(d, { ...credential, because: 'the agent signed out' }) // also where the app was not told, or nobody waited for its answer
  }
}

type Asked = { request: Request; pathAndQuery: string }

async function passOn(d: GatewayDeps, session: Session, { request, pathAndQuery }: Asked): Promise<Pick<Response, 'status' | 'headers' | 'body'>> {
  const { status, headers, body } = await d.forward(pathAndQuery, {
    method: request.method,
    headers: await onwardHeaders(d, session, request.headers),
    body: request.body,
    signal: request.signal,
  })
  return { status, headers: backwardHeaders(session, headers), body }
}

/** Whether the session may do this. Acts that change something are audited, allowed or not. */
function judge(d: GatewayDeps, session: Session, method: string, path: string): void {
  const about = {
    event: 'use',
    act: `${method} ${path}`,
    user: session.user,
    agent: session.agent,
    task: session.task?.id,
    authorization_id: session.authorizationId,
  }
  try {
    requireOneOf(session, allowing(d, method, path))
  } catch (refusal) {
    d.audit.note({ ...about, outcome: 'refused', code: 'insufficient_scope' })
    throw refusal
  }
  if (method !== 'GET' && method !== 'HEAD') d.audit.note({ ...about, outcome: 'allowed' })
}

/** The scopes that open an act. */
const allowing = ({ gatewayScopes }: GatewayDeps, method: string, path: string): string[] =>
  gatewayScopes.filter(({ acts }) => acts.some((act) => allows(act, method, path))).map(({ name }) => name)

async function onwardHeaders(d: GatewayDeps, session: Session, headers: Headers): Promise<Headers> {
  const onward = new Headers(
    beyondThisConnection(headers).filter(([name]) => !ENDS_HERE.test(asVariable(name)) && !isIdentityHeader(asVariable(name))),
  )
  for (const [name, value] of await d.identityHeaders(session)) onward.set(name, value)
  return onward
}

/** An agent never takes a cookie of the app's away: it could be a person's session. */
function backwardHeaders({ type }: Session, headers: Headers): Headers {
  const backward = new Headers(beyondThisConnection(headers).filter(([name]) => name !== 'set-cookie'))
  if (type !== 'browser_session') return backward
  for (const name of [...backward.keys()]) if (OF_SHARED_CACHES.test(name)) backward.delete(name)
  backward.set('cache-control', cacheControl(headers))
  return backward
}

/** What tells shared caches alone (RFC 9213), over what `Cache-Control` says. */
const OF_SHARED_CACHES = /(?:^|-)cdn-cache-control$|^surrogate-control$/
const FOR_SHARED_CACHES = /^(?:public|s-maxage)\b/i

/**
 * A browser keeps no page of what it may soon not see any more, and a shared cache nothing at all: a request with our cookie looks to it like anybody's,
 * where one with an `Authorization` does not (RFC 9111 §3.5).
 */
function cacheControl(headers: Headers): string {
  if (/^text\/html\b/i.test(headers.get('content-type') ?? '')) return 'no-store'
  const said = (headers.get('cache-control') ?? '').split(',').map((directive) => directive.trim())
  return ['private', ...said.filter((directive) => directive !== '' && !FOR_SHARED_CACHES.test(directive))].join(', ')
}
