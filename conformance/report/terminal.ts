import { exchangeLine, exchangeLines } from './exchange.ts'
import { createPaint, LOOKS, type Paint } from './paint.ts'
import { createProgress, type Stream } from './progress.ts'
import type { Report, Result } from './report.ts'
import { showResult } from './shown.ts'
import { summaryLines } from './summary.ts'
import { SYMBOLS } from './verdict.ts'

const MAX_EXCHANGE_LINES = 40

/** `verbose` shows what passed too, and all that was said. */
export type Manner = { verbose: boolean; hasColour: boolean }

/** What a terminal is told of one result as it comes in; nothing of a case that passed, or is of another profile, unless `verbose`. */
export function resultLines(result: Result, { verbose, hasColour }: Manner): string[] {
  if (!verbose && (result.verdict === 'PASS' || result.verdict === 'N-A')) return []
  const paint = createPaint(hasColour)
  const { id, verdict, requirement, about, expected, actual, remarks, exchanges } = showResult(result)
  const isFault = verdict === 'FAIL' || verdict === 'WARN'
  const symbol = paint(LOOKS[verdict], SYMBOLS[verdict])
  const head = `${symbol} ${paint('bold', id)}  ${requirement.statement}  ${paint('dim', `${requirement.level}, ${where(requirement)}`)}`
  return [
    head,
    ...labelled('case', about, paint),
    ...(isFault ? labelled('expected', expected ?? '', paint) : []),
    ...(isFault ? labelled('actual', actual ?? '', paint) : []),
    ...remarks.flatMap((remark) => labelled(verdict === 'SKIP' ? 'why' : 'note', remark, paint)),
    ...(isFault ? said(exchanges, verbose).map((line) => `    ${paint('dim', line)}`.trimEnd()) : []),
    ...(isFault ? [''] : []),
  ]
}

const where = ({ section, origin }: Result['requirement']): string =>
  `${/^\d/.test(section) ? `§${section}` : section}${origin === 'draft-0.1' ? '' : `, ${origin}`}`

const labelled = (label: string, text: string, paint: Paint): string[] =>
  text === '' ? [] : text.split('\n').map((line, i) => `    ${paint('dim', (i === 0 ? label : '').padEnd(9))} ${line}`)

/** The last exchange showed it; of those before it, that they were. */
function said(exchanges: Result['exchanges'], verbose: boolean): string[] {
  const before = exchanges.slice(0, -1).flatMap((exchange) => (verbose ? [...exchangeLines(exchange), ''] : [`before: ${exchangeLine(exchange)}`]))
  const last = exchanges.slice(-1).flatMap(exchangeLines)
  const kept = verbose ? last : last.slice(0, MAX_EXCHANGE_LINES)
  return [...before, ...kept, ...(kept.length < last.length ? [`… ${last.length - kept.length} more lines`] : [])]
}

/** A run as a person follows it: results and the summary go to `out`, the line that says how far it is to `talk`. */
export type Terminal = { begin: (caseId: string) => void; result: (result: Result) => void; end: (report: Report) => void }

/** A terminal that shows a run of `total` cases. Nothing of its progress is written where nobody sees a terminal. */
export function createTerminal(d: Manner & { out: Stream; talk: Stream; total: number }): Terminal {
  const progress = createProgress(d.talk, d.total)
  const write = (lines: string[]) => {
    if (lines.length === 0) return
    progress.clear()
    d.out.write(`${lines.join('\n')}\n`)
  }
  return {
    begin: progress.begin,
    result: (result) => {
      write(resultLines(result, d))
      progress.end(result)
    },
    end: (report) => {
      progress.clear()
      write(summaryLines(report, d))
    },
  }
}
