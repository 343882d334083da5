import { Hono } from 'hono'
import { readBody } from '../../spec/body.ts'
import { ProtocolError } from '../../spec/error.ts'
import type { ClientOf } from '../../spec/node/client.ts'
import { answer, type TakeTurn } from '../../spec/node/doors.ts'
import type { Profile } from '../../spec/profile.ts'
import { ResolutionRequest } from '../../spec/wire/resolution.ts'
import { type TrustDeps, trustFor } from './trust.ts'

export type ResolveDeps = TrustDeps & { profile: Profile; clientOf: ClientOf; turns: { resolution: TakeTurn } }

export const resolveRoutes = (d: ResolveDeps) =>
  new Hono().post('/agentpass/resolve-authorities', async (c) => {
    await d.turns.resolution(d.clientOf(c.req.raw, c.env))
    const { user } = await readBody(c.req.raw, ResolutionRequest, d.profile)
    const { answer: authorities } = await trustFor(d, user.email)
    if (!authorities) throw new ProtocolError('no_authority', 'no authority may decide for this user here')
    return answer(authorities)
  })
