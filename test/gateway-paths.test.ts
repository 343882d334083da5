/** Paths that two readers may read differently: what the app gets is what was judged, or nothing. Bytes on a real socket, as no client would write them. */
import { expect, test } from 'vitest'
import { gateway } from './gateway-rig.ts'

const SCOPES = [{ name: 'all', allows: ['GET /api/**', 'GET /public/*'] }]

/** A gateway that opens /api and one level of /public, and the paths that reached the app. */
async function guarded() {
  const arrived: string[] = []
  const g = await gateway(
    (request, response) => {
      arrived.push(`${request.method} ${request.url}`)
      response.end('here')
    },
    { scopes: SCOPES },
  )
  const get = async (target: string, ...headers: string[]): Promise<number> => {
    const answer = await g.raw([`GET ${target} HTTP/1.1`, 'Host: desk.example', 'Authorization: Bearer TOKEN', ...headers])
    return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])
  }
  return { ...g, arrived, get }
}

test.each([
  '/api/%2fadmin',
  '/api/%2Fadmin',
  '/api/..%2fadmin',
  '/public/..%2f..%2fadmin',
  '/api/%5cadmin',
  '/api/..%5Cadmin',
  '/api/%2e%2e%2fadmin',
  '/api/x%2ey',
  '/api/x%00',
  '/api//admin',
  '//admin',
  '//evil.example/api/tickets',
  '///api',
  '/api/x//',
  '/api/..;/admin',
  '/api/..;x=y/admin',
  '/api/.;/admin',
  '/api/..%3b/admin',
  '/api/x\\..\\admin',
  '/api/..\\admin',
  '\\api',
])('%s: 400, and the app is not reached', async (path) => {
  const g = await guarded()
  expect(await g.get(path)).toBe(400)
  expect(g.arrived).toEqual([])
  expect(await g.get('/api/tickets')).toBe(200)
})

test.each([
  ['/api/../admin', '/admin'],
  ['/api/x/../../admin', '/admin'],
  ['/api/%2e%2e/admin', '/admin'],
  ['/api/.%2E/admin', '/admin'],
  ['/public/x/../../admin', '/admin'],
  ['/API/tickets', '/API/tickets'],
  ['/%61pi/tickets', '/%61pi/tickets'],
  ['/public/a/b', '/public/a/b'],
])('%s is %s, which is listed nowhere: 403', async (path) => {
  const g = await guarded()
  expect(await g.get(path)).toBe(403)
  expect(g.arrived).toEqual([])
})

test.each([
  ['/api/tickets', '/api/tickets'],
  ['/api/a/../tickets', '/api/tickets'],
  ['/admin/../api/tickets', '/api/tickets'],
  ['/api/./tickets', '/api/tickets'],
  ['/api/tickets?q=../..//%2f\\x', '/api/tickets?q=../..//%2f\\x'],
  ['/api/a%20b%C3%BC;v=1', '/api/a%20b%C3%BC;v=1'],
  ['/api/...', '/api/...'],
  ['/api/..x/.y', '/api/..x/.y'],
  ['/api/', '/api/'],
  ['/api', '/api'],
  ['/api?', '/api'],
])('%s reaches the app as %s', async (path, seen) => {
  const g = await guarded()
  expect(await g.get(path)).toBe(200)
  expect(g.arrived).toEqual([`GET ${seen}`])
})

test('a target with a host of its own is the same path at the same app', async () => {
  const g = await guarded()
  expect(await g.get('http://evil.example/api/tickets')).toBe(200)
  expect(await g.get('http://127.0.0.1:1/admin')).toBe(403)
  expect(g.arrived).toEqual(['GET /api/tickets'])
})

test.each<[string, string[]]>([
  ['two lengths', ['Content-Length: 0', 'Content-Length: 5']],
  ['a length and chunks', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
  ['a folded header', ['X-A: 1', ' folded']],
  ['a space before the colon', ['Content-Length : 5']],
])('a request with %s is 400: nobody behind reads it otherwise', async (_, headers) => {
  const g = await guarded()
  const answer = await g.raw(['POST /api/tickets HTTP/1.1', 'Host: desk.example', 'Authorization: Bearer TOKEN', ...headers])
  expect(answer).toMatch(/^HTTP\/1\.1 400/)
  expect(g.arrived).toEqual([])
})

test('two Authorization headers are none', async () => {
  const g = await guarded()
  expect(await g.get('/api/tickets', 'Authorization: Bearer TOKEN')).toBe(401)
  expect(g.arrived).toEqual([])
})

test("the protocol's own addresses never reach the app, whatever a scope opens", async () => {
  const arrived: string[] = []
  const g = await gateway(
    (request, response) => {
      arrived.push(request.url ?? '')
      response.end()
    },
    { scopes: [{ name: 'all', allows: ['GET /**', 'POST /**', 'DELETE /**'] }] },
  )
  for (const path of [
    '/.well-known/agentpass-service',
    '/agentpass/resolve-authorities',
    '/agentpass/available-scopes',
    '/agentpass/redeem/bearer-token',
  ])
    for (const method of ['DELETE', 'GET', 'POST'])
      await g.call(method, path, { 'content-type': 'application/json' }, method === 'POST' ? '{}' : undefined)
  expect(arrived).toEqual([])
})
