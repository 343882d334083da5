/** The command as people run it: a process, with real DNS and TLS on loopback. */
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openBrowser } from '../harness/node/opener.ts'
import { compiled } from './compiled.ts'
import { gate } from './gate.ts'
import { temporaryFolder } from './harness-cli-rig.ts'
import { loopback, start } from './harness-process-rig.ts'

test('help, misuse and success end with their codes, and only results are on standard output', async () => {
  const [help, misuse, status] = await Promise.all([['--help'], ['status', '--jsno'], ['status', '--json']].map((line) => start(line).ended))
  expect(help).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^Example:/) })
  expect(misuse).toEqual({ code: 2, out: '', err: "agentpass: error: unknown option '--jsno'\nagentpass: hint: did you mean --json?\n" })
  expect(status).toMatchObject({ code: 0, out: '{\n  "tokens": [],\n  "tasks": [],\n  "ignored": []\n}\n' })
})

test('a call gets a token over real DNS and TLS, keeps it, and uses it again', async () => {
  const told: (string | undefined)[] = []
  const { origin, env, asked } = await loopback({
    'GET /api/tickets'(res, req) {
      told.push(req.headers.authorization)
      res.end(`on ${req.headers.host}`)
    },
  })
  const first = await start(['call', 'GET', `${origin}/api/tickets`, '--task', 'Read the tickets'], env).ended
  expect(first).toMatchObject({ code: 0, out: `on ${new URL(origin).host}` })
  expect(first.err).toContain(`ada@acme.example, or who may decide for them, can do so at ${origin}/console\n`)
  expect(await start(['call', 'GET', `${origin}/api/tickets`], env).ended).toMatchObject({ code: 0, err: '' })
  expect(asked.filter((call) => call === 'POST /redeem')).toHaveLength(1)
  expect(told).toEqual(Array(2).fill('Bearer token-of-the-desk'))
})

test('a redirect of a real service is not followed, and an answer of many megabytes comes through', async () => {
  const { origin, env, asked } = await loopback({
    'GET /away': (res) => void res.writeHead(302, { location: '/stolen' }).end(),
    'GET /large': (res) => void res.end(Buffer.alloc(20_000_000, 'x')),
  })
  const away = await start(['call', 'GET', `${origin}/away`, '--task', 'Read'], env).ended
  expect([away.code, away.out]).toEqual([1, ''])
  expect(away.err).toContain(`agentpass: error: at step use, ${origin}: `)
  expect(asked).not.toContain('GET /stolen')
  const large = await start(['call', 'GET', `${origin}/large`], env).ended
  expect([large.code, large.out.length]).toEqual([0, 20_000_000])
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s while somebody decides calls the request off, and is exit 130', async (signal) => {
  const { origin, env, asked } = await loopback({
    'POST /issue': (res) => void res.end(JSON.stringify({ id: 'r1', status: 'pending', poll_after_ms: 60_000 })),
  })
  const { child, ended, said } = start(['token', '--service', origin, '--task', 'Read'], env)
  await said('must decide for ada@acme.example by')
  child.kill(signal)
  expect(await ended).toMatchObject({ code: 130, out: '', err: expect.stringMatching(/agentpass: canceled\n$/) })
  expect(asked.at(-1)).toBe('DELETE /status/r1')
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s during a call gives back the token that was got for it, and not one that was held',
  async (signal) => {
    const { origin, env, asked } = await loopback({ 'GET /slow': (res) => void res.writeHead(200).write('begun') })
    const interrupted = async (...more: string[]) => {
      const { child, ended } = start(['call', 'GET', `${origin}/slow`, ...more], env)
      await once(child.stdout, 'data')
      child.kill(signal)
      expect(await ended).toMatchObject({ code: 130, out: 'begun' })
    }
    await interrupted('--task', 'Read')
    expect(asked.at(-1)).toBe('POST /revoke')
    expect((await start(['status', '--json'], env).ended).out).toContain('"tokens": []')
    await start(['token', '--service', origin, '--task', 'Read'], env).ended
    await interrupted()
    expect(asked.at(-1)).toBe('GET /slow')
  },
)

test('a terminal that is closed sends SIGHUP more than once: the request is called off all the same', async () => {
  const [asking, heard] = [gate(), gate()]
  const { origin, env } = await loopback({
    'POST /issue': (res) => void res.end(JSON.stringify({ id: 'r1', status: 'pending', poll_after_ms: 60_000 })),
    'DELETE /status/r1': (res) => {
      asking.open()
      void heard.passed.then(() => res.end(JSON.stringify({ id: 'r1', status: 'canceled' })))
    },
  })
  const { child, ended, said } = start(['token', '--service', origin, '--task', 'Read'], env)
  await said('must decide for ada@acme.example by')
  child.kill('SIGHUP')
  await asking.passed
  child.kill('SIGHUP')
  heard.open()
  expect(await ended).toMatchObject({ code: 130, err: expect.stringMatching(/agentpass: canceled\n$/) })
})

test('SIGHUP ends an MCP server, which gives back what it holds', async () => {
  const { origin, env, asked } = await loopback({})
  const transport = new StdioClientTransport({ command: process.execPath, args: [compiled('harness/main.js'), 'mcp'], env })
  const client = new Client({ name: 'test', version: '0' })
  await client.connect(transport)
  const left = new Promise<void>((resolve) => (client.onclose = resolve))
  await client.callTool({ name: 'request_access', arguments: { service: origin, task: 'Read' } })
  process.kill(transport.pid ?? 0, 'SIGHUP')
  await left
  expect(asked.at(-1)).toBe('POST /revoke')
})

test('SIGHUP stops a broker as SIGTERM does, and nobody finds it any more', async () => {
  const env = { HOME: temporaryFolder() }
  const { child, ended } = start(['broker', '--listen', '127.0.0.1:0'], env)
  await once(child.stdout, 'data')
  child.kill('SIGHUP')
  expect((await ended).code).toBe(0)
  expect(existsSync(join(env.HOME, '.local/state/agentpass/broker/own.sock'))).toBe(false)
})

const SESSION = { id: 'r1', status: 'approved', agentpass: { type: 'browser_session', value: 'pass' } }
const begins = (origin: string) => ({
  initialization_url: `${origin}/initialize`,
  initialization_request: { method: 'POST', form_fields: { token: 'one-time' } },
})

test('a browser session begins over real TLS by one form, whose redirect is read and not followed', async () => {
  const { origin, env, asked } = await loopback({
    'GET /status/r1': (res) => void res.end(JSON.stringify(SESSION)),
    'POST /b': (res) => void res.end(JSON.stringify(begins(origin))),
    'POST /initialize': (res) =>
      void res.writeHead(303, { location: '/tickets', 'set-cookie': ['__Host-agent=a; Path=/; Secure; HttpOnly', 'b=c'] }).end(),
  })
  const file = join(env.HOME, 'state.json')
  const ended = await start(['browser', '--service', origin, '--task', 'Read', '--storage-state', file], env).ended
  expect(ended).toMatchObject({ code: 0, out: `${origin}/tickets\n` })
  expect(JSON.parse(readFileSync(file, 'utf8')).cookies.map(({ name }: { name: string }) => name)).toEqual(['__Host-agent', 'b'])
  expect(asked.slice(asked.indexOf('POST /b'))).toEqual(['POST /b', 'POST /initialize'])
})

test('--open hands the address to the opener of the desktop, and nothing else', async (context) => {
  if (process.platform !== 'linux') return context.skip() // its opener can be another program in the path
  const { origin, env } = await loopback({
    'GET /status/r1': (res) => void res.end(JSON.stringify(SESSION)),
    'POST /b': (res) => void res.end(JSON.stringify(begins(origin))),
  })
  const script = `#!${process.execPath}\nfetch(process.argv[2]).then((page) => page.text())\n`
  writeFileSync(join(env.HOME, 'xdg-open'), script, { mode: 0o755 })
  const line = ['browser', '--service', origin, '--task', 'Read', '--open']
  const ended = await start(line, { ...env, PATH: env.HOME }).ended
  expect(ended).toMatchObject({ code: 0, out: expect.stringContaining('a browser session') })
  expect(ended.out + ended.err).not.toContain('one-time')

  writeFileSync(join(env.HOME, 'xdg-open'), '#!/bin/sh\nexit 3\n', { mode: 0o755 })
  const { child, said, ended: canceled } = start(line, { ...env, PATH: env.HOME })
  await said('xdg-open ended with 3: open http://127.0.0.1:')
  child.kill('SIGTERM')
  expect(await canceled).toMatchObject({ code: 130, out: '' })
})

test.runIf(process.platform === 'linux')('an opener that goes on as long as its browser is not waited for', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'xdg-open'), '#!/bin/sh\nsleep 10; exit 3\n', { mode: 0o755 })
  onTestFinished(() => void vi.unstubAllEnvs())
  vi.stubEnv('PATH', `${folder}:${process.env.PATH}`)
  await expect(openBrowser('http://127.0.0.1:1/')).resolves.toBeUndefined()
})

test('a decision is heard over real TLS as soon as it is made, and nothing is left open', async () => {
  const event = (status: object) => `data: ${JSON.stringify({ id: 'r1', ...status })}\n\n`
  const waiting = (origin: string) => ({ status: 'pending', poll_after_ms: 60_000, links: { events: `${origin}/events` } })
  const { origin, env, asked } = await loopback({
    'POST /issue': (res) => void res.end(JSON.stringify({ id: 'r1', ...waiting(origin) })),
    'GET /events': (res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write(event(waiting(origin)))
      setImmediate(() => res.write(event({ status: 'approved', agentpass: { type: 'bearer_token', value: 'pass' } })))
    },
  })
  expect(await start(['token', '--service', origin, '--task', 'Read', '--print'], env).ended).toMatchObject({ code: 0, out: 'token-of-the-desk\n' })
  expect(asked).not.toContain('GET /status/r1')
})

test('a reader that leaves early is no failure to talk about', async () => {
  const { origin, env } = await loopback({ 'GET /large': (res) => void res.end(Buffer.alloc(20_000_000, 'x')) })
  const { child, ended } = start(['call', 'GET', `${origin}/large`, '--task', 'Read'], env)
  child.stdout.once('data', () => child.stdout.destroy())
  const { code, err } = await ended
  expect(code).toBe(1)
  expect(err).not.toContain('error')
})
