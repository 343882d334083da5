/** Whatever a model, or what runs for it, can see: no pass, token, proof, key or one-time token is in it. The fourth way, `agentpass run`, has test/harness-run-world.test.ts. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { startBroker, watch } from './broker-process-rig.ts'
import { compiled } from './compiled.ts'
import { temporaryFolder } from './folders.ts'
import { loopback } from './harness-process-rig.ts'
import { ONE_TIME, PASS, TOKEN } from './harness-rig.ts'

const COOKIE = 'cookie-of-the-session'

/** The host, on which everything goes well, and the secrets that went to it and came from it. */
async function host(type = 'bearer_token') {
  const json = (body: (origin: string) => unknown) => (res: any, req: any) =>
    void res.writeHead(200).end(JSON.stringify(body(`https://${req.headers.host}`)))
  const peer = await loopback({
    'GET /api/tickets': json(() => [{ id: 17 }]),
    'GET /status/r1': json(() => ({ id: 'r1', status: 'approved', agentpass: { type, value: PASS } })),
    'POST /b': json((origin) => ({
      ...{ initialization_url: `${origin}/init`, one_time: true, expires_at: new Date(Date.now() + 60_000).toISOString() },
      initialization_request: { method: 'POST', form_fields: { token: ONE_TIME } },
    })),
    'POST /init': (res: any) => void res.writeHead(303, { location: '/tickets', 'set-cookie': `__Host-s=${COOKIE}; Path=/; Secure; HttpOnly` }).end(),
  })
  /** Nothing of these is for a model; the private parts of keys never leave the process, so their public parts stand for them. */
  const secrets = () => {
    const sent = peer.bodies.filter((body) => body.startsWith('{')).map((body) => JSON.parse(body))
    const signed = sent.flatMap(({ harness_proof, task }) => [harness_proof?.jwt, task?.attestation?.jwt]).filter(Boolean)
    expect(signed.length).toBeGreaterThan(1)
    const keys = sent.flatMap(({ harness }) => (harness?.cnf ? [harness.cnf.jwk.x, harness.cnf.jwk.y] : []))
    return [PASS, TOKEN, ONE_TIME, COOKIE, ...signed, ...keys, 'PRIVATE KEY', '"d":']
  }
  return { ...peer, secrets }
}

const expectNone = (seen: string, secrets: string[]) => {
  for (const secret of secrets) expect(seen.includes(secret), `${secret.slice(0, 12)}… is seen`).toBe(false)
}

test('an MCP client over standard input and output: its frames, and the words, arguments and environment of the server', async () => {
  const h = await host()
  const child = spawn(process.execPath, [compiled('harness/main.js'), 'mcp'], { env: { PATH: process.env.PATH, ...h.env } })
  onTestFinished(() => void child.kill('SIGKILL'))
  const seen = watch(child)
  const lines = createInterface({ input: child.stdout })
  let id = 0
  const ask = async (method: string, params: object) => {
    const own = ++id
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: own, method, params })}\n`)
    for (;;) {
      const [line] = await once(lines, 'line')
      const message = JSON.parse(line)
      if (message.id === own) return message.result
    }
  }
  const use = (name: string, args: object) => ask('tools/call', { name, arguments: args, _meta: { progressToken: name } })
  await ask('initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '0' } })
  child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`)
  const ready = await use('request_access', { service: h.origin, task: 'Read' })
  expect(ready.structuredContent.status).toBe('ready')
  const called = await use('call_service', { task: ready.structuredContent.id, path: '/api/tickets' })
  expect(called.structuredContent.status).toBe(200)
  const refused = await use('call_service', { task: ready.structuredContent.id, path: '/nothing' })
  expect(refused.structuredContent.status).toBe(404)
  await use('access_status', {})
  seen.look()
  await use('finish_task', { task: ready.structuredContent.id })
  child.stdin.end()
  await once(child, 'close')
  expect(h.asked).toContain('POST /revoke')
  expect(seen.text()).toContain(ready.structuredContent.id)
  expectNone(seen.text(), h.secrets())
})

test('an agent of the broker: every answer with its headers, and the words, arguments and environment of the broker', async () => {
  const h = await host()
  const broker = await startBroker({ folder: h.env.HOME, env: { PATH: process.env.PATH, ...h.env } })
  const seen: string[] = []
  const call = async (method: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${broker.token}`, ...(body && { 'content-type': 'application/json' }) }
    const response = await fetch(broker.origin + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
    const text = await response.text()
    seen.push(JSON.stringify([...response.headers]), text)
    return text
  }
  const task = async (more: object) => {
    const { id } = JSON.parse(await call('POST', '/tasks', { service: h.origin, user: h.env.AGENTPASS_USER, description: 'Read', ...more }))
    seen.push(JSON.stringify(await broker.until(id, ({ status }) => status === 'ready')))
    return id
  }
  const id = await task({})
  expect(JSON.parse(await call('GET', `/tasks/${id}/http/api/tickets`))).toEqual([{ id: 17 }])
  await call('GET', `/tasks/${id}`)
  await call('GET', '/tasks')
  const kept = join(h.env.HOME, '.local/state/agentpass/broker')
  for (const file of readdirSync(kept).filter((name) => name !== 'own.sock')) seen.push(readFileSync(join(kept, file), 'latin1')) // a backup of it has none either
  await call('DELETE', `/tasks/${id}`)
  broker.seen.look()
  await broker.stop()
  expectNone([...seen, broker.seen.text()].join('\n'), h.secrets())
})

test('a browser session: the words, arguments and environment of the command that begins it', async () => {
  const h = await host('browser_session')
  const file = `${temporaryFolder()}/state.json`
  const args = ['browser', '--service', h.origin, '--task', 'Read', '--storage-state', file, '--json']
  const child = spawn(process.execPath, [compiled('harness/main.js'), ...args], { env: { PATH: process.env.PATH, ...h.env } })
  onTestFinished(() => void child.kill('SIGKILL'))
  const seen = watch(child)
  child.stderr.once('data', seen.look)
  const [code] = await once(child, 'close')
  expect([code, h.asked]).toEqual([0, expect.arrayContaining(['POST /init'])])
  expect(seen.text()).toContain('/tickets')
  expectNone(seen.text(), h.secrets())
})
