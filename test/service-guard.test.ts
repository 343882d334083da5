/** The guard inside an app of its own: who gets past it, what the app learns, and how everybody else is answered. */
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { USER } from './parties.ts'
import { desk } from './service-rig.ts'

async function app() {
  const d = await desk()
  d.enterprise.publish('acme.example')
  const token = await d.token()
  const { guard } = await d.another()
  const guarded = new Hono().get('/me', guard, (c) => c.json(c.var.session))
  return { d, token, get: async (authorization?: string) => guarded.request('/me', { headers: authorization ? { authorization } : {} }) }
}

test('a live token gets past it, and the app learns who acts, for whom and with which scope [SVC-TOK-01]', async () => {
  const { token, get } = await app()
  const answer = await get(`Bearer ${token}`)
  expect([answer.status, await answer.json()]).toEqual([
    200,
    expect.objectContaining({ user: USER, agent: expect.any(String), scope: expect.any(Array), expiresAt: expect.any(Number) }),
  ])
})

test.each([
  ['no token', undefined, 'Bearer realm="https://desk.example"'],
  ['an unknown token', 'Bearer unknown', 'Bearer realm="https://desk.example", error="invalid_token"'],
  ['another scheme', 'Basic YTpi', 'Bearer realm="https://desk.example"'],
])('%s is answered with a challenge, and the app is not asked', async (_, authorization, expected) => {
  const { token, get } = await app()
  const refused = await get(authorization)
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, expected])
  expect((await get(`Bearer ${token}`)).status).toBe(200)
})

test('what the Authority has ended gets no further', async () => {
  const { d, token, get } = await app()
  expect((await get(`Bearer ${token}`)).status).toBe(200)
  d.enterprise.answers.check = async () => new Response(null, { status: 404 })
  d.pass(6)
  expect((await get(`Bearer ${token}`)).status).toBe(401)
})
