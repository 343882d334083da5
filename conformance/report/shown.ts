import type { Exchange, Report, Result } from './report.ts'
import { visible, visibleLines } from './visible.ts'

const MAX_WORDS = 2_000

/** A report whose every text is fit for eyes: nothing in it is unseen or commands a terminal, and lines are parted by `\n` alone. To be done once, last. */
export const showReport = (report: Report): Report => ({
  ...report,
  profile: report.profile,
  tool: { name: report.tool.name, version: visible(report.tool.version) },
  seed: visible(report.seed),
  startedAt: visible(report.startedAt),
  subjects: report.subjects.map(({ party, name, url }) => ({ party, name: visible(name), url: url === undefined ? undefined : visible(url) })),
  notices: report.notices.map(words),
  ...(report.aborted === undefined ? {} : { aborted: words(report.aborted) }),
  results: report.results.map(showResult),
})

/** The same of one result. What was demanded and what came are cut where they are long, and nothing is remarked that says what came once more. */
export const showResult = (result: Result): Result => ({
  ...result,
  id: visible(result.id),
  about: visible(result.about),
  requirement: { ...result.requirement, section: visible(result.requirement.section), statement: visible(result.requirement.statement) },
  ...(result.expected === undefined ? {} : { expected: words(result.expected) }),
  ...(result.actual === undefined ? {} : { actual: words(result.actual) }),
  remarks: result.remarks.filter((remark) => !result.actual?.includes(remark)).map(words),
  exchanges: result.exchanges.map(showExchange),
})

const showExchange = ({ between, request, response, failure, ms }: Exchange): Exchange => ({
  between: visible(between),
  request: { line: visible(request.line), headers: showHeaders(request.headers), body: showBody(request.body) },
  response: response && { status: response.status, headers: showHeaders(response.headers), body: showBody(response.body) },
  ...(failure === undefined ? {} : { failure: words(failure) }),
  ms,
})

const showHeaders = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [visible(name), visible(value)]))

const showBody = (body: string): string => visibleLines(body).join('\n')

function words(text: string): string {
  const whole = visibleLines(text.slice(0, MAX_WORDS).replace(/[\ud800-\udbff]$/, ''))
    .join('\n')
    .trim()
  return text.length <= MAX_WORDS ? whole : `${whole} … [${(text.length - MAX_WORDS).toLocaleString('en')} more characters]`
}
