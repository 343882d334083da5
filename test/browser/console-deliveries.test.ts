/** What was sent and what was not, in a real browser: for every eye and hand, light or dark, on a phone; and tried again by an admin. */
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type { NotificationRow } from '../../authority/store/schema.ts'
import { systemNow } from '../../spec/node/settings.ts'
import { databaseOf, request } from '../console-rig.ts'
import { DESK, opened, PHONE, signedIn } from './console-people.ts'

const LONG = `${'long-'.repeat(40)}@acme.localhost`
const MAIL = { from: 'agentpass@acme.localhost', smtp: { host: '127.0.0.1', port: 1, tls: 'off' } }

const EXPORT = [
  { name: 'archive', to: 'file', path: 'audit.jsonl' },
  { name: 'siem', to: 'syslog', host: '127.0.0.1', port: 1, tls: 'off' },
]

/** An Authority whose mail server and syslog receiver are never there, and rows of every state. */
async function withRows() {
  const at = await opened({ authority: { notifications: { email: MAIL }, export: EXPORT } })
  const ref = await request(at.world)
  const db = databaseOf(at.world)
  const now = systemNow()
  const row = (id: string, more: Partial<NotificationRow>): NotificationRow => ({
    ...{
      id: id.padEnd(22, '0'),
      kind: 'denied',
      channel: 'email',
      recipient: 'ada@acme.localhost',
      request_ref: ref,
      event_at: now,
      due_at: now + 3600,
    },
    ...{ expires_at: now + 86_400, tries: 3, taken_at: now, mail: null, state: 'waiting', last_error: null, ended_at: null, ...more },
  })
  await db.write((tx) =>
    tx
      .insertInto('notification')
      .values([
        row('failed', { state: 'failed', ended_at: now, last_error: '127.0.0.1 refused the recipient ada@acme.localhost: 550 5.1.1 no such user' }),
        row('long', { recipient: LONG, state: 'failed', ended_at: now, last_error: `\u202e${'W'.repeat(290)}`, kind: 'expired' }),
        row('waiting', { recipient: 'security', channel: 'webhook', last_error: 'hooks.slack.com answered 503' }),
        row('sent', { state: 'sent', ended_at: now, kind: 'approved', tries: 1 }),
      ])
      .execute(),
  )
  return { ...at, db }
}

const violations = async (page: Page) =>
  (await new AxeBuilder({ page }).analyze()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)

test.each([
  ['at a desk, light', { ...DESK, colorScheme: 'light' }],
  ['at a desk, dark', { ...DESK, colorScheme: 'dark' }],
  ['on a phone, dark', { ...PHONE, colorScheme: 'dark' }],
] as const)('%s: nothing is wrong for a screen reader, and nothing runs off the side', { timeout: 120_000 }, async (_, options) => {
  const at = await withRows()
  const { page } = await signedIn(at, 'Ida', options)
  await page.goto(`${at.home}/deliveries`)
  expect(await page.getByRole('heading', { level: 3 }).allTextContents()).toEqual(['Given up', 'Waiting', 'Sent lately'])
  expect(await violations(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
  expect(await page.getByText('⟦RLO⟧').count()).toBe(1)
  const exported = async () => {
    await page.reload()
    return (await page.getByRole('region', { name: 'Exporters' }).innerText()).replace(/\s+/g, ' ')
  }
  await expect.poll(exported).toMatch(/archive.*file.*up to no\. [1-9]\d*.*siem fails syslog.*up to no\. 0.*never.*ECONNREFUSED.*since/i)
  expect(at.complaints).toEqual([])
})

test('an admin has one tried again, and it is; whoever only reads has no button for it', { timeout: 120_000 }, async () => {
  const at = await withRows()
  const { page } = await signedIn(at, 'Ida')
  await page.goto(`${at.home}/deliveries`)
  await page.getByRole('button', { name: 'Try again: denied, to ada@acme.localhost' }).click()
  expect(await page.getByRole('status').textContent()).toContain('It is tried again now.')
  const triesOf = async () =>
    await at.db.read.selectFrom('notification').select(['tries', 'last_error']).where('id', 'like', 'failed%').executeTakeFirstOrThrow()
  await expect.poll(triesOf).toEqual({ tries: 4, last_error: 'nothing listens at 127.0.0.1:1' })
  const reader = await signedIn(at, 'Audrey')
  await reader.page.goto(`${at.home}/deliveries`)
  expect(await reader.page.getByRole('button', { name: /Try again/ }).count()).toBe(0)
})
