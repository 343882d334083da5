import { count, isConforming, type Report, type Result, type Verdict } from './report.ts'

/** One character for each verdict, so that none is told by colour alone. */
export const SYMBOLS: Record<Verdict, string> = { PASS: '✔', FAIL: '✘', WARN: '⚠', SKIP: '⊘', 'N-A': '–' }

/** The order in which a reader wants to know of them. */
export const PAGE_ORDER = ['FAIL', 'WARN', 'PASS', 'SKIP', 'N-A'] as const

/** What is counted under each verdict. */
export const NAMES: Record<Verdict, string> = { PASS: 'passed', FAIL: 'failed', WARN: 'warned', SKIP: 'skipped', 'N-A': 'not of this profile' }

/** The word of one case's verdict. */
export const WORDS: Record<Verdict, string> = { PASS: 'passed', FAIL: 'failed', WARN: 'warning', SKIP: 'skipped', 'N-A': 'not of this profile' }

/** What a whole report comes to. `open` is neither: the run broke off, or found nothing out. */
export type Outcome = { is: 'conforming' | 'failed' | 'open'; sentence: string }

/** The verdict of a report in one sentence, which says also what was left open. */
export function outcomeOf(report: Report): Outcome {
  const failed = failedRequirements(report.results).length
  const failures = `${plural(failed, 'requirement')} failed`
  if (report.aborted !== undefined)
    return { is: failed > 0 ? 'failed' : 'open', sentence: `Not finished: the run ended early${failed > 0 ? `; ${failures} until then` : ''}` }
  if (failed > 0) return { is: 'failed', sentence: `Not conforming: ${failures}` }
  if (!isConforming(report)) return { is: 'open', sentence: 'No verdict: not one case passed' }
  const { PASS, WARN, SKIP } = count(report.results)
  const extent = SKIP > 0 ? `in all that was tested, but ${plural(SKIP, 'case')} could not be judged` : `${plural(PASS, 'case')} passed`
  const warned = WARN > 0 ? `${SKIP > 0 ? ', and' : ', but'} ${plural(WARN, 'recommendation was', 'recommendations were')} not met` : ''
  return { is: 'conforming', sentence: `Conforming to ${report.profile}: ${extent}${warned}` }
}

/** The ids of the requirements that failed, each once for each party, whatever the number of their cases. */
export const failedRequirements = (results: readonly Result[]): string[] => [
  ...new Set(results.filter(({ verdict }) => verdict === 'FAIL').map(({ id, party }) => `${party} ${requirementId(id)}`)),
]

/** The id of the requirement that a case judges. */
export const requirementId = (caseId: string): string => caseId.split('/')[0] ?? caseId

/** A number and what it counts. */
export const plural = (n: number, one: string, many = `${one}s`): string => `${n.toLocaleString('en')} ${n === 1 ? one : many}`

/** Milliseconds as people say them. */
export const duration = (ms: number): string =>
  ms < 1_000
    ? `${Math.round(ms)} ms`
    : ms < 60_000
      ? `${(ms / 1_000).toFixed(1)} s`
      : `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1_000)} s`

/** A word as it begins a heading. */
export const capital = (word: string): string => `${word.charAt(0).toUpperCase()}${word.slice(1)}`
