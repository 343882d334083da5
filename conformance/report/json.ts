import { count, isConforming, type Report, type Result } from './report.ts'
import { byId } from './section.ts'
import { failedRequirements, outcomeOf, requirementId } from './verdict.ts'

/** What no terminal or editor is to be handed raw; JSON.stringify itself escapes C0 controls and lone surrogates. */
const UNSAFE = /[\u007f-\u009f]|[\p{Cf}\p{Zl}\p{Zp}\p{Cn}\p{Co}\p{Default_Ignorable_Code_Point}]/gu

/**
 * A report for programs: one JSON object, whose members stay what they are. Results stand in the order of their ids.
 *
 * | member | what it is |
 * |---|---|
 * | `format` | `agentpass-conformance-report/1`; another number only where a member changes its meaning or goes |
 * | `conforming` | whether all that is required was passed; the program's exit status is 0 for the same |
 * | `verdict` | the same in a sentence for people |
 * | `tool` | `name`, `version` |
 * | `profile`, `seed` | what was asked for; the seed repeats a run |
 * | `startedAt`, `ms` | an instant in ISO 8601; how long it took |
 * | `subjects` | who was judged: `party`, `name`, `url` or null |
 * | `notices` | what must be known before any verdict |
 * | `aborted` | why the run ended early, else null |
 * | `summary` | `cases`, the number of each verdict under its name (`PASS`, `FAIL`, `WARN`, `SKIP`, `N-A`), and `failedRequirements`: each once, as party and id |
 * | `results` | one for each case, below |
 *
 * A result has `id` (stable for ever), `requirement` (`id`, `level`, `origin`, `section` of the published draft, `group`, `statement`), `party`, `about`, `negative`,
 * `verdict`, `expected` and `actual` (null where it is no FAIL or WARN), `remarks`, `exchanges` (`between`, `request`, `response` or null, `failure` or null, `ms`), `ms`.
 * Texts are as they were received, secrets aside; what an eye would not see is written as an escape.
 */
export function reportJson(report: Report): string {
  const { tool, profile, seed, startedAt, ms, subjects, notices, aborted, results } = report
  const document = {
    format: 'agentpass-conformance-report/1',
    conforming: isConforming(report),
    verdict: outcomeOf(report).sentence,
    tool: { name: tool.name, version: tool.version },
    profile,
    seed,
    startedAt,
    ms,
    subjects: subjects.map(({ party, name, url }) => ({ party, name, url: url ?? null })),
    notices,
    aborted: aborted ?? null,
    summary: { cases: results.length, ...count(results), failedRequirements: failedRequirements(results) },
    results: results.toSorted(byId).map(resultMembers),
  }
  return `${JSON.stringify(document, null, 2).replace(UNSAFE, escaped)}\n`
}

const resultMembers = ({ id, party, about, negative, requirement, verdict, expected, actual, remarks, exchanges, ms }: Result) => ({
  id,
  requirement: {
    id: requirementId(id),
    level: requirement.level,
    origin: requirement.origin,
    section: requirement.section,
    group: requirement.group,
    statement: requirement.statement,
  },
  party,
  about,
  negative,
  verdict,
  expected: expected ?? null,
  actual: actual ?? null,
  remarks,
  exchanges: exchanges.map(({ between, request, response, failure, ms }) => ({
    between,
    request,
    response: response ?? null,
    failure: failure ?? null,
    ms,
  })),
  ms,
})

/** By its UTF-16 code units, as JSON has them. */
const escaped = (char: string): string =>
  char
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
