import { Hono } from 'hono'
import { readBody } from '../../spec/body.ts'
import { noteRefusal } from '../../spec/node/audit.ts'
import { answer } from '../../spec/node/doors.ts'
import { CloseRequest } from '../../spec/wire/validation.ts'
import type { AuthenticateService } from '../discover/authenticate.ts'
import { type CloseDeps, close } from './close.ts'

export const closeRoutes = (d: CloseDeps & { authenticate: AuthenticateService }) =>
  new Hono().post('/authorization/close', async (c) => {
    const caller = await d.authenticate(c.req.header('authorization'))
    const request = await readBody(c.req.raw, CloseRequest, d.profile)
    const about = { event: 'close', service: caller.service, authorization_id: request.authorization_id }
    return answer(await noteRefusal(d.audit, about, () => close(d, request, caller)))
  })
