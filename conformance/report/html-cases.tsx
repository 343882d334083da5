import { isJudgedOne, placeOf } from './html-place.ts'
import { Sections } from './html-sections.tsx'
import type { Report, Result } from './report.ts'
import { capital, duration, requirementId, SYMBOLS, WORDS } from './verdict.ts'

/** Every case in words, under the requirement that it judges. One that failed, or was warned of, leads to what is said about it above. */
export const Cases = ({ report }: { report: Report }) => (
  <section class="cases" id="cases" aria-labelledby="cases-title">
    <h2 id="cases-title">Every case</h2>
    <Sections results={report.results}>
      {(results) => (
        <div>
          {byRequirement(results).map((cases) => (
            <Requirement cases={cases} isOne={isJudgedOne(report)} />
          ))}
        </div>
      )}
    </Sections>
  </section>
)

const Requirement = ({ cases, isOne }: { cases: Result[]; isOne: boolean }) => (
  <div class="requirement">
    <p>
      {cases[0]?.requirement.statement}{' '}
      <small>
        {cases[0]?.requirement.level}
        {!isOne && `, ${capital(cases[0]?.party ?? '')}`}
      </small>
    </p>
    <ul>
      {cases.map((result) => (
        <Case result={result} />
      ))}
    </ul>
  </div>
)

const Case = ({ result }: { result: Result }) => {
  const { id, verdict, about, remarks, ms } = result
  const isAbove = verdict === 'FAIL' || verdict === 'WARN'
  return (
    <li class={`case ${verdict}`} id={isAbove ? undefined : placeOf(result)}>
      <span class="symbol" aria-hidden="true">
        {SYMBOLS[verdict]}
      </span>
      <a href={`#${placeOf(result)}`}>
        <code>{id}</code>
      </a>
      <span class="about">
        {about}
        {!isAbove && remarks.map((remark) => <em>{remark}</em>)}
      </span>
      <span class="time">{verdict === 'PASS' ? duration(ms) : WORDS[verdict]}</span>
    </li>
  )
}

function byRequirement(results: Result[]): Result[][] {
  const groups = new Map<string, Result[]>()
  for (const result of results) {
    const key = `${result.party} ${requirementId(result.id)}`
    groups.set(key, [...(groups.get(key) ?? []), result])
  }
  return [...groups.values()]
}
