/** Deciding at the console in a real browser: what the agent gets is what the person left of it. */
import { expect, test } from 'vitest'
import { ask, request, statusOf } from '../console-rig.ts'
import { heading, main, opened, post, signedIn } from './console-people.ts'

/** Every call is checked with the Authority, so that no test waits for a cache. */
const UNCACHED = { lifetimes: { check_seconds: 0 } }

const callDesk = async (at: Awaited<ReturnType<typeof opened>>, token: string, method = 'GET', path = '/api/tickets') =>
  (await at.world.harness.fetch(`${at.world.service.origin}${path}`, { method, headers: { authorization: `Bearer ${token}` } })).status

test('from the agent’s question to its end: narrowed at approval, used, narrowed while it lives, revoked', async () => {
  const at = await opened({ service: UNCACHED })
  const { ref, got } = await ask(at.world, { task: 'Close stale tickets' })
  const { page } = await signedIn(at, 'Ada')
  await page.getByRole('link', { name: 'world-harness at Ticket desk' }).click()
  expect(await page.getByRole('region', { name: 'Text written by the agent' }).textContent()).toContain('Close stale tickets')
  await page.getByRole('checkbox', { name: /tickets:admin/ }).uncheck()
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByRole('status').waitFor()
  const { token, scope } = await got
  expect(scope).toEqual(['tickets:read', 'tickets:write'])
  expect(await callDesk(at, token)).toBe(200)

  await page.reload()
  await page.getByRole('checkbox', { name: 'tickets:write' }).uncheck()
  await page.getByRole('button', { name: 'Narrow' }).click()
  await page.getByRole('status').getByText('Narrowed').waitFor()
  expect(await page.getByRole('button', { name: 'Narrow' }).count()).toBe(0) // there is one scope left
  expect(await callDesk(at, token, 'POST', '/api/tickets/1002/close')).toBe(403)
  expect(await callDesk(at, token)).toBe(200)

  await page.getByLabel('Reason').fill('enough of it')
  await page.getByRole('button', { name: 'Revoke' }).click()
  await page.getByRole('status').getByText('Ended').waitFor()
  expect(await callDesk(at, token)).toBe(401)
  expect(await main(page).textContent()).toContain('enough of it')
  await page.goto(`${at.home}/authorizations`)
  expect(await heading(page)).toBe('No agent holds anything')
  expect(await statusOf(at.world, ref)).toBe('approved')
  expect(at.complaints).toEqual([])
})

test('a request that is denied tells its agent why', async () => {
  const at = await opened()
  const { ref, got } = await ask(at.world)
  const { page } = await signedIn(at, 'Ada')
  await page.goto(`${at.home}/requests/${ref}`)
  await page.getByLabel('Reason').fill('not on a Friday')
  await page.getByRole('button', { name: 'Deny' }).click()
  await page.getByRole('status').waitFor()
  await expect(got).rejects.toThrow(/not on a Friday/)
  expect(await main(page).textContent()).toContain('not on a Friday')
  expect(at.complaints).toEqual([])
})

test('what was shown is what is decided: another digest, a scope that was not offered, none at all, or a second decision is refused', async () => {
  const at = await opened()
  const [ref, other] = [await request(at.world, { task: 'One' }), await request(at.world, { task: 'Two' })]
  const { page } = await signedIn(at, 'Ada')
  const digestOf = async (of: string) => {
    await page.goto(`${at.home}/requests/${of}`)
    return page.locator('#approve input[name=digest]').inputValue()
  }
  const [digest, digestOfOther] = [await digestOf(ref), await digestOf(other)]
  const approve = (fields: Record<string, string>) => post(page, `${at.home}/requests/${ref}/approve`, fields)
  expect((await approve({ digest: digestOfOther, 'scope:tickets:read': 'on' })).status).toBe(409)
  expect((await approve({ digest, 'scope:tickets:read': 'on', 'scope:tickets:everything': 'on' })).status).toBe(422)
  expect((await approve({ digest })).status).toBe(422)
  expect((await approve({ 'scope:tickets:read': 'on' })).status).toBe(400)
  expect((await post(page, `${at.home}/requests/${ref}/deny`, { digest: digestOfOther })).status).toBe(409)
  expect(await statusOf(at.world, ref)).toBe('pending')
  expect((await approve({ digest, 'scope:tickets:read': 'on' })).status).toBe(200)
  const again = await approve({ digest, 'scope:tickets:write': 'on' })
  expect([again.status, again.text.includes('Decided already')]).toEqual([409, true])
  expect(at.complaints).toEqual([])
})

test('who approves without any scope is told, and nothing is lost', async () => {
  const at = await opened()
  const ref = await request(at.world)
  const { page } = await signedIn(at, 'Ada')
  await page.goto(`${at.home}/requests/${ref}`)
  for (const box of await page.getByRole('checkbox').all()) await box.uncheck()
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByRole('heading', { name: 'Not possible' }).waitFor()
  await page.getByRole('link', { name: 'Back' }).click()
  await page.getByRole('checkbox', { name: /tickets:read/ }).waitFor()
  expect(await statusOf(at.world, ref)).toBe('pending')
})

test('a new request is on the inbox without a reload, and the focus stays where it was', async () => {
  const at = await opened()
  await request(at.world, { task: 'The first', agent: 'agent-1' })
  const { page, asked } = await signedIn(at, 'Ada')
  const first = page.getByRole('link', { name: 'agent-1 at Ticket desk' })
  await first.focus()
  const second = await request(at.world, { task: 'The second', agent: 'agent-2' })
  await page.getByRole('link', { name: 'agent-2 at Ticket desk' }).waitFor()
  expect(await heading(page)).toBe('2 requests wait for you')
  expect(await first.evaluate((link) => link === document.activeElement)).toBe(true)
  await at.world.decide('deny', { ref: second })
  await page.getByRole('link', { name: 'agent-2 at Ticket desk' }).waitFor({ state: 'detached' })
  const loads = (await asked()).filter(({ url }) => url === `${at.home}/requests`)
  expect(loads.length).toBeGreaterThan(1) // by the script: the page itself was never left
  expect(at.complaints).toEqual([])
})
