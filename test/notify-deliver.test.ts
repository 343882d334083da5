/** Whatever is to be told arrives at least once, by whichever instance takes it first, and nobody waits for anybody else. */
import { expect, test } from 'vitest'
import { turns } from './authority-rig.ts'
import { GENERIC, HOOK, LOST, type Notifying, notifying, REST, SLACK } from './notify-rig.ts'
import { until } from './push-rig.ts'

const QUIET = { roles: [], notifications: { remind_after_seconds: 'off' } }
const HOOKED = { ...QUIET, email: false as const, webhooks: [GENERIC] }
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
  await w.settled() // noticed, and not sent: Ada has just had a mail
  w.smtp.state.onMail = () => 'hang'
  await w.tick(REST)
  await until(() => w.smtp.mails.length === 2)
  w.smtp.state.onMail = undefined
  await w.asked()
  await until(async () => (await w.rows()).length === 4)
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
  await until(async () => (await w.rows()).length === 2)
  await w.settled()
  for (let i = 0; i < 60; i++) await w.tick(0) // what is done each minute is done
  expect((await states(w)).sort()).toEqual(['expired sent', 'requested sent'])
  await w.tick(2 * 86_400)
  for (let i = 0; i < 60; i++) await w.tick(0)
  await until(async () => (await w.rows()).length === 1) // it was written down that it expired 29 days later than it was asked
  expect(await states(w)).toEqual(['expired sent'])
})
