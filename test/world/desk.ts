import { Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { secureHeaders } from 'hono/secure-headers'
import { apiRoutes } from './desk/api.ts'
import { type CallerDeps, type DeskEnv, findCaller } from './desk/caller.ts'
import { refuse } from './desk/refuse.tsx'
import { createTickets } from './desk/tickets.ts'
import { webRoutes } from './desk/web.tsx'

const BODY_LIMIT_BYTES = 64 * 1024

/** The ticket desk: an ordinary small web app with an API. Of AgentPass it knows only how its gateway tells it who calls (`desk/caller.ts`);
 *  a request without the gateway's word is 401, whatever it asks for. Each desk has tickets of its own, in memory. */
export function createDesk(d: CallerDeps): Hono {
  const tickets = createTickets(d.now)
  const app = new Hono<DeskEnv>()
  app.use(pageHeaders)
  app.use(async (c, next) => {
    c.header('cache-control', 'no-store')
    const caller = await findCaller(d, c.req.raw.headers)
    if (!caller) throw new HTTPException(401, { message: 'the gateway has not said who calls' })
    c.set('caller', caller)
    await next()
  })
  app.use(ownPagesOnly(d.issuer))
  app.use(bodyLimit({ maxSize: BODY_LIMIT_BYTES, onError: (c) => refuse(c, 413, 'the body is over 64 KiB') }))
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => {
        c.header('allow', methods.join(', '))
        return refuse(c, 405, `here only ${methods.join(', ')} will do`)
      },
    }),
  )
  app.route('/api', apiRoutes(tickets))
  app.route('/', webRoutes(tickets))
  app.notFound((c) => refuse(c, 404, 'there is nothing here'))
  app.onError((error, c) => {
    if (error instanceof HTTPException) return refuse(c, error.status, error.message)
    console.error(error)
    return refuse(c, 500, 'the desk has a fault')
  })
  return new Hono().all('*', (c) => app.fetch(c.req.raw)) // its context is its own affair
}

const pageHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    formAction: ["'self'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: 'DENY',
  referrerPolicy: 'same-origin', // with none a browser would send `Origin: null` with our own forms
  strictTransportSecurity: false, // the gateway's to say: it holds the certificate
})

/** A browser changes something only from our own pages, so that no other site can use its session. Programs send neither header. */
const ownPagesOnly =
  (origin: string): MiddlewareHandler =>
  async (c, next) => {
    const [site, from] = [c.req.header('sec-fetch-site'), c.req.header('origin')]
    const own = site ? site === 'same-origin' || site === 'none' : !from || from === origin
    if (!own && !['GET', 'HEAD'].includes(c.req.method)) throw new HTTPException(403, { message: 'another site may not do this' })
    await next()
  }
