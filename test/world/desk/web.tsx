import { Hono } from 'hono'
import { type DeskEnv, requireScope } from './caller.ts'
import { NewComment, readForm, requireValid, TicketFilter } from './input.ts'
import { TicketList, TicketPage } from './pages.tsx'
import { ICON, STYLE } from './style.ts'
import type { Tickets } from './tickets.ts'

const CACHED = 'private, max-age=300'

/** The desk for people and browsers. */
export const webRoutes = (tickets: Tickets) =>
  new Hono<DeskEnv>()
    .get('/', (c) => {
      const caller = requireScope(c, 'tickets:read')
      const { status } = requireValid(TicketFilter, c.req.query())
      return c.html(<TicketList caller={caller} tickets={tickets.list(status)} status={status} />)
    })
    .get('/tickets/:id', (c) => {
      const caller = requireScope(c, 'tickets:read')
      return c.html(<TicketPage caller={caller} ticket={tickets.find(c.req.param('id'))} />)
    })
    .post('/tickets/:id/comments', async (c) => {
      const caller = requireScope(c, 'tickets:write')
      const { body } = await readForm(c.req, NewComment)
      return c.redirect(`/tickets/${tickets.comment(caller, c.req.param('id'), body).id}`, 303)
    })
    .post('/tickets/:id/close', (c) => {
      const caller = requireScope(c, 'tickets:write')
      return c.redirect(`/tickets/${tickets.close(caller, c.req.param('id')).id}`, 303)
    })
    .get('/style.css', (c) => c.body(STYLE, 200, { 'content-type': 'text/css; charset=utf-8', 'cache-control': CACHED }))
    .get('/icon.svg', (c) => c.body(ICON, 200, { 'content-type': 'image/svg+xml', 'cache-control': CACHED }))
