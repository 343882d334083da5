import { Hono } from 'hono'
import { type DeskEnv, requireScope } from './caller.ts'
import { NewComment, NewTicket, readJson, requireValid, TicketFilter } from './input.ts'
import type { Tickets } from './tickets.ts'

/** The desk for programs: `/api`. */
export const apiRoutes = (tickets: Tickets) =>
  new Hono<DeskEnv>()
    .get('/me', (c) => {
      const { user, agent, task, scope, authorizationId } = c.get('caller')
      return c.json({ user, agent, task, scope, authorization_id: authorizationId })
    })
    .get('/tickets', (c) => {
      requireScope(c, 'tickets:read')
      return c.json({ tickets: tickets.list(requireValid(TicketFilter, c.req.query()).status) })
    })
    .post('/tickets', async (c) => {
      const caller = requireScope(c, 'tickets:write')
      const ticket = tickets.open(caller, await readJson(c.req, NewTicket))
      return c.json(ticket, 201, { location: `/api/tickets/${ticket.id}` })
    })
    .get('/tickets/:id', (c) => {
      requireScope(c, 'tickets:read')
      return c.json(tickets.find(c.req.param('id')))
    })
    .post('/tickets/:id/comments', async (c) => {
      const caller = requireScope(c, 'tickets:write')
      const { body } = await readJson(c.req, NewComment)
      return c.json(tickets.comment(caller, c.req.param('id'), body), 201)
    })
    .post('/tickets/:id/close', (c) => {
      const caller = requireScope(c, 'tickets:write')
      return c.json(tickets.close(caller, c.req.param('id')))
    })
    .delete('/tickets/:id', (c) => {
      requireScope(c, 'tickets:admin')
      tickets.remove(c.req.param('id'))
      return c.body(null, 204)
    })
