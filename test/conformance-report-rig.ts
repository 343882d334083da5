/** Reports as a run of the conformance suite leaves them, and all that is made of one. */
import { reportHtml } from '../conformance/report/html.tsx'
import { reportJson } from '../conformance/report/json.ts'
import { reportJunit } from '../conformance/report/junit.ts'
import type { Exchange, Report, Result, Verdict } from '../conformance/report/report.ts'
import { createTerminal } from '../conformance/report/terminal.ts'

export const exchange = (changes: Partial<Exchange> = {}): Exchange => ({
  between: 'suite → https://authority.example',
  request: {
    line: 'POST https://authority.example/validate',
    headers: { 'content-type': 'application/json' },
    body: '{"agentpass":{"value":"[redacted]"}}',
  },
  response: { status: 200, headers: { 'cache-control': 'no-store' }, body: '{"authorization_id":"authz-1","scope":["tickets:read"]}' },
  ms: 14,
  ...changes,
})

type Changes = Partial<Omit<Result, 'requirement'>> & { requirement?: Partial<Result['requirement']> }

/** A case that ended as `verdict` says, with what a result of that verdict has. */
export function result(verdict: Verdict, { requirement, ...changes }: Changes = {}): Result {
  const isFault = verdict === 'FAIL' || verdict === 'WARN'
  const level = verdict === 'WARN' ? 'SHOULD' : 'MUST'
  const remarks = verdict === 'SKIP' ? ['the adapter names no second instance'] : verdict === 'N-A' ? ['judged in the profile hardened alone'] : []
  return {
    id: 'AUTH-VAL-03',
    party: 'authority',
    about: 'the same pass is validated twice',
    negative: true,
    requirement: { level, origin: 'draft-0.1', section: '5.4.1', group: 'E2. Validation', statement: 'A pass is spent once', ...requirement },
    verdict,
    ...(isFault ? { expected: 'a status of 4xx', actual: '200 and a delegation' } : {}),
    remarks,
    exchanges: isFault ? [exchange({ ms: 3 }), exchange()] : [],
    ms: 41,
    ...changes,
  }
}

export const report = (results: Result[], changes: Partial<Report> = {}): Report => ({
  tool: { name: 'agentpass-conformance', version: '0.1.0' },
  profile: 'core-0.1',
  seed: 'seed-1',
  startedAt: '2026-11-28T18:03:11.204Z',
  ms: 4_821,
  subjects: [{ party: 'authority', name: 'the Authority', url: 'https://authority.example' }],
  notices: [],
  results,
  ...changes,
})

/** One of each verdict, of each origin, in several sections. */
export const mixed = (): Report =>
  report([
    result('PASS', { id: 'AUTH-VAL-01', requirement: { statement: 'A good pass is validated' } }),
    result('FAIL'),
    result('FAIL', { id: 'AUTH-VAL-03/race', about: 'twice at once' }),
    result('WARN', { id: 'AUTH-ISS-01', requirement: { section: '5.3.1', statement: 'A request is answered with 202' } }),
    result('SKIP', { id: 'AUTH-CHK-11', requirement: { section: '5.5', origin: 'derived', statement: 'A revocation is seen by the next check' } }),
    result('N-A', { id: 'AUTH-CLS-01', requirement: { section: '5.5.2', origin: 'hardening', statement: 'A close is answered with its state' } }),
    result('FAIL', { id: 'AUTH-ASRT-11', requirement: { section: 'RFC 8725 3.1', origin: 'derived', statement: 'No algorithm is none' } }),
  ])

/** What a stream is told, as a terminal or as a file has it. */
export function recorded(isTTY = false, columns = 80) {
  const told: string[] = []
  return { write: (text: string) => void told.push(text), isTTY, columns, text: () => told.join('') }
}

/** What a person sees of a whole run, without colour. */
export function followed(run: Report, verbose = true): string {
  const out = recorded()
  const terminal = createTerminal({ out, talk: recorded(), total: run.results.length, verbose, hasColour: false })
  for (const one of run.results) {
    terminal.begin(one.id)
    terminal.result(one)
  }
  terminal.end(run)
  return out.text()
}

/** A report in every form there is. */
export const everyForm = (run: Report): Record<'terminal' | 'json' | 'junit' | 'html', string> => ({
  terminal: followed(run),
  json: reportJson(run),
  junit: reportJunit(run),
  html: reportHtml(run),
})
