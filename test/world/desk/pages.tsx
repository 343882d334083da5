import { raw } from 'hono/html'
import type { Child } from 'hono/jsx'
import type { Caller } from './caller.ts'
import type { Act, Ticket } from './tickets.ts'

const TIME = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
const FILTERS = [
  { label: 'All', status: undefined, href: '/' },
  { label: 'Open', status: 'open', href: '/?status=open' },
  { label: 'Closed', status: 'closed', href: '/?status=closed' },
] as const

/** The list of tickets. */
export const TicketList = (props: { caller: Caller; tickets: Ticket[]; status: Ticket['status'] | undefined }) => (
  <Page title="Tickets" caller={props.caller}>
    <h1>Tickets</h1>
    <nav class="filters" aria-label="Status">
      {FILTERS.map(({ label, status, href }) => (
        <a href={href} aria-current={status === props.status ? 'page' : undefined}>
          {label}
        </a>
      ))}
    </nav>
    {props.tickets.length === 0 && <p class="card">There is nothing here.</p>}
    <ul class="tickets">
      {props.tickets.map((ticket) => (
        <li class="card">
          <h2>
            <a href={`/tickets/${ticket.id}`}>{ticket.title}</a>
          </h2>
          <p class="meta">
            <Status ticket={ticket} /> #{ticket.id} · <Byline act={ticket.opened} /> · {comments(ticket)}
          </p>
        </li>
      ))}
    </ul>
  </Page>
)

/** One ticket, with what the caller may do about it. */
export const TicketPage = ({ caller, ticket }: { caller: Caller; ticket: Ticket }) => (
  <Page title={ticket.title} caller={caller}>
    <p>
      <a href="/">All tickets</a>
    </p>
    <article class="card">
      <h1>{ticket.title}</h1>
      <p class="meta">
        <Status ticket={ticket} /> #{ticket.id} · opened by <Byline act={ticket.opened} />
      </p>
      <p class="text">{ticket.body}</p>
      {ticket.closed && (
        <p class="meta">
          Closed by <Byline act={ticket.closed} />
        </p>
      )}
    </article>
    <section aria-labelledby="comments">
      <h2 id="comments">{comments(ticket)}</h2>
      {ticket.comments.map((comment) => (
        <article class="card">
          <p class="meta">
            <Byline act={comment} />
          </p>
          <p class="text">{comment.body}</p>
        </article>
      ))}
    </section>
    {caller.scope.includes('tickets:write') ? <Forms ticket={ticket} /> : <p class="meta">You can read here, but not write.</p>}
  </Page>
)

/** A refusal or a failure, in one sentence. */
export const Refusal = ({ caller, title, message }: { caller: Caller | undefined; title: string; message: string }) => (
  <Page title={title} caller={caller}>
    <h1>{title}</h1>
    <p class="card">{message}</p>
    {caller && (
      <p>
        <a href="/">All tickets</a>
      </p>
    )}
  </Page>
)

const Page = ({ title, caller, children }: { title: string; caller: Caller | undefined; children?: Child }) => (
  <>
    {raw('<!doctype html>')}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title} · Ticket desk</title>
        <link rel="stylesheet" href="/style.css" />
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
      </head>
      <body>
        <header>
          <a class="brand" href="/">
            Ticket desk
          </a>
          {caller && <Banner caller={caller} />}
        </header>
        <main>{children}</main>
      </body>
    </html>
  </>
)

/** `bdi`, because an agent chooses its own name: it must not turn the sentence around. */
const Banner = ({ caller: { user, agent, task } }: { caller: Caller }) => (
  <p class="banner">
    signed in as <bdi>{user}</bdi> · through agent <bdi>{agent}</bdi> for task <bdi>{task}</bdi>
  </p>
)

const Byline = ({ act: { user, agent, at } }: { act: Act }) => (
  <>
    <bdi>{user}</bdi>
    {agent && (
      <>
        {' '}
        via agent <bdi>{agent}</bdi>
      </>
    )}
    , <time datetime={at}>{TIME.format(new Date(at))} UTC</time>
  </>
)

const Status = ({ ticket: { status } }: { ticket: Ticket }) => <span class={`status ${status}`}>{status}</span>

const Forms = ({ ticket: { id, status } }: { ticket: Ticket }) => (
  <div class="forms">
    <form method="post" action={`/tickets/${id}/comments`}>
      <label for="body">Your comment</label>
      <textarea id="body" name="body" rows={4} maxlength={10_000} required />
      <button type="submit">Comment</button>
    </form>
    {status === 'open' && (
      <form method="post" action={`/tickets/${id}/close`}>
        <button type="submit" class="quiet">
          Close this ticket
        </button>
      </form>
    )}
  </div>
)

const comments = ({ comments: { length } }: Ticket) => (length === 1 ? '1 comment' : `${length || 'No'} comments`)
