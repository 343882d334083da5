import type { PolicyState } from '../../policy/current.ts'
import { Heads, Their, When } from './page.tsx'

type OfFile = Extract<PolicyState, { source: 'file' }>

/** The policy file in force: what each policy says, and whether the file as it is now is another that cannot be used. */
export const PolicyInForce = ({ state }: { state: PolicyState }) => {
  if (state.source === 'settings') return <p>Rules of the settings below decide.</p>
  return (
    <>
      <p>
        <code class="wrap">
          <Their>{state.file}</Their>
        </code>
        , version <code>{state.version}</code>, in force since <When at={state.loadedAt} />. A change is taken within seconds.
      </p>
      {state.broken && <Broken {...state.broken} />}
      {state.warnings.map((warning) => (
        <p class="advice">
          <Their>{warning}</Their>
        </p>
      ))}
      <section class="scroll" tabindex={0} aria-label="Policies">
        <table>
          <thead>
            <Heads names={['Policy', 'Line', 'Effect', 'Reason', 'Who approves']} />
          </thead>
          <tbody>
            {state.policies.map((policy) => (
              <Line {...policy} />
            ))}
          </tbody>
        </table>
      </section>
    </>
  )
}

const Broken = ({ since, problems }: NonNullable<OfFile['broken']>) => (
  <div class="failure" role="alert">
    <p>
      The file as it is now cannot be used, since <When at={since} />. The version above stays in force.
    </p>
    <ul>
      {problems.map((problem) => (
        <li>
          <Their>{problem}</Their>
        </li>
      ))}
    </ul>
  </div>
)

const Line = ({ name, line, effect, says, approvers, approvals }: OfFile['policies'][number]) => (
  <tr>
    <th scope="row">
      <Their>{name}</Their>
    </th>
    <td data-label="Line">{String(line)}</td>
    <td data-label="Effect">{effect}</td>
    <td data-label="Reason">{says !== undefined && <Their>{says}</Their>}</td>
    <td data-label="Who approves">
      <Their>{[...(approvers ?? []), ...(approvals > 1 ? [`${approvals} people`] : [])].join(', ')}</Their>
    </td>
  </tr>
)
