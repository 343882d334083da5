import { isJudgedOne, placeOf } from './html-place.ts'
import { Sections } from './html-sections.tsx'
import { count, type Report, type Result } from './report.ts'
import { capital, NAMES, PAGE_ORDER, SYMBOLS, WORDS } from './verdict.ts'

/** One cell for each case, by section, and a choice of which verdicts are shown here and below, made without script. */
export const Matrix = ({ report }: { report: Report }) => (
  <section class="matrix" id="matrix" aria-labelledby="matrix-title">
    <h2 id="matrix-title">By section</h2>
    <Choice results={report.results} />
    <Sections results={report.results}>
      {(results) => (
        <div class="groups">
          {byPrefix(results, isJudgedOne(report)).map(([prefix, cells]) => (
            <div class="group">
              <p>{prefix}</p>
              <ul>
                {cells.map((result) => (
                  <Cell result={result} />
                ))}
              </ul>
            </div>
          ))}
        </div>
      )}
    </Sections>
  </section>
)

const Choice = ({ results }: Pick<Report, 'results'>) => {
  const counts = count(results)
  return (
    <fieldset class="choice">
      <legend>Show</legend>
      <label>
        <input type="radio" name="show" id="show-all" checked autocomplete="off" /> <span>all {results.length.toLocaleString('en')}</span>
      </label>
      {PAGE_ORDER.filter((verdict) => counts[verdict] > 0).map((verdict) => (
        <label class={verdict}>
          <input type="radio" name="show" id={`show-${verdict}`} autocomplete="off" />{' '}
          <span>
            <span aria-hidden="true">{SYMBOLS[verdict]}</span> {counts[verdict].toLocaleString('en')} {NAMES[verdict]}
          </span>
        </label>
      ))}
    </fieldset>
  )
}

const Cell = ({ result }: { result: Result }) => {
  const [, prefix = '', rest = result.id] = /^(.*-)(\d.*)$/.exec(result.id) ?? []
  const [number = rest, ...slug] = rest.split('/')
  return (
    <li class={`cell ${result.verdict}`}>
      <a href={`#${placeOf(result)}`} title={result.requirement.statement}>
        <span aria-hidden="true">{SYMBOLS[result.verdict]}</span> <span class="unseen">{prefix}</span>
        {number}
        {slug.length > 0 && <small>/{slug.join('/')}</small>}
        <span class="unseen">, {WORDS[result.verdict]}</span>
      </a>
    </li>
  )
}

/** What ids have in common is said once. */
function byPrefix(results: Result[], isOne: boolean): [string, Result[]][] {
  const groups = new Map<string, Result[]>()
  for (const result of results) {
    const prefix = `${result.id.split('/')[0]?.replace(/-\d+$/, '')}${isOne ? '' : ` · ${capital(result.party)}`}`
    groups.set(prefix, [...(groups.get(prefix) ?? []), result])
  }
  return [...groups]
}
