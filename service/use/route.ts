import { Hono } from 'hono'
import { getCookie } from 'hono/cookie'
import { ProtocolError } from '../../spec/error.ts'
import { SESSION_PATH } from '../discover/route.ts'
import { type EndTaskDeps, endTask } from '../revoke/end.ts'
import { noSessionCookie, SESSION_COOKIE } from './cookie.ts'
import { createGuard, type GuardDeps, type Guarded, isFromOwnPage } from './guard.ts'
import { pageOfEnd, pageOfSession } from './pages.tsx'

export type SessionRouteDeps = GuardDeps & EndTaskDeps

/** The one page of a browser session that is ours and not the app's: who acts in this browser, and the end of it. */
export const sessionRoutes = (d: SessionRouteDeps): Hono => {
  const shown = new Hono<Guarded>().get(SESSION_PATH, createGuard(d), (c) => pageOfSession(d.origin, c.var.session))
  return new Hono().route('/', shown).post(`${SESSION_PATH}/end`, async (c) => {
    if (!isFromOwnPage(d.origin, c.req.raw.headers)) throw new ProtocolError('forbidden', 'another site may not end this browser session')
    const secret = getCookie(c, SESSION_COOKIE)
    if (secret !== undefined) await endTask(d, { type: 'browser_session', value: secret, because: 'the session was ended in its browser' })
    const response = await pageOfEnd(d.origin)
    response.headers.append('set-cookie', noSessionCookie())
    return response
  })
}
