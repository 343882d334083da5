/** The MCP server as clients start it, and the official Inspector's command line as such a client: over standard input and output, and over HTTP. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { home, startBroker } from './broker-process-rig.ts'
import { compiled } from './compiled.ts'
import { startWorld, type World } from './world/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const asked = () => ({ service: world.service.origin, task: 'Answer ticket 1002', scopes: ['tickets:read'] })

async function untilWaiting(ask: () => Promise<any>): Promise<string> {
  for (let i = 0; i < 20; i++) {
    const { content, structuredContent } = await ask()
    if (structuredContent.waiting) return content[0].text
  }
  throw new Error('nobody was ever asked')
}

/** A task that a person approves as soon as they are told of it. */
async function wholeTask(use: (tool: string, args: Record<string, unknown>) => Promise<any>): Promise<void> {
  const { id } = (await use('request_access', { ...asked(), wait_seconds: 1 })).structuredContent
  const told = await untilWaiting(() => use('access_status', { task: id, wait_seconds: 1 }))
  expect(told).toMatch(/^Waiting for approval by ada@acme\.localhost, .* at https:\/\/authority\.acme\.localhost/)
  await world.decide('approve', { scope: ['tickets:read'] })
  expect((await use('access_status', { task: id, wait_seconds: 20 })).structuredContent).toMatchObject({ status: 'ready', scope: ['tickets:read'] })
  const called = await use('call_service', { task: id, path: '/api/me' })
  expect(JSON.parse(called.structuredContent.body)).toMatchObject({ user: world.user, task: id })
  expect((await use('finish_task', { task: id })).structuredContent).toMatchObject({ status: 'ended' })
  await expect(world.decide('revoke')).rejects.toThrow('no pass or authorization that is still alive')
}

async function stdioClient(own: ReturnType<typeof home>, ...options: string[]) {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [compiled('harness/main.js'), 'mcp', ...options],
    env: own.env as Record<string, string>,
    stderr: 'pipe',
  })
  const client = new Client({ name: 'test', version: '0' })
  await client.connect(transport)
  onTestFinished(() => client.close())
  return {
    client,
    pid: transport.pid ?? 0,
    use: (name: string, args: Record<string, unknown>) => client.callTool({ name, arguments: args }) as Promise<any>,
  }
}

test("the SDK's client drives the server over standard input and output through a whole task", async () => {
  const { use } = await stdioClient(home(world))
  await wholeTask(use)
})

test('when its client leaves, what the server holds is given back', async () => {
  const { client, use } = await stdioClient(home(world))
  const { structuredContent } = await use('request_access', { ...asked(), wait_seconds: 1 })
  await untilWaiting(() => use('access_status', { task: structuredContent.id, wait_seconds: 1 }))
  await world.decide('approve', { scope: ['tickets:read'] })
  expect((await use('access_status', { task: structuredContent.id, wait_seconds: 20 })).structuredContent.status).toBe('ready')
  await client.close() // ends its standard input, and waits for it to end
  await expect(world.decide('revoke')).rejects.toThrow('no pass or authorization that is still alive')
})

const INSPECTOR = createRequire(import.meta.url).resolve('@modelcontextprotocol/inspector/cli/build/index.js')

/** The Inspector makes a connection for each call. */
async function inspect(own: ReturnType<typeof home>, target: string[], method: string, ...more: string[]): Promise<any> {
  const child = spawn(process.execPath, [INSPECTOR, ...target, '--method', method, ...more], { env: own.env })
  onTestFinished(() => void child.kill('SIGKILL'))
  let [out, err] = ['', '']
  child.stdout.on('data', (data) => (out += data))
  child.stderr.on('data', (data) => (err += data))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`the Inspector ended with ${code}: ${err}`)
  return JSON.parse(out)
}

const withInspector = (own: ReturnType<typeof home>, target: string[]) => (tool: string, args: Record<string, unknown>) =>
  inspect(
    own,
    target,
    'tools/call',
    '--tool-name',
    tool,
    ...Object.entries(args).flatMap(([name, value]) => ['--tool-arg', `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`]),
  )

test('the Inspector drives it over standard input and output through a whole task: the broker holds it between the calls', async () => {
  const own = home(world)
  const broker = await startBroker(own)
  const target = [process.execPath, compiled('harness/main.js'), 'mcp', '--broker']
  const { tools } = await inspect(own, target, 'tools/list')
  expect(tools.map(({ name }: { name: string }) => name)).toContain('request_access')
  await wholeTask(withInspector(own, target))
  await broker.stop()
})

test('a client of mcp --broker goes on when the broker was started again', async () => {
  const own = home(world)
  const first = await startBroker(own)
  const { client, use } = await stdioClient(own, '--broker')
  const { structuredContent } = await use('request_access', { ...asked(), wait_seconds: 0 })
  await first.kill()
  await expect(use('access_status', {})).rejects.toThrow('the broker did not answer')
  const second = await startBroker(own)
  const told = await Promise.all([use('access_status', {}), client.listTools()])
  expect(told[0].structuredContent.tasks).toMatchObject([{ id: structuredContent.id, status: 'failed' }])
  expect(told[1].tools.length).toBeGreaterThan(0)
  await client.close()
  await second.stop()
})

test('the Inspector drives it over HTTP through a whole task', async () => {
  const own = home(world)
  const broker = await startBroker(own)
  const target = [broker.mcp, '--transport', 'http', '--header', `Authorization: Bearer ${broker.token}`]
  await wholeTask(withInspector(own, target))
  await broker.stop()
})

test('without a running broker, mcp --broker says how to start one', async () => {
  const child = spawn(process.execPath, [compiled('harness/main.js'), 'mcp', '--broker'], { env: home(world).env })
  let err = ''
  child.stderr.on('data', (data) => (err += data))
  const [code] = await once(child, 'close')
  expect([code, err]).toEqual([1, 'agentpass: error: no broker of this user is running\nagentpass: hint: start it: agentpass broker\n'])
})
