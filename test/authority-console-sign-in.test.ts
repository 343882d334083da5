/** Signing in and out of the console, where the provider is played by hand. */
import { expect, test } from 'vitest'
import { CONSOLE, COOKIE, consoleOffice, type createBrowser, ERRAND, formOf, type Office, PEOPLE, textOf } from './console-client.ts'
import { PROVIDER } from './fake-provider.ts'
import { AUTHORITY } from './parties.ts'
import { edPair, rsaPair } from './spec/jws-fixture.ts'

type Browser = ReturnType<typeof createBrowser>
const sessions = (o: Office) =>
  o
    .database()
    .read.selectFrom('console_session' as never)
    .selectAll()
    .execute()

/** Sends a browser to the provider, and gives the address by which it would come back. */
async function underWay(browser: Browser, query = ''): Promise<URL> {
  const sent = await browser.visit(`${CONSOLE}/sign-in${query}`, { follow: false })
  expect([sent.status, sent.headers.get('cache-control'), sent.headers.get('referrer-policy')]).toEqual([303, 'no-store', 'no-referrer'])
  const back = await browser.visit(sent.headers.get('location')!, { follow: false })
  return new URL(back.headers.get('location')!)
}

/** That somebody was not let in: no cookie, no session, and a page that leads on. */
async function expectOut(o: Office, browser: Browser, back: URL | string, status: number) {
  const page = await browser.visit(back, { follow: false })
  expect([page.status, browser.jar().has(COOKIE), await sessions(o)], String(back)).toEqual([status, false, []])
  expect(page.html).toMatch(status === 401 ? /href="\/console\/sign-in"/ : /href="\/console/)
  return page
}

async function expectIn(o: Office, browser: Browser) {
  expect(textOf(await browser.visit(`${CONSOLE}/sign-in`))).toContain('Nothing waits for you')
  expect(await sessions(o)).toHaveLength(1)
}

test('the provider is asked with a state, a nonce and an S256 challenge that are new each time, and the code is bought with the verifier alone', async () => {
  const o = await consoleOffice()
  await o.signedIn(PEOPLE.ada)
  await o.signedIn(PEOPLE.ben)
  const [first, bought, second] = o.provider.asked
  const redirect_uri = `${CONSOLE}/callback`
  for (const { members } of [first!, second!]) {
    const asked = { client_id: 'authority', response_type: 'code', redirect_uri, scope: 'openid email profile', code_challenge_method: 'S256' }
    expect(Object.fromEntries(members)).toMatchObject(asked)
  }
  for (const name of ['state', 'nonce', 'code_challenge']) {
    expect(first!.members.get(name)).toMatch(/^[\w-]{32,}$/)
    expect(second!.members.get(name)).not.toBe(first!.members.get(name))
  }
  expect(Object.fromEntries(bought!.members)).toMatchObject({ grant_type: 'authorization_code', redirect_uri })
  expect(bought!.members.get('code_verifier')).toMatch(/^[\w-]{43,128}$/)
})

test.each<[string, (back: URL) => void]>([
  ['another state', (back) => back.searchParams.set('state', 'x'.repeat(32))],
  ['an empty state', (back) => back.searchParams.set('state', '')],
  ['no state', (back) => back.searchParams.delete('state')],
  ['two states', (back) => back.searchParams.append('state', back.searchParams.get('state')!)],
  ['no code', (back) => back.searchParams.delete('code')],
  ['another code', (back) => back.searchParams.set('code', 'x'.repeat(32))],
  ['the name of another issuer', (back) => back.searchParams.set('iss', 'https://login.evil.example')],
  ['nothing', (back) => void Object.assign(back, { search: '' })],
])('who comes back with %s is not signed in', async (_, change) => {
  const o = await consoleOffice()
  o.provider.is(PEOPLE.ada)
  const browser = o.browser()
  const back = await underWay(browser)
  change(back)
  await expectOut(o, browser, back, 401)
  await expectIn(o, browser)
})

test('an answer is taken from the browser that asked, once: in another browser, with its own errand or none, it signs nobody in', async () => {
  const o = await consoleOffice()
  o.provider.is(PEOPLE.ada)
  const [victim, attacker] = [o.browser(), o.browser()]
  const back = await underWay(attacker)
  await expectOut(o, victim, back, 401)
  await underWay(victim)
  await expectOut(o, victim, back, 401) // signed in as the attacker, a victim would show them their passkeys
  const done = await attacker.visit(back, { follow: false })
  expect([done.status, attacker.jar().has(ERRAND)]).toEqual([303, false])
  expect((await attacker.visit(back, { follow: false })).status).toBe(401)
  await o.database().write((tx) => tx.deleteFrom('console_session' as never).execute())
  await expectIn(o, victim)
})

test.each([true, false])(
  'a code that was given to somebody else’s sign-in buys nothing, also where the provider checks no challenge (it does: %s)',
  async (checks) => {
    const o = await consoleOffice()
    o.provider.forged.checksChallenge = checks
    const [victim, attacker] = [o.browser(), o.browser()]
    o.provider.is(PEOPLE.ida)
    const stolen = (await underWay(victim)).searchParams.get('code')!
    o.provider.is(PEOPLE.ada)
    const back = await underWay(attacker)
    back.searchParams.set('code', stolen)
    await expectOut(o, attacker, back, 401)
    await expectIn(o, attacker)
  },
)

const at = () => Math.floor(Date.now() / 1000)
const OTHER = rsaPair()
test.each<[string, () => object]>([
  ['is signed with another key under the known name', () => ({ signer: { key: OTHER, algorithm: 'RS256' } })],
  ['is signed with a key of no known name', () => ({ signer: { key: OTHER, algorithm: 'RS256' }, header: { kid: 'k2' } })],
  ['is signed by another algorithm', () => ({ signer: { key: edPair(), algorithm: 'EdDSA' } })],
  ['is not signed at all', () => ({ header: { alg: 'none' } })],
  ['names its own key', () => ({ signer: { key: OTHER, algorithm: 'RS256' }, header: { kid: undefined, jwk: OTHER.jwk } })],
  ['is for another client', () => ({ claims: { aud: 'another' } })],
  ['is for another client too, whose party it names', () => ({ claims: { aud: ['authority', 'another'], azp: 'another' } })],
  ['is for nobody', () => ({ claims: { aud: undefined } })],
  ['is of another issuer', () => ({ claims: { iss: 'https://login.evil.example' } })],
  ['is of the issuer with a slash', () => ({ claims: { iss: `${PROVIDER}/` } })],
  ['has expired', () => ({ claims: { iat: at() - 600, exp: at() - 300 } })],
  ['never expires', () => ({ claims: { exp: undefined } })],
  ['has another nonce', () => ({ claims: { nonce: 'x'.repeat(32) } })],
  ['has no nonce', () => ({ claims: { nonce: undefined } })],
  ['names nobody', () => ({ claims: { sub: undefined } })],
])('nobody is signed in by an ID token that %s', async (_, forge) => {
  const o = await consoleOffice()
  o.provider.is(PEOPLE.ada)
  Object.assign(o.provider.forged, forge())
  const browser = o.browser()
  await expectOut(o, browser, await underWay(browser), 401)
  o.provider.mend()
  await expectIn(o, browser)
})

test.each<[string, object]>([
  ['no address', { email: undefined }],
  ['an empty address', { email: '' }],
  ['what is no address', { email: 'ada' }],
  ['several addresses', { email: ['ada@acme.example', 'ida@acme.example'] }],
  ['an address that is not verified', { email_verified: false }],
  ['an address of which it does not say whether it is verified', { email_verified: undefined }],
  ['an address of which it says so in words', { email_verified: 'true' }],
])('whom the provider names with %s is forbidden to enter', async (_, claims) => {
  const o = await consoleOffice()
  o.provider.is({ ...PEOPLE.ada, ...claims })
  const browser = o.browser()
  await expectOut(o, browser, await underWay(browser), 403)
  o.provider.is(PEOPLE.ada)
  await expectIn(o, browser)
})

test('an answer without an ID token signs nobody in', async () => {
  const o = await consoleOffice()
  o.provider.is(PEOPLE.ada)
  o.provider.forged.tokens = () => Response.json({ access_token: 'x', token_type: 'Bearer' })
  const browser = o.browser()
  await expectOut(o, browser, await underWay(browser), 401)
  o.provider.mend()
  await expectIn(o, browser)
})

test('where the settings do not demand it, an address that nobody says to be verified will do', async () => {
  const o = await consoleOffice({ console: { sign_in: { issuer: PROVIDER, client_id: 'authority', require_verified_email: false } } })
  await o.signedIn({ ...PEOPLE.ada, email_verified: undefined })
})

test('whom the provider turned away is told what to do, and can begin again', async () => {
  const o = await consoleOffice()
  o.provider.is(PEOPLE.ada)
  const browser = o.browser()
  o.provider.forged.answer = { error: 'access_denied', error_description: '<b>no</b>' }
  const sent = await browser.visit(`${CONSOLE}/sign-in`, { follow: false })
  const back = new URL((await browser.visit(sent.headers.get('location')!, { follow: false })).headers.get('location')!)
  back.searchParams.set('state', new URL(sent.headers.get('location')!).searchParams.get('state')!)
  const page = await expectOut(o, browser, back, 401)
  expect(textOf(page)).toContain('Sign in')
  expect(page.html).not.toContain('<b>no')
  o.provider.mend()
  await expectIn(o, browser)
})

test('while the provider is down nobody begins or finishes, and is told so; who is signed in stays so, and may sign out', async () => {
  const o = await consoleOffice()
  const ada = await o.signedIn(PEOPLE.ada)
  const late = o.browser()
  const back = await underWay(late)
  o.provider.fails()
  const finishing = await late.visit(back, { follow: false })
  expect([finishing.status, textOf(finishing)]).toEqual([502, expect.stringContaining('The identity provider does not answer')])
  o.pass(601) // what is known of the provider is asked for again
  const beginning = await o.browser().visit(`${CONSOLE}/sign-in`)
  expect([beginning.status, textOf(beginning)]).toEqual([502, expect.stringContaining('The identity provider does not answer')])
  expect((await ada.open('/requests')).status).toBe(200)
  const left = await ada.send('/requests', '/sign-out')
  expect([left.status, left.headers.get('location')]).toEqual([303, '/console/signed-out'])
  o.provider.recovers()
  await expectIn(o, o.browser())
})

test.each<[string, () => Response]>([
  ['fails', () => new Response('no', { status: 500 })],
  ['is overloaded', () => Response.json({ error: 'temporarily_unavailable' }, { status: 503 })],
])('a provider that %s when the code is bought is said to be in trouble, and not the person', async (_, tokens) => {
  const o = await consoleOffice()
  o.provider.is(PEOPLE.ada)
  o.provider.forged.tokens = tokens
  const browser = o.browser()
  await expectOut(o, browser, await underWay(browser), 502)
  o.provider.mend()
  await expectIn(o, browser)
})

test('the provider may change its keys between two sign-ins: the new one counts at once, and the old one no longer', async () => {
  const o = await consoleOffice()
  o.provider.is(PEOPLE.ada)
  await expectIn(o, o.browser())
  await o.database().write((tx) => tx.deleteFrom('console_session' as never).execute())
  const key = rsaPair()
  o.provider.keys.splice(0, 1, { ...key.jwk, kid: 'k2', alg: 'RS256', use: 'sig' })
  const browser = o.browser()
  await expectOut(o, browser, await underWay(browser), 401)
  Object.assign(o.provider.forged, { signer: { key, algorithm: 'RS256' }, header: { kid: 'k2' } })
  await expectIn(o, browser)
})

test('roles are of whom the provider says somebody to be, by the claims that the settings name', async () => {
  const claims = { email: 'upn', name: 'display', groups: 'memberOf' }
  const o = await consoleOffice({ console: { sign_in: { issuer: PROVIDER, client_id: 'authority', claims } } })
  const rolesOf = async (who: object) => textOf(await (await o.signedIn({ ...PEOPLE.ada, ...who })).open('/account'))
  const upn = 'ida@ACME.example'
  expect(await rolesOf({ upn, memberOf: ['it', 'security'], groups: ['desk-leads'], display: 'Ida' })).toMatch(
    /Ida Sign out .*Signed in as ida@acme\.example Roles requester, auditor, admin Groups it, security/,
  )
  for (const memberOf of ['it', { it: true }, [1], undefined]) expect(await rolesOf({ upn, memberOf })).toContain('Roles requester Groups none')
  expect(await rolesOf({ upn, memberOf: ['IT', ' it', 'it '] })).toContain('Roles requester Groups')
})

test('a session is new at each sign-in: a cookie from before is none, and the one that the browser had ends', async () => {
  const o = await consoleOffice()
  const browser = o.browser()
  browser.jar().set(COOKIE, 'p'.repeat(43))
  await o.signedIn(PEOPLE.ada, browser)
  const first = browser.jar().get(COOKIE)!
  expect(first).toMatch(/^[\w-]{43}$/)
  await o.signedIn(PEOPLE.ada, browser)
  const second = browser.jar().get(COOKIE)!
  expect(await sessions(o)).toHaveLength(1)
  for (const [value, status] of [
    ['p'.repeat(43), 303],
    [first, 303],
    [second, 200],
  ] as const) {
    browser.jar().set(COOKIE, value)
    expect([value, (await browser.visit(`${CONSOLE}/requests`, { follow: false })).status]).toEqual([value, status])
  }
})

test('what a browser takes along to the provider is sealed, is not of another purpose, and is over after a quarter of an hour', async () => {
  const o = await consoleOffice()
  o.provider.is(PEOPLE.ada)
  const browser = o.browser()
  const back = await underWay(browser)
  const sealed = browser.jar().get(ERRAND)!
  const { members } = o.provider.asked[0]!
  const plain = decodeURIComponent(sealed)
    .split('.')
    .map((part) => Buffer.from(part, 'base64url').toString())
    .join()
  for (const secret of [members.get('state')!, members.get('nonce')!, 'verifier']) expect(plain).not.toContain(secret)
  const other = (await o
    .database()
    .read.selectFrom('console_session' as never)
    .selectAll()
    .execute()) as { sealed_id_token: string }[]
  for (const forged of ['', 'x', sealed.slice(0, -2), `${sealed.slice(0, -4)}AAAA`, ...other.map(({ sealed_id_token: token }) => token)]) {
    browser.jar().set(ERRAND, forged)
    await expectOut(o, browser, back, 401)
  }
  browser.jar().set(ERRAND, sealed)
  o.pass(900)
  await expectOut(o, browser, back, 401)
  o.pass(-1)
  expect((await browser.visit(back)).status).toBe(200)
})

test('a session ends when it is not used for as long as the settings say, and in any case after so many hours', async () => {
  const o = await consoleOffice({ console: { sessions: { idle_minutes: 10, absolute_hours: 1 } } })
  const status = async (browser: Browser) => (await browser.visit(`${CONSOLE}/account`, { follow: false })).status
  const [busy, idle] = [await o.signedIn(PEOPLE.ada), await o.signedIn(PEOPLE.ada)]
  for (let minute = 0; minute < 55; minute += 5) {
    expect(await status(busy)).toBe(200)
    o.pass(300)
  }
  expect([await status(busy), await status(idle)]).toEqual([200, 303])
  expect(textOf(await busy.open('/account')).match(/Another browser/)).toBeNull() // what is over is not listed
  o.pass(299)
  expect(await status(busy)).toBe(200)
  o.pass(1)
  expect(await status(busy)).toBe(303)
  const used = await o.signedIn(PEOPLE.ada)
  o.pass(599)
  expect(await status(used)).toBe(200)
  o.pass(599)
  expect(await status(used)).toBe(200)
  o.pass(600)
  expect(await status(used)).toBe(303)
})

test('signing out ends the session here, and leads to where the provider’s ends; the cookie is worth nothing afterwards', async () => {
  const o = await consoleOffice()
  const ada = await o.signedIn(PEOPLE.ada)
  const value = ada.jar().get(COOKIE)!
  const left = await ada.send('/requests', '/sign-out')
  const there = new URL(left.headers.get('location')!)
  expect([left.status, there.origin + there.pathname, ada.jar().has(COOKIE), await sessions(o)]).toEqual([303, `${PROVIDER}/end`, false, []])
  expect(there.searchParams.get('post_logout_redirect_uri')).toBe(`${CONSOLE}/signed-out`)
  const [, claims = ''] = there.searchParams.get('id_token_hint')!.split('.')
  expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ iss: PROVIDER, sub: PEOPLE.ada.sub })
  ada.jar().set(COOKIE, value)
  expect((await ada.open('/requests', { follow: false })).status).toBe(303)
  const page = await ada.open('/signed-out')
  expect([page.status, page.html]).toEqual([200, expect.stringContaining('href="/console/sign-in"')])
})

test('an admin signs others out, and nobody else does; everybody signs their own other browsers out', async () => {
  const o = await consoleOffice()
  const [ada, again, ben, audrey, cleo, ida] = [
    await o.signedIn(PEOPLE.ada),
    await o.signedIn(PEOPLE.ada),
    await o.signedIn(PEOPLE.ben),
    await o.signedIn(PEOPLE.audrey),
    await o.signedIn(PEOPLE.cleo),
    await o.signedIn(PEOPLE.ida),
  ]
  const isIn = async (who: Browser) => (await who.visit(`${CONSOLE}/account`, { follow: false })).status === 200
  for (const who of [ada, ben, audrey, cleo]) {
    const form = { ...formOf(await who.open('/account'), '/sign-out').fields, email: PEOPLE.ben.email }
    const asked = await who.open('/sessions/end', { form, headers: { origin: AUTHORITY }, follow: false })
    expect(asked.status).toBe(403)
  }
  expect(await isIn(ben)).toBe(true)
  expect((await ida.send('/harness-keys', '/sessions/end', { email: 'ben@ACME.example' })).status).toBe(303)
  expect([await isIn(ben), await isIn(ada), await isIn(again), await isIn(ida)]).toEqual([false, true, true, true])
  expect((await again.send('/account', '/account/sessions/end')).status).toBe(303)
  expect([await isIn(ada), await isIn(again), await isIn(ida)]).toEqual([false, true, true])
  const outcomes = (await o.trail()).filter(({ event }) => event === 'sign_out').map(({ outcome, by, user }) => [outcome, by, user])
  expect(outcomes).toContainEqual(['signed out by an admin', PEOPLE.ida.email, PEOPLE.ben.email])
  expect(outcomes).toContainEqual(['refused', PEOPLE.audrey.email, PEOPLE.ben.email])
})

test.each([
  ...['//evil.example', '/\\evil.example', '\\\\evil.example', 'https://evil.example', 'https:evil.example', '/console@evil.example'],
  ...[
    '/%2fevil.example',
    '/console/..//evil.example',
    '/console/%2e%2e//evil.example',
    '/console/../\\evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
  ],
  ...[
    'console',
    '',
    '/',
    '/consolex',
    '/issuance/x',
    '/console\n//evil.example',
    ' /console/account',
    '/\t/evil.example',
    `https://authority.acme.example@evil.example/console`,
  ],
])('after signing in nobody is taken to %j, but to the console', async (to) => {
  const o = await consoleOffice()
  o.provider.is(PEOPLE.ada)
  const browser = o.browser()
  const done = await browser.visit(await underWay(browser, `?to=${encodeURIComponent(to)}`), { follow: false })
  expect([done.status, done.headers.get('location')]).toEqual([303, '/console'])
})

test('who is not signed in and opens a page is taken there after signing in', async () => {
  const o = await consoleOffice()
  o.provider.is(PEOPLE.ada)
  const { ref } = await o.asked()
  for (const path of [`/requests/${ref}?done=approved`, '/requests?status=all', '/account', '/requests?status=pending&before=1-a']) {
    const page = await o.browser().visit(CONSOLE + path)
    expect([page.status, page.url.pathname + page.url.search]).toEqual([200, `/console${path}`])
  }
})

test('who must prove anew who they are is sent with a greatest age, and an answer that does not say since when is none', async () => {
  const o = await consoleOffice()
  const ada = await o.signedIn(PEOPLE.ada)
  for (const [claims, status] of [
    [{ auth_time: undefined }, 401],
    [{ auth_time: at() - 3600 }, 401],
    [{}, 303],
  ] as const) {
    o.provider.forged.claims = claims
    const back = await underWay(ada, '?recent=yes&to=/console/account')
    expect([claims, (await ada.visit(back, { follow: false })).status]).toEqual([claims, status])
    expect((await ada.open('/account', { follow: false })).status).toBe(200) // who fails stays who they were
  }
  expect(o.provider.asked.filter((one) => one.at === 'authorize').map(({ members }) => members.get('max_age'))).toEqual([null, '300', '300', '300'])
})
