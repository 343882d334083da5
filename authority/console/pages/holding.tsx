import { Scope } from '../../../spec/wire/scopes.ts'
import { CONSOLE } from '../door.ts'
import { OwnForm, Row, ScopeName, Their, When } from './page.tsx'
import type { RequestOf } from './request.tsx'

/** What came of an approval, and the ways to take it back. */
export const Holding = (of: RequestOf) => {
  const { pass, authorization, at, mayEnd } = of
  const isLive = authorization?.state === 'active' && authorization.expires_at > at
  const waits = !authorization && pass && pass.consumed_at === null && pass.revoked_at === null && pass.expires_at > at
  return (
    <>
      {authorization ? (
        <dl>
          <Row name="Authorization">
            <span class={`badge ${isLive ? 'active' : 'ended'}`}>
              {isLive ? 'active' : authorization.state === 'active' ? 'expired' : authorization.state}
            </span>
          </Row>
          <Row name="Holds">
            {scopesOf(authorization.scope).map((name) => (
              <ScopeName>{name}</ScopeName>
            ))}
          </Row>
          <Row name={isLive ? 'Until' : 'Ended'}>
            <When at={authorization.closed_at ?? authorization.expires_at} />
          </Row>
          {isLive && <Row name="Last check">{authorization.checked_at === null ? 'none yet' : <When at={authorization.checked_at} />}</Row>}
          {authorization.reason !== null && (
            <Row name="Because">
              <Their>{authorization.reason}</Their>
            </Row>
          )}
        </dl>
      ) : (
        <p>{waits ? 'The agent has not begun yet.' : 'The pass was never used.'}</p>
      )}
      {mayEnd && isLive && <Narrow {...of} scopes={scopesOf(authorization.scope)} />}
      {mayEnd && (isLive || waits) && <Revoke {...of} />}
    </>
  )
}

export const scopesOf = (json: string): string[] => Scope.parse(JSON.parse(json))

const Narrow = ({ request, session, scopes }: RequestOf & { scopes: string[] }) =>
  scopes.length > 1 && (
    <OwnForm session={session} action={`${CONSOLE}/requests/${request.ref}/narrow`} class="decide">
      <input type="hidden" name="digest" value={request.shown_digest} />
      <fieldset>
        <legend>What you leave it</legend>
        {scopes.map((name) => (
          <label class="choice">
            <input type="checkbox" name={`scope:${name}`} value="on" checked />
            <code>
              <Their>{name}</Their>
            </code>
          </label>
        ))}
      </fieldset>
      <button type="submit">Narrow</button>
    </OwnForm>
  )

const Revoke = ({ request, session }: RequestOf) => (
  <OwnForm session={session} action={`${CONSOLE}/requests/${request.ref}/revoke`} class="decide">
    <input type="hidden" name="digest" value={request.shown_digest} />
    <label class="reason">
      Reason
      <input name="reason" maxlength={1024} autocomplete="off" aria-describedby="revoke-help" />
      <small id="revoke-help">The audit trail keeps it. It may be left out.</small>
    </label>
    <button type="submit" class="deny">
      Revoke
    </button>
  </OwnForm>
)
