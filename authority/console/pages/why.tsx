import type { Shown } from '../../approve/shown.ts'
import type { statusAt } from '../../issue/status.ts'
import type { Why as OneWhy } from '../../policy/policy.ts'
import type { RequestRow } from '../../store/schema.ts'
import { ScopeName, Their } from './page.tsx'

const EFFECTS: Record<OneWhy['effect'], string> = { approve: 'approves', ask: 'asks a person', deny: 'denies' }

type WhyOf = { shown: Shown; request: Pick<RequestRow, 'decided_by'>; status: ReturnType<typeof statusAt> }

/** Why a request was decided as it was, or is asked about: each policy that had a say, in its own words. */
export const Why = ({ shown, request, status }: WhyOf) => {
  const { policy, reasons } = shown
  return (
    <>
      <h2>{titleOf(status, request)}</h2>
      {policy ? (
        <ul class="why">
          {policy.why.map((one) => (
            <Line why={one} isAll={one.scopes.length === shown.scopes.length + policy.withheld.length} />
          ))}
        </ul>
      ) : (
        reasons.map((reason) => (
          <p>
            <Their>{reason}</Their>
          </p>
        ))
      )}
      {policy && policy.withheld.length > 0 && (
        <p>
          The Service offers more, which nobody can approve here: <Scopes names={policy.withheld} />
        </p>
      )}
      {policy?.version !== undefined && (
        <p class="quiet">
          By the policy file of version <code>{policy.version}</code>.
        </p>
      )}
    </>
  )
}

function titleOf(status: WhyOf['status'], { decided_by }: WhyOf['request']): string {
  if (status === 'pending') return 'Why a person is asked'
  return decided_by === 'policy' ? 'Why policy decided so' : 'What policy said'
}

const Line = ({ why: { policy, effect, scopes, says }, isAll }: { why: OneWhy; isAll: boolean }) => (
  <li>
    <span class={`badge effect-${effect}`}>{EFFECTS[effect]}</span> {!isAll && <Scopes names={scopes} />}
    {says === undefined ? null : (
      <>
        “<Their>{says}</Their>”{' '}
      </>
    )}
    <span class="quiet">
      (<Their>{policy}</Their>)
    </span>
  </li>
)

const Scopes = ({ names }: { names: string[] }) => (
  <>
    {names.map((name) => (
      <>
        <ScopeName>{name}</ScopeName>{' '}
      </>
    ))}
  </>
)
