/** Backup and restore as files are concerned: SQLite. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import SQLite from 'better-sqlite3'
import { expect, test } from 'vitest'
import { migrations } from '../authority/store/migrations/all.ts'
import { createSigningKey } from '../spec/node/keys.ts'
import { openMigrated, type PartyTables } from '../spec/node/party.ts'
import { createSecrets, generateMasterKey, readMasterKey } from '../spec/node/secrets.ts'
import { systemNow, systemRandom } from '../spec/node/settings.ts'
import { edit, inDatabase, initialised, run, serve } from './cli-fixture.ts'

async function made() {
  const { settingsFile, at, folder } = await initialised('authority')
  const cli = (...args: string[]) => run('authority', [...args, '--config', settingsFile])
  const files = () => readdirSync(folder).filter((name) => !/^(?:authority\.yaml|secrets)$|-(?:shm|wal)$/.test(name))
  return {
    settingsFile,
    at,
    cli,
    files,
    backup: () => cli('backup', at('saved.db')),
    restore: (...args: string[]) => cli('restore', '--yes', ...args),
  }
}
const countIn = (file: string, table: string) => {
  const database = new SQLite(file, { readonly: true })
  const rows = database.prepare(`select * from ${table}`).all()
  database.close()
  return rows.length
}

test('a backup beside a running server has what is in its write-ahead log, and its owner alone can read it', async () => {
  const { settingsFile, at, backup, files } = await made()
  const server = await serve('authority', settingsFile)
  const beside = new SQLite(at('authority.db'))
  beside.exec("insert into harness_key values ('t', 'n', 'admin token', 1)")
  expect(statSync(at('authority.db-wal')).size).toBeGreaterThan(0)
  expect(await backup()).toEqual({ code: 0, stdout: `made ${at('saved.db')}, and read it: it is whole\n`, stderr: '' })
  beside.close()
  await server.stop()
  expect([statSync(at('saved.db')).mode & 0o777, countIn(at('saved.db'), 'harness_key')]).toEqual([0o600, 1])
  expect(files().sort()).toEqual(['authority.db', 'saved.db'])
})

test('a backup replaces nothing, and one that fails leaves nothing', async () => {
  const { at, cli, backup, files } = await made()
  writeFileSync(at('saved.db'), 'of yesterday')
  expect(await backup()).toMatchObject({ code: 1, stderr: expect.stringContaining('exists, and backup replaces nothing') })
  expect(readFileSync(at('saved.db'), 'utf8')).toBe('of yesterday')
  expect(await cli('backup', at('nowhere/saved.db'))).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot write') })
  rmSync(at('saved.db'))
  truncateSync(at('authority.db'), 8192)
  expect(await backup()).toMatchObject({ code: 1, stdout: '' })
  expect(files()).toEqual(['authority.db'])
})

test('where a database is, restore replaces it only when that is said, and keeps it', async () => {
  const { at, backup, restore, files } = await made()
  await backup()
  inDatabase(at('authority.db'), "insert into harness_key values ('t', 'newer', 'admin token', 1)")
  expect(await restore('--from', at('saved.db'))).toMatchObject({ code: 1, stderr: expect.stringContaining('--replace') })
  const { code, stdout } = await restore('--from', at('saved.db'), '--replace')
  expect([code, countIn(at('authority.db'), 'harness_key')]).toEqual([0, 0])
  const [, kept = ''] = /is kept as (.*)\n/.exec(stdout) ?? []
  expect([countIn(kept, 'harness_key'), statSync(at('authority.db')).mode & 0o777]).toEqual([1, 0o600])
  expect(files()).toHaveLength(3)
})

test('a lost database is restored, and what is left of its log is no part of it', async () => {
  const { at, settingsFile, backup, restore } = await made()
  await backup()
  const server = await serve('authority', settingsFile)
  copyFileSync(at('authority.db-wal'), at('log'))
  await server.stop()
  rmSync(at('authority.db'))
  renameSync(at('log'), at('authority.db-wal'))
  expect(await restore('--from', at('saved.db'))).toMatchObject({ code: 1, stderr: expect.stringContaining('--replace') })
  expect(await restore('--from', at('saved.db'), '--replace')).toMatchObject({ code: 0 })
  expect(existsSync(at('authority.db-wal'))).toBe(false)
  await (await serve('authority', settingsFile)).stop()
  rmSync(at('authority.db'))
  expect(await restore('--from', at('saved.db'))).toMatchObject({ code: 0 })
})

test('a damaged database is replaced, and kept as it is', async () => {
  const { at, backup, restore, settingsFile } = await made()
  await backup()
  writeFileSync(at('authority.db'), 'what a disk left of it'.repeat(100))
  expect(await restore('--from', at('saved.db'), '--replace')).toMatchObject({ code: 0 })
  await (await serve('authority', settingsFile)).stop()
})

test('a server that runs keeps its database', async () => {
  const { at, settingsFile, backup, restore, files } = await made()
  await backup()
  const server = await serve('authority', settingsFile)
  expect(await restore('--from', at('saved.db'), '--replace')).toMatchObject({ code: 1, stderr: expect.stringContaining('is in use') })
  expect((await fetch(`http://127.0.0.1:${server.managementPort}/ready`)).status).toBe(200)
  await server.stop()
  expect(files().sort()).toEqual(['authority.db', 'saved.db'])
})

test.each([
  ['no database', (file: string) => writeFileSync(file, 'a letter'), 'is no SQLite database'],
  ['an empty file', (file: string) => writeFileSync(file, ''), 'none of this program'],
  ['a part of a backup', (file: string) => truncateSync(file, 16_384), 'only a part of one'],
  ['of a newer version', (file: string) => inDatabase(file, "insert into migration values ('999-later', 1)"), 'newer version'],
  ['not there', (file: string) => rmSync(file), 'does not exist'],
])('a backup that is %s changes nothing', async (_, spoil, why) => {
  const { at, backup, restore, files } = await made()
  await backup()
  spoil(at('saved.db'))
  const before = readFileSync(at('authority.db'))
  expect(await restore('--from', at('saved.db'), '--replace')).toMatchObject({ code: 1, stderr: expect.stringContaining(why) })
  expect(readFileSync(at('authority.db')).equals(before)).toBe(true)
  expect(files().filter((name) => !/^(?:authority|saved)\.db$/.test(name))).toEqual([])
})

test('a backup of an older schema is brought up to date, and what a restore that was cut off left is named', async () => {
  const { at, cli, restore } = await made()
  const db = await openMigrated<PartyTables>(at('saved.db'), Object.fromEntries(Object.entries(migrations).slice(0, -1)), systemNow)
  await createSigningKey(db, { now: systemNow, random: systemRandom, secrets: createSecrets([readMasterKey(generateMasterKey())]) })
  await db.close()
  mkdirSync(at('authority.db.restoring-Ab3dE1'))
  const { code, stderr } = await restore('--from', at('saved.db'), '--replace')
  expect([code, stderr]).toEqual([0, expect.stringContaining('authority.db.restoring-Ab3dE1 is of a restore that was cut off')])
  expect(await cli('migrate')).toMatchObject({ code: 0, stdout: 'the schema is up to date\n' })
})

test('a restore that is killed before its database is in place leaves none, and the next finishes', async () => {
  const { at, settingsFile, backup, restore, cli, files } = await made()
  await backup()
  const module = `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module'
    fs.linkSync = () => process.kill(process.pid, 'SIGKILL'); syncBuiltinESMExports()`
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(module)}` }
  const killed = await run('authority', ['restore', '--from', at('saved.db'), '--replace', '--yes', '--config', settingsFile], { env })
  expect([killed.code, existsSync(at('authority.db'))]).toEqual([null, false])
  expect(await cli('serve')).toMatchObject({ code: 1, stderr: expect.stringContaining('does not exist') })
  expect(await restore('--from', at('saved.db'))).toMatchObject({ code: 0 })
  expect(files().filter((name) => name.includes('.before-restore-'))).toHaveLength(1)
  await (await serve('authority', settingsFile)).stop()
})

test('a master key that was lost since is not needed: a new signing key is sealed under the one in use', async () => {
  const { at, backup, restore, settingsFile } = await made()
  await backup()
  writeFileSync(at('secrets/master.key'), Buffer.alloc(32, 7).toString('base64url'))
  expect(await restore('--from', at('saved.db'), '--replace')).toMatchObject({ code: 0 })
  await (await serve('authority', settingsFile)).stop()
})

test.each([
  [['--yes'], 'name the backup with --from FILE, or say --in-place'],
  [['--yes', '--from', 'x', '--in-place'], 'name the backup with --from FILE, or say --in-place'],
  [['--yes', '--in-place', '--replace'], '--replace goes with --from'],
  [['--from', 'saved.db', '--replace'], 'nobody is here to be asked'],
])('restore %j is misuse', async (args, why) => {
  const { at, cli, backup } = await made()
  await backup()
  const named = args.map((arg) => (arg === 'saved.db' ? at(arg) : arg))
  expect(await cli('restore', ...named)).toMatchObject({ code: 2, stderr: expect.stringContaining(why) })
})

test('a clock that was set back restores nothing', async () => {
  const { at, backup, restore } = await made()
  inDatabase(
    at('authority.db'),
    `insert into clock values (1, ${Math.floor(Date.now() / 1000) + 3600}) on conflict do update set latest_at = excluded.latest_at`,
  )
  await backup()
  expect(await restore('--from', at('saved.db'), '--replace')).toMatchObject({ code: 1, stderr: expect.stringContaining('clock') })
})

test('of two restores at once one is put in place, and no server takes anything but a whole one', async () => {
  const { at, backup, restore, settingsFile } = await made()
  await backup()
  rmSync(at('authority.db'))
  const both = await Promise.all([restore('--from', at('saved.db')), restore('--from', at('saved.db'))])
  expect(both.map(({ code }) => code)).toContain(0)
  await (await serve('authority', settingsFile)).stop()
})

test('a database elsewhere than the settings say is not looked for', async () => {
  const { at, backup, restore, settingsFile } = await made()
  await backup()
  edit(settingsFile, 'database: ./authority.db', 'database: ./nowhere/authority.db')
  expect(await restore('--from', at('saved.db'))).toMatchObject({ code: 1, stderr: expect.stringContaining('does not exist') })
})
