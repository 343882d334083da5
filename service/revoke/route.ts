import { Hono } from 'hono'
import { z } from 'zod'
import { readForm } from '../../spec/body.ts'
import type { ClientOf } from '../../spec/node/client.ts'
import { DOOR_HEADERS, type TakeTurn } from '../../spec/node/doors.ts'
import { REVOKE_PATH } from '../discover/route.ts'
import { type EndTaskDeps, endTask } from './end.ts'

export type RevokeRouteDeps = EndTaskDeps & { clientOf: ClientOf; turns: { revocation: TakeTurn } }

/** A token revocation (protocol 10, RFC 7009 §2.1). `token_type_hint` is of no use here: there is one kind of token. */
const Revocation = z.looseObject({ token: z.string().min(1).max(1024) })

export const revokeRoutes = (d: RevokeRouteDeps) =>
  new Hono().post(REVOKE_PATH, async (c) => {
    await d.turns.revocation(d.clientOf(c.req.raw, c.env))
    const { token } = await readForm(c.req.raw, Revocation)
    await endTask(d, { value: token, because: 'the harness said that the task is done' })
    return new Response(null, { headers: DOOR_HEADERS })
  })
