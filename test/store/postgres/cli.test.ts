/** The command line on PostgreSQL, as people run it: what is made, what is refused, and that no password is told. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../../spec/node/open-database.ts'
import { edit, init, run, serve } from '../../cli-fixture.ts'
import { freshDatabase } from '../../databases.ts'
import { temporaryFolder } from '../../folders.ts'

const INIT = ['init', '--authority', 'https://authority.acme.example', '--domain', 'acme.example', '--dir']

async function place() {
  const database = await freshDatabase()
  const db = openDatabase(database)
  onTestFinished(db.close)
  const tables = async () => (await db.read.introspection.getTables()).map(({ name }) => name)
  return { database, password: new URL(database).password, db, tables }
}

test.each(['authority', 'service'] as const)('init fills an empty database, and every command of the %s works on it', async (party) => {
  const { database, password, tables } = await place()
  const { made, at, settingsFile } = await init(party, database)
  expect(made.code, made.stderr).toBe(0)
  expect(made.stdout + made.stderr).not.toContain(password)
  expect(readFileSync(settingsFile, 'utf8')).not.toContain(password)
  expect(readFileSync(at('secrets/database.url'), 'utf8').trim()).toBe(database)
  expect(statSync(at('secrets/database.url')).mode & 0o777).toBe(0o600)
  expect(existsSync(at(`${party}.db`))).toBe(false)
  expect(await tables()).toContain('audit')
  const on = ['--config', settingsFile]
  expect(await run(party, ['migrate', ...on])).toMatchObject({ code: 0, stdout: 'the schema is up to date\n' })
  expect((await run(party, ['check-config', ...on])).stdout).toContain('is fine')
  const server = await serve(party, settingsFile)
  expect((await fetch(`http://127.0.0.1:${server.managementPort}/ready`)).status).toBe(200)
  expect((await server.stop()).stderr).not.toContain(password)
  expect(await run(party, ['audit', 'verify', ...on])).toMatchObject({ code: 0, stdout: expect.stringContaining('rows not yet numbered: 0') })
  expect(await run(party, ['audit', 'export', '--format', 'csv', ...on])).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringMatching(/^seq,id,/),
  })
})

test('init refuses a database that has tables, and one of a party’s it leaves as it is', async () => {
  const { database, db, tables } = await place()
  await db.write((tx) => sql`create table somebodys (id integer)`.execute(tx))
  const refused = await run('authority', [...INIT, temporaryFolder(), '--database', database])
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('has tables, and init replaces nothing') })
  expect(await tables()).toEqual(['somebodys'])
})

test('an init that fails at its end takes its tables away again', async () => {
  const { database, tables } = await place()
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'secrets'), 'a file where a folder is to be')
  expect((await run('authority', [...INIT, folder, '--database', database])).code).toBe(1)
  expect(await tables()).toEqual([])
  mkdirSync(join(folder, 'again'))
  expect((await run('authority', [...INIT, join(folder, 'again'), '--database', database])).code).toBe(0)
})

test('the URL may come from the environment, where other users do not see it', async () => {
  const { database } = await place()
  const folder = temporaryFolder()
  const made = await run('authority', [...INIT, folder], { env: { AGENTPASS_DATABASE_URL: database } })
  expect([made.code, readFileSync(join(folder, 'secrets/database.url'), 'utf8').trim()]).toEqual([0, database])
})

const elsewhere = (database: string, change: (url: URL) => void): string => {
  const url = new URL(database)
  change(url)
  return url.href
}
test.each<[string, (url: URL) => void]>([
  ['the password is wrong', (url) => (url.password = 'wrong-password')],
  ['there is no such database', (url) => (url.pathname = '/nothing')],
  ['nobody listens', (url) => (url.port = '1')],
])('where %s, init and serve say so, and tell no password', async (_, change) => {
  const { database } = await place()
  const wrong = elsewhere(database, change)
  const { at, settingsFile } = await init('authority', database)
  writeFileSync(at('secrets/database.url'), wrong)
  for (const ended of [
    await run('authority', [...INIT, temporaryFolder(), '--database', wrong]),
    await run('authority', ['serve', '--config', settingsFile]),
  ]) {
    expect(ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/the database postgres:\/\/agentpass@127\.0\.0\.1:\d+\/\w+ cannot be reached: \S/),
    })
    expect(ended.stderr).not.toContain(new URL(wrong).password)
  }
})

test('serve makes nothing in a database that init never saw', async () => {
  const { database } = await place()
  const empty = await place()
  const { at, settingsFile } = await init('authority', database)
  writeFileSync(at('secrets/database.url'), empty.database)
  const ended = await run('authority', ['serve', '--config', settingsFile])
  expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('the database is empty, or none of this program') })
  expect(await empty.tables()).toEqual([])
})

test('a password in the settings themselves is refused, and so is a URL of something else', async () => {
  const { database } = await place()
  const { at, settingsFile } = await init('authority', database)
  edit(settingsFile, /^database: .*$/m, `database: ${database}`)
  const inSettings = await run('authority', ['check-config', '--config', settingsFile])
  expect(inSettings).toMatchObject({ code: 2, stderr: expect.stringContaining('the database URL has a password in it') })
  expect(inSettings.stderr).not.toContain(new URL(database).password)
  edit(settingsFile, /^database: .*$/m, 'database: { file: secrets/database.url }')
  writeFileSync(at('secrets/database.url'), 'mysql://a:b@c/d')
  expect((await run('authority', ['check-config', '--config', settingsFile])).stderr).toContain('the database is no URL such as postgres://')
})
