/** Who is told what of a request, and that nobody is told twice. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { addApproval } from '../authority/store/approvals.ts'
import { digestOf } from '../authority/store/digest.ts'
import { noteSignedOut } from '../authority/store/person-groups.ts'
import { APPROVING } from './authority-rig.ts'
import { temporaryFolder } from './folders.ts'
import { ADA, GENERIC, type Notifying, notifying } from './notify-rig.ts'
import { SERVICE } from './parties.ts'
import { until } from './push-rig.ts'

const CLEO = 'cleo@acme.example'
const LEA = 'lea@acme.example'
const typeOf = (body: string): string => JSON.parse(body).type
const mailed = (w: Notifying): string[] => w.smtp.mails.map(({ to, headers }) => `${to}: ${headers.subject}`).sort()
const approver = (who: object, of: object = {}) => [{ role: 'approver', ...who, for: of }]

test.each<[string, object[], string[]]>([
  ['nobody has a role', [], []],
  ['a person decides all', approver({ people: [LEA] }), [LEA]],
  ['a person is named in another spelling of the domain', approver({ people: ['lea@ACME.example'] }), [LEA]],
  ['all of a domain decide, which names nobody', approver({ people: ['@acme.example'] }), []],
  ['a group decides: who was in it when they last signed in', approver({ groups: ['desk-leads'] }), [CLEO, LEA]],
  ['a group decides that nobody was in', approver({ groups: ['nobody'] }), []],
  ['somebody decides for this user', approver({ people: [LEA] }, { users: [ADA] }), [LEA]],
  ['somebody decides for the domain', approver({ people: [LEA] }, { users: ['@acme.example'] }), [LEA]],
  ['somebody decides for another user', approver({ people: [LEA] }, { users: ['ben@acme.example'] }), []],
  ['somebody decides for a group of the user', approver({ people: [LEA] }, { groups: ['support'] }), [LEA]],
  ['somebody decides for a group that the user is not in', approver({ people: [LEA] }, { groups: ['finance'] }), []],
  [
    'somebody decides for another user or a group of this one',
    approver({ people: [LEA] }, { users: ['x@acme.example'], groups: ['support'] }),
    [LEA],
  ],
  ['somebody decides at this Service', approver({ people: [LEA] }, { services: [SERVICE] }), [LEA]],
  ['somebody decides at another Service', approver({ people: [LEA] }, { services: ['https://wiki.example'] }), []],
  ['somebody decides by two roles', [...approver({ people: [LEA] }), ...approver({ groups: ['desk-leads'] })], [CLEO, LEA]],
  ['the user decides by a role too', approver({ people: [ADA] }), []],
  [
    'somebody is an auditor, or an admin',
    [
      { role: 'auditor', people: [LEA] },
      { role: 'admin', groups: ['desk-leads'] },
    ],
    [],
  ],
])('where %s, its user and they are asked, each once', async (_, roles, others) => {
  const w = await notifying({ roles })
  await w.signedIn({ [ADA]: ['support'], [CLEO]: ['desk-leads'], [LEA]: ['desk-leads'] })
  await w.asked()
  await w.settled()
  expect(w.smtp.mails.map(({ to }) => to).sort()).toEqual([ADA, ...others].sort())
})

test.each<[string, string, string[]]>([
  ['an address and a group', '@approvers("lea@acme.example, group:desk-leads")', [CLEO, LEA]],
  ['a group, and the user', '@approvers("user, group:finance")', []],
  ['nobody', '', [LEA]],
])('where policy names %s, its user and they are asked, and those with a role only where it names nobody', async (_, annotation, others) => {
  const file = join(temporaryFolder(), 'policy.cedar')
  writeFileSync(file, `${annotation} permit (principal, action == AgentPass::Action::"ask", resource);`)
  const w = await notifying({ roles: approver({ people: [LEA] }), policy: { file } })
  await w.signedIn({ [ADA]: ['support'], [CLEO]: ['desk-leads'], [LEA]: ['desk-leads'] })
  await w.asked()
  await w.settled()
  expect(w.smtp.mails.map(({ to }) => to).sort()).toEqual([ADA, ...others].sort())
})

test('whose sessions an admin has ended is asked by no group, until they sign in again', async () => {
  const w = await notifying({ roles: approver({ groups: ['desk-leads'] }) })
  await w.signedIn({ [CLEO]: ['desk-leads'], [LEA]: ['desk-leads'] })
  await w.db.write((tx) => noteSignedOut(tx, CLEO, w.now()))
  await w.asked()
  await w.settled()
  expect(w.smtp.mails.map(({ to }) => to).sort()).toEqual([ADA, LEA])
})

test('where two people must approve, whoever has approved is not reminded, and the others are', async () => {
  const file = join(temporaryFolder(), 'policy.cedar')
  writeFileSync(file, '@approvals("2") permit (principal, action == AgentPass::Action::"ask", resource);')
  const w = await notifying({ roles: approver({ people: [LEA] }), policy: { file } })
  const { id } = await w.asked()
  await w.settled()
  await w.db.write((tx) => addApproval(tx, { request_digest: digestOf(id), by: ADA, scope: '["tickets:read"]', at: w.now() }))
  await w.tick(450)
  await w.settled()
  expect(mailed(w).filter((line) => line.includes('Still waiting'))).toEqual([`${LEA}: Still waiting: an agent asks for access at desk.example`])
})

test('of a group of thousands a hundred are asked, and its user', async () => {
  const w = await notifying({ roles: approver({ groups: ['everybody'] }), notifications: { remind_after_seconds: 'off' } })
  await w.signedIn(Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`p${i}@acme.example`, ['everybody']])))
  await w.asked()
  await w.settled()
  expect(new Set((await w.rows()).map(({ recipient }) => recipient)).size).toBe(101)
})

test('where two policies name people, those are asked whom both name', async () => {
  const file = join(temporaryFolder(), 'policy.cedar')
  const ask = 'permit (principal, action == AgentPass::Action::"ask", resource);'
  writeFileSync(file, `@approvers("lea@acme.example, dan@acme.example") ${ask}\n@approvers("group:desk-leads") ${ask}`)
  const w = await notifying({ policy: { file } })
  await w.signedIn({ [CLEO]: ['desk-leads'], [LEA]: ['desk-leads'] })
  await w.asked()
  await w.settled()
  expect(w.smtp.mails.map(({ to }) => to).sort()).toEqual([ADA, LEA])
})

const ended: Record<string, (w: Notifying, id: string) => Promise<unknown>> = {
  approved: (w, id) => w.act('approve', id),
  denied: (w, id) => w.act('deny', id),
  canceled: (w, id) => w.cancel(id),
  expired: async (w) => {
    await w.tick(900)
    await until(async () => (await w.rows()).some(({ kind }) => kind === 'expired'))
  },
}

test.each([
  ['approved', 'Approved: access of an agent at desk.example', 'request.approved'],
  ['denied', 'Denied: access of an agent at desk.example', 'request.denied'],
  ['canceled', 'Taken back: access of an agent at desk.example', 'request.canceled'],
  ['expired', 'Not decided in time: access of an agent at desk.example', 'request.expired'],
])('of a request that is %s its user is told by mail and nobody else, and the webhook', async (how, subject, type) => {
  const w = await notifying({ webhooks: [GENERIC], notifications: { remind_after_seconds: 'off' } })
  const { id } = await w.asked()
  await w.settled()
  w.smtp.mails.splice(0)
  await ended[how]?.(w, id)
  await w.tick(15)
  await w.settled()
  expect(mailed(w)).toEqual([`${ADA}: ${subject}`])
  expect(w.hooks.heard.map(({ body }) => typeOf(body))).toEqual(['request.created', type])
})

test('of what was approved and is revoked its user is told both times, in the thread of the first mail', async () => {
  const w = await notifying({ webhooks: [GENERIC] })
  const { id } = await w.asked()
  await w.settled()
  for (const verb of ['approve', 'revoke']) {
    await w.act(verb, id)
    await w.tick(15)
    await w.settled()
  }
  const mails = w.smtp.mails.filter(({ to }) => to === ADA).map(({ headers }) => headers)
  expect(mails.map(({ subject }) => subject?.split(':')[0])).toEqual(['An agent asks for access at desk.example', 'Approved', 'Ended'])
  const ids = mails.map((headers) => headers['message-id'])
  expect(new Set(ids).size).toBe(3)
  expect(mails.map(({ references }) => references)).toEqual([undefined, ids[0], `${ids[0]} ${ids[1]}`])
  expect(mails.map((headers) => headers['in-reply-to'])).toEqual([undefined, ids[0], ids[1]])
  expect(w.hooks.heard.map(({ body }) => typeOf(body))).toEqual(['request.created', 'request.approved', 'request.revoked'])
})

test('that its Service has ended an authorization is told; that the work is done is not', async () => {
  const w = await notifying({ webhooks: [GENERIC] })
  for (const action of ['complete', 'revoke']) {
    const { authorizationId } = await w.redeemed()
    await w.close(authorizationId, w.desk.bearer(), action)
  }
  await w.settled()
  expect(w.hooks.heard.map(({ body }) => typeOf(body)).filter((type) => type === 'request.revoked')).toHaveLength(1)
})

test('what policy decides at once asks nobody and is written to nobody; webhooks hear of it', async () => {
  const w = await notifying({ ...APPROVING, webhooks: [GENERIC] })
  await w.asked()
  await w.settled()
  expect([w.smtp.mails, w.hooks.heard.map(({ body }) => typeOf(body))]).toEqual([[], ['request.approved']])
  expect((await w.rows()).map(({ kind }) => kind)).toEqual(['approved'])
})

test('a webhook hears of what its settings name, and users of outcomes unless these say not', async () => {
  const w = await notifying({ email: { outcomes: false }, webhooks: [{ ...GENERIC, on: ['denied'] }] })
  const { id } = await w.asked()
  await w.settled()
  await w.act('deny', id)
  await w.tick(15)
  await w.settled()
  expect(w.hooks.heard.map(({ body }) => typeOf(body))).toEqual(['request.denied'])
  expect(w.smtp.mails.map(({ to }) => to).sort()).toEqual([ADA, LEA])
})

test('a request that was decided before anybody looked asks nobody', async () => {
  const w = await notifying()
  const { id } = await w.asked()
  await w.act('deny', id)
  await w.settled()
  expect(mailed(w)).toEqual([`${ADA}: Denied: access of an agent at desk.example`])
  expect((await w.rows()).map(({ kind }) => kind)).toEqual(['denied'])
})

test('whoever reads the same of the trail again tells nobody again', async () => {
  const w = await notifying({ webhooks: [GENERIC] })
  const { id } = await w.asked()
  await w.act('approve', id)
  await w.asked()
  await w.settled()
  const before = await w.rows()
  await w.db.write((tx) => tx.updateTable('notification_cursor').set({ seq: 0 }).execute())
  await w.tick(15)
  await w.settled()
  expect((await w.rows()).map((row) => row.id).sort()).toEqual(before.map((row) => row.id).sort())
})

test('an Authority that begins to notify tells nobody of old times, and of all that comes after', async () => {
  const w = await notifying({ roles: [] })
  await w.asked()
  await w.settled()
  await w.authority.stop()
  await w.db.write(async (tx) => {
    await tx.deleteFrom('notification').execute()
    await tx.deleteFrom('notification_cursor').execute()
  })
  w.smtp.mails.splice(0)
  const again = await w.another()
  await again.issue()
  await until(async () => (await w.rows()).length > 0)
  await w.settled()
  expect(w.smtp.mails.map(({ headers }) => headers.subject)).toEqual(['An agent asks for access at desk.example'])
})

test('without notifications in the settings nothing is read or written for them', async () => {
  const w = await notifying({ notifications: false })
  await w.asked()
  await w.manage('/ready')
  await w.tick()
  expect([await w.rows(), await w.db.read.selectFrom('notification_cursor').selectAll().execute()]).toEqual([[], []])
  expect(await (await w.manage('/metrics')).text()).not.toContain('agentpass_notifications')
})
