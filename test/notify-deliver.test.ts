/** Whatever is to be told arrives at least once, by whichever instance takes it first, and nobody waits for anybody else. */
import { expect, test } from 'vitest'
import { turns } from './authority-rig.ts'
import { ADA, GENERIC, HOOK, LOST, type Notifying, notifying, REST, SLACK } from './notify-rig.ts'
import { until } from './push-rig.ts'

const QUIET = { roles: [], notifications: { remind_after_seconds: 'off' } }
const HOOKED = { ...QUIET, email: false as const, webhooks: [GENERIC] }
const BUSY = async () => Response.json({}, { status: 503 })
const idsOf = (w: Notifying) => w.hooks.heard.map(({ headers }) => headers.get('webhook-id'))
const states = async (w: Notifying) => (await w.rows()).map(({ kind, state }) => `${kind} ${state}`)
const users = (count: number) => Array.from({ length: count }, (_, i) => `user-${i}@acme.example`)

test.each([1, 2])('by %i instances that share the work, forty requests are told to each channel once', async (instances) => {
  const w = await notifying({ ...QUIET, webhooks: [GENERIC] })
  for (let i = 1; i < instances; i++) await w.another()
  for (const user of users(40)) await w.asked(user)
  await w.settled()
  expect(w.smtp.mails.map(({ to }) => to).sort()).toEqual(users(40).sort())
  expect(w.hooks.heard).toHaveLength(40)
  expect(new Set(idsOf(w)).size).toBe(40)
  expect(new Set(w.smtp.mails.map(({ headers }) => headers['message-id'])).size).toBe(40)
})

test('an attempt that was lost after the receiver had it is made again a minute later, and is told for the same by its id', async () => {
  const w = await notifying({ ...QUIET, webhooks: [GENERIC] })
  w.hooks.answer = w.never
  w.smtp.state.onMail = () => 'hang'
  await w.asked()
  await until(() => w.hooks.heard.length === 1 && w.smtp.mails.length === 1)
  await w.tick(LOST - 1)
  await turns(100)
  expect([w.hooks.heard.length, w.smtp.mails.length]).toEqual([1, 1])
  w.hooks.answer = async () => new Response()
  w.smtp.state.onMail = undefined
  const other = await w.another() // the first may have died over it
  await w.tick(1)
  await w.settled()
  expect([new Set(idsOf(w)).size, w.hooks.heard.length]).toEqual([1, 2])
  expect(w.smtp.mails).toHaveLength(2)
  expect(new Set(w.smtp.mails.map(({ headers }) => headers['message-id'])).size).toBe(1)
  w.hangUp()
  await other.stop()
})

test('a mail of several that was lost is sent again as it was, and what came meanwhile in another', async () => {
  const w = await notifying(QUIET)
  await w.asked()
  await w.settled()
  await w.asked()
  await w.asked()
  w.smtp.state.onMail = () => 'hang'
  await w.tick(REST)
  await until(() => w.smtp.mails.length === 2)
  w.smtp.state.onMail = undefined
  await w.asked()
  await w.tick(REST)
  await until(() => w.smtp.mails.length === 3)
  await w.tick(LOST - REST)
  await w.settled()
  const [, lost, meanwhile, again] = w.smtp.mails.map(({ headers }) => headers)
  expect([lost?.subject, meanwhile?.subject, again?.subject]).toEqual([
    '2 requests wait for you',
    'An agent asks for access at desk.example',
    '2 requests wait for you',
  ])
  expect(again?.['message-id']).toBe(lost?.['message-id'])
  w.hangUp()
})

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
  for (let i = 0; i < 3; i++) await w.asked()
  await w.settled()
  expect((await w.rows()).map(({ last_error }) => last_error)).toEqual(Array.from({ length: 3 }, () => `nothing listens at 127.0.0.1:${w.smtp.port}`))
  await w.smtp.up()
  await w.tick(REST)
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

test('a recipient whom the server puts off is tried again', async () => {
  const w = await notifying(QUIET)
  w.smtp.state.answers = (line) => (line.startsWith('RCPT TO') ? '450 4.2.0 come back later' : undefined)
  await w.asked()
  await w.settled()
  expect(await states(w)).toEqual(['requested waiting'])
  w.smtp.state.answers = () => undefined
  await w.tick(REST)
  await w.settled()
  expect([await states(w), w.smtp.mails.length]).toEqual([['requested sent'], 1])
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

test('a question that nobody could be asked is given up at the deadline, an outcome after a day, and both are audited', async () => {
  const w = await notifying(HOOKED)
  w.hooks.answer = BUSY
  await w.asked()
  await w.settled()
  await w.tick(900)
  await w.settled()
  expect(await states(w)).toEqual(['requested failed', 'expired waiting'])
  await w.tick(86_400)
  await w.settled()
  expect(await states(w)).toEqual(['requested failed', 'expired failed'])
  expect((await w.audited()).map(({ reason }) => reason)).toEqual([
    'requested, by webhook to generic: hooks.example answered 503',
    'expired, by webhook to generic: hooks.example answered 503',
  ])
  expect(w.lines.join('')).toContain('notification_given_up')
})

test('one channel that is dead or silent holds no other, nor a request', async () => {
  const w = await notifying({ ...QUIET, webhooks: [GENERIC, SLACK] })
  w.hooks.answer = w.never
  w.smtp.state.answers = (line) => (line.startsWith('MAIL') ? 'hang' : undefined)
  for (const user of users(6)) await w.asked(user)
  await until(() => w.hooks.heard.length === 8) // four of each at once, and no more
  w.net.unplug(HOOK)
  const { status } = await w.issue()
  expect(status).toBe(202)
  w.smtp.state.answers = () => undefined
  w.smtp.hangUp()
  await w.tick(REST)
  await until(() => w.smtp.mails.length > 0)
  expect(w.hooks.heard).toHaveLength(8)
  w.hangUp()
})

test('a person who is asked about many things is sent few mails: what waits is joined, and its number told', async () => {
  const w = await notifying(QUIET)
  await w.asked()
  await w.settled()
  for (let i = 0; i < 24; i++) await w.asked()
  await w.settled()
  expect(w.smtp.mails).toHaveLength(1)
  for (let i = 0; i < 3; i++) {
    await w.tick(REST)
    await w.settled()
  }
  expect(w.smtp.mails.map(({ headers }) => headers.subject)).toEqual([
    'An agent asks for access at desk.example',
    '20 requests wait for you',
    '4 requests wait for you',
  ])
})

test('those who were asked are reminded once, halfway to the deadline', async () => {
  const w = await notifying({ roles: [], webhooks: [GENERIC] })
  await w.asked()
  await w.settled()
  await w.tick(449)
  await w.settled()
  expect([w.smtp.mails.length, w.hooks.heard.length]).toEqual([1, 1])
  await w.tick(1)
  await w.settled()
  expect(w.smtp.mails.map(({ headers }) => headers.subject)).toEqual([
    'An agent asks for access at desk.example',
    'Still waiting: an agent asks for access at desk.example',
  ])
  expect(w.smtp.mails[1]?.headers['in-reply-to']).toBe(w.smtp.mails[0]?.headers['message-id'])
  expect(w.hooks.heard.map(({ body }) => JSON.parse(body).type)).toEqual(['request.created', 'request.reminder'])
  await w.tick(400)
  await w.settled()
  expect(w.smtp.mails).toHaveLength(2)
})

test.each(['approve', 'deny', 'cancel'])('after somebody does %s nobody is reminded, nor asked where they were not yet', async (verb) => {
  const w = await notifying({ roles: [], email: { outcomes: false } })
  const { id } = await w.asked()
  await w.settled()
  const { id: other } = await w.asked()
  await w.settled() // noticed, and not sent: Ada has just had a mail
  for (const one of [id, other]) await w.act(verb, one)
  await w.tick(450)
  await w.settled()
  expect(w.smtp.mails).toHaveLength(1)
  expect((await states(w)).sort()).toEqual(['reminder dropped', 'reminder dropped', 'requested dropped', 'requested sent'])
})

test('what was told is kept for thirty days', async () => {
  const w = await notifying(HOOKED)
  await w.asked()
  await w.settled()
  await w.tick(29 * 86_400)
  await w.settled()
  for (let i = 0; i < 60; i++) await w.tick(0) // what is done each minute is done
  expect((await states(w)).sort()).toEqual(['expired sent', 'requested sent'])
  await w.tick(2 * 86_400)
  for (let i = 0; i < 60; i++) await w.tick(0)
  await until(async () => (await w.rows()).length === 1) // it was written down that it expired 29 days later than it was asked
  expect(await states(w)).toEqual(['expired sent'])
})
