import { Hono } from 'hono'
import { z } from 'zod'
import { noteRefusal } from '../../spec/node/audit.ts'
import type { ConsoleDeps } from './console.ts'
import { CONSOLE, cookieOf, dropCookie, dropErrand, errandOf, keepCookie, keepErrand, ownPathOf, readOwnForm } from './door.ts'
import { respond } from './pages/page.tsx'
import { beginSession, endSession } from './session.ts'
import { beginSignIn, ERRAND_SECONDS, finishSignIn } from './sign-in.ts'

const MOST_PROGRAM_CHARS = 200

/** Signing in and out by the identity provider. */
export const signInRoutes = (d: ConsoleDeps) =>
  new Hono()
    .get(`${CONSOLE}/sign-in`, async (c) => {
      await d.consoleTurns.signIn(d.clientOf(c.req.raw, c.env))
      const to = ownPathOf(c.req.query('to'), d.origin)
      const maxAgeSeconds = c.req.query('recent') === undefined ? undefined : d.settings.step_up.recent_minutes * 60
      const { url, sealed } = await beginSignIn(d, { to, maxAgeSeconds })
      keepErrand(c, sealed, ERRAND_SECONDS)
      c.header('cache-control', 'no-store')
      c.header('referrer-policy', 'no-referrer')
      return c.redirect(url.href, 303)
    })
    .get(`${CONSOLE}/callback`, async (c) => {
      const client = d.clientOf(c.req.raw, c.env)
      await d.consoleTurns.signIn(client)
      const { search } = new URL(c.req.url)
      const { signedIn, to } = await noteRefusal(d.audit, { event: 'sign_in', address: client }, () => finishSignIn(d, search, errandOf(c)))
      const program = (c.req.header('user-agent') ?? 'unknown').slice(0, MOST_PROGRAM_CHARS)
      const value = await beginSession(d, signedIn, { client: { address: client, program }, before: cookieOf(c) })
      dropErrand(c)
      keepCookie(c, value, d.settings.sessions.absolute_hours * 3600)
      c.header('cache-control', 'no-store')
      c.header('referrer-policy', 'no-referrer') // the address has the provider's code in it
      return c.redirect(to, 303)
    })
    .post(`${CONSOLE}/sign-out`, async (c) => {
      const { session } = await readOwnForm(d, c, z.object({}))
      const idToken = await endSession(d, session)
      dropCookie(c)
      const there = await d.provider.signOutUrl(idToken).catch(() => undefined) // who cannot sign out there has signed out here
      return c.redirect(there?.href ?? `${CONSOLE}/signed-out`, 303)
    })
    .get(`${CONSOLE}/signed-out`, () =>
      respond(d.frame(), {
        title: 'Signed out',
        children: (
          <>
            <h1>You are signed out</h1>
            <p>
              <a class="button" href={`${CONSOLE}/sign-in`}>
                Sign in
              </a>
            </p>
          </>
        ),
      }),
    )
