/** The attacks on browser sessions: B-01 to B-05, and what R and M say of them. */
import { expect, test } from 'vitest'
import { BearerTokenGrant, BrowserSessionGrant } from '../../spec/wire/redemption.ts'
import { authorityWorld, message, refusal as refusedByAuthority } from '../authority-rig.ts'
import { browserDesk, COOKIE, cookieOf, INITIALIZE, REDEEM_BROWSER, START, tokenOf } from '../browser-rig.ts'
import { DESK } from '../fake-authority.ts'
import { AUTHORITY, SERVICE, USER } from '../parties.ts'
import { okay, refusal } from '../service-rig.ts'
import { attested, VENDOR, VENDOR_KEY } from '../vendor.ts'
import { count, doubled } from './replay-parties.ts'

test('B-01: no destination that an Authority names takes a browser off the allow list', async () => {
  const d = await browserDesk()
  for (const destination_url of [
    '//evil.example',
    '/\\evil.example',
    'https://desk.example@evil.example',
    'https:/evil.example',
    'https://evil.example/%2f%2fdesk.example',
    'data:text/html,x',
    'javascript:alert(1)',
    'https://desk.example／.evil.example/',
  ]) {
    d.approve({ destination_url })
    const response = await d.redeemBrowser()
    expect([destination_url, response.status, response.headers.get('location')]).toEqual([
      destination_url,
      expect.toSatisfy((s) => s === 403 || s === 502),
      null,
    ])
  }
  d.approve()
  expect((await d.submit(await d.oneTimeToken())).headers.get('location')).toBe(START)
})

test('B-02: a cookie that was there before is no session, and becomes none', async () => {
  const d = await browserDesk()
  const planted = 'p'.repeat(43)
  const begun = await d.submit(await d.oneTimeToken(), { cookie: `${COOKIE}=${planted}` })
  expect((await d.click('/api/tickets', planted)).status).toBe(401)
  expect((await d.click('/api/tickets', cookieOf(begun))).status).toBe(200)
})

test('B-03: a session begun from another site is the agent’s own, and a person’s is neither read, replaced nor ended', async () => {
  const d = await browserDesk()
  const begun = await d.submit(await d.oneTimeToken(), { cookie: 'session=of-a-person', origin: 'https://evil.example' })
  expect(begun.headers.getSetCookie().map((cookie) => cookie.split('=')[0])).toEqual([COOKIE])
  for (const init of [{ method: 'POST', body: '', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, { method: 'GET' }])
    expect((await d.request(INITIALIZE, init)).status).toBe(400) // without a token nothing begins
  expect((await d.click('/api/tickets', cookieOf(begun))).status).toBe(200)
})

test('B-04: every cookie that is set, and every one that is taken away, has all flags and no Domain', async () => {
  const d = await browserDesk()
  const begun = await d.submit(await d.oneTimeToken())
  const ended = await d.click('/agentpass/session/end', cookieOf(begun), { method: 'POST', headers: { origin: DESK } })
  for (const cookie of [...begun.headers.getSetCookie(), ...ended.headers.getSetCookie()]) {
    expect(cookie).toMatch(/^__Host-agentpass=[\w-]*; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
  }
  expect((await d.submit(await d.oneTimeToken())).status).toBe(303)
})

test('B-05: what looks ahead at a link gets nothing of it, and whoever loads it tells nobody', async () => {
  const d = await browserDesk()
  const { pathname, search } = new URL((await d.granted({ initialization_methods: undefined })).initialization_url)
  for (const init of [{ method: 'HEAD' }, { headers: { 'sec-purpose': 'prefetch' } }, { headers: { purpose: 'preview' } }]) {
    const ahead = await d.request(pathname + search, init)
    expect([ahead.ok, ahead.headers.getSetCookie()]).toEqual([false, []])
  }
  const loaded = await d.request(pathname + search)
  expect([loaded.status, loaded.headers.get('cache-control'), loaded.headers.get('referrer-policy')]).toEqual([303, 'no-store', 'no-referrer'])
  expect(loaded.headers.get('location')).not.toContain(search.slice('?token='.length))
  expect(d.log.join('\n')).not.toContain(search.slice('?token='.length))
})

test('R-02: of a hundred redemptions of one pass at once, half at either endpoint, none gets what the pass is not for [SVC-RED-02 SVC-RED-17]', async () => {
  const w = await doubled()
  for (const type of ['browser_session', 'bearer_token'] as const) {
    const value = await w.approved({ type })
    const other = { agentpass: { type: 'browser_session', value }, initialization_methods: ['POST'] }
    const browser = () =>
      Promise.resolve(
        w.service.app.request(SERVICE + REDEEM_BROWSER, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ ...other, authority: AUTHORITY, user: { email: USER } }),
        }),
      )
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => (i % 2 ? browser() : w.redeem(value))))
    expect(count(answers, 200)).toBeLessThanOrEqual(1)
    const schema = type === 'browser_session' ? BrowserSessionGrant : BearerTokenGrant
    for (const won of answers.filter(({ status }) => status === 200)) schema.parse(await won.json())
    const [byTokens, byBrowsers] = [answers.filter((_, i) => i % 2 === 0), answers.filter((_, i) => i % 2 === 1)]
    expect(count(type === 'browser_session' ? byTokens : byBrowsers, 200)).toBe(0)
  }
  expect((await w.redeem(await w.approved())).status).toBe(200)
})

test('R-08: of a hundred loads of one link at once, at two instances, one begins a session [SVC-BRW-05]', async () => {
  const d = await browserDesk()
  const instances = [d.service, await d.another()]
  for (let round = 0; round < 3; round++) {
    const token = tokenOf(await d.granted())
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const load = (i: number) => Promise.resolve(instances[i % 2]!.app.request(DESK + INITIALIZE, { method: 'POST', body: `token=${token}`, headers }))
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => load(i)))
    expect([count(answers, 303), count(answers, 410)]).toEqual([1, 99])
    const [secret] = answers.flatMap((answer) => (answer.status === 303 ? [cookieOf(answer)] : []))
    expect((await d.click('/api/tickets', secret ?? '')).status).toBe(200)
  }
  expect(await d.database().read.selectFrom('credential').select('digest').execute()).toHaveLength(3)
})

test('M-10: a pass of one type buys nothing at the other endpoint, whatever the request calls it [SVC-RED-02]', async () => {
  const d = await browserDesk()
  expect(await refusal(await d.redeem())).toEqual([422, 'invalid_agentpass']) // the pass is a browser session's
  d.approve({ type: 'bearer_token' })
  expect(await refusal(await d.redeemBrowser())).toEqual([422, 'invalid_agentpass'])
  expect(d.enterprise.asked('close')).toHaveLength(2)
  await okay(await d.redeem())
  d.approve()
  await okay(await d.redeemBrowser())
})

test('M-13: an attestation that is there and empty is malformed, and never the same as none', async () => {
  const w = await authorityWorld({ attestation: { issuers: [{ issuer: VENDOR, keys: [VENDOR_KEY.jwk] }] } })
  const { harness, ...rest } = message(attested(w)) as { harness: object }
  for (const attestation of [{}, { jwt: '' }, '', null, []])
    expect(await refusedByAuthority(await w.issue({ ...rest, harness: { ...harness, attestation } }))).toEqual([400, 'malformed_request'])
  expect(w.calls).toEqual([])
  expect((await w.issue(message(attested(w)))).status).toBe(202)
})

test('M-14: who attests for itself, under an issuer of its own, is refused, and nothing is fetched from it [AUTH-HATT-05]', async () => {
  const w = await authorityWorld({ attestation: { issuers: [{ issuer: VENDOR, keys: [VENDOR_KEY.jwk] }] } })
  for (const iss of ['https://evil.example', 'http://169.254.169.254', `${VENDOR}/`, VENDOR.toUpperCase()])
    expect(await refusedByAuthority(await w.issue(message(attested(w, { claims: { iss } }))))).toEqual([401, 'invalid_attestation'])
  expect([w.calls, w.lookups]).toEqual([[], []])
  expect((await w.issue(message(attested(w)))).status).toBe(202)
})

test('M-18: a one-time token is no credential of the API, and no credential of the API begins a session [SVC-BRW-17]', async () => {
  const d = await browserDesk()
  const oneTime = await d.oneTimeToken()
  expect((await d.call('/api/tickets', oneTime)).status).toBe(401)
  d.approve({ type: 'bearer_token' })
  const bearer = await d.token()
  expect(await refusal(await d.submit(bearer, { accept: 'application/json' }))).toEqual([404, 'unknown_initialization'])
  expect((await d.submit(oneTime)).status).toBe(303)
  expect((await d.call('/api/tickets', bearer)).status).toBe(200)
})
