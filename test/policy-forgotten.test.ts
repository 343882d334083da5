/** How a remembered approval ends: with its time, by whoever may end it, with what it has given, and with whatever made it good. */
import { calculateJwkThumbprint } from 'jose'
import { expect, onTestFinished, test } from 'vitest'
import { openAuthority } from '../authority/node/open.ts'
import { callers, message } from './authority-rig.ts'
import { PEOPLE, ROLES, textOf } from './console-client.ts'
import { signInThere } from './fake-provider.ts'
import { AUTHORITY, authoritySettings } from './parties.ts'
import { ASK, agents, approve, ISSUER, list, office, officeWithPolicy, remembered, task } from './remembered-rig.ts'
import { ecPair, type Members } from './spec/jws-fixture.ts'
import { attested } from './vendor.ts'

const DAY = 86_400

test('it ends when its time is over', async () => {
  const o = await office()
  await remembered(o)
  o.pass(DAY - 60)
  expect(await o.requested(agents(o, 'ticket-2'))).toMatchObject({ status: 'approved' })
  o.pass(61)
  expect(await o.requested(agents(o, 'ticket-3'))).toMatchObject({ status: 'pending' })
})

test('whoever may end it ends it, and such requests are asked about again; others neither see nor end it', async () => {
  const o = await office()
  const { ada } = await remembered(o)
  const [dan, ida] = [await o.signedIn(PEOPLE.dan), await o.signedIn(PEOPLE.ida)]
  expect(textOf(await dan.open('/remembered'))).toContain('No approval is remembered')
  const page = await ada.open('/remembered')
  expect(textOf(page)).toMatch(/test-harness.*ada@acme.example.*ticket-\*.*tickets:read tickets:write/)
  const [row] = await list(o)
  const forged = { form_token: /name="form_token" value="([^"]+)"/.exec((await dan.open('/requests')).html)?.[1] ?? '', ref: row?.ref ?? '' }
  const theirs = { form: forged, follow: false, headers: { origin: AUTHORITY, 'sec-fetch-site': 'same-origin' } }
  expect((await dan.open('/remembered/end', theirs)).status).toBe(404)
  expect(textOf(await ida.open('/remembered'))).toContain('test-harness')
  expect((await ada.submit(page, '/remembered/end')).headers.get('location')).toContain('done=forgotten')
  expect(await o.requested(agents(o, 'ticket-2'))).toMatchObject({ status: 'pending' })
  expect(await list(o)).toEqual([])
  expect((await o.trail()).find(({ event, outcome }) => event === 'remembered' && outcome === 'ended')).toMatchObject({
    by: 'ada@acme.example',
    remembered: row?.ref,
  })
})

test.each<[string, object]>([
  ['a user', { user: PEOPLE.ada.email }],
  ['a service', { service: 'https://desk.example' }],
  ['everything', { all: true }],
])('ending %s ends what is remembered of it', async (_, which) => {
  const o = await office()
  await remembered(o)
  expect(await (await o.manage('/revocations', which)).json()).toMatchObject({ remembered: 1 })
  expect(await o.requested(agents(o, 'ticket-2'))).toMatchObject({ status: 'pending' })
})

test('ending all of a key ends what was remembered when it had asked, and what it was approved by: an attested agent has another key each time', async () => {
  const o = await office()
  const [first, second] = [ecPair('P-256').jwk, ecPair('P-256').jwk]
  const keyed = (id: string, jwk: Members) => ({ ...attested(o, { claims: { cnf: { jwk } }, harness: { cnf: { jwk } } }), ...task(id) })
  const end = async (jwk: Members) => (await o.manage('/revocations', { harness_key: await calculateJwkThumbprint(jwk) })).json()
  const ada = await o.signedIn(PEOPLE.ada)
  for (const key of [first, second]) {
    const { ref } = await o.asked(PEOPLE.ada.email, keyed('ticket-1', first))
    await approve(ada, ref)
    o.pass(900) // of what was approved nothing is alive, but for what the second has now
    expect(await o.requested(keyed('ticket-2', second))).toMatchObject({ status: 'approved' })
    expect(await end(key)).toMatchObject({ remembered: 1, passes: key === first ? 0 : 1 })
    expect(await o.requested(agents(o, 'ticket-3'))).toMatchObject({ status: 'pending' })
  }
})

test('a Service that closes what it has approved as revoked ends it, and one that has completed it does not', async () => {
  const o = await office()
  await remembered(o)
  const closed = async (action: string) => {
    const { authorizationId } = await o.redeemed(agents(o, 'ticket-2'))
    expect((await o.close(authorizationId, o.desk.bearer(), action)).status).toBe(200)
    return (await list(o)).length
  }
  expect([await closed('complete'), await closed('revoke')]).toEqual([1, 0])
  expect((await o.trail()).findLast(({ event }) => event === 'remembered')).toMatchObject({ outcome: 'ended', by: 'https://desk.example' })
})

test('an approval counts no more when an admin has ended the sessions of whoever gave it by their group, until they sign in again', async () => {
  const o = await office()
  const [cleo, ida] = [await o.signedIn(PEOPLE.cleo), await o.signedIn(PEOPLE.ida)]
  await o.signedIn(PEOPLE.ada)
  const { ref } = await o.asked(PEOPLE.ada.email, agents(o))
  await approve(cleo, ref)
  const isApproved = async (id: string) => (await o.requested(agents(o, id))).status === 'approved'
  expect(await isApproved('ticket-2')).toBe(true)
  await ida.send('/harness-keys', '/sessions/end', { email: PEOPLE.cleo.email })
  expect(await isApproved('ticket-3')).toBe(false)
  await o.signedIn(PEOPLE.cleo)
  expect(await isApproved('ticket-4')).toBe(true)
})

test('an approval of somebody whom policy would not name counts no more', async () => {
  const o = await officeWithPolicy(`@approvers("group:support") ${ASK}`)
  await remembered(o)
  expect(await o.requested(agents(o, 'ticket-2'))).toMatchObject({ status: 'approved' })
  await o.signedIn({ ...PEOPLE.ada, groups: [] }) // the provider says now that she has left
  expect(await o.requested(agents(o, 'ticket-3'))).toMatchObject({ status: 'pending' })
})

test('an approval of somebody who has lost the role counts no more', async () => {
  const o = await office()
  const cleo = await o.signedIn(PEOPLE.cleo)
  await o.signedIn(PEOPLE.ada) // in the group for which Cleo decides
  const { ref } = await o.asked(PEOPLE.ada.email, agents(o))
  expect((await approve(cleo, ref)).status).toBe(303)
  expect(await o.requested(agents(o, 'ticket-2'))).toMatchObject({ status: 'approved' })
  await o.signedIn({ ...PEOPLE.cleo, groups: [] })
  expect(await o.requested(agents(o, 'ticket-3'))).toMatchObject({ status: 'pending' })
})

test('whom policy alone names sees what they have had remembered, and ends it', async () => {
  const o = await officeWithPolicy(`@approvers("group:finance-leads") ${ASK}`)
  const eve = await o.signedIn(PEOPLE.eve)
  const { ref } = await o.asked(PEOPLE.ada.email, agents(o))
  expect((await approve(eve, ref)).status).toBe(303)
  expect((await eve.send('/remembered', '/remembered/end')).headers.get('location')).toContain('done=forgotten')
  expect(await list(o)).toEqual([])
})

test('revoking what it has given, or the request that it was made with, ends it', async () => {
  const o = await office()
  const { ref } = await remembered(o)
  const given = await o.approved(agents(o, 'ticket-2'))
  expect((await o.act('revoke', given.id)).status).toBe(200)
  expect(await o.requested(agents(o, 'ticket-3'))).toMatchObject({ status: 'pending' })
  const ada = await o.signedIn(PEOPLE.ada)
  const again = await o.asked(PEOPLE.ada.email, agents(o))
  await approve(ada, again.ref)
  expect(await list(o)).toHaveLength(1)
  expect((await o.act('revoke', again.ref)).status).toBe(200)
  expect(await list(o)).toEqual([])
  expect(ref).not.toBe(again.ref)
})

test('revoking an authorization that it has given ends it', async () => {
  const o = await office()
  await remembered(o)
  const { authorizationId } = await o.redeemed(agents(o, 'ticket-2'))
  expect(await (await o.manage('/revocations', { authorization_id: authorizationId })).json()).toMatchObject({ authorizations: 1, remembered: 1 })
  expect(await list(o)).toEqual([])
})

test.each<[string, object]>([
  ['a scope needs a passkey now', { console: { step_up: { rules: [{ require: 'passkey' }] } } }],
  ['numbers are matched now', { console: { number_matching: 'always' } }],
  ['approvals are remembered for a shorter time now', { policy: { remember_days: 1 } }],
  ['approvals are remembered no more', { policy: {} }],
  ['nobody is an approver any more', { console: { roles: [] } }],
])('where %s, what was remembered before does not count', async (_, changed) => {
  const o = await office()
  const cleo = await o.signedIn(PEOPLE.cleo)
  await o.signedIn(PEOPLE.ada)
  const { ref } = await o.asked(PEOPLE.ada.email, agents(o))
  await approve(cleo, ref, { remember_hours: '168' })
  o.pass(2 * DAY)
  expect(await o.requested(agents(o, 'ticket-2'))).toMatchObject({ status: 'approved' })
  const { policy, console: pages, ...rest } = { policy: { remember_days: 30 }, console: {}, ...changed }
  const settings = authoritySettings({ ...ISSUER, policy, ...rest, console: { sign_in: signInThere, roles: ROLES, ...pages } })
  const second = await openAuthority({ ...o.authority.opening, settings })
  onTestFinished(second.stop)
  const here = callers(second, o.authority.opening.adminToken)
  expect(await (await here.issue(message(agents(o, 'ticket-3')))).json()).toMatchObject({ status: 'pending' })
})
