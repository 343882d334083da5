/** What policy decided, and why, on the console's pages in a real browser. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { addRemembered } from '../../authority/store/remembered.ts'
import { systemNow } from '../../spec/node/settings.ts'
import { databaseOf, request, statusOf } from '../console-rig.ts'
import { temporaryFolder } from '../folders.ts'
import { type Console, DESK, heading, main, opened, PHONE, signedIn } from './console-people.ts'

const PATIENCE = 240_000 // a machine's judgement of a page takes seconds
const POLICY = `
@id("people-first")
permit (principal, action == AgentPass::Action::"ask", resource);
@id("open-desk") @reason("Reading tickets harms nobody")
permit (principal, action == AgentPass::Action::"approve", resource) when { resource.name == "tickets:read" && context.task.id like "read-*" };
@id("payroll") @reason("Payroll takes two people") @approvals("2") @approvers("user, group:desk-leads")
permit (principal, action == AgentPass::Action::"ask", resource) when { context.task.id like "pay-*" };
@id("no-unverified-admin") @reason("Administration is for agents that somebody vouches for")
forbid (principal is AgentPass::Unverified, action, resource) when { resource.name like "*:admin" };
@id("closed") @reason("The desk moves on Sunday: <b>nothing</b> works") forbid (principal, action, resource) when { context.task.id like "sunday-*" };
`

async function withPolicy(): Promise<Console & { write: (text: string) => void }> {
  const file = join(temporaryFolder(), 'policy.cedar')
  writeFileSync(file, POLICY)
  const at = await opened({ pages: { roles: [{ role: 'admin', groups: ['support'] }] }, authority: { policy: { file, remember_days: 30 } } })
  return { ...at, write: (text) => writeFileSync(file, text) }
}
const violations = async (page: Page) =>
  (await new AxeBuilder({ page }).analyze()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')} at ${page.url()}`)
const overflow = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
const textOf = async (page: Page) => ((await main(page).textContent()) ?? '').replace(/\s+/g, ' ')

test('why a request was decided, or is asked about, is told in the words of the policies', { timeout: PATIENCE }, async () => {
  const at = await withPolicy()
  const [approved, denied, asked] = [
    await request(at.world, { id: 'read-1' }),
    await request(at.world, { id: 'sunday-1' }),
    await request(at.world, { id: 'other' }),
  ]
  const listed = databaseOf(at.world)
  const refs = new Map((await listed.read.selectFrom('request').select(['task_id', 'ref']).execute()).map(({ task_id, ref }) => [task_id, ref]))
  expect([approved, denied]).toEqual(['', '']) // decided at once: nobody is led to a page
  const { page } = await signedIn(at, 'Ada')
  const see = async (task: string) => {
    await page.goto(`${at.home}/requests/${refs.get(task)}`)
    return textOf(page)
  }
  expect(await see('read-1')).toMatch(
    /Why policy decided so.*approves tickets:read “Reading tickets harms nobody” \(open-desk\).*denies tickets:admin “Administration is for agents/,
  )
  expect(await see('sunday-1')).toMatch(
    /Why policy decided so.*denies .*“The desk moves on Sunday: <b>nothing<\/b> works” \(closed\).*denied.*by policy/,
  )
  expect(await see('other')).toMatch(
    /Why a person is asked.*asks a person tickets:read tickets:write.*\(people-first\).*offers more, which nobody can approve here: tickets:admin/,
  )
  expect(asked).toBe(refs.get('other'))
  expect(at.complaints).toEqual([])
})

test('two people approve what policy says so of, each on their own page', { timeout: PATIENCE }, async () => {
  const at = await withPolicy()
  const ref = await request(at.world, { id: 'pay-1' })
  const [{ page: ada }, { page: cleo }] = [await signedIn(at, 'Ada'), await signedIn(at, 'Cleo')]
  await ada.goto(`${at.home}/requests/${ref}`)
  expect(await textOf(ada)).toContain('2 people must approve this. Nobody has yet.')
  await ada.getByRole('button', { name: 'Approve' }).click()
  await ada.getByRole('status').getByText('waits for somebody else').waitFor()
  expect(await ada.getByRole('button', { name: 'Approve' }).count()).toBe(0)
  expect(await statusOf(at.world, ref)).toBe('pending')
  await cleo.goto(`${at.home}/requests/${ref}`)
  expect(await textOf(cleo)).toContain('ada@acme.localhost approved')
  await cleo.getByRole('button', { name: 'Approve' }).click()
  await cleo.getByRole('status').getByText('Approved').waitFor()
  expect(await textOf(cleo)).toContain('by ada@acme.localhost and cleo@acme.localhost')
  expect(at.complaints).toEqual([])
})

test.each([
  ['at a desk, light', { ...DESK, colorScheme: 'light' }],
  ['on a phone, dark', { ...PHONE, colorScheme: 'dark' }],
] as const)(
  '%s: the pages of policy have nothing wrong for a screen reader, and nothing runs off the side',
  { timeout: PATIENCE },
  async (_, options) => {
    const at = await withPolicy()
    const ref = await request(at.world, { id: 'pay-1' })
    await databaseOf(at.world).write((tx) => addRemembered(tx, rowOf(at)))
    const { page } = await signedIn(at, 'Ada', options)
    const look = async (place: string) => {
      await page.goto(`${at.home}/${place}`)
      expect(await violations(page)).toEqual([])
      expect([place, await overflow(page)]).toEqual([place, 0])
    }
    await look(`requests/${ref}`)
    await look('settings')
    expect(await textOf(page)).toMatch(/policy\.cedar, version [\w-]{12}, in force since.*open-desk.*Reading tickets harms nobody/)
    at.write(`${POLICY}\nforbid (principal, action, resource) when { context.hour < 6 };`)
    await expect
      .poll(async () => {
        await page.reload()
        return textOf(page)
      })
      .toMatch(/cannot be used, since.*The version above stays in force.*line 12: attribute `hour` in context not found/)
    await look('settings')
    await look('remembered')
    expect(await textOf(page)).toMatch(/repo:acme\/desk.*ticket-\*.*tickets:read/)
    await page.getByRole('button', { name: /^End what is remembered of repo:acme\/desk/ }).click()
    await page.getByRole('status').getByText('asked about again').waitFor()
    expect(await heading(page)).toBe('No approval is remembered')
    expect(at.complaints).toEqual([])
  },
)

const rowOf = ({ world }: Console) => ({
  ...{ ref: 'Zm9vYmFyYmF6', user_email: world.user, service_origin: world.service.origin, agent_id: 'repo:acme/desk', tier: 'attested' },
  ...{ vouched_by: 'Acme CI', key_thumbprint: null, type: 'bearer_token', destination: null, task_pattern: 'ticket-*', scope: '["tickets:read"]' },
  ...{ by: world.user, request_ref: 'AAAAAAAAAAAA', created_at: systemNow(), expires_at: systemNow() + 86_400 },
})
