import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { z } from 'zod'
import { readForm } from '../../spec/body.ts'
import { ProtocolError } from '../../spec/error.ts'
import type { ClientOf } from '../../spec/node/client.ts'
import { parseUrl } from '../../spec/origin.ts'
import { readSession, requireSession, type Session, type SessionDeps } from './session.ts'

/** A form of ours: every one has the token. */
const FormWithToken = z.looseObject({ form_token: z.string() })

export const CONSOLE = '/console'
const SESSION_COOKIE = 'agentpass-console'
/** Sent when a person comes from elsewhere, by a link in a message or from the provider, and with no form of another site's. */
const COOKIE = { prefix: 'host', secure: true, httpOnly: true, sameSite: 'Lax', path: '/' } as const

export const cookieOf = (c: Context): string | undefined => getCookie(c, SESSION_COOKIE, 'host')
export const keepCookie = (c: Context, value: string, maxAgeSeconds: number): void =>
  setCookie(c, SESSION_COOKIE, value, { ...COOKIE, maxAge: maxAgeSeconds })
export const dropCookie = (c: Context): void => void deleteCookie(c, SESSION_COOKIE, COOKIE)

const ERRAND_COOKIE = 'agentpass-sign-in'
export const errandOf = (c: Context): string | undefined => getCookie(c, ERRAND_COOKIE, 'host')
export const keepErrand = (c: Context, sealed: string, maxAgeSeconds: number): void =>
  setCookie(c, ERRAND_COOKIE, sealed, { ...COOKIE, maxAge: maxAgeSeconds })
export const dropErrand = (c: Context): void => void deleteCookie(c, ERRAND_COOKIE, COOKIE)

/** The session of whoever asks. What a page asks by itself, to renew itself, is no sign of a person, and keeps no session alive. Throws unauthenticated. */
export async function sessionOf(d: SessionDeps & { clientOf: ClientOf }, c: Context): Promise<Session> {
  const isByItself = c.req.method === 'GET' && (c.req.header('sec-fetch-dest') === 'empty' || c.req.query(RENEWED) !== undefined)
  const session = requireSession(await readSession(d, cookieOf(c), { isUsed: !isByItself }))
  return { ...session, address: d.clientOf(c.req.raw, c.env) }
}

/** The parameter by which a page without script asks for itself again. */
export const RENEWED = 'renewed'

/**
 * Reads a form that one of our own pages has sent, for the session of whoever sends it (B-06): the browser says that it comes from here, and the form has the token of that session.
 * Throws unauthenticated, forbidden, and as `readForm`.
 */
export async function readOwnForm<S extends z.ZodType>(
  d: SessionDeps & { origin: string; clientOf: ClientOf },
  c: Context,
  schema: S,
): Promise<{ session: Session; form: z.infer<S> }> {
  const session = await sessionOf(d, c)
  requireOwnOrigin(c.req.raw, d.origin)
  const { form_token: token, ...members } = await readForm(c.req.raw, FormWithToken)
  if (token !== session.formToken) throw new ProtocolError('forbidden', 'this form is not of your session: open the page again')
  const form = schema.safeParse(members)
  if (!form.success) throw new ProtocolError('malformed_request', 'the form cannot be read: open the page again', { cause: form.error })
  return { session, form: form.data }
}

/** A browser says where a form comes from; whoever does not say it is none of ours. Throws forbidden. */
export function requireOwnOrigin(request: Request, origin: string): void {
  const site = request.headers.get('sec-fetch-site')
  if (request.headers.get('origin') !== origin || (site !== null && site !== 'same-origin'))
    throw new ProtocolError('forbidden', 'only a page of this console may ask for that')
}

/** Where somebody is taken after signing in: a page of the console, and nowhere else (B-01). */
export function ownPathOf(to: string | undefined, origin: string): string {
  const url = to !== undefined && /^\/(?![/\\])[\x21-\x7e]*$/.test(to) ? parseUrl(new URL(to, origin).href) : undefined
  const isOurs = url?.origin === origin && (url.pathname === CONSOLE || url.pathname.startsWith(`${CONSOLE}/`))
  return isOurs ? `${url.pathname}${url.search}` : CONSOLE
}
