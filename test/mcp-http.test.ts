/** MCP over HTTP: a session belongs to the agent that began it, and leaves nothing behind. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { expect, onTestFinished, test } from 'vitest'
import { type AGENTS, BROKER, brokerRig } from './broker-rig.ts'
import { DESK, TASK, TOKEN, USER } from './harness-rig.ts'

const INITIALIZE = {
  ...{ jsonrpc: '2.0', id: 1, method: 'initialize' },
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '0' } },
}
const LIST = { jsonrpc: '2.0', id: 2, method: 'tools/list' }
const HEADERS = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' }

async function rig(changed: Parameters<typeof brokerRig>[0] = {}) {
  const b = await brokerRig(changed)
  const post = (agent: keyof typeof AGENTS, body: unknown, session?: string) =>
    b.call(agent, 'POST', '/mcp', {
      body: JSON.stringify(body),
      headers: { ...HEADERS, ...(session !== undefined && { 'mcp-session-id': session }) },
    })
  const begin = async (agent: keyof typeof AGENTS = 'builder') => (await post(agent, INITIALIZE)).headers.get('mcp-session-id') ?? ''
  return { ...b, post, begin }
}

test("the SDK's client does a whole task", async () => {
  const b = await rig()
  const seen: string[] = []
  const transport = new StreamableHTTPClientTransport(new URL(`${BROKER}/mcp`), {
    fetch: async (url, init) => {
      const headers = new Headers(init?.headers)
      const answered = await b.call('builder', init?.method ?? 'GET', new URL(url).pathname, { ...init, headers })
      if (headers.get('accept') === 'text/event-stream') return answered
      const text = await answered.text()
      seen.push(text)
      return new Response(text || null, answered)
    },
  })
  const client = new Client({ name: 'test', version: '0' })
  await client.connect(transport)
  onTestFinished(() => client.close())
  const { tools } = await client.listTools()
  expect(tools.map(({ name }) => name)).toEqual(['request_access', 'open_browser_session', 'access_status', 'call_service', 'finish_task'])
  const asked = await client.callTool({ name: 'request_access', arguments: { service: DESK, user: USER, task: TASK } })
  const { id } = asked.structuredContent as { id: string }
  const called = await client.callTool({ name: 'call_service', arguments: { task: id, path: '/api/tickets/17' } })
  expect(called.structuredContent).toMatchObject({ status: 200 })
  await transport.terminateSession()
  expect(await b.show(id)).toMatchObject({ status: 'ended' }) // nobody else knew of it
  expect(seen.join('\n')).not.toContain(TOKEN)
})

test("another agent's session is none, whatever is asked of it", async () => {
  const b = await rig()
  const session = await b.begin()
  expect((await b.post('clerk', LIST, session)).status).toBe(404)
  for (const method of ['GET', 'DELETE'])
    expect((await b.call('clerk', method, '/mcp', { headers: { ...HEADERS, 'mcp-session-id': session } })).status).toBe(404)
  expect((await b.post('builder', LIST, session)).status).toBe(200)
})

test('a session that is over, or never was, is answered 404; one of an idle client ends by itself', async () => {
  const b = await rig()
  const session = await b.begin()
  expect((await b.post('builder', LIST, 'never-was')).status).toBe(404)
  expect((await b.post('builder', LIST)).status).toBe(404)
  b.pass(1801)
  await b.broker.chore('idle MCP sessions')
  expect((await b.post('builder', LIST, session)).status).toBe(404)
})

test('a client that listens uses its session, however long it asks for nothing; when it has gone the session ends in time', async () => {
  const b = await rig()
  const session = await b.begin()
  const listening = await b.call('builder', 'GET', '/mcp', { headers: { ...HEADERS, 'mcp-session-id': session } })
  const reader = listening.body!.getReader()
  b.pass(1801)
  await b.broker.chore('idle MCP sessions')
  expect(new TextDecoder().decode((await reader.read()).value)).toBe(':\n\n')
  expect((await b.post('builder', LIST, session)).status).toBe(200)
  b.pass(1801)
  await reader.cancel()
  await b.broker.chore('idle MCP sessions')
  expect((await b.post('builder', LIST, session)).status).toBe(200)
  b.pass(1801)
  await b.broker.chore('idle MCP sessions')
  expect((await b.post('builder', LIST, session)).status).toBe(404)
})

test('an agent has so many sessions, and a message is no longer than 1 MiB', async () => {
  const b = await rig()
  const session = await b.begin()
  await b.begin()
  await b.begin()
  expect((await b.post('builder', INITIALIZE)).status).toBe(429)
  expect((await b.post('builder', { ...LIST, params: { long: 'x'.repeat(1024 * 1024) } }, session)).status).toBe(413)
  expect((await b.call('builder', 'POST', '/mcp', { body: '{', headers: { ...HEADERS, 'mcp-session-id': session } })).status).toBe(400)
  await b.call('builder', 'DELETE', '/mcp', { headers: { 'mcp-session-id': session } })
  expect((await b.post('builder', INITIALIZE)).status).toBe(200)
})

test('so many tasks an agent may start in a minute, whichever door it asks', async () => {
  const b = await rig({ limits: { starts_per_minute: 2 } })
  const session = await b.begin()
  const asked = { name: 'request_access', arguments: { service: DESK, user: USER, task: TASK, wait_seconds: 0 } }
  const request = async () => (await b.post('builder', { jsonrpc: '2.0', id: 3, method: 'tools/call', params: asked }, session)).text()
  expect((await b.start()).status).toBe('asking')
  expect(await request()).not.toContain('rate_limited')
  expect(await request()).toContain('rate_limited')
  expect((await b.start()).error.code).toBe('rate_limited')
  expect((await b.start('clerk')).status).toBe('asking')
})
