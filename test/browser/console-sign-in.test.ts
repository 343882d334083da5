/** Signing in to the console and out of it, in a real browser, through the enterprise's real provider. */
import { expect, test } from 'vitest'
import { databaseOf, request, statusOf } from '../console-rig.ts'
import { choose, heading, main, opened, post, signedIn, windowOf } from './console-people.ts'

test('who follows the link of a request signs in at the provider, and is then at that request', async () => {
  const at = await opened()
  const ref = await request(at.world)
  const { page, asked } = await windowOf(at)
  await page.goto(`${at.home}/requests/${ref}`)
  expect(new URL(page.url()).origin).toBe(at.world.provider!.issuer)
  await choose(page, 'Ada')
  await page.waitForURL(`${at.home}/requests/${ref}`)
  expect(await heading(page)).toBe('world-harness asks to act for you at Ticket desk')
  const places = (await asked()).map(({ url }) => new URL(url).origin)
  expect(new Set(places)).toEqual(new Set([new URL(at.home).origin, at.world.provider!.issuer]))
  const cookies = await page.context().cookies(at.home)
  expect(cookies).toEqual([
    expect.objectContaining({
      name: '__Host-agentpass-console',
      httpOnly: true,
      secure: true,
      sameSite: 'Lax',
      path: '/',
      domain: 'authority.acme.localhost',
    }),
  ])
  expect(page.url()).not.toContain('code=')
  expect(at.complaints).toEqual([])
})

test('signing out ends the session here and at the provider: signing in again asks who it is', async () => {
  const at = await opened()
  const { page } = await signedIn(at, 'Ada')
  const [before] = await page.context().cookies(at.home)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('button', { name: 'Sign out', exact: true }).click() // the provider's own question
  await page.waitForURL(`${at.home}/signed-out**`)
  expect(await heading(page)).toBe('You are signed out')
  await page.goBack()
  expect(await page.getByRole('button', { name: 'Sign out of AgentPass' }).count()).toBe(0)
  await page.goto(`${at.home}/signed-out`)
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  expect(new URL(page.url()).origin).toBe(at.world.provider!.issuer)
  await page.context().addCookies([{ ...before!, expires: -1 }]) // whoever kept the cookie has nothing
  await page.goto(at.home)
  expect(new URL(page.url()).origin).toBe(at.world.provider!.issuer)
  expect(at.complaints).toEqual([])
})

test('somebody who signed out here alone is signed in again without a question', async () => {
  const at = await opened()
  const { page } = await signedIn(at, 'Ada')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('button', { name: 'Stay signed in' }).click()
  await page.waitForURL(`${at.home}/signed-out**`)
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.waitForURL(`${at.home}/requests`)
  expect(await page.locator('.who').textContent()).toContain('Ada')
})

test('an address that the provider has not verified, and a sign-in that was called off, sign nobody in, and the page says why', async () => {
  const at = await opened()
  const { page } = await windowOf(at)
  await page.goto(at.home)
  await choose(page, 'Mallory')
  await page.waitForURL(`${at.home}/callback**`)
  expect(await heading(page)).toBe('Not allowed')
  expect(await main(page).textContent()).toMatch(/verified/)
  expect((await page.context().cookies(at.home)).map(({ name }) => name)).not.toContain('__Host-agentpass-console')
  const { page: other } = await windowOf(at)
  await other.goto(at.home)
  await other.getByRole('button', { name: 'Cancel' }).click()
  await other.waitForURL(`${at.home}/callback**`)
  expect(
    await other
      .getByRole('link', { name: 'Sign in' })
      .or(other.getByRole('link', { name: 'Back' }))
      .count(),
  ).toBe(1)
  expect(at.complaints).toEqual([])
})

test('a session that is over decides nothing, and its page says so', async () => {
  const at = await opened()
  const ref = await request(at.world)
  const { page } = await signedIn(at, 'Ada')
  await page.goto(`${at.home}/requests/${ref}`)
  await databaseOf(at.world).write((tx) => tx.updateTable('console_session').set({ seen_at: 0 }).execute())
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByRole('heading', { name: 'You are not signed in' }).waitFor()
  expect(await statusOf(at.world, ref)).toBe('pending')
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.waitForURL(`${at.home}**`)
})

test('somebody sees where they are signed in, and ends it everywhere else', async () => {
  const at = await opened()
  const { page } = await signedIn(at, 'Ada')
  const { page: elsewhere } = await signedIn(at, 'Ada')
  await page.goto(`${at.home}/account`)
  expect(await page.getByText('Another browser').count()).toBe(1)
  await page.getByRole('button', { name: 'Sign out everywhere else' }).click()
  await page.getByRole('status').waitFor()
  expect(await page.getByText('Another browser').count()).toBe(0)
  await elsewhere.getByText('You are no longer signed in').waitFor() // the page that was open there says so by itself
  expect((await post(elsewhere, `${at.home}/sign-out`, {})).status).toBe(401)
})

test('a form of another site, or without this session’s token, is refused, whoever is signed in', async () => {
  const at = await opened()
  const ref = await request(at.world)
  const { page } = await signedIn(at, 'Ada')
  await page.goto(`${at.home}/requests/${ref}`)
  const digest = await page.locator('#approve input[name=digest]').inputValue()
  const body = { digest, 'scope:tickets:read': 'on' }
  expect((await post(page, `${at.home}/requests/${ref}/approve`, { ...body, form_token: 'another' })).status).toBe(403)
  const { page: cleo } = await signedIn(at, 'Cleo')
  const stolen = await cleo.locator('input[name=form_token]').first().inputValue()
  expect((await post(page, `${at.home}/requests/${ref}/approve`, { ...body, form_token: stolen })).status).toBe(403)
  const own = await page.locator('input[name=form_token]').first().inputValue()
  await page.goto(at.world.provider!.issuer) // of the same site, by its domain: the cookie goes along
  await page.setContent(
    `<form method="post" action="${at.home}/requests/${ref}/approve"><input name="form_token" value="${own}"><input name="digest" value="${digest}"><input name="scope:tickets:read" value="on"><button>Go</button></form>`,
  )
  await page.getByRole('button').click()
  await page.getByRole('heading', { name: 'Not allowed' }).waitFor()
  expect(await statusOf(at.world, ref)).toBe('pending')
})
