/** What does not arrive is tried again, ever less often, for as long as it is of use; what is given up is audited. */
import { expect, test } from 'vitest'
import { turns } from './authority-rig.ts'
import { ADA, GENERIC, type Notifying, notifying, REST } from './notify-rig.ts'
import { until } from './push-rig.ts'

const QUIET = { roles: [], notifications: { remind_after_seconds: 'off' } }
const HOOKED = { ...QUIET, email: false as const, webhooks: [GENERIC] }
const BUSY = async () => Response.json({}, { status: 503 })
const idsOf = (w: Notifying) => w.hooks.heard.map(({ headers }) => headers.get('webhook-id'))
const states = async (w: Notifying) => (await w.rows()).map(({ kind, state }) => `${kind} ${state}`)

test('a webhook that is down is told when it is back; attempts are ever further apart, and each is the same event', async () => {
  const w = await notifying(HOOKED)
  w.hooks.answer = BUSY
  await w.asked()
  await w.settled()
  const pauses: number[] = []
  for (let tries = 1; tries <= 6; tries++) {
    const [row] = await w.rows()
    expect([row?.tries, row?.state, row?.last_error]).toEqual([tries, 'waiting', 'hooks.example answered 503'])
    pauses.push((row?.due_at ?? 0) - w.now())
    await w.tick((row?.due_at ?? 0) - w.now())
    await w.settled()
  }
  for (const [i, longest] of [5, 10, 20, 40, 80, 160].entries()) {
    expect(pauses[i]).toBeGreaterThanOrEqual(longest / 2)
    expect(pauses[i]).toBeLessThanOrEqual(longest)
  }
  w.hooks.answer = async () => new Response()
  await w.tick(320)
  await w.settled()
  expect([await states(w), new Set(idsOf(w)).size, new Set(w.hooks.heard.map(({ body }) => body)).size]).toEqual([['requested sent'], 1, 1])
})

test('a mail server that is down is used when it is up again, and then what waits for one person is one mail', async () => {
  const w = await notifying(QUIET)
  await w.smtp.down()
  for (let i = 0; i < 3; i++) {
    await w.asked()
    await w.settled()
    await w.tick(REST)
    await w.settled()
  }
  expect((await w.rows()).map(({ last_error }) => last_error)).toEqual(Array.from({ length: 3 }, () => `nothing listens at 127.0.0.1:${w.smtp.port}`))
  await w.smtp.up()
  await w.tick(120) // longer than any pause so far
  await w.settled()
  expect(w.smtp.mails.map(({ headers }) => headers.subject)).toEqual(['3 requests wait for you'])
})

test('a recipient whom the server refuses for good is given up at once, and audited; others are told', async () => {
  const w = await notifying({ roles: [{ role: 'approver', people: ['gone@acme.example'] }], notifications: { remind_after_seconds: 'off' } })
  w.smtp.state.answers = (line) => (line.startsWith('RCPT TO:<gone@') ? '550 5.1.1 no such user' : undefined)
  const { ref } = await w.asked()
  await w.settled()
  expect(w.smtp.mails.map(({ to }) => to)).toEqual([ADA])
  const failure = '127.0.0.1 refused the recipient gone@acme.example: 550 5.1.1 no such user'
  expect((await w.rows()).map(({ recipient, state, tries, last_error }) => [recipient, state, tries, last_error])).toEqual([
    [ADA, 'sent', 1, null],
    ['gone@acme.example', 'failed', 1, failure],
  ])
  expect(await w.audited()).toEqual([
    expect.objectContaining({ outcome: 'given up', request_ref: ref, user: ADA, reason: `requested, by email to gone@acme.example: ${failure}` }),
  ])
  expect(await (await w.manage('/metrics')).text()).toMatch(/^agentpass_notifications_failed 1$/m)
})

test('what a server answers is kept and told harmless', async () => {
  const w = await notifying(QUIET)
  w.smtp.state.answers = (line) => (line.startsWith('RCPT') ? `550 \u0000\u001b[2J\u202e${'x'.repeat(400)}` : undefined)
  await w.asked()
  await w.settled()
  const [row] = await w.rows()
  expect([row?.state, row?.last_error?.length]).toEqual(['failed', 300])
  expect(row?.last_error).toContain(': 550 ⟦NUL⟧⟦ESC⟧[2J⟦RLO⟧xxx')
})

test('recipients whom the server puts off hold up nobody else', async () => {
  const w = await notifying(QUIET)
  w.smtp.state.answers = (line) => (line.startsWith('RCPT TO:<aa-nobody') ? '450 4.2.0 come back later' : undefined)
  for (let i = 0; i < 12; i++) await w.asked(`aa-nobody-${i}@acme.example`)
  await w.asked()
  await w.oneLook()
  while (w.smtp.mails.length === 0) await turns(1) // and no other look: where they hold up others, this ends by the test's time
  expect(w.smtp.mails.map(({ to }) => to)).toEqual([ADA])
})

test.each(['450 4.2.0 come back later', '554 5.7.1 Client host rejected', '550 5.7.1 Relay access denied', '550 5.1.8 Bad sender', '554 no'])(
  'a recipient whom the server puts off, or refuses for what this server or its sender is, is tried again: %s',
  async (answer) => {
    const w = await notifying(QUIET)
    w.smtp.state.answers = (line) => (line.startsWith('RCPT TO') ? answer : undefined)
    await w.asked()
    await w.settled()
    expect(await states(w)).toEqual(['requested waiting'])
    w.smtp.state.answers = () => undefined
    await w.tick(REST)
    await w.settled()
    expect([await states(w), w.smtp.mails.length]).toEqual([['requested sent'], 1])
  },
)

test('of several in one mail that is refused for what it says each is tried alone, and what is refused alone is given up', async () => {
  const w = await notifying(QUIET)
  await w.smtp.down()
  const asked = []
  for (const description of ['Answer the ticket', 'something that a filter refuses', 'Close the ticket'])
    asked.push(await w.asked(ADA, { task: { id: 'ticket-4711', description } }))
  await w.settled()
  w.smtp.state.onMail = ({ raw, parts }) => (JSON.stringify([raw, parts]).includes('filter') ? '554 5.7.1 refused by the filter' : '250 ok')
  await w.smtp.up()
  for (let i = 0; i < 6; i++) {
    await w.tick(REST + 1)
    await w.settled()
  }
  const rows = await w.rows()
  expect(asked.map(({ ref }) => rows.find(({ request_ref }) => request_ref === ref)?.state)).toEqual(['sent', 'failed', 'sent'])
})

test('questions that nobody needs any more take no turn of the one that somebody does', async () => {
  const w = await notifying({ ...QUIET, email: { outcomes: false } })
  await w.smtp.down()
  const needless = []
  for (let i = 0; i < 20; i++) needless.push(await w.asked())
  await w.settled()
  for (const { id } of needless) await w.cancel(id)
  w.pass(60)
  const { ref } = await w.asked()
  await w.smtp.up()
  await w.oneLook()
  while (w.smtp.mails.length === 0) await turns(1)
  expect(w.smtp.mails.map(({ raw }) => raw.includes(ref))).toEqual([true])
})

test('a receiver that says it is gone is not asked again about the same', async () => {
  const w = await notifying(HOOKED)
  w.hooks.answer = async () => new Response(null, { status: 410 })
  await w.asked()
  await w.settled()
  expect([await states(w), w.hooks.heard.length]).toEqual([['requested failed'], 1])
})

test('a receiver that says when to come again is left alone until then', async () => {
  const w = await notifying(HOOKED)
  w.hooks.answer = async () => new Response(null, { status: 429, headers: { 'retry-after': '120' } })
  await w.asked()
  await w.settled()
  expect((await w.rows()).map(({ due_at }) => due_at - w.now())).toEqual([120])
})

test('what waits for a webhook that the settings have no more is given up at its time, and audited', async () => {
  const w = await notifying({ ...HOOKED, notifications: { ...QUIET.notifications, webhooks: [GENERIC] } })
  w.hooks.answer = BUSY
  const { ref } = await w.asked()
  await w.settled()
  await w.db.write((tx) => tx.updateTable('notification').set({ recipient: 'renamed', last_error: null }).execute())
  await w.tick(900)
  await until(async () => (await states(w)).includes('requested failed'))
  expect(await w.audited()).toEqual([
    expect.objectContaining({ request_ref: ref, reason: 'requested, by webhook to renamed: there was no time left to send it' }),
  ])
})

test('a question that nobody could be asked is given up at the deadline, an outcome after a day, and both are audited', async () => {
  const w = await notifying(HOOKED)
  w.hooks.answer = BUSY
  await w.asked()
  await w.settled()
  await w.tick(900)
  await until(async () => (await w.rows()).length === 2)
  await w.settled()
  expect(await states(w)).toEqual(['requested failed', 'expired waiting'])
  await w.tick(86_400)
  await until(async () => (await states(w)).includes('expired failed'))
  expect(await states(w)).toEqual(['requested failed', 'expired failed'])
  expect((await w.audited()).map(({ reason }) => reason)).toEqual([
    'requested, by webhook to generic: hooks.example answered 503',
    'expired, by webhook to generic: hooks.example answered 503',
  ])
  expect(w.lines.join('')).toContain('notification_given_up')
})
