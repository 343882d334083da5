import { readShown } from '../../approve/shown.ts'
import type { AuthorizationLine, Holder } from '../../store/console-lists.ts'
import { CONSOLE } from '../door.ts'
import type { Session } from '../session.ts'
import { scopesOf } from './holding.tsx'
import { Heads, OwnForm, ScopeName, Their, When } from './page.tsx'

/** What ends together: all that is alive of a key, a user or a Service; or, for an admin, everything. */
export const ENDS = ['key_thumbprint', 'user', 'service', 'all'] as const
export type Ends = (typeof ENDS)[number]
const WORDS: Record<Ends, string> = {
  key_thumbprint: 'of the holder key',
  user: 'of the user',
  service: 'at the Service',
  all: 'of everybody, everywhere',
}

export type AuthorizationsOf = {
  rows: AuthorizationLine[]
  of: Holder
  mayEndOf: (line: AuthorizationLine) => boolean
  mayEndAll: boolean
  isCut: boolean
}

/** What is held now, by which agent, and the ways to end it. */
export const Authorizations = ({ rows, of, mayEndAll, mayEndOf, isCut }: AuthorizationsOf) => (
  <>
    <h1>{rows.length === 0 ? 'No agent holds anything' : 'What agents hold now'}</h1>
    {rows.length === 0 && !of && <p class="empty">What an agent was approved for and has begun to use is here, until it ends.</p>}
    {of && (
      <p class="filter">
        Only <Their>{of.is}</Their>. <a href={`${CONSOLE}/authorizations`}>Show all</a>
      </p>
    )}
    {rows.length > 0 && (
      <section class="scroll" tabindex={0} aria-label="Live authorizations">
        <table>
          <thead>
            <Heads names={['Agent', 'User and Service', 'Holds', 'Until', 'End']} />
          </thead>
          <tbody>
            {rows.map((row) => (
              <Line row={row} mayEnd={mayEndOf(row)} />
            ))}
          </tbody>
        </table>
      </section>
    )}
    {isCut && <p class="quiet">These are the newest. Choose an agent, a user or a Service to see more of it.</p>}
    {mayEndAll && (
      <p class="danger">
        <a href={endPage('all')}>Emergency stop: end everything</a>
      </p>
    )}
  </>
)

const only = (by: NonNullable<Holder>['by'], is: string): string => `${CONSOLE}/authorizations?${new URLSearchParams({ by, is })}`
export const endPage = (by: Ends, is = ''): string => `${CONSOLE}/authorizations/end?${new URLSearchParams({ by, ...(is !== '' && { is }) })}`

const Line = ({ row, mayEnd }: { row: AuthorizationLine; mayEnd: boolean }) => {
  const { harness } = readShown(row.shown)
  return (
    <tr>
      <th scope="row">
        <a href={`${CONSOLE}/requests/${row.ref}`}>
          <Their>{row.agent_id}</Their>
        </a>{' '}
        <span class={`badge tier-${harness.tier}`}>{harness.tier}</span>
        {row.key_thumbprint !== null && (
          <a class="sub" href={only('key_thumbprint', row.key_thumbprint)} title="All that this holder key holds">
            <code>{row.key_thumbprint.slice(0, 12)}…</code>
          </a>
        )}
      </th>
      <td data-label="For">
        <a href={only('user_email', row.user_email)}>
          <Their>{row.user_email}</Their>
        </a>
        <span class="sub">
          <a href={only('service_origin', row.service_origin)}>
            <Their>{row.service_origin}</Their>
          </a>
        </span>
      </td>
      <td data-label="Holds">
        {scopesOf(row.scope).map((name) => (
          <ScopeName>{name}</ScopeName>
        ))}
      </td>
      <td data-label="Until">
        <When at={row.expires_at} />
        <span class="sub">
          since <When at={row.opened_at} />
        </span>
        <span class="sub">
          {row.checked_at === null ? (
            'not checked yet'
          ) : (
            <>
              checked <When at={row.checked_at} />
            </>
          )}
        </span>
      </td>
      <td>
        {mayEnd && (
          <details class="ends" id={`ends-${row.ref}`}>
            <summary id={`end-${row.ref}`}>End …</summary>
            <ul>
              <li>
                <a href={`${CONSOLE}/requests/${row.ref}#decision`}>this one</a>
              </li>
              {row.key_thumbprint !== null && (
                <li>
                  <a href={endPage('key_thumbprint', row.key_thumbprint)}>all of this agent</a>
                </li>
              )}
              <li>
                <a href={endPage('user', row.user_email)}>all of this user</a>
              </li>
              <li>
                <a href={endPage('service', row.service_origin)}>all at this Service</a>
              </li>
            </ul>
          </details>
        )}
      </td>
    </tr>
  )
}

export type EndOf = { session: Session; by: Ends; is: string; live: number }

/** Asks once more before much ends: what it is, and how much is held of it now. */
export const End = ({ session, by, is, live }: EndOf) => (
  <>
    <h1>End all that is alive?</h1>
    <p>
      Every request that waits, unused pass and live authorization {WORDS[by]} {is !== '' && <Their>{is}</Their>} ends now
      {by === 'all' ? '' : ', as far as you may end it'}. It cannot be undone; agents may ask again.
    </p>
    <p>
      Live authorizations now: <strong>{live}</strong>
    </p>
    <OwnForm session={session} action={`${CONSOLE}/authorizations/end`} class="decide">
      <input type="hidden" name="by" value={by} />
      {is !== '' && <input type="hidden" name="is" value={is} />}
      <label class="reason">
        Reason
        <input name="reason" maxlength={1024} autocomplete="off" aria-describedby="end-help" />
        <small id="end-help">The audit trail keeps it. It may be left out.</small>
      </label>
      <div class="choices">
        <button type="submit" class="grave">
          End all of it
        </button>
        <a href={`${CONSOLE}/authorizations`}>Back</a>
      </div>
    </OwnForm>
  </>
)
