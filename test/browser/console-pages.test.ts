/** The console's pages in a real browser: for every eye and hand, light or dark, on a phone, small and asking nobody else. */
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { ask, request, statusOf } from '../console-rig.ts'
import { type Console, DESK, heading, opened, PHONE, signedIn, windowOf } from './console-people.ts'

const MOST_BYTES = 60_000
const PATIENCE = 240_000 // a machine's judgement of a page takes seconds
/** Everybody is an admin, and some scopes need more than a sign-in. */
const PAGES = {
  roles: [{ role: 'admin', groups: ['support'] }],
  step_up: { rules: [{ scopes: ['tickets:write'], require: 'passkey' }] },
  number_matching: 'always',
}
const LONG = 'long-'.repeat(200)

/** A request of every kind, and something that is held; gives the places to look at. */
async function full(at: Console): Promise<string[]> {
  const { world } = at
  const denied = await request(world, { task: 'a denied one' })
  await world.decide('deny', { reason: 'not today' })
  const { ref: held, got } = await ask(world, { task: 'Close stale tickets' })
  await world.decide('approve')
  await got
  const pending = await request(world, { task: `One\n\n\n\n${LONG}`, agent: LONG, id: LONG.slice(0, 900), type: 'browser_session' })
  return [
    'requests',
    ...['expired', 'all'].map((status) => `requests?status=${status}`),
    ...[`requests/${pending}`, `requests/${denied}`, `requests/${held}?done=approved`, 'requests/AAAAAAAAAAAA'],
    ...['authorizations', 'authorizations?by=user_email&is=nobody', 'authorizations/end?by=all', 'authorizations/end?by=user&is=ada@acme.localhost'],
    ...['audit', 'audit?q=decision', 'deliveries', 'harness-keys', 'settings', 'account', 'signed-out'],
  ]
}

const violations = async (page: Page) =>
  (await new AxeBuilder({ page }).analyze()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')} at ${page.url()}`)
const overflow = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

test.each([
  ['at a desk, light', { ...DESK, colorScheme: 'light' }],
  ['on a phone, dark', { ...PHONE, colorScheme: 'dark' }], // what depends on the width does not on the colours
] as const)(
  '%s: nothing is wrong for a screen reader on any page, nothing runs off the side, no policy is violated, nobody else is asked',
  { timeout: PATIENCE },
  async (_, options) => {
    const at = await opened({ pages: PAGES })
    const { page, asked } = await signedIn(at, 'Ada', options)
    expect(await violations(page)).toEqual([]) // the empty inbox
    for (const place of await full(at)) {
      await page.goto(`${at.home}/${place}`)
      expect(await violations(page)).toEqual([])
      expect([place, await overflow(page)]).toEqual([place, 0])
    }
    const origins = new Set((await asked()).map(({ url }) => new URL(url).origin))
    expect([...origins].toSorted()).toEqual([new URL(at.home).origin, at.world.provider!.issuer].toSorted())
    expect(at.complaints).toEqual([])
  },
)

test('the first page takes less than 60 kB, however much waits', { timeout: PATIENCE }, async () => {
  const at = await opened({ authority: { limits: { pending_per_user: 100 } } })
  for (let i = 0; i < 60; i++) await request(at.world, { task: LONG })
  const { page } = await windowOf(at)
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  const taken: { url: string; bytes: number }[] = []
  const urls = new Map<string, string>()
  session.on('Network.requestWillBeSent', ({ requestId, request: { url } }) => void urls.set(requestId, url))
  session.on(
    'Network.loadingFinished',
    ({ requestId, encodedDataLength }) => void taken.push({ url: urls.get(requestId) ?? '', bytes: encodedDataLength }),
  )
  await page.goto(at.home)
  await page.getByRole('button', { name: 'Sign in as Ada ' }).click()
  await page.getByRole('heading', { name: '60 requests wait for you' }).waitFor()
  await page.waitForLoadState('load')
  const own = taken.filter(({ url }) => url.startsWith(at.home))
  for (const part of ['/requests', '/assets/console.css', '/assets/console.js'])
    expect(own.find(({ url }) => url.includes(part))?.bytes).toBeGreaterThan(1000)
  expect(own.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(MOST_BYTES)
})

/** Presses Tab until what has the focus is this. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab')
    const focused = await page.evaluate(() => {
      const { activeElement: element } = document
      if (!(element instanceof HTMLElement)) return ''
      return [element.getAttribute('aria-label'), element.innerText, element instanceof HTMLInputElement && element.labels?.[0]?.innerText]
        .filter(Boolean)
        .join(' ')
    })
    if (typeof name === 'string' ? focused === name : name.test(focused)) return
  }
  throw new Error(`the keyboard does not reach ${name}`)
}

test('everything is done by keyboard alone: signing in, leaving a scope out, approving, denying, revoking, signing out', async () => {
  const at = await opened()
  const { ref: first, got } = await ask(at.world, { task: 'The first' })
  const { page } = await windowOf(at)
  await page.goto(at.home)
  await tabTo(page, /Sign in as Ada/)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${at.home}/requests`)
  await page.keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe('Skip to content')
  await page.keyboard.press('Enter')
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('main')
  await tabTo(page, /world-harness at Ticket desk/)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${at.home}/requests/${first}`)
  await tabTo(page, /tickets:admin/)
  await page.keyboard.press('Space')
  await tabTo(page, 'Approve')
  await page.keyboard.press('Enter')
  await page.getByRole('status').waitFor()
  expect((await got).scope).toEqual(['tickets:read', 'tickets:write'])
  await page.reload()
  await tabTo(page, /^Reason/)
  await page.keyboard.type('enough')
  await tabTo(page, 'Revoke')
  await page.keyboard.press('Space')
  await page.getByRole('status').getByText('Ended').waitFor()
  const second = await request(at.world, { task: 'The second' })
  await page.goto(`${at.home}/requests/${second}`)
  await tabTo(page, /^Reason/)
  await page.keyboard.type('not today')
  await page.keyboard.press('Enter')
  await page.getByRole('status').waitFor()
  expect(await statusOf(at.world, second)).toBe('denied')
  await tabTo(page, 'Sign out')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: /Sign out/ }).waitFor()
})

test('without script it is read and decided as with it, and the inbox renews itself', async () => {
  const at = await opened({ pages: { number_matching: 'off' } })
  const [first, second] = [await request(at.world, { task: 'The first' }), await request(at.world, { task: 'The second' })]
  const { page } = await signedIn(at, 'Ada', { ...DESK, javaScriptEnabled: false })
  expect(await heading(page)).toBe('2 requests wait for you')
  expect(await page.locator('meta[http-equiv=refresh]').count()).toBe(1)
  expect(await page.locator('time').first().textContent()).toMatch(/ UTC$/)
  await page.goto(`${at.home}/requests/${first}`)
  await page.getByRole('checkbox', { name: /tickets:admin/ }).uncheck()
  await page.getByRole('button', { name: 'Approve' }).click()
  expect(await page.getByRole('status').textContent()).toContain('Approved')
  await page.getByRole('button', { name: 'Revoke' }).click()
  expect(await page.getByRole('status').textContent()).toContain('Ended')
  await page.goto(`${at.home}/requests/${second}`)
  await page.getByRole('button', { name: 'Deny' }).click()
  expect(await page.getByRole('status').textContent()).toContain('Denied')
  expect([await statusOf(at.world, first), await statusOf(at.world, second)]).toEqual(['approved', 'denied'])
})
