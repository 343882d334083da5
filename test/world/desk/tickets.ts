import { HTTPException } from 'hono/http-exception'
import type { Now } from '../../../spec/effects.ts'
import type { Caller } from './caller.ts'
import type { NewTicket } from './input.ts'
import { seedTickets } from './seed.ts'

/** Who did something, when, and through which agent for which task, where it was one. */
export type Act = { user: string; agent?: string; task?: string; at: string }
export type Comment = Act & { body: string }
export type Ticket = { id: string; title: string; body: string; status: 'open' | 'closed'; opened: Act; closed?: Act; comments: Comment[] }

/** The desk's tickets, in memory. Every verb but `list` and `open` throws 404 for an id there is not. */
export type Tickets = {
  /** Newest first; without a status, all. */
  list: (status: Ticket['status'] | undefined) => Ticket[]
  find: (id: string) => Ticket
  open: (by: Caller, ticket: NewTicket) => Ticket
  comment: (by: Caller, id: string, body: string) => Ticket
  /** Closing a closed ticket changes nothing. */
  close: (by: Caller, id: string) => Ticket
  remove: (id: string) => void
}

/** Tickets of their own for each desk, with some to begin with. */
export function createTickets(now: Now): Tickets {
  const seeds = seedTickets(now())
  const tickets = new Map(seeds.map((ticket) => [ticket.id, ticket]))
  let lastId = Math.max(...seeds.map(({ id }) => Number(id)))
  const act = ({ user, agent, task }: Caller): Act => ({ user, agent, task, at: new Date(now() * 1000).toISOString() })
  const keep = (ticket: Ticket) => {
    tickets.set(ticket.id, ticket)
    return ticket
  }
  const find = (id: string) => {
    const ticket = tickets.get(id)
    if (!ticket) throw new HTTPException(404, { message: 'there is no such ticket' })
    return ticket
  }
  return {
    list: (status) => [...tickets.values()].filter((ticket) => !status || ticket.status === status).reverse(),
    find,
    open: (by, { title, body }) => keep({ id: String(++lastId), title, body, status: 'open', opened: act(by), comments: [] }),
    comment: (by, id, body) => keep({ ...find(id), comments: [...find(id).comments, { ...act(by), body }] }),
    close: (by, id) => (find(id).status === 'closed' ? find(id) : keep({ ...find(id), status: 'closed', closed: act(by) })),
    remove: (id) => void tickets.delete(find(id).id),
  }
}
