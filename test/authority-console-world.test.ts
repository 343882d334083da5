/** The console on real DNS and TLS, with the enterprise's real identity provider. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { COOKIE, createBrowser, formOf, textOf } from './console-client.ts'
import { ask, consoleWorld, statusOf } from './console-rig.ts'
import type { Employee } from './world/provider/people.ts'

type At = Awaited<ReturnType<typeof consoleWorld>>

/** Somebody who signs in with the provider: says who they are there, and is led back. */
async function signedIn({ world, console: at }: At, who: Employee, path = '') {
  const browser = createBrowser(world.harness.fetch)
  const page = await browser.visit(at + path)
  expect([page.status, page.url.origin]).toEqual([200, world.provider!.issuer])
  return { ...browser, first: await browser.visit(page.url, { form: { sub: who.sub }, headers: { origin: page.url.origin } }) }
}

test('the enterprise’s people sign in, and see and decide what is theirs by their groups; who is not verified stays out', async () => {
  const at = await consoleWorld()
  const { world } = at
  const { people } = world.provider!
  const { ref, got } = await ask(world)
  const dan = await signedIn(at, people.dan, `/requests/${ref}`)
  expect(dan.first.status).toBe(403)
  const mallory = await signedIn(at, people.mallory)
  expect([mallory.first.status, mallory.jar(world.authority.identifier).has(COOKIE)]).toEqual([403, false])
  await signedIn(at, people.ada) // whoever has signed in is in their groups
  const cleo = await signedIn(at, people.cleo, `/requests/${ref}`)
  expect([cleo.first.status, cleo.first.url.pathname]).toEqual([200, `/console/requests/${ref}`])
  expect((await cleo.submit(cleo.first, '/approve')).status).toBe(303)
  expect([await statusOf(world, ref), (await got).scope]).toEqual(['approved', expect.arrayContaining(['tickets:read'])])
})

test('sign-in goes on when the provider has changed its keys, and who is signed in stays so', async () => {
  const at = await consoleWorld()
  const { ada, ben } = at.world.provider!.people
  const before = await signedIn(at, ada)
  await at.world.provider!.rotateKeys()
  const after = await signedIn(at, ben)
  expect(textOf(after.first)).toContain('Ben')
  expect((await before.visit(`${at.console}/account`)).status).toBe(200)
})

test('signing out here signs out at the provider too, with a hint of whom, and leads back', async () => {
  const at = await consoleWorld()
  const { world, console: home } = at
  const ada = await signedIn(at, world.provider!.people.ada)
  const left = await ada.submit(ada.first, '/sign-out')
  const there = new URL(left.headers.get('location')!)
  expect([left.status, there.origin]).toEqual([303, world.provider!.issuer])
  const confirm = await ada.visit(there)
  const [, action = ''] = /<form[^>]* action="([^"]*)"/.exec(confirm.html) ?? []
  const [, xsrf = ''] = /name="xsrf" value="([^"]*)"/.exec(confirm.html) ?? []
  const back = await ada.visit(new URL(action, there), { form: { xsrf, logout: 'yes' }, headers: { origin: there.origin } })
  expect([back.status, back.url.href]).toEqual([200, `${home}/signed-out`])
  const again = await ada.visit(home)
  expect([again.url.origin, again.html.includes('Sign in as')]).toEqual([there.origin, true]) // nobody is known there any more
})

test('E-10: neither the client’s secret nor a cookie, code or token of a sign-in is in what the Authority logs or shows', async () => {
  const lines: string[] = []
  const at = await consoleWorld({ onLog: (line) => void lines.push(line) })
  const { world, console: home } = at
  const ida = await signedIn(at, world.provider!.people.ida)
  const secret = readFileSync(join(dirname(world.authority.settingsFile), 'secrets/oidc.secret'), 'utf8').trim()
  const pages = [
    await ida.visit(`${home}/settings`),
    await ida.visit(`${home}/audit`),
    await ida.visit(`${home}/callback?code=canary-code&state=canary-state`),
  ]
  expect(pages.map(({ status }) => status)).toEqual([200, 200, 401])
  expect(pages[0]!.html).toContain('secrets/oidc.secret')
  const refused = await ida.submit(await ida.visit(`${home}/account`), '/sign-out', { form_token: 'canary-token' })
  expect(refused.status).toBe(403)
  const { form_token = '' } = formOf(await ida.visit(`${home}/account`), '/sign-out').fields
  const told = [...lines, ...pages.map(({ html }) => html.replaceAll(form_token, ''))].join('\n')
  expect(lines.length).toBeGreaterThan(0)
  for (const canary of [
    secret,
    encodeURIComponent(secret),
    'canary-code',
    'canary-state',
    'canary-token',
    form_token,
    ida.jar(world.authority.identifier).get(COOKIE)!,
  ])
    expect([canary.slice(0, 6), told.includes(canary)]).toEqual([canary.slice(0, 6), false])
  expect((await ida.submit(await ida.visit(`${home}/account`), '/sign-out')).status).toBe(303)
})
