import { readShown } from '../../approve/shown.ts'
import { visible } from '../../approve/visible.ts'
import { statusAt } from '../../issue/status.ts'
import type { RequestLine } from '../../store/console-lists.ts'
import { CONSOLE } from '../door.ts'
import { shortened, Their, When } from './page.tsx'

export const STATUSES = ['pending', 'approved', 'denied', 'expired', 'canceled', 'all'] as const
export type Listed = (typeof STATUSES)[number]
const NAMES: Record<Listed, string> = {
  pending: 'Waiting',
  approved: 'Approved',
  denied: 'Denied',
  expired: 'Expired',
  canceled: 'Canceled',
  all: 'All',
}
const EMPTY: Record<Exclude<Listed, 'pending'>, string> = {
  approved: 'No request was approved yet.',
  denied: 'No request was denied.',
  expired: 'No request has expired.',
  canceled: 'No request was canceled.',
  all: 'No agent has asked for anything yet.',
}
const MOST_CHARS = 160
const MOST_NAME_CHARS = 60

export type InboxOf = { rows: RequestLine[]; status: Listed; waiting: number; at: number; older: string | undefined; ownEmail: string }

/** The requests that somebody sees, of one status. */
export const Inbox = ({ rows, status, waiting, at, older, ownEmail }: InboxOf) => (
  <>
    <h1>{status === 'pending' ? waitingTitle(waiting) : `${NAMES[status]} requests`}</h1>
    <nav class="tabs" aria-label="Status">
      {STATUSES.map((one) => (
        <a href={`${CONSOLE}/requests?status=${one}`} aria-current={one === status ? 'page' : undefined}>
          {NAMES[one]}
          {one === 'pending' && waiting > 0 && <span class="count">{waiting}</span>}
        </a>
      ))}
    </nav>
    {rows.length === 0 ? (
      <p class="empty">
        {status === 'pending' ? (
          <>
            When an agent asks for something that you may decide, it appears here. <a href={`${CONSOLE}/requests?status=all`}>See all requests</a>
          </>
        ) : (
          EMPTY[status]
        )}
      </p>
    ) : (
      <ul class="cards">
        {rows.map((row) => (
          <Line row={row} at={at} ownEmail={ownEmail} listed={status} />
        ))}
      </ul>
    )}
    {older !== undefined && (
      <p>
        <a href={older}>Older requests</a>
      </p>
    )}
  </>
)

const waitingTitle = (count: number): string =>
  count === 0 ? 'Nothing waits for you' : `${count} ${count === 1 ? 'request waits' : 'requests wait'} for you`

const Line = ({ row, at, ownEmail, listed }: { row: RequestLine; at: number; ownEmail: string; listed: Listed }) => {
  const shown = readShown(row.shown)
  const status = statusAt(row, at)
  return (
    <li class={`card ${status}`}>
      <h2>
        <a href={`${CONSOLE}/requests/${row.ref}`}>
          <Their most={MOST_NAME_CHARS}>{shown.agent.id}</Their> <span class="quiet">at</span>{' '}
          <Their most={MOST_NAME_CHARS}>{shown.service.name ?? shown.service.origin}</Their>
        </a>
      </h2>
      <p class="excerpt their">{excerptOf(shown.task.description)}</p>
      <p class="facts">
        {status !== listed && <span class={`badge ${status}`}>{NAMES[status]}</span>}
        <span class={`badge tier-${shown.harness.tier}`}>{shown.harness.tier}</span>
        <span>
          for <Their>{row.user_email === ownEmail ? 'you' : row.user_email}</Their>
        </span>
        <span>
          {status === 'pending' ? 'until ' : ''}
          <When at={status === 'pending' ? row.expires_at : (row.decided_at ?? row.expires_at)} />
        </span>
        {status === 'pending' && <span data-countdown={String(row.expires_at)}></span>}
        {row.decided_by !== null && (
          <span>
            by <Their>{row.decided_by}</Their>
          </span>
        )}
      </p>
    </li>
  )
}

const excerptOf = (text: string): string => visible(shortened(text, MOST_CHARS))
