import { Hono } from 'hono'
import { z } from 'zod'
import { readBody } from '../../spec/body.ts'
import type { Wait } from '../../spec/effects.ts'
import { emailAddress } from '../../spec/email.ts'
import { ProtocolError } from '../../spec/error.ts'
import { answer } from '../../spec/node/doors.ts'
import { EVENT_HEADERS, wantsEvents } from '../../spec/node/event-stream.ts'
import { closingOf } from '../../spec/node/serve.ts'
import { authorityIdentifier, browserUrl, origin } from '../../spec/origin.ts'
import type { TaskRow } from '../store/schema.ts'
import type { AuthenticateAgent } from './agents.ts'
import type { Openings } from './openings.ts'
import { describeTask } from './task.ts'
import type { Asking, Tasks } from './tasks.ts'
import { createWatches } from './watch.ts'

export type TaskRouteDeps = {
  tasks: Tasks
  authenticate: AuthenticateAgent
  openings: Openings
  wait: Wait
  /** The broker's own origin, for the addresses it gives. */
  origin: string
  defaultUser: string | undefined
}

const MAX_TASK_CHARS = 16_384
const MAX_SCOPE_CHARS = 1024

/** What an agent sends to begin a task. */
export const TaskRequest = z.strictObject({
  service: origin,
  user: emailAddress.optional(),
  description: z
    .string()
    .max(MAX_TASK_CHARS)
    .refine((text) => text.trim() !== '', 'is empty: say in a sentence what is to be done'),
  type: z.enum(['bearer_token', 'browser_session']).default('bearer_token'),
  scope: z.array(z.string().min(1).max(MAX_SCOPE_CHARS)).min(1).optional(),
  authority: authorityIdentifier.optional(),
  destination: browserUrl.optional(),
})
export type TaskRequest = z.infer<typeof TaskRequest>

/** A task as the door shows it: with where it is watched, used and ended. */
export const presentTask = (d: Pick<TaskRouteDeps, 'origin' | 'openings'>, row: TaskRow) => {
  const self = `${d.origin}/tasks/${row.id}`
  const path = row.status === 'ready' ? d.openings.pathOf(row.id) : undefined
  const links = {
    self,
    events: `${self}/events`,
    ...(row.type === 'bearer_token' && { http: `${self}/http/` }),
    ...(path !== undefined && { open: d.origin + path }),
  }
  return { ...describeTask(row), links }
}

/** Completes what an agent asks for. Throws malformed_request where nobody says for whom. */
export function asAsking({ user, ...rest }: TaskRequest, defaultUser: string | undefined): Asking {
  const whom = user ?? defaultUser
  if (whom === undefined) throw new ProtocolError('malformed_request', "user is missing, and the broker's settings name none")
  return { ...rest, user: whom }
}

/** Starts, watches and ends tasks, each agent its own. */
export const taskRoutes = (d: TaskRouteDeps, watch = createWatches(d)) =>
  new Hono()
    .post('/tasks', async (c) => {
      const agent = await d.authenticate(c.req.header('authorization'))
      const asking = asAsking(await readBody(c.req.raw, TaskRequest), d.defaultUser)
      const row = await d.tasks.start(agent, asking)
      return answer(presentTask(d, row), 201, { location: `${d.origin}/tasks/${row.id}` })
    })
    .get('/tasks', async (c) => {
      const agent = await d.authenticate(c.req.header('authorization'))
      return answer({ tasks: (await d.tasks.list(agent)).map((row) => presentTask(d, row)) })
    })
    .get('/tasks/:id', async (c) => {
      const agent = await d.authenticate(c.req.header('authorization'))
      return answer(presentTask(d, await d.tasks.find(agent, c.req.param('id'))))
    })
    .delete('/tasks/:id', async (c) => {
      const agent = await d.authenticate(c.req.header('authorization'))
      return answer(presentTask(d, await d.tasks.end(agent, c.req.param('id'))))
    })
    .get('/tasks/:id/events', async (c) => {
      const agent = await d.authenticate(c.req.header('authorization'))
      const id = c.req.param('id')
      const row = await d.tasks.find(agent, id)
      if (!wantsEvents(c.req.header('accept')) || c.req.raw.method === 'HEAD') return answer(presentTask(d, row))
      const find = async () => d.tasks.find(agent, id)
      return new Response(watch({ id, find, present: (found) => presentTask(d, found), closing: closingOf(c.env) }), { headers: EVENT_HEADERS })
    })
