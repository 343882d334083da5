import type { ExportState } from '../../../spec/node/export/states.ts'
import { visible } from '../../approve/visible.ts'
import type { NotificationRow } from '../../store/schema.ts'
import { CONSOLE } from '../door.ts'
import type { Session } from '../session.ts'
import { Heads, OwnForm, Their, When } from './page.tsx'

export type DeliveriesOf = {
  session: Session
  /** Whether the settings have anybody told. */
  notifies: boolean
  at: number
  failed: NotificationRow[]
  waiting: NotificationRow[]
  sent: NotificationRow[]
  exports: ExportState[]
}

/** What left this Authority for people and programs, or did not: a section for each kind of delivery. */
export const Deliveries = (of: DeliveriesOf) => (
  <>
    <h1>Deliveries</h1>
    <Notifications {...of} />
    <Exports exports={of.exports} />
  </>
)

const Notifications = ({ session, notifies, at, failed, waiting, sent }: DeliveriesOf) => (
  <section class="deliveries" aria-label="Notifications">
    <h2>Notifications</h2>
    {!notifies && (
      <p class="empty">
        Nobody is told of requests by mail or webhook: the settings have no <code>notifications</code>.
      </p>
    )}
    {failed.length > 0 && <Table title="Given up" rows={failed} session={session} at={at} />}
    {waiting.length > 0 && <Table title="Waiting" rows={waiting} session={session} at={at} />}
    {sent.length > 0 && <Table title="Sent lately" rows={sent} session={session} at={at} />}
    {notifies && failed.length + waiting.length + sent.length === 0 && <p class="empty">Nothing was there to tell in the last 30 days.</p>}
  </section>
)

const Exports = ({ exports }: Pick<DeliveriesOf, 'exports'>) => (
  <section class="deliveries" aria-label="Audit export">
    <h2>Audit export</h2>
    {exports.length === 0 ? (
      <p class="empty">
        The audit trail is handed over to nobody: the settings have no <code>export</code>.
      </p>
    ) : (
      <section class="scroll" tabindex={0} aria-label="Exporters">
        <table>
          <thead>
            <Heads names={['To', 'How', 'Handed over', 'Still to go', 'Last time', 'Last error']} />
          </thead>
          <tbody>
            {exports.map((state) => (
              <Exporter state={state} />
            ))}
          </tbody>
        </table>
      </section>
    )}
  </section>
)

const Exporter = ({ state }: { state: ExportState }) => (
  <tr>
    <th scope="row">
      {state.name} {state.failing_since !== null && <span class="badge denied">fails</span>}
    </th>
    <td data-label="How">{state.to}</td>
    <td data-label="Handed over">up to no. {state.handed_over_seq}</td>
    <td data-label="Still to go">{state.behind_events}</td>
    <td data-label="Last time">{state.last_succeeded_at === null ? 'never' : <When at={state.last_succeeded_at} />}</td>
    <td data-label="Last error">
      {state.last_error === null ? (
        <span class="quiet">none</span>
      ) : (
        <>
          <Their most={MOST_ERROR_CHARS}>{state.last_error}</Their>
          {state.failing_since !== null && (
            <span class="sub">
              since <When at={state.failing_since} />
            </span>
          )}
        </>
      )}
    </td>
  </tr>
)

const WHAT: Record<NotificationRow['kind'], string> = {
  requested: 'asks to decide',
  reminder: 'reminds',
  approved: 'approved',
  denied: 'denied',
  expired: 'expired',
  canceled: 'canceled',
  revoked: 'ended',
}

const Table = ({ title, rows, session, at }: { title: string; rows: NotificationRow[]; session: Session; at: number }) => (
  <>
    <h3>{title}</h3>
    <section class="scroll" tabindex={0} aria-label={title}>
      <table>
        <thead>
          <Heads names={['To', 'What', 'Request', 'Tries', 'When', ...(hasErrors(rows) ? ['Last error'] : [])]} />
        </thead>
        <tbody>
          {rows.map((row) => (
            <Line row={row} session={session} at={at} />
          ))}
        </tbody>
      </table>
    </section>
  </>
)

const Line = ({ row, session, at }: { row: NotificationRow; session: Session; at: number }) => (
  <tr>
    <th scope="row">
      <Their>{row.recipient}</Their>
      <span class="sub">by {row.channel}</span>
    </th>
    <td data-label="What">{WHAT[row.kind]}</td>
    <td data-label="Request">
      <a href={`${CONSOLE}/requests/${row.request_ref}`}>
        <code>{row.request_ref}</code>
      </a>
    </td>
    <td data-label="Tries">{row.tries}</td>
    <td data-label="When">
      <Time row={row} at={at} />
    </td>
    {row.state !== 'sent' && (
      <td data-label="Last error">
        {row.last_error === null ? <span class="quiet">none</span> : <Their most={MOST_ERROR_CHARS}>{row.last_error}</Their>}
        {row.state === 'failed' && session.person.administers && <TryAgain row={row} session={session} />}
      </td>
    )}
  </tr>
)

const MOST_ERROR_CHARS = 200
const hasErrors = (rows: NotificationRow[]): boolean => rows.some(({ state }) => state !== 'sent')

const TryAgain = ({ row, session }: { row: NotificationRow; session: Session }) => (
  <OwnForm session={session} action={`${CONSOLE}/deliveries/again`}>
    <input type="hidden" name="id" value={row.id} />
    <button type="submit" class="plain" aria-label={`Try again: ${WHAT[row.kind]}, to ${visible(row.recipient)}`}>
      Try again
    </button>
  </OwnForm>
)

const Time = ({ row, at }: { row: NotificationRow; at: number }) => {
  if (row.state !== 'waiting') return <When at={row.ended_at ?? row.event_at} />
  if (row.due_at <= at) return <>next</>
  return (
    <>
      {row.tries > 0 ? 'again at' : 'at'} <When at={row.due_at} />
    </>
  )
}
