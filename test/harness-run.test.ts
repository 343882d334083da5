import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { processIo } from '../harness/node/io.ts'
import { findFault, runChild } from '../harness/node/run/child.ts'
import { childEnvironment } from '../harness/node/run/environment.ts'
import { createNotes } from '../harness/node/run/notes.ts'
import { explainRefusal } from '../harness/use.ts'
import { commandLine, TOKEN_LINE, temporaryFolder } from './harness-cli-rig.ts'
import { DESK, refusal, TASK, TOKEN, USER } from './harness-rig.ts'

const TOLD = { proxy: 'http://agentpass:p@127.0.0.1:1', bundle: '/tmp/x/certificates.pem', noProxy: '' }
const CREDENTIAL = { service: DESK, token: TOKEN, scope: ['tickets:read'] }
const RUN = { service: DESK, expiresAt: undefined, now: 1_700_000_000 }

test('a program’s proxy and trust are ours, in both spellings, and nothing is reached around the proxy unless it is said', () => {
  const env = childEnvironment({ https_proxy: 'http://corporate', NO_PROXY: '*', SSL_CERT_FILE: '/etc/other.pem', HOME: '/home/ada' }, TOLD)
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy']) expect(env[name]).toBe(TOLD.proxy)
  for (const name of ['SSL_CERT_FILE', 'CURL_CA_BUNDLE', 'GIT_SSL_CAINFO', 'REQUESTS_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS'])
    expect(env[name]).toBe(TOLD.bundle)
  expect([env.NO_PROXY, env.no_proxy, env.NODE_USE_ENV_PROXY, env.HOME]).toEqual(['', '', '1', '/home/ada'])
  expect(childEnvironment({}, { ...TOLD, noProxy: 'localhost' })).toMatchObject({ NO_PROXY: 'localhost', no_proxy: 'localhost' })
})

test('of our own variables a program gets those that say how to reach peers, and none that may be a secret', () => {
  const kept = { AGENTPASS_USER: USER, AGENTPASS_RESOLVER: '127.0.0.1:53', AGENTPASS_CA: 'ca.pem', AGENTPASS_ALLOW_PRIVATE: '10.0.0.0/8' }
  const env = childEnvironment({ ...kept, AGENTPASS_ADMIN_TOKEN: 'secret', AGENTPASS_MASTER_KEY: 'secret' }, TOLD)
  expect(Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('AGENTPASS_')))).toEqual(kept)
})

test('what a program cannot be started for is known before anybody is asked', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'program'), '#!/bin/sh\n')
  chmodSync(join(folder, 'program'), 0o755)
  writeFileSync(join(folder, 'text'), '')
  mkdirSync(join(folder, 'folder'))
  const found = async (program: string) => (await findFault(program, { PATH: `/nowhere:${folder}` }))?.message
  expect(await found('program')).toBeUndefined()
  expect(await found(join(folder, 'program'))).toBeUndefined()
  expect(await found('missing')).toBe('it is not there')
  expect(await found(join(folder, 'missing'))).toBe('it is not there')
  expect(await found('folder')).toContain('is no program')
  expect(await found('text')).toContain('cannot be run')
  const c = commandLine()
  const ended = await c.runAs({ environment: { PATH: folder } }, 'run', '--service', DESK, '--user', USER, '--task', TASK, '--', 'missing', '--json')
  expect(ended).toMatchObject({ code: 127, out: '', err: expect.stringContaining('missing cannot be started: it is not there') })
  expect((await c.runAs({ environment: { PATH: folder } }, 'run', '--service', DESK, '--user', USER, '--task', TASK, '--', 'text')).code).toBe(126)
  expect(c.calls).toEqual([])
})

test('what cannot be started in the end is said, and is 126 or 127', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'script'), '#!/nowhere/at/all\n', { mode: 0o755 })
  const said: string[] = []
  const io = { ...processIo(), err: (text: string) => void said.push(text) }
  const start = (...command: string[]) => runChild({ io, divertSignals: () => () => {} }, command, { PATH: folder })
  expect(await start('script')).toBe(127)
  expect(await start(join(folder, 'script'), 'x'.repeat(10_000_000))).toBe(126)
  expect(said[0]).toContain('script cannot be started: it is not there')
})

test('a SIGINT of a terminal has reached the program already, and is not passed on a second time', async () => {
  let send: (signal: NodeJS.Signals) => void = () => {}
  const divertSignals = (to: typeof send) => {
    send = to
    return () => {}
  }
  const ended = runChild({ io: { ...processIo(), isTerminal: true }, divertSignals }, ['sleep', '60'], { PATH: process.env.PATH })
  send('SIGINT')
  send('SIGTERM')
  expect(await ended).toBe(143)
})

const run = (...options: string[]) => ['run', '--user', USER, '--task', TASK, ...options, '--', process.execPath]
test.each([
  ['no program', ['run', '--service', DESK, '--task', TASK], 'missing required argument'],
  ['no task', ['run', '--service', DESK, '--', 'true'], '--task'],
  ['an option of the program’s without --', ['run', '--service', DESK, '--task', TASK, 'git', '--depth', '1'], 'comes after --'],
  ['a service over http', run('--service', 'http://desk.example'), 'no https URL'],
  ['no service, and no token held', run(), 'which service?'],
  ['the service reached directly', run('--service', DESK, '--no-proxy', 'localhost,desk.example'), 'names the service itself'],
  ['the service’s domain reached directly', run('--service', DESK, '--no-proxy', '.example'), 'names the service itself'],
  ['everything reached directly', run('--service', DESK, '--no-proxy', '*'), 'names the service itself'],
])('%s is misuse, and nobody is asked', async (_, line, said) => {
  const c = commandLine()
  const { code, err, out } = await c.run(...line)
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain(said)
  expect(c.calls).toEqual([])
})

test('without --service it is the one of the token that is held for the task, and of several none', async () => {
  const c = commandLine()
  await c.run(...TOKEN_LINE)
  const before = c.calls.length
  const { err } = await c.run('run', '--task', TASK, '--no-proxy', 'desk.example', '--', process.execPath)
  expect(err).toContain('names the service itself') // so it is the desk
  expect((await c.run('run', '--task', 'Another task', '--', process.execPath)).err).toContain('no live token is held for the task')
  writeFileSync(join(c.state, 'task-other.json'), c.file(c.files()[0]!).replaceAll(DESK, 'https://git.example').replace(c.heldTask(), 'task-other'), {
    mode: 0o600,
  })
  expect((await c.run('run', '--task', TASK, '--', process.execPath)).err).toMatch(/held for it at https:\/\/\S+, https:\/\/\S+/)
  expect(c.calls.length).toBe(before)
})

test('a run that is canceled before its program starts gives back what it got', async () => {
  const c = commandLine()
  const off = new AbortController()
  c.service.redeem = () => {
    off.abort()
    return Response.json({ bearer_token: TOKEN, expires_in: 600 })
  }
  const ended = await c.runAs({ signal: off.signal }, ...run('--service', DESK))
  expect(ended).toMatchObject({ code: 130, out: '' })
  expect(c.files()).toEqual([])
})

test('with a token that is held, too, a run that is canceled starts nothing', async () => {
  const c = commandLine()
  await c.run(...TOKEN_LINE)
  const line = ['run', '--service', DESK, '--task', TASK, '--', process.execPath, '-e', 'process.exit(3)']
  expect((await c.runAs({ signal: AbortSignal.abort(new Error('canceled')) }, ...line)).code).toBe(130)
  expect((await c.run(...line)).code).toBe(3)
  expect(c.files()).toHaveLength(1)
})

test('what was missing is told when the run is over: each scope once, and no refusal that is not about the token', async () => {
  const notes = createNotes()
  const refused = async (status: number, challenge: string) => {
    const response = await refusal(status, 'insufficient_scope', 'no')()
    response.headers.set('www-authenticate', challenge)
    notes.refused(await explainRefusal(response, new Uint8Array(), CREDENTIAL))
  }
  await refused(403, 'Bearer error="access_denied"')
  expect(notes.lines(RUN)).toEqual([])
  for (const _ of 'ab') await refused(403, 'Bearer error="insufficient_scope", scope="tickets:write"')
  await refused(403, 'Bearer error="insufficient_scope", scope="tickets:admin"')
  const lacks = (scope: string) => `the token lacks the scope ${scope}: ask for it with a new token`
  expect(notes.lines(RUN)).toEqual([lacks('tickets:write'), lacks('tickets:admin')])
  expect(notes.isTokenEnded()).toBe(false)
  await refused(401, 'Bearer error="invalid_token"')
  expect(notes.isTokenEnded()).toBe(true)
  expect(notes.lines(RUN)[0]).toContain('the token was ended')
})

test('a token that expired while the program ran is told of as that, to the second', async () => {
  const notes = createNotes()
  notes.refused(await explainRefusal(new Response(null, { status: 401 }), new Uint8Array(), CREDENTIAL))
  expect(notes.lines({ ...RUN, expiresAt: RUN.now + 1 })).toEqual([expect.stringContaining('was ended')])
  expect(notes.lines({ ...RUN, expiresAt: RUN.now })).toEqual([expect.stringContaining('expired at 2023-11-14T22:13:20Z')])
})

test('where a program wanted to go is told, a few of the places, without what a terminal would act upon', () => {
  const notes = createNotes()
  for (let i = 0; i < 100; i += 1) notes.wanted(`evil-${i}.example:443\u001b[1m`)
  const [line, ...others] = notes.lines(RUN)
  expect([others.length, line!.split(', ').length]).toEqual([0, 5])
  expect(line).not.toMatch(/\p{Cc}/u)
})
