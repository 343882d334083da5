import type { OfferedScope } from '../../../spec/wire/scopes.ts'
import { rememberableOf } from '../../policy/remember.ts'
import { CONSOLE } from '../door.ts'
import type { Demand } from '../risk.ts'
import { scopesLeft } from './approvals.tsx'
import { OwnForm, ScopeName, Their } from './page.tsx'
import type { RequestOf } from './request.tsx'

const NEEDS: Record<Demand, string | undefined> = { sign_in: undefined, recent_sign_in: 'needs a recent sign-in', passkey: 'needs your passkey' }

/** The scopes that are offered, each to be left out, and the approval of the others. */
export const Approve = (of: RequestOf) => {
  const { request, session, demands, wantsNumber, hasPasskey, isRecent } = of
  const left = scopesLeft(of)
  const page = `${CONSOLE}/requests/${request.ref}`
  const asked = Object.values(demands)
  const isBound = asked.includes('passkey')
  return (
    <OwnForm session={session} action={`${page}/approve`} class="decide" id="approve" data-passkey={isBound ? `${page}/challenge` : undefined}>
      <input type="hidden" name="digest" value={request.shown_digest} />
      <fieldset>
        <legend>What you let it do</legend>
        {left.map((scope) => (
          <Choice {...scope} demand={demands[scope.name]} />
        ))}
      </fieldset>
      {wantsNumber && (
        <label class="number">
          The number that the agent shows
          <input name="number" inputmode="numeric" pattern="[0-9]{2}" maxlength={2} required autocomplete="off" aria-describedby="number-help" />
          <small id="number-help">It stands where the agent runs. If you see none there, somebody else has started this: deny it.</small>
        </label>
      )}
      {asked.includes('recent_sign_in') && !isRecent && (
        <p class="advice">
          What is marked needs a recent sign-in: <a href={`${CONSOLE}/sign-in?recent=yes&to=${encodeURIComponent(page)}`}>sign in again</a>, then
          decide.
        </p>
      )}
      {isBound && !hasPasskey && (
        <p class="advice">
          What is marked needs a passkey, and you have none here: <a href={`${CONSOLE}/account`}>add one</a>, then decide.
        </p>
      )}
      {isBound && (
        <noscript>
          <p class="advice">A passkey needs JavaScript. Without it, leave out what is marked.</p>
        </noscript>
      )}
      <Remember {...of} />
      <p class="failure" role="alert" hidden></p>
      <button type="submit" class="approve">
        Approve
      </button>
    </OwnForm>
  )
}

/** A scope that is offered, chosen unless it is left out. */
const Choice = ({ name, description, demand }: OfferedScope & { demand: Demand | undefined }) => (
  <label class="choice">
    <input type="checkbox" name={`scope:${name}`} value="on" checked data-demand={demand} />
    <span>
      <code>
        <Their>{name}</Their>
      </code>
      {description !== undefined && (
        <span class="said">
          <Their>{description}</Their>
        </span>
      )}
      {NEEDS[demand ?? 'sign_in'] && <span class="badge needs">{NEEDS[demand ?? 'sign_in']}</span>}
    </span>
  </label>
)

/** For how long, in hours. */
const SPANS = [
  [8, '8 hours'],
  [24, '1 day'],
  [168, '7 days'],
  [720, '30 days'],
  [2160, '90 days'],
] as const

/** Not to be asked about such requests again for a while, where that is possible: by the same agent, for the same user, Service and kind of access. */
const Remember = ({ request, shown, demands, rememberDays, wantsNumber }: RequestOf) => {
  const names = shown.scopes.map(({ name }) => name).filter((name) => demands[name] === 'sign_in')
  const kept = rememberDays > 0 && !wantsNumber ? rememberableOf(shown, names) : []
  if (kept.length === 0) return null
  return (
    <details id="remember" class="remember">
      <summary>Remember this approval</summary>
      <label class="reason">
        For
        <select name="remember_hours">
          <option value="0">this once</option>
          {SPANS.filter(([hours]) => hours <= rememberDays * 24).map(([hours, name]) => (
            <option value={String(hours)}>{name}</option>
          ))}
        </select>
      </label>
      <label class="reason">
        Tasks
        <input name="task_pattern" value={request.task_id} maxlength={1024} autocomplete="off" spellcheck={false} aria-describedby="remember-help" />
        <small id="remember-help">
          Requests of this agent for the same user, Service and kind of access, whose task id is of this pattern (<code>*</code> stands for anything),
          are then approved without a person, with what you choose above
          {kept.length < shown.scopes.length ? (
            <>
              {' '}
              but never more than{' '}
              {kept.map((name) => (
                <ScopeName>{name}</ScopeName>
              ))}
            </>
          ) : null}
          . You can end that at any time.
        </small>
      </label>
    </details>
  )
}

export const Deny = ({ request, session }: RequestOf) => (
  <OwnForm session={session} action={`${CONSOLE}/requests/${request.ref}/deny`} class="decide">
    <input type="hidden" name="digest" value={request.shown_digest} />
    <label class="reason">
      Reason
      <input name="reason" maxlength={1024} autocomplete="off" aria-describedby="deny-help" />
      <small id="deny-help">The agent is told, and the audit trail keeps it. It may be left out.</small>
    </label>
    <button type="submit" class="deny">
      Deny
    </button>
  </OwnForm>
)
