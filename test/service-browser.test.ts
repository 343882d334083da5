/** Browser sessions at the Service (protocol 8, §4.5): redemption, the one-time token, and the session it begins. */
import { expect, test } from 'vitest'
import { BrowserSessionGrant } from '../spec/wire/redemption.ts'
import { browserDesk, COOKIE, cookieOf, INITIALIZE, START, tokenOf } from './browser-rig.ts'
import { DESK } from './fake-authority.ts'
import { okay, refusal } from './service-rig.ts'

const POSTED = { initialization_methods: ['POST'] }

test('a browser pass buys an address that begins one session, for a minute [SVC-BRW-01 SVC-BRW-02 SVC-BRW-13 CFG-S-05]', async () => {
  const d = await browserDesk()
  const { endpoints } = (await okay(await d.request('/.well-known/agentpass-service'))) as { endpoints: Record<string, string> }
  const response = await d.post(new URL(endpoints.redeem_browser_session!).pathname, d.browserRedemption())
  expect([response.headers.get('cache-control'), response.headers.get('referrer-policy')]).toEqual(['no-store', 'no-referrer'])
  const grant = BrowserSessionGrant.parse(await okay(response))
  expect(grant).toEqual({
    initialization_url: `${DESK}${INITIALIZE}`,
    expires_at: new Date((d.now() + 60) * 1000).toISOString(),
    one_time: true,
    initialization_request: { method: 'POST', form_fields: { token: expect.stringMatching(/^[\w-]{43}$/) } },
  })
})

test('a Harness that does not say POST gets the token in the URL in core-0.1, and never in hardened [SVC-BRW-15]', async () => {
  const d = await browserDesk()
  const grant = await d.granted({ initialization_methods: undefined })
  expect(grant).toMatchObject({ initialization_url: expect.stringMatching(/\/agentpass\/initialize\?token=[\w-]{43}$/), one_time: true })
  expect(grant.initialization_request).toBe(undefined)
  const { pathname, search } = new URL(grant.initialization_url)
  const loaded = await d.request(pathname + search)
  expect([loaded.status, loaded.headers.get('location'), loaded.headers.get('referrer-policy')]).toEqual([303, START, 'no-referrer'])
  expect((await d.click('/api/tickets', cookieOf(loaded))).status).toBe(200)
  for (const changes of [POSTED, { initialization_methods: ['GET', 'POST'] }]) {
    const posted = await d.granted(changes)
    expect([new URL(posted.initialization_url).search, new URL(posted.initialization_url).hash, new URL(posted.initialization_url).pathname]).toEqual(
      ['', '', INITIALIZE],
    )
    expect((await d.submit(tokenOf(posted))).status).toBe(303)
  }
  const hardened = await browserDesk({ profile: 'hardened' })
  const token = tokenOf(await hardened.granted({ initialization_methods: undefined }))
  expect((await hardened.request(`${INITIALIZE}?token=${token}`)).status).toBe(405)
  expect((await hardened.submit(token)).status).toBe(303)
})

test('initialization begins a session of the approved user through the named agent, and goes to the start page [SVC-BRW-09 SVC-BRW-11]', async () => {
  const d = await browserDesk()
  const response = await d.submit(await d.oneTimeToken())
  expect([response.status, response.headers.get('location')]).toEqual([303, START])
  const app = await d.click('/api/tickets', cookieOf(response))
  expect(await app.json()).toMatchObject({
    headers: {
      'agentpass-user': 'ada@acme.example',
      'agentpass-agent': 'agent-7',
      'agentpass-task': 'task-1',
      'agentpass-identity': expect.any(String),
    },
  })
  const page = await (await d.click('/agentpass/session', cookieOf(response))).text()
  for (const said of ['ada@acme.example', 'agent-7', 'Answer ticket 17', 'tickets:read']) expect(page).toContain(said)
})

test('its cookie is the agent’s own: host-only, over TLS, out of reach of scripts, and dead with the session [SVC-BRW-12]', async () => {
  const d = await browserDesk()
  const response = await d.submit(await d.oneTimeToken())
  const [cookie, ...others] = response.headers.getSetCookie()
  expect(others).toEqual([])
  expect(cookie?.split('; ').slice(1).toSorted()).toEqual(['HttpOnly', 'Max-Age=600', 'Path=/', 'SameSite=Lax', 'Secure'])
  expect(cookie).toMatch(new RegExp(`^${COOKIE}=[\\w-]{43};`))
  expect([response.headers.get('cache-control'), response.headers.get('referrer-policy')]).toEqual(['no-store', 'no-referrer'])
})

test('of a hundred that submit one token at once, one begins a session [SVC-BRW-05]', async () => {
  const d = await browserDesk()
  const token = await d.oneTimeToken()
  const answers = await Promise.all(Array.from({ length: 100 }, () => d.submit(token)))
  expect(answers.filter(({ status }) => status === 303)).toHaveLength(1)
  expect(answers.filter(({ status }) => status === 410)).toHaveLength(99)
  expect(answers.flatMap((answer) => answer.headers.getSetCookie())).toHaveLength(1)
  expect(await d.database().read.selectFrom('credential').selectAll().execute()).toHaveLength(1)
})

test('an unknown token is 404, a used or expired one 410, and nothing begins [SVC-BRW-06 SVC-BRW-07]', async () => {
  const d = await browserDesk()
  const json = { accept: 'application/json' }
  const used = await d.oneTimeToken()
  await d.submit(used)
  expect(await refusal(await d.submit('x'.repeat(43), json))).toEqual([404, 'unknown_initialization'])
  expect(await refusal(await d.submit(used, json))).toEqual([410, 'initialization_gone'])
  const late = await d.oneTimeToken()
  d.pass(60)
  expect(await refusal(await d.submit(late, json))).toEqual([410, 'initialization_gone'])
  const inTime = await d.oneTimeToken()
  d.pass(59)
  expect((await d.submit(inTime)).status).toBe(303)
})

test('what is no form with one token is refused, whoever sends it, and spends nothing [SVC-BRW-14]', async () => {
  const d = await browserDesk()
  const token = await d.oneTimeToken()
  const send = (body: string, type = 'application/x-www-form-urlencoded') =>
    d.request(INITIALIZE, { method: 'POST', body, headers: { 'content-type': type } })
  expect((await send('')).status).toBe(400)
  expect((await send(`token=${token}&token=${token}`)).status).toBe(400)
  expect((await send(JSON.stringify({ token }), 'application/json')).status).toBe(415)
  expect((await d.request(`${INITIALIZE}?token=`)).status).toBe(400)
  expect((await d.submit(`${token.slice(0, -1)}x`)).status).toBe(404)
  const response = await d.submit(token) // from a page whose origin is null
  expect([response.status, response.headers.get('referrer-policy')]).toEqual([303, 'no-referrer'])
})

test('HEAD, a prefetch and a preview spend nothing and begin nothing [SVC-BRW-18]', async () => {
  const d = await browserDesk()
  const { initialization_url: url } = await d.granted({ initialization_methods: undefined })
  const path = url.slice(DESK.length)
  for (const [init, status] of [
    [{ method: 'HEAD' }, 405],
    [{ headers: { 'sec-purpose': 'prefetch' } }, 400],
    [{ headers: { 'sec-purpose': 'prefetch;prerender' } }, 400],
    [{ headers: { purpose: 'prefetch' } }, 400],
    [{ headers: { 'x-moz': 'prefetch' } }, 400],
    [{ method: 'OPTIONS' }, 405],
  ] as const) {
    const response = await d.request(path, init)
    expect([init, response.status, response.headers.getSetCookie()]).toEqual([init, status, []])
  }
  expect((await d.request(path)).status).toBe(303)
})

test('a session is always a new one, whatever cookie the browser came with, and no other joins it [SVC-BRW-16]', async () => {
  const d = await browserDesk()
  const chosen = 'a'.repeat(43)
  const first = cookieOf(await d.submit(await d.oneTimeToken(), { cookie: `${COOKIE}=${chosen}; session=of-a-person` }))
  expect(first).not.toBe(chosen)
  expect((await d.click('/api/tickets', chosen)).status).toBe(401)
  d.approve({ user: { email: 'ada@acme.example' }, authorization_id: 'authorization-2', agent: { id: 'agent-8' } })
  const second = cookieOf(await d.submit(await d.oneTimeToken(), { cookie: `${COOKIE}=${first}` }))
  const agentOf = async (secret: string) =>
    ((await (await d.click('/api/tickets', secret)).json()) as { headers: Record<string, string> }).headers['agentpass-agent']
  expect([await agentOf(first), await agentOf(second)]).toEqual(['agent-7', 'agent-8'])
})

test('a one-time token, a session’s secret and a bearer token are each good for their own place alone [SVC-BRW-17]', async () => {
  const d = await browserDesk()
  const oneTime = await d.oneTimeToken()
  expect((await d.call('/api/tickets', oneTime)).status).toBe(401)
  expect((await d.click('/api/tickets', oneTime)).status).toBe(401)
  const secret = cookieOf(await d.submit(oneTime))
  expect((await d.call('/api/tickets', secret)).status).toBe(401)
  expect((await d.click('/api/tickets', secret)).status).toBe(200) // and nothing is kept of the other that would open it
  expect((await d.call('/api/tickets', secret)).status).toBe(401)
  expect((await d.submit(secret)).status).toBe(404)
  d.approve({ type: 'bearer_token' })
  const bearer = await d.token()
  expect((await d.submit(bearer)).status).toBe(404)
  expect((await d.click('/api/tickets', bearer)).status).toBe(401)
  expect((await d.call('/api/tickets', bearer)).status).toBe(200)
})

test('the token stands in no place that outlives it: not in the database, the log, the trail or the way on [SVC-BRW-14]', async () => {
  const d = await browserDesk()
  const url = (await d.granted({ initialization_methods: undefined })).initialization_url
  const inUrl = new URL(url).searchParams.get('token')!
  const posted = await d.oneTimeToken()
  const answers = [await d.request(url.slice(DESK.length)), await d.submit(posted), await d.submit(posted)]
  const secrets = [inUrl, posted, ...answers.slice(0, 2).map(cookieOf)]
  const db = d.database().read
  const rows = [
    await db.selectFrom('initialization').selectAll().execute(),
    await db.selectFrom('credential').selectAll().execute(),
    await d.audited(),
  ]
  const kept = [...d.log, JSON.stringify(rows), ...answers.map((answer) => answer.headers.get('location') ?? ''), await answers[2]!.text()].join('\n')
  for (const secret of secrets) expect(kept).not.toContain(secret)
})
