import { z } from 'zod'
import { NamedEvent, readEvent } from '../../audit/terms.ts'
import { CONSOLE } from '../door.ts'
import { Heads, ScopeName, Their, When } from './page.tsx'

/** An event of the trail, as far as the page shows it. */
const Event = NamedEvent.extend({
  at: z.number(),
  reason: z.string().optional(),
  scope: z.array(z.string()).optional(),
  passkey: z.looseObject({}).optional(),
})

export type AuditOf = { rows: { seq: number; event: string }[]; query: string; older: string | undefined }

/** The audit trail: all of it, or the events that name something; of one request, from the question to the end. */
export const Audit = ({ rows, query, older }: AuditOf) => (
  <>
    <h1>Audit</h1>
    <search>
      <form method="get" action={`${CONSOLE}/audit`} class="search">
        <label for="q">Events that name</label>
        <input id="q" name="q" type="search" value={query} placeholder="ada@acme.example" aria-describedby="q-help" />
        <button type="submit">Search</button>
        <small id="q-help">
          An address, an agent, a Service, a task, a request, an authorization, or a kind of event such as <code>decision</code>: whole words as the
          trail has them; several narrow it down. Checks that found nothing changed are left out of a search.
        </small>
      </form>
    </search>
    {rows.length === 0 ? <p class="empty">No event names that. What happened in the last seconds may not be found yet.</p> : <Events rows={rows} />}
    {older !== undefined && (
      <p>
        <a href={older}>Older events</a>
      </p>
    )}
  </>
)

/** All that happened to one request, from the question to the end. */
export const Trail = ({ rows, request }: { rows: AuditOf['rows']; request: string }) => (
  <>
    <p class="crumbs">
      <a href={`${CONSOLE}/audit`}>Audit</a> <span aria-hidden="true">/</span>{' '}
      <a href={`${CONSOLE}/requests/${request}`}>
        <code>{request}</code>
      </a>
    </p>
    <h1>One request, from the question to the end</h1>
    {rows.length === 0 ? <p class="empty">Nothing has been numbered yet. Look again in a second.</p> : <Events rows={rows} />}
  </>
)

const Events = ({ rows }: Pick<AuditOf, 'rows'>) => (
  <section class="scroll" tabindex={0} aria-label="Events">
    <table class="trail">
      <thead>
        <Heads names={['No.', 'When', 'What', 'Whom', 'Where', 'Request']} />
      </thead>
      <tbody>
        {rows.map(({ seq, event }) => (
          <Line seq={seq} text={event} />
        ))}
      </tbody>
    </table>
  </section>
)

const searchFor = (term: string): string => `${CONSOLE}/audit?${new URLSearchParams({ q: term })}`

const Line = ({ seq, text }: { seq: number; text: string }) => {
  const event = readEvent(Event, text)
  if (!event)
    return (
      <tr>
        <td>{seq}</td>
        <td colspan={5}>
          <Their>{text}</Their>
        </td>
      </tr>
    )
  return (
    <tr class={event.outcome === 'refused' ? 'refused' : undefined}>
      <td data-label="No.">{seq}</td>
      <td data-label="When">
        <When at={event.at} />
      </td>
      <th scope="row">
        <Their>{`${event.event}: ${event.outcome}`}</Their>
        {event.code !== undefined && <code class="scope">{event.code}</code>}
        {event.scope?.map((name) => (
          <ScopeName>{name}</ScopeName>
        ))}
        {event.passkey && <span class="badge">with passkey</span>}
        {event.reason !== undefined && (
          <span class="sub">
            because <Their>{event.reason}</Their>
          </span>
        )}
      </th>
      <td data-label="Whom">
        {event.by !== undefined && (
          <span>
            by <Term>{event.by}</Term>
          </span>
        )}
        {event.user !== undefined && (
          <span class="sub">
            for <Term>{event.user}</Term>
          </span>
        )}
        {event.agent !== undefined && (
          <span class="sub">
            agent <Term>{event.agent}</Term>
          </span>
        )}
      </td>
      <td data-label="Where">{event.service !== undefined && <Term>{event.service}</Term>}</td>
      <td data-label="Request">
        {event.request_ref !== undefined && <Term>{event.request_ref}</Term>}
        {event.task !== undefined && (
          <span class="sub">
            task <Term>{event.task}</Term>
          </span>
        )}
        {event.authorization_id !== undefined && (
          <span class="sub">
            authorization <Term>{event.authorization_id}</Term>
          </span>
        )}
      </td>
    </tr>
  )
}

const Term = ({ children }: { children: string }) => (
  <a href={searchFor(quoted(children))}>
    <Their>{children.length > 40 ? `${children.slice(0, 39)}…` : children}</Their>
  </a>
)

/** A name with a space in it is searched for as one. */
const quoted = (term: string): string => (/[\s"]/.test(term) ? `"${term.replaceAll('"', '')}"` : term)
