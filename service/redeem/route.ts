import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { readBody, readForm } from '../../spec/body.ts'
import { ProtocolError } from '../../spec/error.ts'
import { noteRefusal } from '../../spec/node/audit.ts'
import type { ClientOf } from '../../spec/node/client.ts'
import { answer, DOOR_HEADERS, type TakeTurn } from '../../spec/node/doors.ts'
import { BearerTokenRedemption, BrowserSessionRedemption } from '../../spec/wire/redemption.ts'
import { INITIALIZE_PATH, REDEEM_BEARER_PATH, REDEEM_BROWSER_PATH } from '../discover/route.ts'
import { sessionCookie } from '../use/cookie.ts'
import { aboutValidation } from './bought.ts'
import { type CredentialDeps, openBearerToken } from './credential.ts'
import { type InitializationDeps, openInitialization } from './initialization.ts'
import { type InitializeDeps, initialize } from './initialize.ts'
import { type Grant, type RedeemDeps, type Redemption, redeem } from './redeem.ts'

export type RedeemRouteDeps = RedeemDeps &
  CredentialDeps &
  InitializationDeps &
  InitializeDeps & { clientOf: ClientOf; turns: { redemption: TakeTurn; initialization: TakeTurn } }

/** One-time tokens are ours: anything else was never one. */
const OneTimeToken = z.object({ token: z.string().min(1).max(1024) })

export const redeemRoutes = (d: RedeemRouteDeps) =>
  new Hono()
    .post(REDEEM_BEARER_PATH, async (c) => {
      await d.turns.redemption(d.clientOf(c.req.raw, c.env))
      const request = await readBody(c.req.raw, BearerTokenRedemption, d.profile)
      return redeemFor(d, request, { path: REDEEM_BEARER_PATH, open: (grant, httpRequest) => openBearerToken(d, grant, httpRequest) })
    })
    .post(REDEEM_BROWSER_PATH, async (c) => {
      await d.turns.redemption(d.clientOf(c.req.raw, c.env))
      const request = await readBody(c.req.raw, BrowserSessionRedemption, d.profile)
      const open = (grant: Grant, httpRequest: string) => openInitialization(d, grant, { httpRequest, methods: request.initialization_methods })
      return redeemFor(d, request, { path: REDEEM_BROWSER_PATH, open })
    })
    .get(INITIALIZE_PATH, async (c) => {
      requireLoad(c.req.raw)
      if (d.profile === 'hardened') throw new ProtocolError('method_not_allowed', 'a browser session begins with the form that its redemption named')
      const { data } = OneTimeToken.safeParse({ token: c.req.query('token') })
      if (!data) throw new ProtocolError('malformed_request', 'token is missing or invalid')
      return begin(d, c, data.token)
    })
    .post(INITIALIZE_PATH, async (c) => {
      requireLoad(c.req.raw)
      const { token } = await readForm(c.req.raw, OneTimeToken)
      return begin(d, c, token)
    })

type Flow = { path: string; open: (grant: Grant, httpRequest: string) => Promise<object> }

/** Redemption, whichever credential it is for: who asked for what is audited, granted or refused. */
async function redeemFor(d: RedeemRouteDeps, request: Redemption, { path, open }: Flow): Promise<Response> {
  const httpRequest = d.random(9)
  const { type } = request.agentpass
  const about = { event: 'redemption', type, user: request.user.email, authority: request.authority, http_request: httpRequest }
  const redeemed = () =>
    redeem(d, request, {
      endpoint: d.origin + path,
      validated: (validation) => Object.assign(about, { ...aboutValidation(validation), reason: `redeemed for ${request.user.email}` }),
      open: (grant) => open(grant, httpRequest),
    })
  return answer(await noteRefusal(d.audit, about, redeemed), 200, { 'x-request-id': httpRequest, pragma: 'no-cache' })
}

/** What looks ahead spends nothing: a prefetch, a prerender, a preview (protocol 8). Throws malformed_request; of `HEAD`, method_not_allowed. */
function requireLoad({ method, headers }: Request): void {
  if (method === 'HEAD') throw new ProtocolError('method_not_allowed', 'this address is loaded once, and not looked at before')
  const purpose = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'].map((name) => headers.get(name) ?? '').join()
  if (/prefetch|prerender|preview/i.test(purpose)) throw new ProtocolError('malformed_request', 'this address is loaded once, and not ahead of time')
}

/** The answer is the browser's alone: a cookie of the agent's own, beside whatever a person has there, and the way to the approved destination. */
async function begin(d: RedeemRouteDeps, c: Context, token: string): Promise<Response> {
  await d.turns.initialization(d.clientOf(c.req.raw, c.env))
  const { secret, maxAgeSeconds, destination } = await noteRefusal(d.audit, { event: 'initialization' }, () => initialize(d, token))
  return new Response(null, { status: 303, headers: { ...DOOR_HEADERS, location: destination, 'set-cookie': sessionCookie(secret, maxAgeSeconds) } })
}
