/** Who looks at deliveries, and who has one tried again: each act is audited, and each refusal. */
import { expect, test } from 'vitest'
import type { AuthorityTables, NotificationRow } from '../authority/store/schema.ts'
import { consoleOffice, PEOPLE, textOf } from './console-client.ts'

const ID = 'a'.repeat(22)
const HOOKS = { notifications: { webhooks: [{ name: 'security', shape: 'generic', url: 'https://hooks.example/x', secret: { env: 'UNUSED' } }] } }

/** An office in which one notification was given up. */
async function office(row: Partial<NotificationRow> = {}, settings: { [member: string]: unknown } = HOOKS) {
  const w = await consoleOffice(settings)
  const { ref } = await w.asked()
  const db = w.database<AuthorityTables>()
  const failed: NotificationRow = {
    ...{ id: ID, kind: 'denied', channel: 'webhook', recipient: 'security', request_ref: ref, event_at: w.now(), due_at: w.now(), tries: 9 },
    ...{
      expires_at: w.now() + 100,
      taken_at: w.now(),
      mail: null,
      state: 'failed',
      last_error: 'hooks.example answered 503',
      ended_at: w.now(),
      ...row,
    },
  }
  await db.write((tx) => tx.insertInto('notification').values(failed).execute())
  const kept = () => db.read.selectFrom('notification').selectAll().where('id', '=', ID).executeTakeFirstOrThrow()
  const audited = async () => (await w.trail()).filter(({ event }) => event === 'notification')
  return { ...w, ref, kept, audited }
}

test('auditors and admins see what was given up; others are refused the page', async () => {
  const w = await office()
  for (const who of [PEOPLE.audrey, PEOPLE.ida]) {
    const page = await (await w.signedIn(who)).open('/deliveries')
    expect(textOf(page)).toContain('hooks.example answered 503')
  }
  for (const who of [PEOPLE.ada, PEOPLE.cleo]) expect((await (await w.signedIn(who)).open('/deliveries')).status).toBe(403)
})

test('an admin has it tried again, and the trail says who and what', async () => {
  const w = await office()
  const ida = await w.signedIn(PEOPLE.ida)
  const { status, headers } = await ida.send('/deliveries', '/deliveries/again')
  expect([status, headers.get('location')]).toEqual([303, '/console/deliveries?done=tried_again'])
  expect(await w.kept()).toMatchObject({ state: 'waiting', expires_at: w.now() + 3600, ended_at: null })
  const about = { outcome: 'tried again', by: PEOPLE.ida.email, request_ref: w.ref, reason: 'denied, by webhook to security' }
  expect(await w.audited()).toEqual([expect.objectContaining(about)])
})

test('an auditor who sends the form all the same is refused, and that is audited', async () => {
  const w = await office()
  const audrey = await w.signedIn(PEOPLE.audrey)
  const page = await audrey.open('/deliveries')
  const form_token = /name="form_token" value="([^"]*)"/.exec(page.html)?.[1] ?? ''
  const sent = await audrey.visit(`${page.url.origin}/console/deliveries/again`, {
    form: { form_token, id: ID },
    headers: { origin: page.url.origin, 'sec-fetch-site': 'same-origin' },
  })
  expect([sent.status, (await w.kept()).state]).toEqual([403, 'failed'])
  expect(await w.audited()).toEqual([expect.objectContaining({ outcome: 'refused', code: 'forbidden', by: PEOPLE.audrey.email })])
})

test.each<[string, Partial<NotificationRow>]>([
  ['that asks about a request which waits no longer', { kind: 'requested', expires_at: 1 }],
  ['that asks about a request which was decided', { kind: 'reminder' }],
  ['for a webhook that the settings have no more', { recipient: 'renamed' }],
  ['for a mailbox, where the settings have no mail any more', { channel: 'email', recipient: 'ada@acme.example' }],
  ['that was tried again by somebody else meanwhile', { state: 'waiting' }],
])('what is tried again is refused for one %s', async (_, row) => {
  const w = await office({ ...row, state: 'failed' })
  const ida = await w.signedIn(PEOPLE.ida)
  const page = await ida.open('/deliveries')
  if (row.kind === 'reminder') await w.act('deny', w.ref)
  if (row.state) await w.database<AuthorityTables>().write((tx) => tx.updateTable('notification').set({ state: 'waiting' }).execute())
  const sent = await ida.submit(page, '/deliveries/again')
  expect(sent.status).toBe(422)
  expect(await w.audited()).toEqual([expect.objectContaining({ outcome: 'refused', code: 'unprocessable' })])
})

test('without notifications in the settings the page says so', async () => {
  const w = await consoleOffice()
  expect(textOf(await (await w.signedIn(PEOPLE.ida)).open('/deliveries'))).toContain('Nobody is told of requests by mail or webhook')
})

test('the settings page names where the secrets are, and none of them', async () => {
  const webhooks = [{ name: 'security', shape: 'slack', url: { file: 'secrets/slack' } }]
  const w = await consoleOffice({ notifications: { webhooks } })
  const page = textOf(await (await w.signedIn(PEOPLE.ida)).open('/settings'))
  expect(page).toContain('file: secrets/slack')
})
