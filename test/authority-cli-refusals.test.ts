import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import SQLite from 'better-sqlite3'
import { expect, test } from 'vitest'
import { generateMasterKey } from '../spec/node/secrets.ts'
import { edit, type Initialised, inDatabase, initialised, run, serve, usedPort } from './cli-fixture.ts'
import { temporaryFolder } from './folders.ts'

const TWO_LINES = /^agentpass-authority: error: [^\n]+[^.\n]\nagentpass-authority: hint: [^\n]+[^.\n]\n$/
const keyIds = (database: string) => {
  const db = new SQLite(database, { readonly: true })
  const rows = db.prepare('select key_id from signing_key').all()
  db.close()
  return rows
}

test('every problem of the settings is listed, each with its member, and the exit code is 2', async () => {
  const { settingsFile } = await initialised('authority')
  edit(settingsFile, 'authority: https://authority.acme.example', 'authority: http://authority.acme.example')
  edit(settingsFile, 'port: 0', 'port: 65536')
  edit(settingsFile, '  - acme.example', '  - Acme.example')
  edit(settingsFile, '#log_level: info', 'log_level: loud\nlog_levle: info')
  edit(settingsFile, '#lifetimes:\n#  decision_seconds: 900', 'lifetimes:\n  decision_seconds: 0')
  for (const command of ['check-config', 'serve', 'requests']) {
    const { code, stdout, stderr } = await run('authority', [command, '--config', settingsFile])
    expect([code, stdout]).toEqual([2, ''])
    const problems = stderr
      .trim()
      .split('\n')
      .map((line) => line.replace(`agentpass-authority: error: ${settingsFile}: `, '').split(' ')[0])
    expect(problems.sort()).toEqual(['authority', 'domains.0', 'lifetimes.decision_seconds', 'listen.port', 'log_level', 'log_levle'])
  }
})

test.each([
  ['an empty file', ''],
  ['half a file', 'authority: "https://auth'],
  ['a list', '- authority'],
  ['a member twice', 'authority: https://a.example\nauthority: https://b.example'],
])('settings that are %s are refused with exit code 2', async (_, text) => {
  const { settingsFile } = await initialised('authority')
  writeFileSync(settingsFile, text)
  const { code, stderr } = await run('authority', ['serve', '--config', settingsFile])
  expect(code).toBe(2)
  expect(stderr).toContain(`agentpass-authority: error: ${settingsFile}: `)
})

test('settings are found by the environment, and by default where one stands', async () => {
  const { folder, settingsFile } = await initialised('authority')
  const elsewhere = temporaryFolder()
  const byVariable = await run('authority', ['migrate'], { cwd: elsewhere, env: { AGENTPASS_AUTHORITY_CONFIG: settingsFile } })
  expect(byVariable).toMatchObject({ code: 0, stdout: 'the schema is up to date\n' })
  expect(await run('authority', ['migrate'], { cwd: folder })).toMatchObject({ code: 0 })
  expect(await run('authority', ['migrate'], { cwd: elsewhere })).toMatchObject({ code: 2 })
})

const CHANGED_IN_THE_MIDDLE =
  "substr(sealed_private_jwk, 1, 59) || iif(substr(sealed_private_jwk, 60, 1) = 'A', 'B', 'A') || substr(sealed_private_jwk, 61)"

/** What can be wrong with what settings name; `serve` fails, and `check-config` calls it misuse. */
const BROKEN: [string, RegExp, (party: Initialised) => void | Promise<void>][] = [
  [
    'a master key cut in half',
    /master\.key/,
    ({ at }) => writeFileSync(at('secrets/master.key'), readFileSync(at('secrets/master.key'), 'utf8').slice(0, 21)),
  ],
  ['another master key', /master key/, ({ at }) => writeFileSync(at('secrets/master.key'), generateMasterKey())],
  ['no master key', /master\.key/, ({ at }) => rmSync(at('secrets/master.key'))],
  ['no admin token', /admin\.token/, ({ at }) => rmSync(at('secrets/admin.token'))],
  ['an admin token that the environment lacks', /NOWHERE/, ({ settingsFile }) => edit(settingsFile, 'file: ./secrets/admin.token', 'env: NOWHERE')],
  [
    'a certificate that is none',
    /no certificate/,
    ({ settingsFile }) => edit(settingsFile, '  port: 0', '  port: 0\n  tls: { cert_file: authority.yaml, key_file: secrets/master.key }'),
  ],
  [
    'a certificate authority that is none',
    /network/,
    ({ settingsFile }) => edit(settingsFile, '#network:', 'network: { ca_file: authority.yaml }\n#network:'),
  ],
  ['no database', /does not exist/, ({ at }) => rmSync(at('authority.db'))],
  ['a database below a regular file', /authority\.db/, ({ settingsFile }) => edit(settingsFile, './authority.db', './authority.yaml/authority.db')],
  ['half a database', /authority\.db/, ({ at }) => writeFileSync(at('authority.db'), 'half a database')],
  ['an empty database', /database/, ({ at }) => writeFileSync(at('authority.db'), '')],
  ['a newer database', /newer version/, ({ at }) => inDatabase(at('authority.db'), "insert into migration values ('999-future', 0)")],
  ['no signing key', /signing key/, ({ at }) => inDatabase(at('authority.db'), 'delete from signing_key')],
  [
    'a changed signing key',
    /signing keys/,
    ({ at }) => inDatabase(at('authority.db'), `update signing_key set sealed_private_jwk = ${CHANGED_IN_THE_MIDDLE}`),
  ],
]
test.each(BROKEN)('with %s the server does not start, says why in one sentence, and makes no new key', async (_, why, spoil) => {
  const party = await initialised('authority')
  const before = keyIds(party.at('authority.db'))
  const kept = temporaryFolder()
  cpSync(party.at('authority.db'), `${kept}/authority.db`)
  await spoil(party)
  const served = await run('authority', ['serve', '--config', party.settingsFile])
  const checked = await run('authority', ['check-config', '--config', party.settingsFile]) // not beside it: a server that stops folds its database's log in
  expect(served).toMatchObject({ code: 1, stdout: '' })
  expect(served.stderr).toMatch(TWO_LINES)
  expect(served.stderr).toMatch(why)
  expect(served.stderr).not.toMatch(/^\s+at /m)
  expect(checked).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(why) })
  expect(keyIds(`${kept}/authority.db`)).toEqual(before)
})

test('all that is wrong with secrets and certificates is told at once', async () => {
  const { settingsFile, at } = await initialised('authority')
  for (const file of ['secrets/master.key', 'secrets/admin.token']) rmSync(at(file))
  const { code, stderr } = await run('authority', ['check-config', '--config', settingsFile])
  expect(code).toBe(2)
  expect(stderr.match(/: error: /g)).toHaveLength(2)
})

test.each([['listen:\n  host: 127.0.0.1\n  port: 0'], ['  listen:\n    host: 127.0.0.1\n    port: 0']])(
  'a port that is in use is told, and the database is left alone',
  async (door) => {
    const { settingsFile, at } = await initialised('authority')
    const port = await usedPort()
    edit(settingsFile, door, door.replace('port: 0', `port: ${port}`))
    const before = readFileSync(at('authority.db'))
    const { code, stderr } = await run('authority', ['serve', '--config', settingsFile])
    expect(code).toBe(1)
    expect(stderr).toContain(`agentpass-authority: error: 127.0.0.1:${port} is in use by another program\nagentpass-authority: hint: `)
    expect(readFileSync(at('authority.db')).equals(before)).toBe(true)
    expect(existsSync(at('authority.db-wal'))).toBe(false)
  },
)

test('migrate brings an old database up to date and says what it did', async () => {
  const { settingsFile, at } = await initialised('authority')
  rmSync(at('authority.db'))
  inDatabase(at('authority.db'), 'vacuum') // as before any migration: a database with nothing in it
  const migrate = (...more: string[]) => run('authority', ['migrate', '--config', settingsFile, ...more])
  const first = await migrate('--json')
  expect(first).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(first.stdout).applied[0]).toBe('001-core')
  expect(await migrate()).toMatchObject({ code: 0, stdout: 'the schema is up to date\n' })
})

test('the audit trail verifies, and a changed row is named', async () => {
  const { settingsFile, at } = await initialised('authority')
  const server = await serve('authority', settingsFile)
  for (let i = 0; i < 3; i++)
    await fetch(`http://127.0.0.1:${server.port}/issuance`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        type: 'bearer_token',
        service: { origin: 'https://desk.example' },
        user: { email: 'eve@other.example' },
        harness: { id: 'h' },
        task: { id: `t${i}`, description: 'x' },
      }),
    })
  await server.stop()
  const verify = () => run('authority', ['audit', 'verify', '--config', settingsFile, '--json'])
  const whole = await verify()
  expect(whole.code).toBe(0)
  expect(JSON.parse(whole.stdout)).toEqual({ verified: 4, heads: 1, unnumbered: 0 })
  await (await serve('authority', settingsFile)).stop()
  expect(JSON.parse((await verify()).stdout)).toEqual({ verified: 4, heads: 1, unnumbered: 0 })
  inDatabase(at('authority.db'), `update audit set event = replace(event, 't1', 't9') where seq = 2`)
  const changed = await verify()
  expect(changed.code).toBe(1)
  expect(JSON.parse(changed.stdout)).toMatchObject({ verified: 1, bad: { seq: 2 } })
  expect(changed.stderr).toMatch(/^agentpass-authority: error: row 2 of the audit trail does not hold: /)
})
