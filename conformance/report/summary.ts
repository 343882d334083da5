import { createPaint, LOOKS, type Paint } from './paint.ts'
import { count, type Report, VERDICTS } from './report.ts'
import { byOrigin, bySection, type SectionResults } from './section.ts'
import { showReport } from './shown.ts'
import { duration, NAMES, outcomeOf, plural, SYMBOLS } from './verdict.ts'

const NAME_COLUMNS = 52
const COUNT_COLUMNS = 6

/** What a terminal is told at the end: counts by section of the draft, requirements that are not its text under headings of their own, and the verdict. */
export function summaryLines(given: Report, { hasColour }: { hasColour: boolean }): string[] {
  const paint = createPaint(hasColour)
  const report = showReport(given)
  const { is, sentence } = outcomeOf(report)
  const look = ({ conforming: 'green', failed: 'red', open: 'yellow' } as const)[is]
  const notes = [
    ...report.notices.map((notice) => `note: ${notice}`),
    ...(report.aborted === undefined ? [] : [`the run ended early: ${report.aborted}`]),
  ]
  return [
    '',
    ...report.subjects.map(({ party, name, url }) => `${paint('bold', `${party} ${name}`)}${url === undefined || url === name ? '' : `  ${url}`}`),
    paint('dim', `profile ${report.profile}, seed ${report.seed}`),
    ...byOrigin(report.results).flatMap(({ title, says, results }) => [
      '',
      heading(`${title} ${says}`, paint),
      ...bySection(results).map((group) => sectionLine(group, paint)),
    ]),
    '',
    totals(report),
    ...notes.flatMap((note) => note.split('\n')),
    paint(look, `${({ conforming: SYMBOLS.PASS, failed: SYMBOLS.FAIL, open: SYMBOLS.WARN } as const)[is]} ${sentence}`),
  ]
}

/** The symbols stand over the counts, or on a line of their own where the heading is long. */
function heading(text: string, paint: Paint): string {
  const columns = VERDICTS.map((verdict) => paint(LOOKS[verdict], SYMBOLS[verdict].padStart(COUNT_COLUMNS))).join('')
  return text.length <= NAME_COLUMNS
    ? `${paint('bold', text.padEnd(NAME_COLUMNS))}${columns}`
    : `${paint('bold', text)}\n${' '.repeat(NAME_COLUMNS)}${columns}`
}

function sectionLine({ section, results }: SectionResults, paint: Paint): string {
  const counts = count(results)
  const name = `  ${section.label.padEnd(11)} ${section.title}`
  const cells = VERDICTS.map((verdict) => {
    const n = counts[verdict]
    return n === 0 ? paint('dim', '·'.padStart(COUNT_COLUMNS)) : paint(LOOKS[verdict], String(n).padStart(COUNT_COLUMNS))
  })
  return `${name.length <= NAME_COLUMNS ? name.padEnd(NAME_COLUMNS) : `${name.slice(0, NAME_COLUMNS - 2)}… `}${cells.join('')}`
}

function totals({ results, ms }: Report): string {
  const counts = count(results)
  const named = VERDICTS.filter((verdict) => counts[verdict] > 0).map((verdict) => `${counts[verdict].toLocaleString('en')} ${NAMES[verdict]}`)
  return `${plural(results.length, 'case')} in ${duration(ms)}${named.length > 0 ? `: ${named.join(', ')}` : ''}`
}
