import { exchangeLine } from './exchange.ts'
import { isJudgedOne, placeOf } from './html-place.ts'
import type { Exchange, Report, Result } from './report.ts'
import { byOrigin, bySection, sectionOf } from './section.ts'
import { capital, plural, SYMBOLS, WORDS } from './verdict.ts'

/** From here on a list of what failed stands above what is said about each. */
const MANY = 5
const TITLES = {
  FAIL: { id: 'failures', title: 'What failed', says: 'Each is required, and what came instead is shown with it.' },
  WARN: { id: 'warnings', title: 'What is recommended and was not met', says: 'No conformance depends on these.' },
} as const

/** Everything that failed, or that was warned of, with what was demanded, what came, and the exchange that showed it. Nothing where there is none. */
export const Faults = ({ report, verdict }: { report: Report; verdict: 'FAIL' | 'WARN' }) => {
  const faults = report.results.filter((result) => result.verdict === verdict)
  const { id, title, says } = TITLES[verdict]
  if (faults.length === 0) return null
  const groups = byOrigin(faults).map((group) => ({ ...group, results: bySection(group.results).flatMap(({ results }) => results) }))
  const opened = verdict === 'FAIL' ? groups[0]?.results[0] : undefined
  return (
    <section class="faults" id={id} aria-labelledby={`${id}-title`}>
      <div class="title">
        <h2 id={`${id}-title`}>{title}</h2>
        <button type="button" class="quiet" data-opens={`#${id} details`} hidden>
          Open every exchange
        </button>
      </div>
      <p class="says">{says}</p>
      {faults.length >= MANY && <Index results={groups.flatMap(({ results }) => results)} />}
      {groups.map(({ title, says, results }) => (
        <section class="origin">
          <h3>
            {title} <small>{says}</small>
          </h3>
          {results.map((result) => (
            <Fault result={result} isOpen={result === opened} isOne={isJudgedOne(report)} />
          ))}
        </section>
      ))}
    </section>
  )
}

const Index = ({ results }: { results: Result[] }) => (
  <ol class="index">
    {results.map((result) => (
      <li>
        <a href={`#${placeOf(result)}`}>
          <code>{result.id}</code> {result.requirement.statement}
        </a>
      </li>
    ))}
  </ol>
)

const Fault = ({ result, isOpen, isOne }: { result: Result; isOpen: boolean; isOne: boolean }) => {
  const { id, party, verdict, requirement, about, expected, actual, remarks, exchanges } = result
  const { label, title } = sectionOf(requirement.section)
  return (
    <article class={`fault ${verdict}`} id={placeOf(result)}>
      <h4>
        <span class="symbol" aria-hidden="true">
          {SYMBOLS[verdict]}
        </span>
        <span class="unseen">{WORDS[verdict]}: </span>
        {requirement.statement}
      </h4>
      <p class="which">
        <a href={`#${placeOf(result)}`}>
          <code>{id}</code>
        </a>
        <b>{requirement.level}</b>
        <span>
          {label} {title}
        </span>
        {!isOne && <span>{capital(party)}</span>}
      </p>
      <p class="about">{about}</p>
      <dl class="compare">
        <div>
          <dt>Expected</dt>
          <dd>{expected ?? 'not said'}</dd>
        </div>
        <div class="actual">
          <dt>What came</dt>
          <dd>{actual ?? 'not said'}</dd>
        </div>
      </dl>
      {remarks.map((remark) => (
        <p class="remark">{remark}</p>
      ))}
      <Exchanges exchanges={exchanges} isOpen={isOpen} />
    </article>
  )
}

const Exchanges = ({ exchanges, isOpen }: { exchanges: Exchange[]; isOpen: boolean }) => {
  const last = exchanges.at(-1)
  const before = exchanges.slice(0, -1)
  return (
    <>
      {last && (
        <details open={isOpen}>
          <summary>
            The exchange that showed it <code>{exchangeLine(last)}</code>
          </summary>
          <Said exchange={last} />
        </details>
      )}
      {before.length > 0 && (
        <details>
          <summary>What was said before: {plural(before.length, 'exchange')}</summary>
          {before.map((exchange) => (
            <Said exchange={exchange} />
          ))}
        </details>
      )}
    </>
  )
}

const Said = ({ exchange: { between, request, response, failure, ms } }: { exchange: Exchange }) => (
  <div class="said">
    <p>
      {between} <span>{Math.round(ms)} ms</span>
    </p>
    <div class="messages">
      <Message first={request.line} headers={request.headers} body={request.body} />
      {response ? (
        <Message first={String(response.status)} headers={response.headers} body={response.body} />
      ) : (
        <pre>
          <b>no answer{failure === undefined ? '' : `: ${failure}`}</b>
        </pre>
      )}
    </div>
  </div>
)

const Message = ({ first, headers, body }: { first: string; headers: Record<string, string>; body: string }) => (
  <pre>
    <b>{first}</b>
    {Object.entries(headers).map(([name, value]) => (
      <span>
        {'\n'}
        <i>{name}:</i> {value}
      </span>
    ))}
    {body !== '' && `\n\n${spread(body)}`}
  </pre>
)

/** JSON that stands on one line, over several, where that changes nothing but white space: a number or a member that JSON.parse would lose keeps it as it came. */
function spread(body: string): string {
  if (!/^[{[]/.test(body)) return body
  try {
    const value: unknown = JSON.parse(body)
    return JSON.stringify(value) === body ? JSON.stringify(value, null, 2) : body
  } catch {
    return body // no JSON, or cut: it is shown as it came
  }
}
