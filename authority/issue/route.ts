import { Hono } from 'hono'
import { readBody } from '../../spec/body.ts'
import { type Audit, noteRefusal } from '../../spec/node/audit.ts'
import { answer, type TakeTurn } from '../../spec/node/doors.ts'
import { EVENT_HEADERS, wantsEvents } from '../../spec/node/event-stream.ts'
import { closingOf } from '../../spec/node/serve.ts'
import { IssuanceRequest } from '../../spec/wire/issuance.ts'
import { type CancelDeps, cancelByHarness } from './cancel.ts'
import { type IssueDeps, issue } from './issue.ts'
import { issuanceStatus, type StatusDeps } from './status.ts'
import type { Watches } from './watch.ts'

export type IssueRouteDeps = IssueDeps &
  StatusDeps &
  CancelDeps & { audit: Audit; clientOf: (request: Request, env: unknown) => string; turns: { issuance: TakeTurn; poll: TakeTurn }; watches: Watches }

export const issueRoutes = (d: IssueRouteDeps) =>
  new Hono()
    .post('/issuance', async (c) => {
      const address = d.clientOf(c.req.raw, c.env)
      await d.turns.issuance(address)
      const request = await readBody(c.req.raw, IssuanceRequest, d.profile)
      const about = { user: request.user.email, service: request.service.origin, harness: request.harness.id, task: request.task.id }
      const id = await noteRefusal(d.audit, { event: 'issuance', ...about, address }, () => issue(d, request, address))
      const status = await issuanceStatus(d, id)
      return answer(status, status.status === 'pending' ? 202 : 200)
    })
    .get('/issuance/:id', async (c) => {
      await d.turns.poll(c.req.param('id'))
      return answer(await issuanceStatus(d, c.req.param('id')))
    })
    .get('/issuance/:id/events', async (c) => {
      const id = c.req.param('id')
      await d.turns.poll(id)
      if (!wantsEvents(c.req.header('accept'))) return answer(await issuanceStatus(d, id))
      if (c.req.raw.method === 'HEAD') {
        await issuanceStatus(d, id) // nobody would read a stream, and nobody would end it
        return new Response(null, { headers: EVENT_HEADERS })
      }
      const events = await d.watches.open(id, { caller: d.clientOf(c.req.raw, c.env), closing: closingOf(c.env) })
      return new Response(events, { headers: EVENT_HEADERS })
    })
    .delete('/issuance/:id', async (c) => {
      await d.turns.poll(c.req.param('id'))
      await cancelByHarness(d, c.req.param('id'))
      return answer(await issuanceStatus(d, c.req.param('id')))
    })
