import { SignJWT } from 'jose'
import { expect, test, vi } from 'vitest'
import { createDesk } from './world/desk.ts'
import { AUDIENCE, ISSUER, JSON_BODY, keys, NOW, openDesk, PRIVATE_KEYS, sign } from './world-desk-gateway.ts'

test('without the gateway’s word every request is refused, as JSON to a program and as a page to a person', async () => {
  const { desk } = openDesk()
  for (const path of ['/api/me', '/api/tickets', '/api/nothing']) {
    const refused = await desk.request(path)
    expect([refused.status, await refused.json()]).toEqual([401, { error: expect.any(String) }])
  }
  for (const path of ['/', '/tickets/1001', '/style.css', '/nothing']) {
    const refused = await desk.request(path)
    expect([refused.status, refused.headers.get('content-type')]).toEqual([401, 'text/html; charset=UTF-8'])
    expect(await refused.text()).not.toContain('signed in as')
  }
})
test('plain headers alone are believed nothing', async () => {
  const { desk, byJwt } = openDesk()
  const { 'agentpass-identity': _, ...plain } = { ...(await byJwt()), 'agentpass-user': 'ada@acme.localhost', 'agentpass-agent': 'agent-7' }
  expect((await desk.request('/api/me', { headers: plain })).status).toBe(401)
})
test('the gateway’s word is enough, and a plain header that says something else is refused', async () => {
  const { desk, byJwt } = openDesk()
  const headers = await byJwt()
  expect((await desk.request('/api/me', { headers })).status).toBe(200)
  for (const name of ['user', 'agent', 'task', 'scope', 'authorization']) {
    const forged = await desk.request('/api/me', { headers: { ...headers, [`agentpass-${name}`]: 'tickets:admin' } })
    expect(forged.status, name).toBe(401)
  }
  const twice = new Headers({ ...headers, 'agentpass-user': 'ada@acme.localhost' })
  twice.append('agentpass-user', 'ada@acme.localhost')
  expect((await desk.request('/api/me', { headers: twice })).status).toBe(401)
})
test('a word of another gateway, for another app, without a member, or signed otherwise is refused', async () => {
  const { desk, claims } = openDesk()
  const hmac = await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode('x'.repeat(32)))
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims())).toString('base64url')}.`
  const jwts = [
    await sign(claims(), PRIVATE_KEYS.stranger),
    await sign(claims(), PRIVATE_KEYS.otherAlgorithm, 'ES384'),
    hmac,
    unsigned,
    'nonsense',
    '',
  ]
  for (const changes of [
    { iss: 'https://evil.localhost' },
    { aud: 'other' },
    { sub: '' },
    { act: 'agent-7' },
    { act: {} },
    { task: 1 },
    { scope: [] },
  ]) {
    jwts.push(await sign(claims(changes)))
  }
  for (const absent of ['iss', 'aud', 'sub', 'act', 'task', 'scope', 'authorization_id', 'iat', 'exp']) {
    jwts.push(await sign(Object.fromEntries(Object.entries(claims()).filter(([name]) => name !== absent))))
  }
  for (const jwt of jwts) expect((await desk.request('/api/me', { headers: { 'agentpass-identity': jwt } })).status, jwt).toBe(401)
})
test('the gateway’s word is good for a minute, and one that claims more is refused at once', async () => {
  const { desk, byJwt, pass } = openDesk()
  const headers = await byJwt()
  pass(59)
  expect((await desk.request('/api/me', { headers })).status).toBe(200)
  pass(7)
  expect((await desk.request('/api/me', { headers })).status).toBe(401)
  for (const times of [{ exp: NOW + 127 }, { iat: NOW + 96, exp: NOW + 126 }, { iat: NOW - 3600, exp: NOW + 126 }]) {
    expect((await desk.request('/api/me', { headers: await byJwt(times) })).status, JSON.stringify(times)).toBe(401)
  }
})
test('keys that cannot be had are the desk’s fault, not the caller’s', async () => {
  const { byJwt } = openDesk()
  const log = vi.spyOn(console, 'error').mockReturnValue()
  const keyless = createDesk({ now: () => NOW, keys: () => Promise.reject(new TypeError('fetch failed')), issuer: ISSUER, audience: AUDIENCE })
  expect((await keyless.request('/api/me', { headers: await byJwt() })).status).toBe(500)
  expect(log).toHaveBeenCalledOnce()
  log.mockRestore()
})

test('a caller learns who the desk thinks they are', async () => {
  const { call } = openDesk()
  expect(await (await call('/api/me')).json()).toEqual({
    ...{ user: 'ada@acme.localhost', agent: 'agent-7', task: 'task-1' },
    ...{ scope: ['tickets:read', 'tickets:write'], authorization_id: 'az-1' },
  })
})
test('tickets are listed newest first, and by status', async () => {
  const { call } = openDesk()
  const { tickets } = await (await call('/api/tickets')).json()
  const closed = await (await call('/api/tickets?status=closed')).json()
  expect(tickets.map(({ id }: { id: string }) => id)).toEqual(['1006', '1005', '1004', '1003', '1002', '1001'])
  expect(closed.tickets).toMatchObject([{ id: '1001', status: 'closed' }])
  expect((await call('/api/tickets?status=lost')).status).toBe(400)
})
test('a ticket is opened, commented and closed, and each act names the person and the agent', async () => {
  const { call, post, pass } = openDesk()
  const by = { user: 'ada@acme.localhost', agent: 'agent-7', task: 'task-1', at: '2023-11-14T22:13:20.000Z' }
  const opened = await post('/api/tickets', { title: 'Lamp', body: 'It is dark.' })
  expect([opened.status, opened.headers.get('location')]).toEqual([201, '/api/tickets/1007'])
  expect((await post('/api/tickets/1007/comments', { body: 'Still dark.' })).status).toBe(201)
  expect((await post('/api/tickets/1007/close')).status).toBe(200)
  pass(30)
  expect((await post('/api/tickets/1007/close')).status, 'again').toBe(200)
  expect(await (await call('/api/tickets/1007')).json()).toEqual({
    ...{ id: '1007', title: 'Lamp', body: 'It is dark.', status: 'closed' },
    ...{ opened: by, closed: by, comments: [{ ...by, body: 'Still dark.' }] },
  })
})
test('each desk has tickets of its own', async () => {
  const { byJwt, post } = openDesk()
  const other = createDesk({ now: () => NOW, keys, issuer: ISSUER, audience: AUDIENCE })
  await post('/api/tickets', { title: 'Lamp', body: 'It is dark.' })
  expect((await other.request('/api/tickets/1007', { headers: await byJwt() })).status).toBe(404)
})
test('deleting is for whoever holds the admin scope', async () => {
  const { call } = openDesk()
  const as = { scope: 'tickets:read tickets:admin' }
  expect((await call('/api/tickets/1003', { method: 'DELETE' })).status).toBe(403)
  expect((await call('/api/tickets/1003', { method: 'DELETE', as })).status).toBe(204)
  expect((await call('/api/tickets/1003', { as })).status).toBe(404)
})
test('what the scope does not name is refused', async () => {
  const { call, post } = openDesk()
  for (const path of ['/api/tickets', '/api/tickets/1001', '/', '/tickets/1001'])
    expect((await call(path, { as: { scope: '' } })).status, path).toBe(403)
  const as = { scope: 'tickets:read tickets:writes' }
  for (const path of ['/api/tickets', '/api/tickets/1001/comments', '/api/tickets/1001/close', '/tickets/1001/comments', '/tickets/1001/close']) {
    expect((await post(path, { title: 't', body: 'b' }, as)).status, path).toBe(403)
  }
})
test('a body that is not JSON, not of the schema, not of the type or over 64 KiB is refused', async () => {
  const { call, submit } = openDesk()
  const send = (body: string, headers: Record<string, string> = JSON_BODY) => call('/api/tickets', { method: 'POST', headers, body })
  for (const body of ['{', '', '[]', 'null', '{"title":"t"}', '{"title":" ","body":"b"}', `{"title":"${'t'.repeat(201)}","body":"b"}`]) {
    expect((await send(body)).status, body).toBe(400)
  }
  expect(await (await send('{"title":"t"}')).json()).toEqual({ error: 'body is missing or invalid' })
  expect((await send('{"title":"t","body":"b"}', { 'content-type': 'text/plain' })).status).toBe(415)
  const large = new Blob(['x'.repeat(64 * 1024 + 1)]).stream()
  expect((await call('/api/tickets', { method: 'POST', headers: JSON_BODY, body: large, ...{ duplex: 'half' } })).status).toBe(413)
  expect((await submit('/tickets/1001/comments', { body: 'x'.repeat(64 * 1024) })).status).toBe(413)
})
test('an unknown id is 404 and a wrong method 405 that names the right ones', async () => {
  const { call, post } = openDesk()
  expect((await call('/api/tickets/9')).status).toBe(404)
  expect((await call('/tickets/9')).status).toBe(404)
  expect((await call('/nothing')).status).toBe(404)
  expect((await call('/api/tickets/9', { method: 'DELETE', as: { scope: 'tickets:admin' } })).status).toBe(404)
  for (const path of ['/api/tickets/9/comments', '/api/tickets/9/close']) expect((await post(path, { body: 'b' })).status, path).toBe(404)
  const put = await call('/api/tickets/1001', { method: 'PUT' })
  expect([put.status, put.headers.get('allow'), await put.json()]).toEqual([405, 'GET, HEAD, DELETE', { error: expect.any(String) }])
  const page = await call('/tickets/1001', { method: 'POST' })
  expect([page.status, page.headers.get('content-type')]).toEqual([405, 'text/html; charset=UTF-8'])
})
