import type { RememberedRow } from '../../store/schema.ts'
import { CONSOLE } from '../door.ts'
import type { Session } from '../session.ts'
import { scopesOf } from './holding.tsx'
import { Heads, OwnForm, ScopeName, Their, When } from './page.tsx'

type RememberedOf = { rows: RememberedRow[]; isCut: boolean; session: Session; mayEnd: (row: RememberedRow) => boolean }

/** The approvals that are remembered, each to be ended. */
export const RememberedApprovals = ({ rows, isCut, session, mayEnd }: RememberedOf) => (
  <>
    <h1>{rows.length === 0 ? 'No approval is remembered' : 'Remembered approvals'}</h1>
    <p>
      Requests like these are approved without asking, until then. Ending one takes nothing back that it gave: that is done under “Authorizations”.
    </p>
    {isCut && (
      <p class="quiet">
        These are the newest. <code>agentpass-authority remembered list</code> tells of more, and a revocation ends all of a user or a Service.
      </p>
    )}
    {rows.length > 0 && (
      <section class="scroll" tabindex={0} aria-label="Remembered approvals">
        <table>
          <thead>
            <Heads names={['Agent', 'For', 'Tasks', 'What', 'Until', 'End']} />
          </thead>
          <tbody>
            {rows.map((row) => (
              <Line row={row} session={session} mayEnd={mayEnd(row)} />
            ))}
          </tbody>
        </table>
      </section>
    )}
  </>
)

const Line = ({ row, session, mayEnd }: { row: RememberedRow; session: Session; mayEnd: boolean }) => (
  <tr>
    <th scope="row">
      <Their>{row.agent_id}</Their>
      <span class="sub">
        {row.tier}: <Their>{row.vouched_by}</Their>
      </span>
    </th>
    <td data-label="For">
      <Their>{row.user_email}</Their>
      <span class="sub">
        at <Their>{row.service_origin}</Their>
      </span>
    </td>
    <td data-label="Tasks">
      <code class="wrap">
        <Their>{row.task_pattern}</Their>
      </code>
    </td>
    <td data-label="What">
      {scopesOf(row.scope).map((name) => (
        <ScopeName>{name}</ScopeName>
      ))}
    </td>
    <td data-label="Until">
      <When at={row.expires_at} />
      <span class="sub">
        <a href={`${CONSOLE}/requests/${row.request_ref}`}>approved</a> by <Their>{row.by}</Their>
      </span>
      <span class="sub">
        <Uses {...row} />
      </span>
    </td>
    <td>{mayEnd && <End row={row} session={session} />}</td>
  </tr>
)

const Uses = ({ uses, used_at }: RememberedRow) =>
  used_at === null ? (
    <>not used yet</>
  ) : (
    <>
      used {uses === 1 ? 'once' : `${uses} times, last`} <When at={used_at} />
    </>
  )

const End = ({ row, session }: { row: RememberedRow; session: Session }) => (
  <OwnForm session={session} action={`${CONSOLE}/remembered/end`}>
    <input type="hidden" name="ref" value={row.ref} />
    <button type="submit" class="plain" aria-label={`End what is remembered of ${row.agent_id} at ${row.service_origin}`}>
      End
    </button>
  </OwnForm>
)
