/** Who sees what at the console and who decides it: by the addresses and groups that the provider names, and nothing else. */
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { ask, manage, request, statusOf } from '../console-rig.ts'
import { type Console, heading, main, opened, post, signedIn } from './console-people.ts'

const BEN = 'ben@acme.localhost'
const DAN = 'dan@acme.localhost'

const Shown = z.object({ digest: z.string() })
/** What somebody who learned of a request elsewhere would send. */
const digestOf = async ({ world }: Console, ref: string): Promise<string> => Shown.parse(await manage(world, `/requests/${ref}`)).digest

/** How a request answers somebody who is at a page of their own: when they look at it, and to each act, forged with the token of their own session. */
async function answers(at: Console, page: Page, ref: string) {
  const digest = await digestOf(at, ref)
  const path = `${at.home}/requests/${ref}`
  const act = async (verb: string) => (await post(page, `${path}/${verb}`, { digest, 'scope:tickets:read': 'on' })).status
  return {
    seen: await page.evaluate(async (url) => (await fetch(url)).status, path),
    approve: await act('approve'),
    challenge: await act('challenge'),
    deny: await act('deny'),
    narrow: await act('narrow'),
    revoke: await act('revoke'),
  }
}
const NOTHING = { seen: 403, approve: 403, challenge: 403, deny: 403, narrow: 403, revoke: 403 }

test('a requester neither sees nor decides what is asked for somebody else, by whatever address or form', async () => {
  const at = await opened()
  const ref = await request(at.world, { user: BEN })
  const { page } = await signedIn(at, 'Ada')
  expect(await heading(page)).toBe('Nothing waits for you')
  expect(await answers(at, page, ref)).toEqual(NOTHING)
  await page.goto(`${at.home}/requests/${ref}`)
  const own = await main(page).textContent()
  await page.goto(`${at.home}/requests/AAAAAAAAAAAA`) // there is no such request, and nothing tells the two apart
  expect(await main(page).textContent()).toBe(own)
  await page.goto(`${at.home}/requests?status=all`)
  expect(await page.locator('.card').count()).toBe(0)
  for (const place of ['audit', 'harness-keys', 'settings'])
    expect(await page.evaluate(async (url) => (await fetch(url)).status, `${at.home}/${place}`)).toBe(403)
  expect(await statusOf(at.world, ref)).toBe('pending')
  expect(at.complaints).toEqual([])
})

test('a lead decides for the people of their group, from when these have signed in once, and for nobody else', async () => {
  const at = await opened()
  const [adas, bens, dans] = [await request(at.world), await request(at.world, { user: BEN }), await request(at.world, { user: DAN })]
  await signedIn(at, 'Ada')
  await signedIn(at, 'Dan')
  const { page } = await signedIn(at, 'Cleo')
  expect(await heading(page)).toBe('1 request waits for you')
  expect(await page.locator('.facts').textContent()).toContain('ada@acme.localhost')
  expect(await answers(at, page, bens)).toEqual(NOTHING) // nobody knows his groups yet
  expect(await answers(at, page, dans)).toEqual(NOTHING)
  await signedIn(at, 'Ben')
  await page.reload()
  expect(await heading(page)).toBe('2 requests wait for you')
  await page.goto(`${at.home}/requests/${adas}`)
  expect(await heading(page)).toContain('to act for ada@acme.localhost at')
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByRole('status').waitFor()
  expect(await main(page).textContent()).toContain('by cleo@acme.localhost')
  const { page: eve } = await signedIn(at, 'Eve')
  expect(await answers(at, eve, bens)).toEqual(NOTHING)
  expect(await heading(eve)).toBe('1 request waits for you') // Dan's
  expect([await statusOf(at.world, adas), await statusOf(at.world, bens)]).toEqual(['approved', 'pending'])
  expect(at.complaints).toEqual([])
})

test('an auditor sees all, and decides nothing and ends nothing', async () => {
  const at = await opened()
  const { ref: live, got } = await ask(at.world)
  await at.world.decide('approve')
  await got
  const ref = await request(at.world)
  const { page } = await signedIn(at, 'Audrey')
  expect(await answers(at, page, ref)).toEqual({ ...NOTHING, seen: 200 })
  expect(await answers(at, page, live)).toEqual({ ...NOTHING, seen: 200 })
  for (const one of [ref, live]) {
    await page.goto(`${at.home}/requests/${one}`)
    expect(await main(page).getByRole('button').count()).toBe(0)
  }
  await page.goto(`${at.home}/authorizations`)
  expect(await heading(page)).toBe('What agents hold now')
  expect(await main(page).getByText('End …').count()).toBe(0)
  const end = await post(page, `${at.home}/authorizations/end`, { by: 'all' })
  expect(end.status).toBe(403)
  await post(page, `${at.home}/authorizations/end`, { by: 'user', is: at.world.user })
  // what was tried is in the trail; what events name is found a second later
  await expect.poll(async () => (await page.goto(`${at.home}/audit?q=refused`)) && page.locator('tbody tr').count()).toBeGreaterThan(0)
  await page.getByRole('link', { name: 'Harness keys' }).click()
  expect(await main(page).getByRole('button').count()).toBe(0)
  const key = { name: 'theirs', thumbprint: 'A'.repeat(43) }
  expect((await post(page, `${at.home}/harness-keys`, key)).status).toBe(403)
  expect((await post(page, `${at.home}/sessions/end`, { email: at.world.user })).status).toBe(403)
  await page.goto(`${at.home}/authorizations`)
  expect(await heading(page)).toBe('What agents hold now')
  expect(await statusOf(at.world, ref)).toBe('pending')
  expect(at.complaints).toEqual([])
})

test('an admin ends all, registers a key and ends sessions, and decides nothing', async () => {
  const at = await opened()
  const { got } = await ask(at.world)
  await at.world.decide('approve')
  await got
  const ref = await request(at.world)
  const { page: ada } = await signedIn(at, 'Ada')
  const { page } = await signedIn(at, 'Ida')
  expect(await answers(at, page, ref)).toEqual({ ...NOTHING, seen: 200, narrow: 422, revoke: 422 }) // it is not approved yet
  await page.goto(`${at.home}/harness-keys`)
  const thumbprint = 'k'.repeat(43)
  await page.getByLabel('Name, for people').fill('build agent <b>')
  await page.getByLabel('Thumbprint').fill(thumbprint)
  await page.getByRole('button', { name: 'Register' }).click()
  await page.getByRole('status').waitFor()
  expect(await page.getByRole('row', { name: /build agent <b>/ }).textContent()).toContain(thumbprint)
  await page.getByRole('button', { name: 'Remove build agent <b>' }).click()
  await page.getByText('No key is registered').waitFor()
  await page.getByLabel(/E-mail address/).fill(at.world.user)
  await page.locator('main').getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('status').waitFor()
  expect((await post(ada, `${at.home}/sign-out`, {})).status).toBe(401)

  await page.getByRole('link', { name: 'Authorizations' }).click()
  await page.getByRole('link', { name: 'Emergency stop: end everything' }).click()
  await page.getByLabel('Reason').fill('an exercise')
  await page.getByRole('button', { name: 'End all of it' }).click()
  await page.getByRole('status').waitFor()
  expect(await heading(page)).toBe('No agent holds anything')
  expect(await statusOf(at.world, ref)).not.toBe('pending')
  expect(at.complaints).toEqual([])
})

test('who ends all of a user or a Service ends no more of it than they may', async () => {
  const at = await opened()
  const trips = [await ask(at.world), await ask(at.world, { user: DAN })]
  for (const _ of trips) await at.world.decide('approve')
  await Promise.all(trips.map(({ got }) => got))
  const { page } = await signedIn(at, 'Ada')
  await page.goto(`${at.home}/authorizations`)
  expect(await page.locator('tbody tr').count()).toBe(1)
  await page.getByText('End …').click()
  await page.getByRole('link', { name: 'all at this Service' }).click()
  await page.getByRole('button', { name: 'End all of it' }).click()
  await page.getByRole('status').waitFor()
  await post(page, `${at.home}/authorizations/end`, { by: 'user', is: DAN })
  const { page: dan } = await signedIn(at, 'Dan')
  await dan.goto(`${at.home}/authorizations`)
  expect(await heading(dan)).toBe('What agents hold now')
})
