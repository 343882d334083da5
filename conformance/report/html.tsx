import { createHash } from 'node:crypto'
import { raw } from 'hono/html'
import { Cases } from './html-cases.tsx'
import { Faults } from './html-faults.tsx'
import { Matrix } from './html-matrix.tsx'
import { Skipped } from './html-skipped.tsx'
import { count, type Report, type Verdict } from './report.ts'
import { SCRIPT } from './script.ts'
import { showReport } from './shown.ts'
import { STYLE } from './style.ts'
import { capital, duration, NAMES, type Outcome, outcomeOf, PAGE_ORDER, plural, SYMBOLS } from './verdict.ts'

const ICON =
  '%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 16 16%22%3E%3Cpath fill=%22none%22 stroke=%22%231f56c3%22 stroke-width=%222.5%22 d=%22m2 9 4 4 8-10%22/%3E%3C/svg%3E'
const OUTCOME_SYMBOLS: Record<Outcome['is'], string> = { conforming: SYMBOLS.PASS, failed: SYMBOLS.FAIL, open: SYMBOLS.WARN }
/** Where a reader finds the cases that a verdict counts. */
const PLACES = { PASS: '#cases', FAIL: '#failures', WARN: '#warnings', SKIP: '#skipped', 'N-A': '#cases' } as const

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
const POLICY = `default-src 'none'; style-src ${hashOf(STYLE)}; script-src ${hashOf(SCRIPT)}; img-src data:; base-uri 'none'; form-action 'none'`

/** A report as one page that asks for nothing else: what failed comes first, all that was found out is in it, and it is complete without script. */
export function reportHtml(given: Report): string {
  const report = showReport(given)
  return `<!doctype html>\n${String(<Page report={report} outcome={outcomeOf(report)} />)}\n`
}

type Props = { report: Report; outcome: Outcome }

const Page = ({ report, outcome }: Props) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta http-equiv="Content-Security-Policy" content={POLICY} />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="referrer" content="no-referrer" />
      <title>{`${outcome.sentence} · ${report.subjects.map(({ name }) => name).join(', ') || 'AgentPass'}`}</title>
      <link rel="icon" href={`data:image/svg+xml,${ICON}`} />
      <style>{raw(STYLE)}</style>
    </head>
    <body>
      <Top report={report} outcome={outcome} />
      <main>
        <Faults report={report} verdict="FAIL" />
        <Faults report={report} verdict="WARN" />
        <Skipped results={report.results} />
        <Matrix report={report} />
        <Cases report={report} />
      </main>
      <footer>
        <p>
          <code>--seed {report.seed}</code> repeats this run, <code>--only</code> and an id one case of it. Secrets are not shown: of a JWT there is
          its header and what it claims, of anything else nothing.
        </p>
      </footer>
      <script>{raw(SCRIPT)}</script>
    </body>
  </html>
)

const Top = ({ report, outcome }: Props) => (
  <header class="top">
    <p class="eyebrow">AgentPass conformance</p>
    <h1>
      {report.subjects.map(({ party, name, url }) => (
        <span class="subject">
          {capital(party)} <small>{name}</small>
          {url !== undefined && url !== name && <small>{url}</small>}
        </span>
      ))}
      {report.subjects.length === 0 && 'Nobody was judged'}
    </h1>
    <p class={`outcome ${outcome.is}`}>
      <span aria-hidden="true">{OUTCOME_SYMBOLS[outcome.is]}</span> {outcome.sentence}
    </p>
    {report.aborted !== undefined && (
      <p class="aborted">
        <strong>The run ended early:</strong> {report.aborted}
      </p>
    )}
    {report.notices.length > 0 && (
      <ul class="notices" aria-label="To be known first">
        {report.notices.map((notice) => (
          <li>{notice}</li>
        ))}
      </ul>
    )}
    <Counts report={report} />
    <p class="run">
      Profile <b>{report.profile}</b> · {plural(report.results.length, 'case')} in {duration(report.ms)} ·{' '}
      <time datetime={report.startedAt}>{when(report.startedAt)}</time> · seed <code>{report.seed}</code> · {report.tool.name} {report.tool.version}
    </p>
  </header>
)

const when = (instant: string): string => instant.replace(/^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}).*Z$/, '$1 $2 UTC')

/** How many of each there are, as a bar and in words that lead there. */
const Counts = ({ report: { results } }: { report: Report }) => {
  const counts = count(results)
  const present = PAGE_ORDER.filter((verdict) => counts[verdict] > 0)
  const before = (verdict: Verdict) => present.slice(0, present.indexOf(verdict)).reduce((sum, other) => sum + counts[other], 0)
  return (
    <div class="counts">
      <svg viewBox={`0 0 ${Math.max(results.length, 1)} 1`} preserveAspectRatio="none" aria-hidden="true">
        {present.map((verdict) => (
          <rect class={verdict} x={before(verdict)} y="0" width={counts[verdict]} height="1" />
        ))}
      </svg>
      <ul>
        {present.map((verdict) => (
          <li class={verdict}>
            <a href={PLACES[verdict]}>
              <span aria-hidden="true">{SYMBOLS[verdict]}</span> <b>{counts[verdict].toLocaleString('en')}</b> {NAMES[verdict]}
            </a>
          </li>
        ))}
      </ul>
    </div>
  )
}
