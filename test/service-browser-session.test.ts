/** A browser session in use: the same rules and the same continuous check as a token's, its own pages, and its ends. */
import { expect, test } from 'vitest'
import { ProtocolError } from '../spec/error.ts'
import { browserDesk, COOKIE, cookieOf } from './browser-rig.ts'
import { DESK } from './fake-authority.ts'

const ENDED = new RegExp(`^${COOKIE}=;.*Max-Age=0`)
const gone = async () => new Response(null, { status: 404 })

test('the gateway judges a session’s acts by its scopes, and shows a browser why not', async () => {
  const d = await browserDesk()
  d.approve({ scope: ['tickets:read'] })
  const secret = await d.begun()
  expect((await d.click('/api/tickets', secret)).status).toBe(200)
  const refused = await d.click('/api/tickets', secret, { method: 'POST' })
  expect([refused.status, refused.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8'])
  expect(await refused.text()).toContain('tickets:write')
  expect((await d.audited()).filter(({ event }) => event === 'use')).toEqual([
    expect.objectContaining({ act: 'POST /api/tickets', outcome: 'refused' }),
  ])
  const program = await d.click('/api/tickets', secret, { method: 'POST', headers: { accept: 'application/json' } })
  expect([program.status, program.headers.get('content-type'), program.headers.get('www-authenticate')]).toEqual([
    403,
    'application/json',
    expect.stringContaining('scope="tickets:write"'),
  ])
})

test('the check is as continuous as a token’s: cached for seconds, ended by the Authority’s word, and a page says so', async () => {
  const d = await browserDesk()
  const secret = await d.begun()
  for (let i = 0; i < 3; i++) expect((await d.click('/api/tickets', secret)).status).toBe(200)
  expect(d.enterprise.asked('check')).toHaveLength(1)
  d.enterprise.answers.check = gone
  expect((await d.click('/api/tickets', secret)).status).toBe(200)
  d.pass(6)
  for (let i = 0; i < 2; i++) {
    const ended = await d.click('/api/tickets', secret)
    expect([ended.status, ended.headers.get('content-type'), ended.headers.getSetCookie()]).toEqual([
      401,
      'text/html; charset=utf-8',
      [expect.stringMatching(ENDED)],
    ])
    expect(await ended.text()).toContain('Access ended')
  }
})

test('what the Authority narrows, the session cannot do any more; an Authority that cannot be asked lets nothing through and ends nothing', async () => {
  const d = await browserDesk()
  const secret = await d.begun()
  const post = () => d.click('/api/tickets', secret, { method: 'POST' })
  expect((await post()).status).toBe(200)
  d.enterprise.answers.check = async () => Response.json({ scope: ['tickets:read'] })
  d.pass(6)
  expect([(await post()).status, (await d.click('/api/tickets', secret)).status]).toEqual([403, 200])
  d.enterprise.answers.check = async () => new Response(null, { status: 500 })
  d.pass(6)
  const page = await d.click('/api/tickets', secret)
  expect([page.status, page.headers.getSetCookie()]).toEqual([502, []])
  d.enterprise.answers.check = async () => Response.json({ scope: ['tickets:read', 'tickets:write'] })
  expect((await post()).status).toBe(200)
})

test('a session ends with its authorization, and never later than our own maximum', async () => {
  const d = await browserDesk({ settings: { lifetimes: { credential_seconds: 300 } } })
  const long = await d.begun()
  d.pass(299)
  expect((await d.click('/api/tickets', long)).status).toBe(200)
  d.pass(1)
  expect((await d.click('/api/tickets', long)).status).toBe(401)
  d.approve({ authorization_expires_at: new Date((d.now() + 90) * 1000).toISOString() })
  d.enterprise.answers.check = async () => Response.json({ scope: ['tickets:read'] })
  const short = await d.begun()
  d.pass(89)
  expect((await d.click('/api/tickets', short)).status).toBe(200)
  d.pass(1)
  expect((await d.click('/api/tickets', short)).status).toBe(401)
})

test('a one-time token dies with its authorization', async () => {
  const d = await browserDesk()
  const secret = await d.begun()
  const waiting = await d.oneTimeToken() // of the same authorization
  d.enterprise.answers.check = gone
  expect((await d.click('/api/tickets', secret)).status).toBe(401)
  expect((await d.submit(waiting)).status).toBe(410)
  expect((await d.audited()).filter(({ outcome }) => outcome === 'voided')).toHaveLength(1)
})

test('the session’s own page ends it, here and at the Authority, and no other site can [SVC-CONT-07]', async () => {
  const d = await browserDesk()
  const secret = await d.begun()
  expect(await (await d.click('/agentpass/session', secret)).text()).toContain('action="/agentpass/session/end"')
  const end = (headers: Record<string, string>) => d.click('/agentpass/session/end', secret, { method: 'POST', headers })
  expect((await end({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
  expect((await end({ 'sec-fetch-site': 'same-site', origin: 'https://evil.desk.example' })).status).toBe(403)
  expect((await d.click('/api/tickets', secret)).status).toBe(200)
  const ended = await end({ origin: DESK })
  expect([ended.status, ended.headers.getSetCookie()]).toEqual([200, [expect.stringMatching(ENDED)]])
  expect(d.enterprise.asked('close')).toEqual([{ authorization_id: 'authorization-1', action: 'complete', reason: expect.any(String) }])
  const page = await d.click('/api/tickets', secret)
  expect([page.status, await page.text()]).toEqual([401, expect.stringContaining('ended in its browser')])
  expect((await end({ origin: DESK })).status).toBe(200) // once more changes nothing
  expect(d.enterprise.asked('close')).toHaveLength(1)
})

test('the Harness can give a session back by its secret, as a token [SVC-CONT-07]', async () => {
  const d = await browserDesk()
  const secret = await d.begun()
  expect((await d.revoke({ token: secret })).status).toBe(200)
  expect((await d.click('/api/tickets', secret)).status).toBe(401)
  expect(d.enterprise.asked('close')).toEqual([{ authorization_id: 'authorization-1', action: 'complete', reason: expect.any(String) }])
})

test('signing out of the app ends the session, and no scope is needed for it', async () => {
  const d = await browserDesk({ settings: { browser: { sign_out: ['POST /logout'] } } })
  d.approve({ scope: ['tickets:read'] })
  const secret = await d.begun()
  const out = await d.click('/logout', secret, { method: 'POST' })
  expect([out.status, out.headers.getSetCookie()]).toEqual([200, [expect.stringMatching(ENDED)]])
  expect((await d.click('/api/tickets', secret)).status).toBe(401)
  expect(d.enterprise.asked('close')).toEqual([{ authorization_id: 'authorization-1', action: 'complete', reason: expect.any(String) }])
})

test('signing out ends the session also where the app cannot be told', async () => {
  const d = await browserDesk({ settings: { browser: { sign_out: ['POST /logout'] } } })
  const secret = await d.begun()
  const down = await d.another({ forward: () => Promise.reject(new ProtocolError('service_unavailable', 'the application is down')) })
  const statusOf = async (method: string, path: string) =>
    (await down.app.request(DESK + path, { method, headers: { cookie: `${COOKIE}=${secret}`, origin: DESK } })).status
  expect(await statusOf('GET', '/api/tickets')).toBe(502)
  expect((await d.click('/api/tickets', secret)).status).toBe(200) // that alone ends nothing
  expect(await statusOf('POST', '/logout')).toBe(502)
  expect(await statusOf('GET', '/api/tickets')).toBe(401)
  expect(d.enterprise.asked('close')).toEqual([{ authorization_id: 'authorization-1', action: 'complete', reason: expect.any(String) }])
})

test('another site cannot act in a session: not with its cookie, and not on a person’s behalf', async () => {
  const d = await browserDesk()
  const secret = await d.begun()
  const post = (headers: Record<string, string>) => d.click('/api/tickets', secret, { method: 'POST', headers })
  for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }]) expect((await post(headers)).status).toBe(403)
  const old = (origin: string) => d.request('/api/tickets', { method: 'POST', headers: { cookie: `${COOKIE}=${secret}`, origin } }) // a browser without fetch metadata
  expect([(await old('https://evil.example')).status, (await old('null')).status, (await old(DESK)).status]).toEqual([403, 403, 200])
  expect((await post({ 'sec-fetch-site': 'same-origin' })).status).toBe(200)
})

test('a request with an Authorization is judged by that alone, whatever cookie is beside it', async () => {
  const d = await browserDesk()
  const secret = await d.begun()
  for (const authorization of ['Bearer unknown', 'Basic YTpi', 'Bearer'])
    expect((await d.click('/api/tickets', secret, { headers: { authorization } })).status).toBe(401)
  expect((await d.click('/api/tickets', secret)).status).toBe(200)
})

test('the app sees neither the session’s cookie nor a person’s, sets none, and its pages are not kept', async () => {
  const d = await browserDesk()
  const secret = await d.begun()
  const response = await d.request('/api/tickets', { headers: { cookie: `session=of-a-person; ${COOKIE}=${secret}`, accept: 'text/html' } })
  expect(response.headers.getSetCookie()).toEqual([])
  expect(((await response.json()) as { headers: Record<string, string> }).headers.cookie).toBe(undefined)
  const page = await d.another({
    forward: async () => new Response('<p>a page</p>', { headers: { 'content-type': 'text/html', 'cache-control': 'max-age=600' } }),
  })
  const kept = async (headers: Record<string, string>) => (await page.app.request(`${DESK}/api/tickets`, { headers })).headers.get('cache-control')
  expect(await kept({ cookie: `${COOKIE}=${secret}` })).toBe('no-store')
  d.approve({ type: 'bearer_token' })
  expect(await kept({ authorization: `Bearer ${await d.token()}` })).toBe('max-age=600')
})

test.each([
  ['nothing of it', {}, 'private'],
  ['a lifetime', { 'cache-control': 'max-age=600, immutable' }, 'private, max-age=600, immutable'],
  ['that all may keep it', { 'cache-control': 'public, s-maxage=600, max-age=5' }, 'private, max-age=5'],
  ['that none may', { 'cache-control': 'no-store' }, 'private, no-store'],
  ['it to one cache alone', { 'cdn-cache-control': 'max-age=600', 'surrogate-control': 'max-age=600' }, 'private'],
])('what a session saw no cache on the way keeps for others, though the app says %s', async (_, headers: Record<string, string>, expected) => {
  const d = await browserDesk()
  const secret = await d.begun()
  const app = await d.another({ forward: async () => Response.json({ tickets: [] }, { headers }) })
  const seen = async (credential: Record<string, string>) => (await app.app.request(`${DESK}/api/tickets`, { headers: credential })).headers
  const ofSession = await seen({ cookie: `${COOKIE}=${secret}` })
  expect([ofSession.get('cache-control'), ofSession.get('cdn-cache-control'), ofSession.get('surrogate-control')]).toEqual([expected, null, null])
  d.approve({ type: 'bearer_token' })
  const ofToken = await seen({ authorization: `Bearer ${await d.token()}` })
  expect(Object.fromEntries(ofToken)).toMatchObject(headers) // caches know what an Authorization means
})

test('a page that refuses for now says for how long, as an error does', async () => {
  const d = await browserDesk({ settings: { limits: { redemptions_per_minute: 1 } } })
  const token = await d.oneTimeToken()
  expect((await d.submit('x'.repeat(43))).status).toBe(404)
  for (const accept of ['text/html', 'application/json']) {
    const refused = await d.submit(token, { accept })
    expect([refused.status, refused.headers.get('content-type')]).toEqual([429, expect.stringContaining(accept)])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  }
})

test('a page of ours runs nothing, loads nothing and is framed by nobody', async () => {
  const d = await browserDesk()
  const secret = await d.begun()
  d.approve({ agent: { id: '<script>alert(1)</script>' }, authorization_id: 'authorization-2' })
  const hostile = await d.begun()
  for (const response of [
    await d.click('/agentpass/session', hostile),
    await d.click('/api/tickets', 'x'.repeat(43)),
    await d.click('/nowhere', secret),
    await d.submit('x'.repeat(43)),
  ]) {
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
    )
    expect([response.headers.get('x-frame-options'), response.headers.get('cache-control'), response.headers.get('referrer-policy')]).toEqual([
      'DENY',
      'no-store',
      'no-referrer',
    ])
    expect(await response.text()).not.toMatch(/<script|https?:\/\/(?!desk\.example)/)
  }
  expect(cookieOf(await d.submit(await d.oneTimeToken()))).not.toBe(secret)
})
