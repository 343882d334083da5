import { Hono } from 'hono'
import { readBody } from '../../spec/body.ts'
import { noteRefusal } from '../../spec/node/audit.ts'
import type { ClientOf } from '../../spec/node/client.ts'
import { answer } from '../../spec/node/doors.ts'
import type { Profile } from '../../spec/profile.ts'
import { ValidationRequest } from '../../spec/wire/validation.ts'
import type { AuthenticateService } from '../discover/authenticate.ts'
import { type RedeemDeps, redeem } from './redeem.ts'

type Deps = RedeemDeps & { profile: Profile; authenticate: AuthenticateService; clientOf: ClientOf }

export const redeemRoutes = (d: Deps) =>
  new Hono().post('/validate', async (c) => {
    const { service } = await d.authenticate(c.req.header('authorization'))
    const { agentpass } = await readBody(c.req.raw, ValidationRequest, d.profile)
    const caller = { service, address: d.clientOf(c.req.raw, c.env) }
    return answer(await noteRefusal(d.audit, { event: 'validation', ...caller }, () => redeem(d, agentpass.value, caller)))
  })
