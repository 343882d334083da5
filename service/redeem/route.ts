import { Hono } from 'hono'
import { readBody } from '../../spec/body.ts'
import { ProtocolError } from '../../spec/error.ts'
import { noteRefusal } from '../../spec/node/audit.ts'
import type { ClientOf } from '../../spec/node/client.ts'
import { answer, type TakeTurn } from '../../spec/node/doors.ts'
import { BearerTokenRedemption, BrowserSessionRedemption } from '../../spec/wire/redemption.ts'
import { REDEEM_BEARER_PATH, REDEEM_BROWSER_PATH } from '../discover/route.ts'
import { aboutValidation, type CredentialDeps, openBearerToken } from './credential.ts'
import { type RedeemDeps, redeem } from './redeem.ts'

export type RedeemRouteDeps = RedeemDeps & CredentialDeps & { clientOf: ClientOf; turns: { redemption: TakeTurn } }

export const redeemRoutes = (d: RedeemRouteDeps) =>
  new Hono()
    .post(REDEEM_BEARER_PATH, async (c) => {
      await d.turns.redemption(d.clientOf(c.req.raw, c.env))
      const request = await readBody(c.req.raw, BearerTokenRedemption, d.profile)
      const httpRequest = d.random(9)
      const about = { event: 'redemption', user: request.user.email, authority: request.authority, http_request: httpRequest }
      const bearer = () =>
        redeem(d, request, {
          endpoint: `${d.origin}${REDEEM_BEARER_PATH}`,
          validated: (validation) => Object.assign(about, { ...aboutValidation(validation), reason: `redeemed for ${request.user.email}` }),
          open: (grant) => openBearerToken(d, grant, httpRequest),
        })
      return answer(await noteRefusal(d.audit, about, bearer), 200, { 'x-request-id': httpRequest, pragma: 'no-cache' })
    })
    .post(REDEEM_BROWSER_PATH, async (c) => {
      await readBody(c.req.raw, BrowserSessionRedemption, d.profile)
      throw new ProtocolError('unprocessable', 'this service opens no browser sessions: ask for a bearer token')
    })
