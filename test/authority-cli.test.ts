import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { init, initialised, run, serve } from './cli-fixture.ts'
import { temporaryFolder } from './folders.ts'
import { startNames } from './world/names.ts'

const DOCUMENT = 'https://authority.acme.example/.well-known/agentpass-authority'
const ARGS = ['init', '--authority', 'https://authority.acme.example', '--domain', 'acme.example']
const contents = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort()
    .map((name) => [name, readFileSync(join(folder, name), 'base64')])

test('an authority goes from nothing to serving and stops gracefully on SIGTERM', async () => {
  const { settingsFile, made, at } = await init('authority')
  expect(made).toMatchObject({ code: 0, stderr: '' })
  for (const told of [settingsFile, at('secrets/master.key'), at('secrets/admin.token'), `_agentpass.acme.example. IN TXT "${DOCUMENT}"`])
    expect(made.stdout).toContain(told)
  expect(made.stdout.trimEnd().split('\n').at(-1)).toContain(`agentpass-authority check-config --config ${settingsFile}`)
  expect(await run('authority', ['check-config', '--config', settingsFile])).toMatchObject({ code: 0, stdout: `${settingsFile} is fine\n` })

  const server = await serve('authority', settingsFile)
  expect(JSON.parse(server.line)).toEqual({ authority: 'https://authority.acme.example', port: server.port, management_port: server.managementPort })
  const health = await fetch(`http://127.0.0.1:${server.managementPort}/health`)
  expect([health.status, await health.json()]).toEqual([200, { status: 'alive' }])
  const document = await fetch(`http://127.0.0.1:${server.port}/.well-known/agentpass-authority`)
  expect(await document.json()).toMatchObject({ authority: 'https://authority.acme.example' })
  const { code, stdout, stderr } = await server.stop()
  expect([code, stdout]).toEqual([0, server.line])
  for (const line of stderr.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ party: 'authority', level: 'info' })
})

test('SIGINT stops a server as gracefully as SIGTERM', async () => {
  const { settingsFile } = await initialised('authority')
  const server = await serve('authority', settingsFile)
  expect(await server.stop('SIGINT')).toMatchObject({ code: 0 })
})

test('a second signal ends at once a server that waits for a slow client', async () => {
  const { settingsFile } = await initialised('authority')
  const server = await serve('authority', settingsFile)
  const slow = new AbortController()
  const body = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('{')) })
  const init = { method: 'POST', body, duplex: 'half', signal: slow.signal, headers: { 'content-type': 'application/json' } }
  const answer = fetch(`http://127.0.0.1:${server.port}/issuance`, init).catch(() => 'cut off')
  await fetch(`http://127.0.0.1:${server.port}/.well-known/jwks.json`) // by now the slow one has arrived
  server.child.kill('SIGTERM')
  await new Promise<void>((resolve) => server.child.stderr?.on('data', (text: string) => text.includes('SIGTERM') && resolve()))
  expect(await server.stop('SIGTERM')).toMatchObject({ code: 1 })
  expect(await answer).toBe('cut off')
})

test.each([
  ['an exception', 'throw new Error("a fault of ours")'],
  ['a rejection', 'Promise.reject(new Error("a fault of ours"))'],
])('%s that nobody caught is logged, and the server stops gracefully with exit code 1', async (_, fault) => {
  const { settingsFile } = await initialised('authority')
  const module = `process.on('SIGUSR2', () => { ${fault} })`
  const server = await serve('authority', settingsFile, { env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(module)}` } })
  const { code, stderr } = await server.stop('SIGUSR2')
  expect(code).toBe(1)
  const events = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(events.map(({ event }) => event)).toEqual(['ready', 'stopping', 'stopped'])
  expect(events[1]).toMatchObject({ level: 'error', reason: 'Error: a fault of ours' })
})

test('secrets and the database are readable by their owner alone', async () => {
  const { at } = await init('authority')
  expect(['secrets', 'secrets/master.key', 'secrets/admin.token', 'authority.db'].map((name) => statSync(at(name)).mode & 0o777)).toEqual([
    0o700, 0o600, 0o600, 0o600,
  ])
})

test('init replaces nothing that exists', async () => {
  const { folder, settingsFile, at } = await initialised('authority')
  const before = contents(folder)
  const again = await run('authority', [...ARGS, '--dir', folder])
  expect(again).toMatchObject({ code: 1, stdout: '' })
  for (const file of [settingsFile, at('secrets/master.key'), at('secrets/admin.token'), at('authority.db')])
    expect(again.stderr).toContain(`agentpass-authority: error: ${file} exists`)
  expect(again.stderr).toContain('agentpass-authority: hint: ')
  expect(contents(folder)).toEqual(before)
})

test('help shows a worked example first, for the program and for each command', async () => {
  for (const args of [[], ['audit', 'verify'], ['approve']]) {
    const { code, stdout } = await run('authority', [...args, '--help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`^Example:\n  agentpass-authority ${args.join(' ')}`))
  }
  expect(await run('authority', [])).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^Example:/) })
})

test.each([['secrets'], ['.agentpass-init'], ['authority.yaml']])('an init that cannot finish because of %s leaves nothing behind', async (name) => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, name), 'of somebody else')
  expect(await run('authority', [...ARGS, '--dir', folder])).toMatchObject({ code: 1, stdout: '' })
  expect(contents(folder)).toEqual([[name, btoa('of somebody else')]])
})

test('init refuses a folder that cannot be written', async () => {
  const file = join(temporaryFolder(), 'file')
  writeFileSync(file, '')
  const { code, stderr } = await run('authority', [...ARGS, '--dir', join(file, 'below')])
  expect(code).toBe(1)
  expect(stderr).toMatch(/^agentpass-authority: error: cannot write in .*\nagentpass-authority: hint: .*--dir\n$/)
})

test.each([
  ['an identifier that is not in normal form', ['--authority', 'https://Authority.acme.example', '--domain', 'acme.example']],
  ['a domain in upper case', ['--authority', 'https://authority.acme.example', '--domain', 'Acme.example']],
  ['text that would be other YAML', ['--authority', 'https://authority.acme.example', '--domain', 'a.example\ntrust_mode: service']],
  ['a certificate without its key', ['--authority', 'https://authority.acme.example', '--domain', 'acme.example', '--tls-cert', 'x']],
  ['a listening address without a port', ['--authority', 'https://authority.acme.example', '--domain', 'acme.example', '--listen', 'localhost']],
  ['no domain', ['--authority', 'https://authority.acme.example']],
])('init refuses %s as misuse and writes nothing', async (_, args) => {
  const folder = join(temporaryFolder(), 'new')
  const { code, stdout, stderr } = await run('authority', ['init', '--dir', folder, ...args])
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^agentpass-authority: error: /)
  expect(existsSync(folder)).toBe(false)
})

test('check-config warns, and no more, while DNS does not lead here', async () => {
  const names = await startNames()
  const { settingsFile } = await initialised('authority')
  writeFileSync(settingsFile, `${readFileSync(settingsFile, 'utf8')}\nnetwork: { dns_servers: ['${names.address}'] }\n`)
  const check = () => run('authority', ['check-config', '--config', settingsFile, '--json'])
  const warnings: string[][] = []
  for (const values of [[], ['https://old.acme.example/document'], ['none'], ['v=spf1'], [DOCUMENT]]) {
    names.publish('_agentpass.acme.example', ...values)
    const { code, stdout } = await check()
    expect(code).toBe(0)
    warnings.push(JSON.parse(stdout).warnings)
  }
  names.fail('_agentpass.acme.example', 'SERVFAIL')
  warnings.push(JSON.parse((await check()).stdout).warnings)
  await names.stop()
  expect(warnings.map(({ length }) => length)).toEqual([1, 1, 1, 1, 0, 1])
})
