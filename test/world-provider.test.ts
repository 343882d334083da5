/** The world's identity provider, as an OpenID Connect client and a browser without script meet it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import * as oidc from 'openid-client'
import { expect, onTestFinished, test, vi } from 'vitest'
import { parse } from 'yaml'
import type { Fetch } from '../spec/effects.ts'
import { compiled } from './compiled.ts'
import { createCertificateAuthority } from './world/ca.ts'
import { startNames } from './world/names.ts'
import { type Ground, reach } from './world/premises.ts'
import type { Employee } from './world/provider/people.ts'
import { startProvider } from './world/provider.ts'
import { startWorld } from './world/world.ts'

const APP = 'https://app.acme.localhost'
const CLIENT = {
  client_id: 'app',
  client_secret: 'a secret: of the + app',
  client_name: 'The app',
  redirect_uris: [`${APP}/callback`],
  post_logout_redirect_uris: [`${APP}/signed-out`],
}

/** A provider with one client, a way to it, and a browser that knows nobody yet. */
async function opened() {
  const folder = mkdtempSync(join(tmpdir(), 'agentpass-provider-'))
  const names = await startNames()
  const stops: Ground['stops'] = [async () => rmSync(folder, { recursive: true }), names.stop]
  onTestFinished(async () => {
    for (const stop of stops.reverse()) await stop()
  })
  const ca = await createCertificateAuthority()
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, ca.pem)
  const said: string[] = []
  const ground: Ground = {
    ...{ folder, ca, caFile, names, stops, logLevel: 'debug', onAsk: undefined },
    onHop: () => {},
    onLog: (line) => void said.push(line),
  }
  const provider = await startProvider(ground, { host: 'login.acme.localhost' })
  provider.addClient(CLIENT)
  const { effects, network } = reach(ground, 'harness')
  stops.push(network.close)
  return { provider, fetch: effects.fetch, browser: createBrowser(effects.fetch), said }
}

/** Follows redirects within a site, keeps its cookies, fills in forms, and stops where it is led away. */
function createBrowser(fetch: Fetch) {
  const jar = new Map<string, { pair: string; path: string }>()
  const visit = async (url: URL, form?: Record<string, string>): Promise<{ url: URL; response?: Response; html: string }> => {
    const cookie = [...jar.values()].flatMap(({ pair, path }) => (url.pathname.startsWith(path) ? [pair] : [])).join('; ')
    const response = await fetch(url.href, {
      redirect: 'manual',
      headers: { accept: 'text/html', cookie },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    })
    for (const line of response.headers.getSetCookie()) {
      expect(line).toMatch(/; secure; httponly/i)
      const [pair = ''] = line.split(';')
      const path = /; path=([^;]*)/.exec(line)?.[1] ?? '/'
      jar.set(`${path} ${pair.split('=')[0]}`, { pair, path })
    }
    const next = response.headers.get('location')
    if (next === null) return { url, response, html: await response.text() }
    const to = new URL(next, url)
    return to.origin === url.origin ? visit(to) : { url: to, html: '' }
  }
  return visit
}

type Opened = Awaited<ReturnType<typeof opened>>

/** The app, as the library makes one. */
const asApp = ({ provider, fetch }: Opened, authenticate = oidc.ClientSecretBasic(CLIENT.client_secret)) =>
  oidc.discovery(new URL(provider.issuer), CLIENT.client_id, undefined, authenticate, {
    execute: [oidc.enableNonRepudiationChecks], // the ID token's signature too
    [oidc.customFetch]: (url, { method, headers, body, redirect }) => fetch(url, { method, headers, redirect, body: body ? String(body) : null }),
  })

/** Sends the browser to sign in: to the page where people say who they are, or back where they are known. */
async function begin(o: Opened, app: oidc.Configuration, more: Record<string, string> = {}) {
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
  const expectedNonce = oidc.randomNonce()
  const url = oidc.buildAuthorizationUrl(app, {
    redirect_uri: `${APP}/callback`,
    scope: 'openid email profile',
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    nonce: expectedNonce,
    state: 'a state',
    ...more,
  })
  return { ...(await o.browser(url)), checks: { pkceCodeVerifier, expectedNonce, expectedState: 'a state', idTokenExpected: true } }
}

/** The whole flow; `page` is what they were asked with, nothing where they are known. */
async function signIn(o: Opened, app: oidc.Configuration, employee: Employee, more?: Record<string, string>) {
  const { url, html: page, checks } = await begin(o, app, more)
  const back = page ? (await o.browser(url, { sub: employee.sub })).url : url
  expect(back.href).toContain(`${APP}/callback?code=`)
  const tokens = await oidc.authorizationCodeGrant(app, back, checks)
  return { page, back, checks, idToken: tokens.id_token!, claims: tokens.claims()! }
}

const publishedKeys = async ({ provider, fetch }: Opened): Promise<string[]> => {
  const { keys } = await (await fetch(`${provider.issuer}/jwks`)).json()
  return keys.map(({ kid, use, d }: { kid: string; use: string; d?: string }) => `${kid} ${use} ${d}`)
}
const keyOf = (jwt: string): string => `${JSON.parse(Buffer.from(jwt.split('.')[0]!, 'base64url').toString()).kid} sig undefined`
const errorOf = (url: URL) => url.searchParams.get('error')

test.each([
  ['the header', oidc.ClientSecretBasic(CLIENT.client_secret)],
  ['the form', oidc.ClientSecretPost(CLIENT.client_secret)],
])('an app that sends its secret in %s learns who signed in: address, name and groups are in the ID token', async (_, authenticate) => {
  const o = await opened()
  const app = await asApp(o, authenticate)
  const { people } = o.provider
  const { page, claims, idToken } = await signIn(o, app, people.cleo)
  for (const { name, groups } of Object.values(people)) expect(page).toContain(`Sign in as ${name} · ${groups[0]}`)
  const { cleo } = people
  expect(claims).toMatchObject({ ...cleo, iss: o.provider.issuer, aud: 'app', email: 'cleo@acme.localhost', groups: ['desk-leads'] })
  expect(claims.auth_time).toSatisfy((at: number) => Math.abs(at - Date.now() / 1000) < 60)
  expect([keyOf(idToken)]).toEqual(await publishedKeys(o))
  expect((await signIn(o, app, people.mallory, { prompt: 'login' })).claims).toMatchObject({ sub: people.mallory.sub, email_verified: false })
  expect(o.said).toEqual([])
})

test('nobody is asked who they are without PKCE, or with a plain challenge, or for an address that is not the client’s', async () => {
  const o = await opened()
  const app = await asApp(o)
  const plain = await begin(o, app, { code_challenge_method: 'plain' })
  const without = oidc.buildAuthorizationUrl(app, { redirect_uri: `${APP}/callback`, scope: 'openid', state: 's' })
  for (const { url } of [plain, await o.browser(without)]) expect([url.origin, errorOf(url)]).toEqual([APP, 'invalid_request'])
  const elsewhere = await begin(o, app, { redirect_uri: `${APP}/elsewhere` })
  expect([elsewhere.response?.status, elsewhere.html]).toEqual([400, expect.stringContaining('That did not work')])
})

test('a code buys nothing with a wrong secret or a wrong verifier, and only once', async () => {
  const o = await opened()
  const app = await asApp(o)
  const { ada } = o.provider.people
  const { back, checks } = await signIn(o, app, ada)
  await expect(oidc.authorizationCodeGrant(app, back, checks)).rejects.toMatchObject({ error: 'invalid_grant' })
  for (const authenticate of [oidc.ClientSecretBasic('another secret'), oidc.ClientSecretPost('another secret'), oidc.None()]) {
    const next = await begin(o, app)
    await expect(oidc.authorizationCodeGrant(await asApp(o, authenticate), next.url, next.checks)).rejects.toMatchObject({ status: 401 })
  }
  const stolen = await begin(o, app)
  const wrong = { ...stolen.checks, pkceCodeVerifier: oidc.randomPKCECodeVerifier() }
  await expect(oidc.authorizationCodeGrant(app, stolen.url, wrong)).rejects.toMatchObject({ error: 'invalid_grant' })
})

test('after a change of keys it signs with the new one and publishes no other, and people stay signed in', async () => {
  const o = await opened()
  const { ada } = o.provider.people
  const first = await signIn(o, await asApp(o), ada)
  const before = await publishedKeys(o)
  await o.provider.rotateKeys()
  const after = await publishedKeys(o)
  expect([after.length, after[0] !== before[0]]).toEqual([1, true])
  const second = await signIn(o, await asApp(o), ada)
  expect([keyOf(first.idToken), keyOf(second.idToken)]).toEqual([before[0], after[0]])
  expect([second.page, second.claims.sub]).toEqual(['', ada.sub])
})

test('whoever is signed in is asked again where the app says so, or the sign-in is too old, and may be somebody else then', async () => {
  const o = await opened()
  const app = await asApp(o)
  const { ada, cleo } = o.provider.people
  const first = await signIn(o, app, ada)
  expect((await signIn(o, app, ada, { max_age: '300' })).page).toBe('')
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 600_000 })
  onTestFinished(() => void vi.useRealTimers())
  expect((await signIn(o, app, ada)).page).toBe('')
  const old = await signIn(o, app, ada, { max_age: '300' })
  expect(old.page).toContain('You are signed in as')
  expect(old.claims.auth_time! - first.claims.auth_time!).toBeGreaterThanOrEqual(600)
  for (const more of [{ max_age: '0' }, { prompt: 'login' }]) expect((await signIn(o, app, ada, more)).page).not.toBe('')
  expect((await signIn(o, app, cleo, { prompt: 'login' })).claims.sub).toBe(cleo.sub)
  expect(await signIn(o, app, ada)).toMatchObject({ page: '', claims: { sub: cleo.sub } })
})

test('signing out takes one click and leads back to the app, also who was not signed in; afterwards nobody is known', async () => {
  const o = await opened()
  const app = await asApp(o)
  const { idToken } = await signIn(o, app, o.provider.people.ada)
  const leave = (more: object = {}) =>
    o.browser(oidc.buildEndSessionUrl(app, { post_logout_redirect_uri: `${APP}/signed-out`, id_token_hint: idToken, state: 'bye', ...more }))
  const confirm = ({ url, html }: { url: URL; html: string }, more: object) => {
    const [, action = ''] = /<form[^>]* action="([^"]*)"/.exec(html) ?? []
    const [, xsrf = ''] = /name="xsrf" value="([^"]*)"/.exec(html) ?? []
    return o.browser(new URL(action, url), { xsrf, ...more })
  }
  expect((await leave({ post_logout_redirect_uri: `${APP}/elsewhere` })).response?.status).toBe(400)
  await confirm(await leave(), {})
  expect((await begin(o, app)).html).toBe('') // they stayed
  const page = await leave()
  expect(page.html).toMatch(/<button type="submit" form="op.logoutForm" name="logout" value="yes">\s*Sign out/)
  const out = `${APP}/signed-out?state=bye`
  expect((await confirm(page, { logout: 'yes' })).url.href).toBe(out)
  expect((await confirm(await leave(), { logout: 'yes' })).url.href).toBe(out) // of nobody: a browser with script sends this form by itself
  expect(errorOf((await begin(o, app, { prompt: 'none' })).url)).toBe('login_required')
})

test('its pages need no script and allow none, and lead nowhere but back to an app; who cancels, is nobody or comes too late is told so', async () => {
  const o = await opened()
  const app = await asApp(o)
  const { url, html, response } = await begin(o, app)
  expect(html).not.toMatch(/<script|<style| style=| on\w+=|(?:src|href|action)="(?!\/)/)
  const policy = response!.headers.get('content-security-policy')
  expect(policy).toBe(
    `default-src 'none'; script-src; style-src 'self'; img-src 'self'; form-action 'self' ${APP}; base-uri 'none'; frame-ancestors 'none'`,
  )
  for (const path of ['/style.css', '/icon.svg']) expect((await o.fetch(o.provider.issuer + path)).status).toBe(200)
  expect((await o.browser(url, { sub: 'nobody' })).response?.status).toBe(400)
  expect(errorOf((await o.browser(url, { cancel: 'yes' })).url)).toBe('access_denied')
  const late = await o.browser(url, { sub: o.provider.people.ada.sub })
  expect([late.response?.status, late.html]).toEqual([400, expect.stringContaining('This page has expired')])
})

test('a world with a console has the provider among its Authority’s settings, the secret in a file of its own, and the Authority among its clients', async () => {
  const world = await startWorld({ console: { sessions: { idle_minutes: 5 } } })
  onTestFinished(world.stop)
  const { issuer } = world.provider!
  const { console: settings } = parse(readFileSync(world.authority.settingsFile, 'utf8'))
  const secret = { file: 'secrets/oidc.secret' }
  expect(settings).toMatchObject({ sign_in: { issuer, client_id: 'agentpass-authority', client_secret: secret }, sessions: { idle_minutes: 5 } })
  expect(settings.roles.map(({ role, groups }: { role: string; groups: string[] }) => `${role}: ${groups}`)).toEqual([
    ...['approver: desk-leads', 'approver: finance-leads', 'auditor: security', 'admin: it'],
  ])
  expect(statSync(join(dirname(world.authority.settingsFile), secret.file)).mode & 0o777).toBe(0o600)
  const redirect_uri = encodeURIComponent(`${world.authority.identifier}/console/callback`)
  const asked = `client_id=agentpass-authority&response_type=code&scope=openid&redirect_uri=${redirect_uri}&code_challenge_method=S256`
  const { html } = await createBrowser(world.harness.fetch)(new URL(`${issuer}/auth?${asked}&code_challenge=${'c'.repeat(43)}`))
  expect(html).toContain('AgentPass at Acme')
})

test('agentpass-world --json says where the console and the provider are, and nothing else', async () => {
  const child = spawn(process.execPath, [compiled('test/world/main.js'), '--json'], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  const noise: string[] = []
  child.stderr.on('data', (chunk) => noise.push(String(chunk)))
  const said: string[] = []
  for await (const line of createInterface(child.stdout)) {
    said.push(line)
    child.kill('SIGTERM')
  }
  expect([await ended, noise, said.length]).toEqual([[0, null], [], 1])
  const { console: at, authority, provider } = JSON.parse(said[0]!)
  expect(at).toBe(`${authority.identifier}/console`)
  expect(provider).toMatchObject({
    issuer: expect.stringMatching(/^https:\/\/login\.acme\.localhost:\d+$/),
    people: { ada: { groups: ['support'] } },
  })
})
