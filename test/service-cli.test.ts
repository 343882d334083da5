import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { edit, inDatabase, init, initialised, run, serve, usedPort } from './cli-fixture.ts'
import { temporaryFolder } from './folders.ts'

const DOCUMENT = 'https://desk.example/.well-known/agentpass-service'

test('a service goes from nothing to serving and stops gracefully on SIGTERM', async () => {
  const { settingsFile, made, at } = await init('service')
  expect(made).toMatchObject({ code: 0, stderr: '' })
  for (const told of [settingsFile, at('secrets/master.key'), at('secrets/admin.token'), `_agentpass-service.desk.example. IN TXT "${DOCUMENT}"`])
    expect(made.stdout).toContain(told)
  expect(await run('service', ['check-config', '--config', settingsFile])).toMatchObject({ code: 0, stdout: `${settingsFile} is fine\n` })

  const server = await serve('service', settingsFile)
  expect(JSON.parse(server.line)).toEqual({ service: 'https://desk.example', port: server.port, management_port: server.managementPort })
  const health = await fetch(`http://127.0.0.1:${server.managementPort}/health`)
  expect([health.status, await health.json()]).toEqual([200, { status: 'alive' }])
  const document = await fetch(`http://127.0.0.1:${server.port}/.well-known/agentpass-service`)
  expect(await document.json()).toMatchObject({ service: { origin: 'https://desk.example' } })
  expect((await fetch(`http://127.0.0.1:${server.port}/api/tickets`)).status).toBe(401)
  expect(await server.stop()).toMatchObject({ code: 0, stdout: server.line })
})

test('init replaces nothing that exists, and one folder holds one party', async () => {
  const { folder, settingsFile, at } = await initialised('service')
  const before = readFileSync(at('secrets/master.key'), 'utf8')
  const again = await run('service', ['init', '--service', 'https://desk.example', '--upstream', 'http://127.0.0.1:3000', '--dir', folder])
  expect(again).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(`${settingsFile} exists`) })
  const other = await run('authority', ['init', '--authority', 'https://a.example', '--domain', 'a.example', '--dir', folder])
  expect(other).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('master.key exists') })
  expect(existsSync(at('authority.yaml'))).toBe(false)
  expect(readFileSync(at('secrets/master.key'), 'utf8')).toBe(before)
})

test.each([
  ['an origin with a path', ['--service', 'https://desk.example/app', '--upstream', 'http://127.0.0.1:3000']],
  ['an app that is not spoken to over HTTP', ['--service', 'https://desk.example', '--upstream', 'ftp://127.0.0.1']],
  ['no app', ['--service', 'https://desk.example']],
])('init refuses %s as misuse and writes nothing', async (_, args) => {
  const folder = join(temporaryFolder(), 'new')
  const { code, stdout, stderr } = await run('service', ['init', '--dir', folder, ...args])
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^agentpass-service: error: /)
  expect(existsSync(folder)).toBe(false)
})

test('every problem of the settings is listed, each with its member, and the exit code is 2', async () => {
  const { settingsFile } = await initialised('service')
  edit(settingsFile, 'service: https://desk.example', 'service: https://Desk.example')
  edit(settingsFile, 'url: http://127.0.0.1:3000', 'url: 127.0.0.1:3000')
  edit(settingsFile, 'allows: [GET /**]', 'allows: [GET **]')
  edit(settingsFile, '#lifetimes:\n#  credential_seconds: 3600\n#  check_seconds: 5', 'lifetimes:\n  check_seconds: 31\nlifetime: 1')
  const { code, stdout, stderr } = await run('service', ['serve', '--config', settingsFile])
  expect([code, stdout]).toEqual([2, ''])
  const problems = stderr
    .trim()
    .split('\n')
    .map((line) => line.replace(`agentpass-service: error: ${settingsFile}: `, '').split(' ')[0])
  expect(problems.sort()).toEqual(['lifetime', 'lifetimes.check_seconds', 'scopes.0.allows.0', 'service', 'upstream.url'])
})

test.each<[string, RegExp, (at: (name: string) => string) => void]>([
  ['a master key cut in half', /master\.key/, (at) => writeFileSync(at('secrets/master.key'), 'half')],
  ['no signing key', /signing key/, (at) => inDatabase(at('service.db'), 'delete from signing_key')],
  ['a newer database', /newer version/, (at) => inDatabase(at('service.db'), "insert into migration values ('999-future', 0)")],
])('with %s the server does not start and says why', async (_, why, spoil) => {
  const { settingsFile, at } = await initialised('service')
  spoil(at)
  const served = await run('service', ['serve', '--config', settingsFile])
  const checked = await run('service', ['check-config', '--config', settingsFile]) // not beside it: a server that stops folds its database's log in
  expect(served).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(why) })
  expect(checked).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(why) })
})

test('a port that is in use is told', async () => {
  const { settingsFile } = await initialised('service')
  const port = await usedPort()
  edit(settingsFile, 'port: 0', `port: ${port}`)
  const { code, stderr } = await run('service', ['serve', '--config', settingsFile])
  expect(code).toBe(1)
  expect(stderr).toContain(`agentpass-service: error: 127.0.0.1:${port} is in use by another program\n`)
})

test('migrate and audit verify work as for an authority', async () => {
  const { settingsFile, at } = await initialised('service')
  expect(await run('service', ['migrate', '--config', settingsFile])).toMatchObject({ code: 0, stdout: 'the schema is up to date\n' })
  inDatabase(at('service.db'), "insert into audit (event, seq, hash) values ('{}', 1, 'no hash of it')")
  const { code, stdout, stderr } = await run('service', ['audit', 'verify', '--config', settingsFile])
  expect([code, stdout]).toEqual([1, 'rows verified: 0, signed heads among them: 0, rows not yet numbered: 0\n'])
  expect(stderr).toContain('agentpass-service: error: row 1 of the audit trail does not hold')
})
