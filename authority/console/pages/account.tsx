import type { ConsoleSessionRow, PasskeyRow } from '../../store/schema.ts'
import { CONSOLE } from '../door.ts'
import { Client, type Session } from '../session.ts'
import { OwnForm, Row, Their, When } from './page.tsx'

export type AccountOf = { session: Session; sessions: ConsoleSessionRow[]; passkeys: PasskeyRow[]; isRecent: boolean; recentMinutes: number }

/** Who somebody is here, where they are signed in, and their passkeys. */
export const Account = ({ session, sessions, passkeys, isRecent, recentMinutes }: AccountOf) => (
  <>
    <h1>Your account</h1>
    <dl>
      <Row name="Signed in as">
        <Their>{session.person.email}</Their>
      </Row>
      <Row name="Roles">{session.person.roles.join(', ')}</Row>
      <Row name="Groups">{session.person.groups.length === 0 ? 'none' : <Their>{session.person.groups.join(', ')}</Their>}</Row>
    </dl>
    <h2>Passkeys</h2>
    <p>With a passkey you approve what is risky: your device checks that it is you, and signs exactly what you approve.</p>
    {passkeys.length > 0 && (
      <ul class="cards">
        {passkeys.map((passkey) => (
          <li class="card">
            <h3>
              <Their>{passkey.name}</Their>
            </h3>
            <p class="facts">
              <span>
                added <When at={passkey.added_at} />
              </span>
              <span>
                {passkey.used_at === null ? (
                  'not used yet'
                ) : (
                  <>
                    used <When at={passkey.used_at} />
                  </>
                )}
              </span>
            </p>
            <OwnForm session={session} action={`${CONSOLE}/account/passkeys/remove`}>
              <input type="hidden" name="id" value={passkey.id} />
              <button type="submit" class="plain">
                Remove
              </button>
            </OwnForm>
          </li>
        ))}
      </ul>
    )}
    {isRecent ? (
      <AddPasskey session={session} isFirst={passkeys.length === 0} />
    ) : (
      <p class="advice">
        A passkey is added after a sign-in of the last {recentMinutes} minutes:{' '}
        <a href={`${CONSOLE}/sign-in?recent=yes&to=${encodeURIComponent(`${CONSOLE}/account`)}`}>sign in again</a>.
      </p>
    )}
    <h2>Where you are signed in</h2>
    <ul class="cards">
      {sessions.map((one) => (
        <Place one={one} session={session} />
      ))}
    </ul>
    {sessions.length > 1 && (
      <OwnForm session={session} action={`${CONSOLE}/account/sessions/end`}>
        <button type="submit" class="second">
          Sign out everywhere else
        </button>
      </OwnForm>
    )}
  </>
)

const AddPasskey = ({ session, isFirst }: { session: Session; isFirst: boolean }) => (
  <OwnForm
    session={session}
    action={`${CONSOLE}/account/passkeys`}
    class="decide"
    id="add-passkey"
    data-new-passkey={`${CONSOLE}/account/passkeys/challenge`}
  >
    <label class="reason">
      Name of the new passkey
      <input name="name" maxlength={80} required autocomplete="off" placeholder="Work laptop" />
    </label>
    {!isFirst && <p class="quiet">You are asked twice: for a passkey that you have, and for the new one.</p>}
    <noscript>
      <p class="advice">A passkey needs JavaScript.</p>
    </noscript>
    <p class="failure" role="alert" hidden></p>
    <button type="submit">Add a passkey</button>
  </OwnForm>
)

const Place = ({ one, session }: { one: ConsoleSessionRow; session: Session }) => {
  const client = Client.parse(JSON.parse(one.client))
  return (
    <li class="card">
      <p class="facts">
        <strong>{one.digest === session.digest ? 'This browser' : 'Another browser'}</strong>
        <span>
          <Their>{client.program}</Their>
        </span>
        <span>
          from <Their>{client.address}</Their>
        </span>
        <span>
          since <When at={one.opened_at} />
        </span>
      </p>
    </li>
  )
}
