/** The command line of the conformance suite: what it prints, writes and ends with. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { z } from 'zod'
import requirements from '../spec/requirements.json' with { type: 'json' }
import { compiled } from './compiled.ts'
import { ownParties } from './conformance-rig.ts'
import { temporaryFolder } from './folders.ts'

type Ended = { code: number; out: string; err: string }
const conformance = (args: string[], env: Record<string, string> = {}): Promise<Ended> =>
  new Promise((resolve) => {
    const options = { env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 }
    execFile(process.execPath, [compiled('conformance/main.js'), ...args], options, (failure, out, err) =>
      resolve({ code: typeof failure?.code === 'number' ? failure.code : failure ? -1 : 0, out, err }),
    )
  })

describe('list', () => {
  test('covers every MUST that the wire can show, mostly by what must be refused', async () => {
    const Coverage = z.strictObject({
      cases: z.int(),
      negative: z.int(),
      byParty: z.record(z.string(), z.int()),
      byOrigin: z.record(z.string(), z.int()),
      uncovered: z.array(z.string()),
      humanChecked: z.array(z.string()),
    })
    const { out, code } = await conformance(['list', '--coverage', '--json'])
    const { cases, negative, byParty, byOrigin, uncovered, humanChecked } = Coverage.parse(JSON.parse(out))
    expect(code).toBe(0)
    expect(uncovered).toEqual([])
    expect(cases).toBeGreaterThanOrEqual(400)
    expect(negative / cases).toBeGreaterThanOrEqual(0.65)
    for (const counts of [byParty, byOrigin]) expect(Object.values(counts).reduce((sum, n) => sum + n)).toBe(cases)
    for (const id of humanChecked) expect(requirements.map((row) => row.id)).toContain(id)
  })

  test('shows the cases of a group, with what is required and what is done', async () => {
    const { out } = await conformance(['list', '--only', 'AUTH-VAL-07'])
    expect(out).toMatch(/^AUTH-VAL-07 +MUST +authority +Wrong Service must not consume.* · another Service presents the pass/)
  })

  test('says that nothing is like that, as misuse', async () => {
    expect(await conformance(['list', '--only', 'AUTH-NOTHING'])).toEqual({
      code: 2,
      out: '',
      err: 'agentpass-conformance: error: no case is like that\nagentpass-conformance: hint: list without options shows all of them\n',
    })
  })
})

describe('an adapter', () => {
  test('is written by init with a certificate authority beside it, and nothing is replaced', async () => {
    const dir = join(temporaryFolder(), 'made')
    const { out, code } = await conformance(['init', 'service', '--dir', dir])
    expect(code).toBe(0)
    expect(out).toContain(`agentpass-conformance doctor service ${join(dir, 'service.yaml')}`)
    expect(statSync(join(dir, 'suite-ca.key')).mode & 0o777).toBe(0o600)
    const key = readFileSync(join(dir, 'suite-ca.key'), 'utf8')
    expect((await conformance(['init', 'harness', '--dir', dir])).code).toBe(0)
    expect(readFileSync(join(dir, 'suite-ca.key'), 'utf8')).toBe(key)
    const again = await conformance(['init', 'service', '--dir', dir])
    expect(again.code).toBe(2)
    expect(again.err).toMatch(/service\.yaml is there already/)
  })

  test.each(['authority', 'service', 'harness'])('that init wrote for the %s is one that the suite reads', async (party) => {
    const dir = temporaryFolder()
    await conformance(['init', party, '--dir', dir])
    const file = join(dir, `${party}.yaml`)
    const unused = readFileSync(file, 'utf8').replace('dns_port: 5300', 'dns_port: 0').replace('https_port: 8843', 'https_port: 0')
    writeFileSync(file, unused)
    const { out, code } = await conformance(['doctor', party, file], { ADMIN_TOKEN: 'unknown' })
    expect(out).toMatch(/^✔ the suite's DNS server is at 127\.0\.0\.1:\d+/)
    expect(out).toMatch(/^✘ /m) // there is no such peer
    expect(code).toBe(1)
  })

  test.each<[string, unknown, RegExp]>([
    ['names no peer', {}, /names no peer/],
    ['misspells a member', { service: { configuration_uri: 'https://a.example' } }, /configuration_u/],
    ['needs a variable that is not set', { harness: { bearer: 'run', env: { TOKEN: '$' + '{NOT_SET_ANYWHERE}' } } }, /NOT_SET_ANYWHERE is not set/],
    ['is about another party', { harness: { bearer: 'run' } }, /names no service/],
  ])('that %s is misuse, and it says so', async (_, adapter, problem) => {
    const file = join(temporaryFolder(), 'adapter.yaml')
    writeFileSync(file, stringify(adapter))
    const { code, err } = await conformance(['service', file])
    expect(code).toBe(2)
    expect(err).toMatch(problem)
    expect(err).toMatch(/agentpass-conformance: hint: /)
  })

  test('that is not there is misuse', async () => {
    const { code, err } = await conformance(['service', join(temporaryFolder(), 'nowhere.yaml')])
    expect([code, err]).toEqual([2, expect.stringMatching(/nowhere\.yaml cannot be read/)])
  })
})

test('self judges our own parties and writes every report', async () => {
  const dir = join(temporaryFolder(), 'reports')
  mkdirSync(dir)
  const files = ['--json', join(dir, 'r.json'), '--junit', join(dir, 'r.xml'), '--html', join(dir, 'r.html')]
  const { code, out } = await conformance([
    'self',
    '--profile',
    'core-0.1',
    '--seed',
    'cli',
    '--only',
    'AUTH-VAL-02',
    'SVC-RED-03',
    'HAR-DISC-02',
    ...files,
  ])
  expect(code).toBe(0)
  expect(out).toContain('profile core-0.1, seed cli')
  const { conforming, results } = JSON.parse(readFileSync(join(dir, 'r.json'), 'utf8'))
  expect(conforming).toBe(true)
  const passed = results.filter(({ verdict }: { verdict: string }) => verdict === 'PASS').map(({ id }: { id: string }) => id)
  expect(passed).toEqual(results.map(({ id }: { id: string }) => id))
  expect(passed).toEqual(expect.arrayContaining(['AUTH-VAL-02', 'HAR-DISC-02', 'SVC-RED-03']))
  expect(readFileSync(join(dir, 'r.xml'), 'utf8')).toContain('AUTH-VAL-02')
  expect(readFileSync(join(dir, 'r.html'), 'utf8')).toContain('HAR-DISC-02')
})

test('self without a profile judges both, each in a report of its own', async () => {
  const dir = temporaryFolder()
  const { code } = await conformance(['self', '--only', 'AUTH-VAL-07', 'AUTH-VAL-02', '--json', join(dir, 'r.json')])
  expect(code).toBe(0)
  const verdicts = (profile: string) =>
    JSON.parse(readFileSync(join(dir, `r-${profile}.json`), 'utf8')).results.map((r: { id: string; verdict: string }) => `${r.id} ${r.verdict}`)
  expect(verdicts('core-0.1')).toEqual(expect.arrayContaining(['AUTH-VAL-02 PASS', 'AUTH-VAL-07 N-A']))
  expect(verdicts('hardened')).toContain('AUTH-VAL-07 PASS')
  expect(verdicts('hardened').join()).not.toContain('AUTH-VAL-02')
  expect(existsSync(join(dir, 'r.json'))).toBe(false)
})

test('the doctor finds nothing wrong with our own parties, and says what an adapter leaves out', async () => {
  const { adapter, ground, folder } = await ownParties('service')
  await ground.stop() // the doctor has the suite's servers itself, at the same ports
  const ca = { cert: join(folder, 'suite-ca.pem'), key: join(folder, 'suite-ca.key') }
  writeFileSync(ca.key, ground.caKey, { mode: 0o600 })
  const suite = { zone: ground.zone, dns_port: ground.dns.port, https_port: ground.hosts.port, ca }
  const { service, reach } = adapter
  if (!service) throw new Error('there is no service')
  const file = join(folder, 'adapter.yaml')
  writeFileSync(file, stringify({ suite, reach, service: { ...service, end_session: undefined, variants: {} } }, { aliasDuplicateObjects: false }))
  const { code, out } = await conformance(['doctor', 'service', file])
  expect(out).not.toMatch(/^✘/m)
  expect(out).toMatch(/⊘ not named in the adapter.*service\.end_session.*service\.variants\.short/)
  expect(code).toBe(0)
})
