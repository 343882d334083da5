import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openNetwork } from '../harness/node/network.ts'
import { SettingsError } from '../spec/node/settings.ts'
import { commandLine, TOKEN_LINE } from './harness-cli-rig.ts'
import { DESK, TASK, USER } from './harness-rig.ts'

const TICKET = `${DESK}/api/tickets/17`
const token = (changed: Record<string, string>) => [
  'token',
  ...Object.entries({ '--service': DESK, '--user': USER, '--task': TASK, ...changed }).flat(),
]

test.each([
  ['no command', []],
  ['an unknown command', ['tokens']],
  ['an unknown option', ['status', '--jsno']],
  ['an unknown option of the program', ['--verbose', 'status']],
  ['an argument too many', ['status', 'here']],
  ['no service', ['token', '--user', USER, '--task', TASK]],
  ['no task', ['token', '--service', DESK, '--user', USER]],
  ['no user anywhere', ['token', '--service', DESK, '--task', TASK]],
  ['a service over http', token({ '--service': 'http://desk.example' })],
  ['a service without scheme', token({ '--service': 'desk.example' })],
  ['a service with a path', token({ '--service': `${DESK}/app` })],
  ['a service with userinfo', token({ '--service': 'https://ada@desk.example' })],
  ['a user who is no address', token({ '--user': 'ada' })],
  ['an empty task', token({ '--task': ' ' })],
  ['a task that is too long', token({ '--task': 'x'.repeat(16_385) })],
  ['an empty scope', token({ '--scope': '' })],
  ['an authority that is no identifier', token({ '--authority': 'HTTPS://AUTHORITY.example' })],
  ['no URL', ['call', 'GET']],
  ['a URL over http', ['call', 'GET', 'http://desk.example/api']],
  ['a URL with userinfo', ['call', 'GET', 'https://ada@desk.example/api']],
  ['a relative URL', ['call', 'GET', '/api']],
  ['a method that is none', ['call', 'GE T', TICKET]],
  ['CONNECT', ['call', 'CONNECT', TICKET]],
  ['GET with data', ['call', 'GET', TICKET, '--data', 'x']],
  ['data that cannot be read', ['call', 'POST', TICKET, '--data', '@/nowhere/at/all']],
  ['a header without colon', ['call', 'GET', TICKET, '--header', 'accept']],
  ['a header that is none', ['call', 'GET', TICKET, '--header', 'a b: c']],
  ['a header of two lines', ['call', 'GET', TICKET, '--header', 'a: b\r\nhost: c']],
  ['a user who is no address, for a call', ['call', 'GET', TICKET, '--user', 'ada']],
  ['an empty task, for a call', ['call', 'GET', TICKET, '--user', USER, '--task', '']],
  ['forget without a task', ['forget']],
  ['forget with a task and --all', ['forget', TASK, '--all']],
  ['settings that are not there', ['status', '--config', '/nowhere/at/all.yaml']],
])('%s is misuse: exit 2, with a hint, and nobody is asked', async (_, line) => {
  const c = commandLine()
  const { code, out, err } = await c.run(...line)
  expect([code, out]).toEqual([2, ''])
  expect(err).toMatch(/agentpass: error: .+\nagentpass: hint: .+\n$/)
  expect([c.lookups, c.calls]).toEqual([[], []])
})

test.each([
  'Authorization: Bearer x',
  'HOST: evil.example',
  'host : evil.example',
  'content-length: 1',
  'Transfer-Encoding: chunked',
  'proxy-authorization: x',
])('the header %s is not the caller’s to give', async (header) => {
  const c = commandLine()
  await c.run(...TOKEN_LINE)
  const before = c.calls.length
  expect((await c.run('call', 'GET', TICKET, '--header', header)).code).toBe(2)
  expect(c.calls.length).toBe(before)
})

test('an origin with a slash is still that origin', async () => {
  const c = commandLine()
  expect((await c.run(...token({ '--service': `${DESK}/` }))).code).toBe(0)
})

test('misuse in JSON has the shape of every error', async () => {
  const c = commandLine()
  const { code, json } = await c.run('status', '--json', '--jsno')
  expect([code, json]).toEqual([2, { error: { step: null, peer: null, message: "unknown option '--jsno'", hint: 'did you mean --json?' } }])
})

test('every problem of the settings is told, each with its member', async () => {
  const c = commandLine()
  c.settings('user: ada\nprofile: soft\ncolour: blue\nnetwork: { allow_private: [here] }\nauthorities: { ACME.example: "http://a" }\n')
  const { code, err } = await c.run('status')
  expect(code).toBe(2)
  for (const member of ['user', 'profile', 'colour', 'network.allow_private.0', 'authorities.ACME.example'])
    expect(err).toMatch(new RegExp(`agentpass: error: .*config.yaml: ${member.replaceAll('.', '\\.')} `))
  expect(existsSync(c.state)).toBe(false)
})

test('an empty settings file is as good as none, and so is an empty variable', async () => {
  const c = commandLine()
  c.settings('')
  expect((await c.runAs({ environment: { AGENTPASS_USER: '', AGENTPASS_RESOLVER: '', AGENTPASS_CA: '' } }, ...TOKEN_LINE)).code).toBe(0)
  expect(c.networks[0]).toEqual({ dnssec: 'off', allow_private: [] })
})

test.each([
  ['AGENTPASS_USER', 'ada'],
  ['AGENTPASS_RESOLVER', 'dns.example'],
  ['AGENTPASS_ALLOW_PRIVATE', '127.0.0.1'],
])('a wrong %s is misuse, and named', async (name, value) => {
  const c = commandLine()
  const { code, err } = await c.runAs({ environment: { [name]: value } }, 'status')
  expect(code).toBe(2)
  expect(err).toContain(`error: environment: ${name}`)
})

test('a network that cannot be is misuse: a CA that is not there or none, an impossible address or network', async () => {
  const c = commandLine()
  const none = join(c.home, 'none.pem')
  writeFileSync(none, 'none')
  const network = { dnssec: 'off' as const, allow_private: [] }
  for (const wrong of [{ ca_file: '/nowhere.pem' }, { ca_file: none }, { dns_servers: ['999.0.0.1'] }, { allow_private: ['1.2.3.4/99'] }])
    expect(() => openNetwork({ ...network, ...wrong })).toThrow(SettingsError)
})

test.each([['--help'], ['token --help'], ['call --help'], ['help forget']])('%s shows an example first, on standard output', async (line) => {
  const { code, out, err } = await commandLine().run(...line.split(' '))
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(/^Example:\n {2}agentpass /)
})

test('help says how it ends and what it reads', async () => {
  const { out } = await commandLine().run('--help')
  for (const text of ['0 done', '1 refused or failed', '2 misuse', '130 canceled', 'AGENTPASS_RESOLVER', 'AgentPass 0.1']) expect(out).toContain(text)
})
