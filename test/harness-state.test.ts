import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openPrivateFolder } from '../harness/node/folder.ts'
import { systemNow, systemRandom } from '../spec/node/settings.ts'
import { commandLine, TOKEN_LINE, temporaryFolder } from './harness-cli-rig.ts'
import { DESK, TASK, TOKEN } from './harness-rig.ts'

const effects = { now: systemNow, random: systemRandom }
const CALL = ['call', 'GET', `${DESK}/api/tickets/17`]

const held = async () => {
  const c = commandLine()
  await c.run(...TOKEN_LINE)
  const file = `${c.heldTask()}.json`
  return { ...c, name: file, path: join(c.state, file) }
}
const reasons = async (c: Awaited<ReturnType<typeof held>>) => (await c.run('status', '--json')).json.ignored.map(({ why }: { why: string }) => why)

test('the folder is for its user alone, and so is every file', async () => {
  const c = await held()
  expect([c.modeOf(c.state), c.modeOf(c.path)]).toEqual(['700', '600'])
  expect(c.modeOf(join(c.home, '.local'))).toBe('700')
})

test('the folder is where XDG_STATE_HOME says, if that is absolute', async () => {
  const c = commandLine()
  const other = join(c.home, 'elsewhere')
  await c.runAs({ environment: { XDG_STATE_HOME: other } }, ...TOKEN_LINE)
  expect(readdirSync(join(other, 'agentpass'))).toHaveLength(1)
  await c.runAs({ environment: { XDG_STATE_HOME: 'relative' } }, ...TOKEN_LINE)
  expect(c.files()).toHaveLength(1)
})

test.each(['750', '705', '720', '702', '777'])('a folder of mode %s is refused before anybody is asked, with the way to mend it', async (mode) => {
  const c = commandLine()
  mkdirSync(c.state, { recursive: true })
  chmodSync(c.state, Number.parseInt(mode, 8))
  for (const line of [TOKEN_LINE, CALL, ['status'], ['forget', '--all']]) {
    const { code, err } = await c.run(...line)
    expect(code).toBe(1)
    expect(err).toContain(`agentpass: hint: chmod 700 ${c.state}\n`)
  }
  expect(c.lookups).toEqual([])
})

test('a folder of somebody else is refused', async (context) => {
  if (process.getuid?.() !== 0) return context.skip() // only root can give a folder away
  const c = commandLine()
  mkdirSync(c.state, { recursive: true, mode: 0o700 })
  execFileSync('chown', ['12345', c.state])
  const { code, err } = await c.run(...TOKEN_LINE)
  expect(code).toBe(1)
  expect(err).toContain('belongs to somebody else')
  expect(c.lookups).toEqual([])
})

test('a file of somebody else is reported and not used', async (context) => {
  if (process.getuid?.() !== 0) return context.skip()
  const c = await held()
  execFileSync('chown', ['12345', c.path])
  expect(await reasons(c)).toEqual(['it belongs to somebody else'])
  expect((await c.run(...CALL)).code).toBe(1)
})

test.each([
  ['others may read', (path: string) => chmodSync(path, 0o640), 'others may read or write it'],
  ['others may write', (path: string) => chmodSync(path, 0o602), 'others may read or write it'],
  ['is no JSON', (path: string) => writeFileSync(path, '{"format":1,'), 'its content is garbled'],
  ['is empty', (path: string) => writeFileSync(path, ''), 'its content is garbled'],
  ['is of another format', (path: string) => writeFileSync(path, '{"format":2}'), 'its content is garbled'],
  ['is too large', (path: string) => writeFileSync(path, ' '.repeat(300_000)), 'it is too large'],
  ['was renamed', (path: string) => renameSync(path, path.replace('.json', 'x.json')), 'its content is garbled'],
  ['has a foreign name', (path: string) => renameSync(path, path.replace('task-', 'other-')), 'it is no file of ours'],
])('a file that %s is reported and not used', async (_, spoil, why) => {
  const c = await held()
  spoil(c.path)
  expect(await reasons(c)).toEqual([why])
  const { code, err } = await c.run(...CALL)
  expect(code).toBe(1)
  expect(err).toContain(`agentpass: warning: ignored ${c.state}/`)
  expect(c.calls.some(({ url }) => url.includes('/api/'))).toBe(false)
})

test('a link, a folder and a pipe are reported and not followed, also to a file of ours', async () => {
  const c = await held()
  const copy = join(c.home, 'copy.json')
  linkSync(c.path, copy)
  rmSync(c.path)
  symlinkSync(copy, c.path)
  expect(await reasons(c)).toEqual(['it is a link'])
  rmSync(c.path)
  mkdirSync(c.path, { mode: 0o700 })
  expect(await reasons(c)).toEqual(['it is no file'])
  rmSync(c.path, { recursive: true })
  execFileSync('sh', ['-c', 'mkfifo -m 600 "$0"', c.path])
  expect(await reasons(c)).toEqual(['it is no file'])
})

test('a token that was edited to be for another service is for that origin, never for a URL that is none', async () => {
  const c = await held()
  const edited = (service: string) => writeFileSync(c.path, c.file(c.name).replace(DESK, service))
  edited('https://desk.example/path')
  expect(await reasons(c)).toEqual(['its content is garbled'])
})

test('what is written is written whole: a reader meets the old file or the new one, and nothing temporary stays', async () => {
  const path = join(temporaryFolder(), 'state')
  const folder = await openPrivateFolder(effects, path)
  const texts = ['a', 'b'].map((letter) => letter.repeat(200_000))
  await folder.write('task-x.json', texts[0]!)
  const writers = Array.from({ length: 20 }, (_, i) => folder.write('task-x.json', texts[i % 2]!))
  const reads = await Promise.all(Array.from({ length: 50 }, () => folder.read('task-x.json')))
  await Promise.all(writers)
  expect(reads.every((text) => texts.includes(text!))).toBe(true)
  expect(readdirSync(path)).toEqual(['task-x.json'])
})

test('a write that fails leaves nothing behind, and says so', async () => {
  const path = join(temporaryFolder(), 'state')
  const folder = await openPrivateFolder(effects, path)
  mkdirSync(join(path, 'task-x.json', 'full'), { recursive: true }) // which no file can replace
  await expect(folder.write('task-x.json', TOKEN)).rejects.toMatchObject({ name: 'OperatorError', exitCode: 1 })
  expect(readdirSync(path)).toEqual(['task-x.json'])
})

test('what a crashed write left behind goes after a minute, and is never shown', async () => {
  const path = join(temporaryFolder(), 'state')
  const folder = await openPrivateFolder(effects, path)
  const [old, fresh] = ['.tmp-old', '.tmp-fresh'].map((name) => join(path, name)) as [string, string]
  for (const file of [old, fresh]) writeFileSync(file, TOKEN)
  utimesSync(old, systemNow() - 61, systemNow() - 61)
  expect(await folder.names()).toEqual([])
  expect([existsSync(old), existsSync(fresh)]).toEqual([false, true])
})

test('what is not there is no failure: another process was faster', async () => {
  const folder = await openPrivateFolder(effects, join(temporaryFolder(), 'state'))
  expect([await folder.read('task-x.json'), await folder.remove('task-x.json')]).toEqual([undefined, false])
})

test('several runs at once lose nothing', async () => {
  const c = commandLine()
  await Promise.all(Array.from({ length: 8 }, (_, i) => c.run('token', '--service', DESK, '--user', `u${i}@acme.example`, '--task', TASK)))
  expect((await c.run('status', '--json')).json.tokens).toHaveLength(8)
  await Promise.all([c.run('status'), c.run('forget', '--all'), c.run('status'), c.run('forget', '--all')])
  expect(c.files()).toEqual([])
})
