/** A run of the conformance suite as a person follows it. */
import { expect, test } from 'vitest'
import { wantsColour } from '../conformance/report/paint.ts'
import { createProgress, progressLine } from '../conformance/report/progress.ts'
import { summaryLines } from '../conformance/report/summary.ts'
import { createTerminal, resultLines } from '../conformance/report/terminal.ts'
import { exchange, followed, mixed, recorded, report, result } from './conformance-report-rig.ts'

const PLAIN = { verbose: false, hasColour: false }
const VERBOSE = { verbose: true, hasColour: false }

test('what passed, and what is of another profile, is said only when asked for', () => {
  for (const verdict of ['PASS', 'N-A'] as const) expect(resultLines(result(verdict), PLAIN)).toEqual([])
  expect(resultLines(result('PASS'), VERBOSE)[0]).toBe('✔ AUTH-VAL-03  A pass is spent once  MUST, §5.4.1')
  expect(resultLines(result('N-A'), VERBOSE)[0]).toMatch(/^– AUTH-VAL-03 {2}/)
})

test('what failed is said with what was demanded, what came, and the exchange that showed it', () => {
  expect(resultLines(result('FAIL'), PLAIN).map((line) => line.trim())).toEqual([
    '✘ AUTH-VAL-03  A pass is spent once  MUST, §5.4.1',
    'case      the same pass is validated twice',
    'expected  a status of 4xx',
    'actual    200 and a delegation',
    'before: POST https://authority.example/validate → 200',
    'suite → https://authority.example (14 ms)',
    '> POST https://authority.example/validate',
    '> content-type: application/json',
    '>',
    '> {"agentpass":{"value":"[redacted]"}}',
    '< 200',
    '< cache-control: no-store',
    '<',
    '< {"authorization_id":"authz-1","scope":["tickets:read"]}',
    '',
  ])
  expect(resultLines(result('WARN'), PLAIN)[0]).toMatch(/^⚠ AUTH-VAL-03 .*SHOULD/)
})

test('where no answer came, it is said why', () => {
  const exchanges = [exchange({ response: undefined, failure: 'connect ECONNREFUSED' })]
  expect(resultLines(result('FAIL', { exchanges }), PLAIN).join('\n')).toContain('< no answer: connect ECONNREFUSED')
})

test('what was skipped says why, and what is not of the draft says where it comes from', () => {
  const skipped = result('SKIP', { requirement: { origin: 'derived', section: 'RFC 8725 3.1' } })
  expect(resultLines(skipped, PLAIN)).toEqual([
    '⊘ AUTH-VAL-03  A pass is spent once  MUST, RFC 8725 3.1, derived',
    '    case      the same pass is validated twice',
    '    why       the adapter names no second instance',
  ])
})

test('nothing is remarked that says what came once more', () => {
  const warned = result('WARN', { actual: 'status 403; no message', remarks: ['status 403', 'it was slow'] })
  expect(resultLines(warned, PLAIN).filter((line) => /note/.test(line))).toEqual(['    note      it was slow'])
})

test('a long body does not push everything else off the screen, unless asked for', () => {
  const long = result('FAIL', { exchanges: [exchange({ request: { line: 'POST /', headers: {}, body: 'line\n'.repeat(300) } })] })
  expect(resultLines(long, PLAIN).length).toBeLessThan(50)
  expect(resultLines(long, PLAIN).at(-2)).toMatch(/… \d+ more lines$/)
  expect(resultLines(long, VERBOSE).length).toBeGreaterThan(300)
})

test('colour is there for a person alone, who has not refused it', () => {
  expect(wantsColour({ isTTY: true }, {})).toBe(true)
  for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) expect(wantsColour({ isTTY: true }, env)).toBe(false)
  expect(wantsColour({}, {})).toBe(false)
  expect(resultLines(result('FAIL'), { verbose: false, hasColour: true })[0]).toContain('\u001b[31m✘\u001b[0m')
  expect(followed(mixed())).not.toContain('\u001b')
})

test('on a terminal one line says how far the run is, and is written over', () => {
  const talk = recorded(true, 30)
  const progress = createProgress(talk, 431)
  progress.begin('AUTH-VAL-03/after-a-restart')
  progress.end({ id: 'AUTH-VAL-03/after-a-restart', verdict: 'FAIL' })
  progress.clear()
  expect(talk.text().split('\r\u001b[K')).toEqual(['', '0/431  0 failed  now: AUTH-V…', '1/431  1 failed', ''])
})

test('the line fits the terminal, however narrow that is', () => {
  for (let columns = 0; columns < 60; columns++)
    expect(progressLine({ done: 213, total: 431, failed: 3, now: 'AUTH-VAL-03' }, columns).length).toBeLessThanOrEqual(Math.max(columns - 1, 0))
  expect(progressLine({ done: 213, total: 431, failed: 3, now: 'AUTH-VAL-03' }, 60)).toBe('213/431  3 failed  now: AUTH-VAL-03 …')
})

test('where there is no terminal nothing is said of progress, and what is said has no trace of it', () => {
  const talk = recorded(false)
  const out = recorded(false)
  const terminal = createTerminal({ out, talk, total: 1, ...PLAIN })
  terminal.begin('AUTH-VAL-03')
  terminal.result(result('FAIL'))
  terminal.end(report([result('FAIL')]))
  expect(talk.text()).toBe('')
  for (const trace of ['\r', '\u001b']) expect(out.text()).not.toContain(trace)
})

test('results take the place of the progress line, which stands again below them', () => {
  const both = recorded(true)
  const terminal = createTerminal({ out: both, talk: both, total: 2, ...PLAIN })
  terminal.begin('AUTH-VAL-03')
  terminal.result(result('SKIP'))
  const [, begun, written, below] = both.text().split('\r\u001b[K')
  expect([begun, below]).toEqual(['0/2  0 failed  now: AUTH-VAL-03 …', '1/2  0 failed'])
  expect(written).toMatch(/^⊘ AUTH-VAL-03 .*\n$/s)
})

test('the summary counts by section, and keeps what is not the text of the draft under headings of its own', () => {
  const lines = summaryLines(mixed(), { hasColour: false }).map((line) => line.trimEnd().replace(/ +/g, ' '))
  const at = (start: string) => lines.findIndex((line) => line.trim().startsWith(start))
  const order = [
    'authority the Authority https://authority.example',
    'profile core-0.1, seed seed-1',
    'The published draft AgentPass 0.1 ✔ ✘ ⚠ ⊘ –',
    '§5.3.1 Issuance Endpoint · · 1 · ·',
    '§5.4.1 Validation Endpoint 1 2 · · ·',
    'Hardening of a later revision of the draft; not the text of 0.1',
    '§5.5.2 Authorization Close Endpoint · · · · 1',
    "Derived from the draft and from the JWT, OAuth and DNS standards; not the draft's own text",
    '§5.5 Authorization Management · · · 1 ·',
    'RFC 8725 JWT Best Current Practices · 1 · · ·',
    '7 cases in 4.8 s: 1 passed, 3 failed, 1 warned, 1 skipped, 1 not of this profile',
    '✘ Not conforming: 2 requirements failed',
  ].map(at)
  expect(order).not.toContain(-1)
  expect(order).toEqual(order.toSorted((a, b) => a - b))
})

test('a section that the draft does not number is counted in the one it is part of', () => {
  const cited = ['4.4.3', '4.4,5.5.1', '4.4,App.A', '4.4'].map((section, i) => result('PASS', { id: `SVC-RED-0${i}`, requirement: { section } }))
  const lines = summaryLines(report([...cited, result('PASS', { requirement: { section: '5.4.1 order' } })]), { hasColour: false })
  expect(lines.filter((line) => line.includes('§')).map((line) => line.trim().replace(/ +/g, ' '))).toEqual([
    '§4.4 AgentPass Redemption 4 · · · ·',
    '§5.4.1 Validation Endpoint 1 · · · ·',
  ])
})

test('notices and an early end stand above the verdict', () => {
  const lines = summaryLines(report([result('PASS')], { notices: ['spoken to in plain http'], aborted: 'it went away' }), { hasColour: false })
  expect(lines.slice(-3)).toEqual(['note: spoken to in plain http', 'the run ended early: it went away', '⚠ Not finished: the run ended early'])
})
