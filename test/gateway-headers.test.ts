/** What of a request's and an answer's headers goes past the gateway, and what ends there. */

import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { json } from './fake-authority.ts'
import { type Desk, desk, okay } from './service-rig.ts'

const OURS = {
  'agentpass-user': 'ada@acme.example',
  'agentpass-agent': 'agent-7',
  'agentpass-task': 'task-1',
  'agentpass-scope': 'tickets:read tickets:write',
  'agentpass-authorization': 'authorization-1',
}

async function holding(more: Parameters<typeof desk>[0] = {}): Promise<{ d: Desk; token: string }> {
  const d = await desk(more)
  d.enterprise.publish('acme.example')
  return { d, token: await d.token() }
}

/** The headers that reach the app when the agent sends these. */
async function arriving(headers: Record<string, string>): Promise<Record<string, string>> {
  const { d, token } = await holding()
  const seen = (await okay(await d.call('/api/tickets', token, { headers }))) as { headers: Record<string, string> }
  return seen.headers
}

test('the app learns who acts, for whom, in which task and with which scope', async () => {
  const headers = await arriving({})
  expect(headers).toMatchObject(OURS)
  expect(headers['agentpass-identity']).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
})

test.each([
  'agentpass-user',
  'AgentPass-User',
  'AGENTPASS-IDENTITY',
  'agentpass_user',
  'Agentpass_Identity',
  'agentpass-scope_',
  'agentpass.user',
  'agentpass~user',
  "agentpass'user",
  'agentpass!user',
  'agentpass-admin',
  'agentpass--user',
  'agentpass',
])('an agent that calls itself somebody by %s is not heard', async (name) => {
  const headers = await arriving({ [name]: 'ceo@acme.example' })
  expect(Object.values(headers)).not.toContain('ceo@acme.example')
  expect(headers).toMatchObject(OURS)
})

test("a header that only begins alike is the app's own business", async () => {
  expect(await arriving({ agentpassport: 'x', 'x-agentpass-user': 'y' })).toMatchObject({ agentpassport: 'x', 'x-agentpass-user': 'y', ...OURS })
})

test.each([
  'authorization',
  'cookie',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'keep-alive',
  'connection',
  'expect',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-user',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-original-url',
  'x-original-uri',
  'x-rewrite-url',
  'X_HTTP_Method_Override',
  'x_forwarded_for',
  'x.real.ip',
])('%s ends at the gateway', async (name) => {
  const { d, token } = await holding()
  const response = await d.request('/api/tickets', {
    headers: { authorization: `Bearer ${token}`, ...(name !== 'authorization' && { [name]: 'canary' }) },
  })
  const { headers } = (await okay(response)) as { headers: Record<string, string> }
  expect(JSON.stringify(headers)).not.toContain('canary')
  expect(JSON.stringify(headers)).not.toContain(token)
})

test('headers that Connection names are of one connection, and end there; what we say of the caller does not', async () => {
  const headers = await arriving({ connection: 'close, X-Hop , agentpass-user,x-other', 'x-hop': '1', 'x-other': '2', 'x-kept': '3' })
  expect(headers).toMatchObject({ 'x-kept': '3', ...OURS })
  expect(headers).not.toHaveProperty('x-hop')
  expect(headers).not.toHaveProperty('x-other')
})

test('everything else goes on as it came', async () => {
  const sent = {
    accept: 'text/csv',
    'accept-language': 'de',
    'if-none-match': '"1"',
    range: 'bytes=0-9',
    'x-request-id': 'r',
    'user-agent': 'agent/1',
  }
  expect(await arriving(sent)).toMatchObject(sent)
})

test('what of the identity no header can carry stands in the signed one alone', async () => {
  const { d } = await holding()
  d.enterprise.answers.validate = async () =>
    json(d.enterprise.validation({ agent: { id: 'agent\r\nX-Injected: 1' }, task: { id: 'Aufgabe ü' }, user: { email: 'adä@acme.example' } }))
  const { headers } = (await okay(await d.call('/api/tickets', await d.token({ user: { email: 'adä@acme.example' } })))) as {
    headers: Record<string, string>
  }
  for (const name of ['agentpass-agent', 'agentpass-task', 'agentpass-user', 'x-injected']) expect(headers).not.toHaveProperty(name)
  const [, claims] = headers['agentpass-identity']!.split('.')
  expect(JSON.parse(Buffer.from(claims!, 'base64url').toString())).toMatchObject({
    sub: 'adä@acme.example',
    act: { sub: 'agent\r\nX-Injected: 1' },
    task: 'Aufgabe ü',
  })
})

test('of the answer, cookies and what is of one connection end at the gateway; the rest comes back as it is', async () => {
  const { d, token } = await holding()
  const app = new Hono().all('*', () => {
    const headers = new Headers({
      etag: '"1"',
      'content-type': 'text/csv',
      'cache-control': 'private',
      location: '/next',
      'x-app': 'y',
      link: '</a>',
    })
    headers.append('link', '</b>')
    headers.append('set-cookie', 'session=of-a-person')
    headers.append('set-cookie', 'other=1')
    for (const name of ['keep-alive', 'proxy-authenticate', 'trailer', 'upgrade', 'x-hop']) headers.set(name, 'canary')
    headers.set('connection', 'x-hop')
    return new Response('a,b', { status: 418, headers })
  })
  const behind = await d.another({ forward: async (path, init) => app.request(`http://app${path}`, { ...init, duplex: 'half' } as RequestInit) })
  const response = await behind.app.request('https://desk.example/api/tickets', { headers: { authorization: `Bearer ${token}` } })
  expect([response.status, await response.text()]).toEqual([418, 'a,b'])
  expect(Object.fromEntries(response.headers)).toEqual({
    etag: '"1"',
    'content-type': 'text/csv',
    'cache-control': 'private',
    location: '/next',
    'x-app': 'y',
    link: '</a>, </b>',
  })
})
