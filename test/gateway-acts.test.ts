/** Which methods and paths of the app a scope opens: what is listed, and nothing else. */
import { expect, test } from 'vitest'
import { allows, readAct } from '../service/gateway/acts.ts'
import { type Desk, desk, refusal } from './service-rig.ts'

async function found(scopes?: object[]): Promise<Desk> {
  const d = await desk(scopes ? { settings: { scopes } } : {})
  d.enterprise.publish('acme.example')
  d.enterprise.answers.validate = async () => Response.json(d.enterprise.validation({ scope: ['*'] }))
  d.enterprise.answers.check = async () => Response.json({ scope: ['*'] })
  return d
}

const YES: [string, string, string][] = [
  ['GET /', 'GET', '/'],
  ['GET /api', 'GET', '/api'],
  ['GET /api', 'HEAD', '/api'],
  ['GET /api/', 'GET', '/api/'],
  ['GET /api/*', 'GET', '/api/tickets'],
  ['GET /api/*', 'GET', '/api/%C3%BC%20x'],
  ['GET /api/*/comments', 'GET', '/api/7/comments'],
  ['GET /api/**', 'GET', '/api/a/b/c'],
  ['GET /api/**', 'GET', '/api/'],
  ['GET /api/**', 'GET', '/api'],
  ['GET /**', 'GET', '/'],
  ['GET /**', 'HEAD', '/a'],
  ['HEAD /a', 'HEAD', '/a'],
  ['PATCH /a', 'PATCH', '/a'],
  ['GET /*/x/**', 'GET', '/a/x/y'],
]
test.each(YES)('%s opens %s %s', (line, method, path) => {
  expect(allows(readAct(line)!, method, path)).toBe(true)
})

const NO: [string, string, string][] = [
  ['GET /api', 'POST', '/api'],
  ['GET /api', 'get', '/api'],
  ['GET /api', 'OPTIONS', '/api'],
  ['GET /api', 'TRACE', '/api'],
  ['POST /api', 'HEAD', '/api'],
  ['HEAD /api', 'GET', '/api'],
  ['GET /api', 'GET', '/api/'],
  ['GET /api/', 'GET', '/api'],
  ['GET /api', 'GET', '/API'],
  ['GET /api', 'GET', '/apis'],
  ['GET /api', 'GET', '/%61pi'],
  ['GET /api/*', 'GET', '/api'],
  ['GET /api/*', 'GET', '/api/'],
  ['GET /api/*', 'GET', '/api/a/b'],
  ['GET /api/*', 'GET', '/api/a/'],
  ['GET /api/**', 'GET', '/apix'],
  ['GET /api/**', 'GET', '/'],
  ['GET /api/*/comments', 'GET', '/api//comments'],
  ['GET /api/*/comments', 'GET', '/api/1/2/comments'],
  ['GET /api.json', 'GET', '/apiXjson'],
  ['GET /a+', 'GET', '/aa'],
  ['GET /*', 'GET', '/'],
]
test.each(NO)('%s does not open %s %s', (line, method, path) => {
  expect(allows(readAct(line)!, method, path)).toBe(false)
})

test.each([
  '',
  'GET',
  '/api',
  'GET  /api',
  'get /api',
  'GET api',
  'GET https://x/api',
  'GET /a b',
  'GET /a?b',
  'GET /a#b',
  'GET /a\\b',
  'GET /**/b',
  'GET /a/**/b',
  'GET,POST /a',
  '* /a',
  'GET /a\n',
  ' GET /a',
])('%j is no act', (line) => {
  expect(readAct(line)).toBeUndefined()
})

test('an act needs one of the scopes that open it, any of them, and the others open nothing', async () => {
  const d = await found([
    { name: 'read', allows: ['GET /api/**'] },
    { name: 'comment', allows: ['POST /api/tickets/*/comments', 'GET /api/tickets'] },
    { name: 'admin', allows: ['DELETE /api/tickets/*', 'POST /api/**'] },
  ])
  const holding = async (...scope: string[]) => d.token({ requested_scope: scope })
  const status = async (token: string, method: string, path: string) => (await d.call(path, token, { method })).status
  const [read, comment, both, all] = [await holding('read'), await holding('comment'), await holding('read', 'comment'), await holding('*')]
  expect(await status(read, 'GET', '/api/tickets/7')).toBe(200)
  expect(await status(read, 'POST', '/api/tickets/7/comments')).toBe(403)
  expect(await status(comment, 'POST', '/api/tickets/7/comments')).toBe(200)
  expect(await status(comment, 'GET', '/api/tickets')).toBe(200)
  expect(await status(comment, 'GET', '/api/tickets/7')).toBe(403)
  expect(await status(comment, 'POST', '/api/tickets')).toBe(403)
  expect(await status(both, 'GET', '/api/tickets/7')).toBe(200)
  expect(await status(both, 'DELETE', '/api/tickets/7')).toBe(403)
  expect(await status(all, 'DELETE', '/api/tickets/7')).toBe(200)
  expect(await status(all, 'PUT', '/api/tickets/7')).toBe(403)
})

test.each(['/', '/admin', '/api', '/login', '/.env', '/index.html'])('%s is listed nowhere: 403, and the app is not reached', async (path) => {
  const d = await found([{ name: 'read', allows: ['GET /api/tickets'] }])
  const token = await d.token()
  for (const method of ['GET', 'POST', 'OPTIONS', 'PROPFIND'])
    expect(await refusal(await d.call(path, token, { method }))).toEqual([403, 'insufficient_scope'])
  expect((await d.call('/api/tickets', token)).status).toBe(200)
})

test('a method that an override header asks for is not the method: what is judged is what the app gets', async () => {
  const d = await found([{ name: 'write', allows: ['POST /api/**'] }])
  const token = await d.token()
  const headers = { 'x-http-method-override': 'DELETE' }
  expect(await refusal(await d.call('/api/tickets/7', token, { method: 'DELETE' }))).toEqual([403, 'insufficient_scope'])
  const response = await d.call('/api/tickets/7', token, { method: 'POST', headers })
  expect(await response.json()).toMatchObject({ method: 'POST', headers: expect.not.objectContaining(headers) })
})

test('changing acts are in the audit trail, allowed or not, and so is every refusal; reading is not', async () => {
  const d = await found()
  const token = await d.token({ requested_scope: ['tickets:read'] })
  const writer = await d.token({ requested_scope: ['tickets:write'] })
  const secret = { headers: { 'x-secret': 'canary' }, body: 'canary' }
  await d.call('/api/tickets?q=canary', token)
  await d.call('/api/tickets', token, { method: 'HEAD' })
  await d.call('/api/tickets?q=canary', writer, { method: 'POST', ...secret })
  await d.call('/api/tickets', token, { method: 'POST', ...secret })
  await d.call('/admin', token)
  const about = { event: 'use', user: 'ada@acme.example', agent: 'agent-7', task: 'task-1', authorization_id: 'authorization-1', at: d.now() }
  const audited = await d.audited()
  expect(audited.filter(({ event }) => event === 'use')).toEqual([
    { ...about, act: 'POST /api/tickets', outcome: 'allowed' },
    { ...about, act: 'POST /api/tickets', outcome: 'refused', code: 'insufficient_scope' },
    { ...about, act: 'GET /admin', outcome: 'refused', code: 'insufficient_scope' },
  ])
  expect(JSON.stringify(audited)).not.toContain('canary')
})
