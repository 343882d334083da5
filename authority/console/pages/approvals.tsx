import { scopesOf } from './holding.tsx'
import { ScopeName, Their, When } from './page.tsx'
import type { RequestOf } from './request.tsx'

type Of = Pick<RequestOf, 'shown' | 'approvals' | 'session' | 'mayApprove'>

const hasApproved = ({ approvals, session }: Of): boolean => approvals.some(({ by }) => by === session.person.email)

/** Whether this person can approve now: policy names them or nobody, and they have not approved before. */
export const canApprove = (of: Of): boolean => of.mayApprove && !hasApproved(of)

/** What an approval can still grant: with others before, what all of them left. */
export const scopesLeft = ({ shown, approvals }: Of) =>
  shown.scopes.filter(({ name }) => approvals.every(({ scope }) => scopesOf(scope).includes(name)))

/** Who has approved a request that needs more than one person, and who alone may. */
export const Approvals = (of: Of) => {
  const { shown, approvals, mayApprove } = of
  return (
    <>
      {shown.approvers?.map(({ policy, who }) => (
        <p>
          Policy <Their>{policy}</Their> names who approves: {who.map(whom).join(', ')}.{!mayApprove && ' You may deny it.'}
        </p>
      ))}
      {(shown.approvals ?? 1) > 1 && (
        <div class="advice">
          <p>
            {shown.approvals} people must approve this. {approvals.length === 0 ? 'Nobody has yet.' : null}
          </p>
          {approvals.map(({ by, scope, at }) => (
            <p>
              <Their>{by}</Their> approved{' '}
              {scopesOf(scope).map((name) => (
                <ScopeName>{name}</ScopeName>
              ))}{' '}
              at <When at={at} />.
            </p>
          ))}
          {hasApproved(of) && <p>It waits for somebody else.</p>}
        </div>
      )}
    </>
  )
}

/** Whom policy means by a name. */
function whom(name: string): string {
  if (name === 'user') return 'the user'
  if (name === 'admin-token') return 'scripts with the admin token'
  return name.startsWith('group:') ? `the group ${name.slice('group:'.length)}` : name
}
