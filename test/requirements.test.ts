/** The account of the requirements: what is claimed, by whom, and what may be open. */
import { execFileSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import requirements from '../spec/requirements.json' with { type: 'json' }
import { account, claimsOf, type Evidence, type NamedTest, Remark, Requirement } from './requirements/account.ts'
import { describeClaims, describeRows, summarise } from './requirements/report.ts'

const HOME = resolve(import.meta.dirname, '..')
test('each requirement is shown by a test, or was checked by people', { timeout: 240_000 }, () => {
  const out = execFileSync(process.execPath, ['--import', 'tsx', 'test/requirements/main.ts', '--json'], { cwd: HOME, encoding: 'utf8' })
  const Summary = z.strictObject({ total: z.number(), tested: z.number(), humanChecked: z.array(Remark), open: z.array(z.string()) })
  const summary = Summary.parse(JSON.parse(out))
  expect(summary.open).toEqual([])
  expect([summary.total, summary.tested + summary.humanChecked.length]).toEqual([requirements.length, requirements.length])
})

const NAMES: Record<string, [name: string, ids: string[]]> = {
  'a tag at its end': ['a pass is spent once [AUTH-VAL-03]', ['AUTH-VAL-03']],
  'a tag of two': ['two at once [VER-01 CFG-S-05]', ['VER-01', 'CFG-S-05']],
  'two tags': ['two in turn [VER-01] [CFG-S-05]', ['VER-01', 'CFG-S-05']],
  'a tag with a comma': ['two with a comma [VER-01, CFG-S-05]', ['VER-01', 'CFG-S-05']],
  'a tag before its end': ['before the end [VER-01] of a name', ['VER-01']],
  'brackets around anything else': ['no connection to [::1], [4000::1] or ["a","b"] of a [harness] in a [version]', []],
  'an id without brackets': ['without brackets VER-01', []],
  'a tag in small letters': ['small [ver-01]', ['ver-01']],
  'mistyped tags': ['mistyped [AUTH-VAL03] and [AUTH_VAL_03] and [SVC]', ['AUTH-VAL03', 'AUTH_VAL_03', 'SVC']],
  'a tag with other words in it': ['see [VER-01 see there]', ['VER-01', 'see', 'there']],
}
test.each(Object.keys(NAMES))('of a name with %s each word of a tag is a claim, right or wrong', (which) => {
  const [name, ids] = NAMES[which]!
  expect(claimsOf(name, z.array(Requirement).parse(requirements))).toEqual(ids)
})

const ROWS: Requirement[] = ['AUTH-VAL-01', 'AUTH-VAL-02', 'SVC-HB-01'].map((id) => ({ id, level: 'MUST', statement: `what ${id} says` }))
const shows = (name: string, runs = true): NamedTest => ({ file: 'test/a.test.ts', name, runs })
const remark = (id: string): Remark => ({ id, reason: `About ${id} people know more.` })
const judged = (evidence: Partial<Evidence>) => account(ROWS, { tests: [], humanChecked: [], ...evidence })
const states = (evidence: Partial<Evidence>) => judged(evidence).rows.map(({ state }) => state)

test('a row is tested by a test that claims it and runs, and by nothing else', () => {
  expect(states({ tests: [shows('x [AUTH-VAL-01]'), shows('y [AUTH-VAL-02]', false), shows('z SVC-HB-01')] })).toEqual(['tested', 'open', 'open'])
})

test('what people checked is no more open', () => {
  const { rows, problems } = judged({ tests: [shows('x [AUTH-VAL-01 AUTH-VAL-02]')], humanChecked: [remark('SVC-HB-01')] })
  expect(problems).toEqual([])
  expect(rows.map(({ state, reason, claims }) => [state, reason, claims.length])).toEqual([
    ['tested', undefined, 1],
    ['tested', undefined, 1],
    ['human-checked', 'About SVC-HB-01 people know more.', 0],
  ])
})

test.each<[string, Partial<Evidence>, RegExp]>([
  ['a test that claims what is no requirement', { tests: [shows('x [AUTH-VAL-99]')] }, /test\/a\.test\.ts.*“x \[AUTH-VAL-99\]”.*AUTH-VAL-99/],
  ['a test that does not run and claims so', { tests: [shows('x [AUTH-VAL-1]', false)] }, /AUTH-VAL-1, which is no requirement/],
  ['a test that mistypes', { tests: [shows('x [auth-val-01]')] }, /auth-val-01, which is no requirement/],
  ['people who checked what is no requirement', { humanChecked: [remark('SVC-HB-77')] }, /^SVC-HB-77 .*no requirement/],
  ['a row listed twice', { humanChecked: [remark('SVC-HB-01'), remark('SVC-HB-01')] }, /^SVC-HB-01 is listed twice/],
  [
    'a row both tested and checked by people',
    { tests: [shows('x [SVC-HB-01]')], humanChecked: [remark('SVC-HB-01')] },
    /human-checked and claimed by test\/a/,
  ],
])('%s is told, once', (_, evidence, problem) => {
  expect(judged(evidence).problems).toEqual([expect.stringMatching(problem)])
})

test.each(['', 'no', 'because.', 'A sentence without an end', 'a sentence that begins small.', 'Because.'])(
  'a reason is a sentence, not %j',
  (reason) => {
    expect(Remark.safeParse({ id: 'VER-08', reason }).success).toBe(false)
  },
)

test('the account tells programs exactly four things, and people each group, what is open and who shows what', () => {
  const { rows } = judged({ tests: [shows('x [AUTH-VAL-01]')], humanChecked: [remark('SVC-HB-01')] })
  expect(summarise(rows)).toEqual({ total: 3, tested: 1, humanChecked: [remark('SVC-HB-01')], open: ['AUTH-VAL-02'] })
  const text = describeRows(rows)
  expect(text).toMatch(/^AUTH-VAL +2 +1 +0 +1$/m)
  expect(text).toMatch(/^all +3 +1 +1 +1$/m)
  expect(text).toMatch(/AUTH-VAL-02 +MUST +what AUTH-VAL-02 says/)
  expect(text).toContain('About SVC-HB-01 people know more.')
  expect(describeClaims(rows.slice(0, 1))).toContain('test/a.test.ts: x [AUTH-VAL-01]')
})

test('an id that is no requirement is misuse', () => {
  const command = ['--import', 'tsx', join('test', 'requirements', 'main.ts'), '--id', 'AUTH-VAL-99']
  expect(() => execFileSync(process.execPath, command, { cwd: HOME, stdio: 'pipe' })).toThrow(expect.objectContaining({ status: 2 }))
})
