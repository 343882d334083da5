import { Hono } from 'hono'
import { readBody } from '../../spec/body.ts'
import { noteRefusal } from '../../spec/node/audit.ts'
import type { ClientOf } from '../../spec/node/client.ts'
import { answer } from '../../spec/node/doors.ts'
import type { Profile } from '../../spec/profile.ts'
import { CheckRequest } from '../../spec/wire/validation.ts'
import type { AuthenticateService } from '../discover/authenticate.ts'
import { type CheckDeps, check } from './check.ts'
import type { LastChecks } from './last-checks.ts'

type Deps = CheckDeps & { profile: Profile; authenticate: AuthenticateService; lastChecks: LastChecks; clientOf: ClientOf }

export const checkRoutes = (d: Deps) =>
  new Hono().post('/authorization/check', async (c) => {
    const { service } = await d.authenticate(c.req.header('authorization'))
    const { authorization_id } = await readBody(c.req.raw, CheckRequest, d.profile)
    const about = { event: 'check', service, authorization_id, address: d.clientOf(c.req.raw, c.env) }
    const checked = await noteRefusal(d.audit, about, () => check(d, authorization_id, service))
    d.audit.note({ ...about, outcome: 'active' })
    d.lastChecks.note(authorization_id, d.now())
    return answer(checked)
  })
