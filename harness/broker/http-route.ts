import { Hono } from 'hono'
import { ProtocolError } from '../../spec/error.ts'
import { type ActDeps, act, redirectThrough, requireReady } from './act.ts'
import type { AuthenticateAgent } from './agents.ts'
import type { Tasks } from './tasks.ts'

export type HttpDeps = ActDeps & { tasks: Tasks; authenticate: AuthenticateAgent }

/** The agent's own requests, each forwarded to its task's Service with the token that the task holds: `/tasks/{id}/http/api/tickets` is `/api/tickets` there. */
export const httpRoutes = (d: HttpDeps) =>
  new Hono().all('/tasks/:id/http/*', async (c) => {
    const agent = await d.authenticate(c.req.header('authorization'))
    const id = c.req.param('id')
    const ready = requireReady(d, await d.tasks.find(agent, id))
    const { method, headers, body, signal, url } = c.req.raw
    const through = `/tasks/${id}/http`
    const at = url.indexOf(through)
    if (at < 0) throw new ProtocolError('not_found', 'the address of a task is written as it was given')
    const path = url.slice(at + through.length)
    const response = await act(d, ready, { method, path, headers, body: body ?? undefined, signal })
    return redirectThrough(response, { service: ready.row.service, path, through })
  })
