import { visible } from '../../approve/visible.ts'
import type { PolicyState } from '../../policy/current.ts'
import type { HarnessKeyRow } from '../../store/schema.ts'
import { CONSOLE } from '../door.ts'
import type { Session } from '../session.ts'
import { Heads, OwnForm, Their, When } from './page.tsx'
import { PolicyInForce } from './policy.tsx'

/** The registered keys of Harnesses, and for an admin the ways to add and remove them. */
export const HarnessKeys = ({ session, keys }: { session: Session; keys: HarnessKeyRow[] }) => (
  <>
    <h1>Harness keys</h1>
    <p>Requests that are bound to one of these keys are of the tier “registered”.</p>
    {keys.length === 0 ? (
      <p class="empty">No key is registered.</p>
    ) : (
      <section class="scroll" tabindex={0} aria-label="Registered keys">
        <table>
          <thead>
            <Heads names={['Name', 'Thumbprint', 'Added', 'By', ...(session.person.administers ? ['Remove'] : [])]} />
          </thead>
          <tbody>
            {keys.map((key) => (
              <tr>
                <th scope="row">
                  <Their>{key.name}</Their>
                </th>
                <td data-label="Thumbprint">
                  <code class="wrap">{key.thumbprint}</code>
                </td>
                <td data-label="Added">
                  <When at={key.added_at} />
                </td>
                <td data-label="By">
                  <Their>{key.added_by}</Their>
                </td>
                {session.person.administers && (
                  <td>
                    <OwnForm session={session} action={`${CONSOLE}/harness-keys/remove`}>
                      <input type="hidden" name="thumbprint" value={key.thumbprint} />
                      <button type="submit" class="plain" aria-label={`Remove ${visible(key.name)}`}>
                        Remove
                      </button>
                    </OwnForm>
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    )}
    {session.person.administers && (
      <>
        <h2>Register a key</h2>
        <OwnForm session={session} action={`${CONSOLE}/harness-keys`} class="decide">
          <label class="reason">
            Name, for people
            <input name="name" maxlength={200} required autocomplete="off" />
          </label>
          <label class="reason">
            Thumbprint of the public key (RFC 7638), as a request shows it
            <input name="thumbprint" pattern="[\w\-]{43}" required autocomplete="off" spellcheck={false} />
          </label>
          <button type="submit">Register</button>
        </OwnForm>
        <h2>Sign somebody out</h2>
        <OwnForm session={session} action={`${CONSOLE}/sessions/end`} class="decide">
          <label class="reason">
            E-mail address: all their sessions here end. Whoever is still signed in at the identity provider comes back with a click: end that there
            first
            <input name="email" type="email" required autocomplete="off" />
          </label>
          <button type="submit" class="deny">
            Sign out
          </button>
        </OwnForm>
      </>
    )}
  </>
)

/** The policy and the settings in force, without secrets: those never stand in a settings file. */
export const SettingsInForce = ({ yaml, policy }: { yaml: string; policy: PolicyState }) => (
  <>
    <h1>Settings in force</h1>
    <h2>Policy</h2>
    <PolicyInForce state={policy} />
    <h2>Settings</h2>
    <p>As this server read them when it started, with every default. Secrets are named by their place, never shown.</p>
    <section class="scroll" aria-label="Settings" tabindex={0}>
      <pre class="settings">{yaml}</pre>
    </section>
  </>
)
