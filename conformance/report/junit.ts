import { exchangeLines } from './exchange.ts'
import { isConforming, type Report, type Result } from './report.ts'
import { byOrigin, bySection, type Section } from './section.ts'
import { showReport } from './shown.ts'
import { capital, outcomeOf } from './verdict.ts'
import { element, xmlText } from './xml.ts'

const MAX_MESSAGE = 300
type Suite = { name: string; classname: string; package: string; cases: Case[] }
type Case = { name: string; seconds: number; kind: 'pass' | 'failure' | 'error' | 'skipped'; content: string[] }

/**
 * A report as JUnit XML, for CI: one suite for each party and section, one test case for each of ours. FAIL is a failure; SKIP and N-A are skipped; WARN is passed and says why
 * on `system-out`; that a run ended early, or found nothing out, is an error. Only what every common reader accepts is written: the root has no `skipped` and no `timestamp`
 * (Jenkins' xUnit schema knows none there), times are in UTC without saying so, and class names have no dot that is none of a package.
 */
export function reportJunit(given: Report): string {
  const report = showReport(given)
  const suites = [...suitesOf(report), ...brokenOff(report)]
  const cases = suites.flatMap((suite) => suite.cases)
  const { tests, failures, errors } = counts(cases)
  const root = element(
    'testsuites',
    { name: `AgentPass conformance, ${report.profile}`, tests, failures, errors, time: seconds(report.ms / 1_000) },
    suites.map((suite, id) => `\n  ${suiteElement(suite, id, report)}`).concat('\n'),
  )
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}\n`
}

function suitesOf(report: Report): Suite[] {
  const parties = [...new Set(report.results.map(({ party }) => party))]
  return parties.flatMap((party) =>
    byOrigin(report.results.filter((result) => result.party === party)).flatMap(({ origin, results }) =>
      bySection(results).map(({ section, results }) => ({
        name: `${capital(party)} ${section.label} ${section.title}${origin === 'draft-0.1' ? '' : ` (${origin})`}`.trim(),
        classname: `agentpass.${party}.${origin === 'draft-0.1' ? '' : `${origin}-`}${classOf(section)}`,
        package: `agentpass.${party}`,
        cases: results.map(caseOf),
      })),
    ),
  )
}

const classOf = ({ label }: Section): string => label.replace('§', '').replace(/[^\w]+/g, '-')

function caseOf(result: Result): Case {
  const { id, verdict, requirement, remarks } = result
  const named = { name: `${id} ${requirement.statement}`, seconds: result.ms / 1_000 }
  switch (verdict) {
    case 'PASS':
      return { ...named, kind: 'pass', content: [] }
    case 'WARN':
      return { ...named, kind: 'pass', content: [element('system-out', {}, [xmlText(`warning\n${story(result)}`)])] }
    case 'FAIL':
      return {
        ...named,
        kind: 'failure',
        content: [element('failure', { message: fault(result), type: requirement.level }, [xmlText(story(result))])],
      }
    case 'SKIP':
    case 'N-A': {
      const message = remarks.join(' ') || (verdict === 'SKIP' ? 'nothing could be found out' : 'not of this profile')
      return { ...named, kind: 'skipped', content: [element('skipped', { message: short(message) })] }
    }
  }
}

const fault = ({ expected = '', actual = '', requirement }: Result): string => short(`${requirement.statement}: expected ${expected}, got ${actual}`)
const short = (text: string): string => {
  const line = text.replace(/\s+/g, ' ')
  return line.length <= MAX_MESSAGE ? line : `${Array.from(line).slice(0, MAX_MESSAGE).join('')}…`
}

const story = ({ id, about, requirement, expected, actual, remarks, exchanges }: Result): string =>
  [
    `${id}, ${requirement.level}, section ${requirement.section} (${requirement.origin}): ${requirement.statement}`,
    `case:     ${about}`,
    `expected: ${expected ?? ''}`,
    `actual:   ${actual ?? ''}`,
    ...remarks.map((remark) => `note:     ${remark}`),
    ...exchanges.flatMap((exchange) => ['', ...exchangeLines(exchange)]),
  ].join('\n')

/** CI is to go red where no case failed and yet nothing may be called conforming. */
function brokenOff(report: Report): Suite[] {
  const hasFailures = report.results.some(({ verdict }) => verdict === 'FAIL')
  if (report.aborted === undefined && (hasFailures || isConforming(report))) return []
  const message = report.aborted ?? outcomeOf(report).sentence
  const content = [element('error', { message: short(message), type: report.aborted === undefined ? 'NoVerdict' : 'Aborted' }, [xmlText(message)])]
  return [
    {
      name: 'The run',
      classname: 'agentpass.run',
      package: 'agentpass',
      cases: [{ name: 'the run came to an end', seconds: 0, kind: 'error', content }],
    },
  ]
}

function suiteElement({ name, classname, package: packageName, cases }: Suite, id: number, report: Report): string {
  const { tests, failures, errors, skipped } = counts(cases)
  const time = seconds(cases.reduce((sum, { seconds }) => sum + seconds, 0))
  const timestamp = report.startedAt.slice(0, 19)
  return element('testsuite', { name, tests, failures, errors, skipped, time, timestamp, hostname: 'localhost', id, package: packageName }, [
    `\n    ${propertiesElement(report)}`,
    ...cases.map((c) => `\n    ${element('testcase', { name: c.name, classname, time: seconds(c.seconds) }, c.content)}`),
    '\n  ',
  ])
}

function propertiesElement({ profile, seed, tool, subjects, notices }: Report): string {
  const properties = [
    ['profile', profile],
    ['seed', seed],
    ['version', tool.version],
    ...subjects.map(({ party, name, url }) => [party, url ?? name]),
    ...notices.map((notice, i) => [`notice-${i + 1}`, notice]),
  ]
  return element(
    'properties',
    {},
    properties.map(([name = '', value = '']) => element('property', { name, value })),
  )
}

const counts = (cases: readonly Case[]) => {
  const of = (kind: Case['kind']) => cases.filter((c) => c.kind === kind).length
  return { tests: cases.length, failures: of('failure'), errors: of('error'), skipped: of('skipped') }
}
const seconds = (n: number): string => n.toFixed(3)
