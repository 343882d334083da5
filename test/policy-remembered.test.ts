/** Approvals that people have remembered: bound to the agent as others vouch for it, to tasks of a pattern, to scopes and to a time. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openAuthority } from '../authority/node/open.ts'
import { isTaskOf } from '../authority/policy/remember.ts'
import { callers, message } from './authority-rig.ts'
import { consoleOffice, type Insider, type Office, PEOPLE, ROLES, textOf } from './console-client.ts'
import { signInThere } from './fake-provider.ts'
import { temporaryFolder } from './folders.ts'
import { AUTHORITY, authoritySettings } from './parties.ts'
import { ecPair } from './spec/jws-fixture.ts'
import { attested, HOLDER, VENDOR, VENDOR_KEY } from './vendor.ts'

const DAY = 86_400
const ISSUER = { attestation: { issuers: [{ issuer: VENDOR, keys: [VENDOR_KEY.jwk] }] } }
const office = (more: Record<string, unknown> = {}) => consoleOffice({ policy: { remember_days: 30 }, ...ISSUER, ...more })
const task = (id: string) => ({ task: { id, description: 'x' } })
const agents = (o: Office, id = 'ticket-1', more: object = {}) => ({ ...attested(o), ...task(id), ...more })

/** Approves with what is given remembered. */
const approve = async (who: Insider, ref: string, fields: Record<string, string | undefined> = {}) =>
  who.submit(await who.open(`/requests/${ref}`), '/approve', { remember_hours: '24', task_pattern: 'ticket-*', ...fields })

async function remembered(o: Office, fields: Record<string, string | undefined> = {}) {
  const ada = await o.signedIn(PEOPLE.ada)
  const { ref } = await o.asked(PEOPLE.ada.email, agents(o))
  const sent = await approve(ada, ref, fields)
  return { ada, ref, sent }
}
const list = async (o: Office) => ((await (await o.manage('/remembered')).json()) as { remembered: { ref: string; uses: number }[] }).remembered

test('what somebody had remembered is approved without asking: the same agent, a task of the pattern, what was approved; and all may read why', async () => {
  const o = await office()
  const { sent } = await remembered(o, { 'scope:tickets:write': undefined })
  expect(sent.headers.get('location')).toContain('done=remembered')
  const { id, status } = await o.requested(agents(o, 'ticket-2'))
  expect(status).toBe('approved')
  const [row] = await list(o)
  expect(row).toMatchObject({ tasks: 'ticket-*', scope: ['tickets:read'], by: 'ada@acme.example', vouched_by: VENDOR, uses: 1 })
  expect(await o.show(id)).toMatchObject({
    decided_by: 'remembered approval of ada@acme.example',
    shown: {
      policy: {
        why: [
          { policy: 'the default', effect: 'ask' },
          { policy: 'remembered approval', effect: 'approve', scopes: ['tickets:read'] },
        ],
      },
    },
  })
  expect(
    (await o.trail())
      .filter(({ event }) => event === 'remembered' || event === 'decision')
      .map((one) => [one.event, one.outcome, one.by, one.scope, one.remembered]),
  ).toEqual([
    ['remembered', 'added', 'ada@acme.example', ['tickets:read'], row?.ref],
    ['decision', 'approved', 'ada@acme.example', ['tickets:read'], undefined],
    ['decision', 'approved', 'remembered approval', ['tickets:read'], row?.ref],
  ])
})

test.each<[string, (o: Office) => object]>([
  ['a task of another pattern', (o) => agents(o, 'deploy-1')],
  ['another user', (o) => agents(o, 'ticket-2', { user: { email: PEOPLE.ben.email } })],
  ['another kind of access', (o) => agents(o, 'ticket-2', { type: 'browser_session' })],
  ['another agent of the same vendor', (o) => ({ ...attested(o, { claims: { sub: 'another' } }), ...task('ticket-2') })],
  ['somebody who only calls itself so', () => ({ harness: { id: 'test-harness' }, ...task('ticket-2') })],
])('%s is asked about', async (_, asking) => {
  const o = await office()
  await remembered(o)
  expect(await o.requested(asking(o))).toMatchObject({ status: 'pending' })
  expect(await o.requested(agents(o, 'ticket-3'))).toMatchObject({ status: 'approved' })
})

test('a session that begins elsewhere than the one that was approved is asked about', async () => {
  const o = await office()
  const ada = await o.signedIn(PEOPLE.ada)
  const session = (path: string) => agents(o, 'ticket-1', { type: 'browser_session', intent: { destination_url: `https://desk.example${path}` } })
  const { ref } = await o.asked(PEOPLE.ada.email, session('/one'))
  await approve(ada, ref)
  expect(await o.requested(session('/two'))).toMatchObject({ status: 'pending' })
  expect(await o.requested(session('/one'))).toMatchObject({ status: 'approved' })
})

test('it ends when its time is over', async () => {
  const o = await office()
  await remembered(o)
  o.pass(DAY - 60)
  expect(await o.requested(agents(o, 'ticket-2'))).toMatchObject({ status: 'approved' })
  o.pass(61)
  expect(await o.requested(agents(o, 'ticket-3'))).toMatchObject({ status: 'pending' })
})

test('the agent of an unverified harness is remembered by nobody: anybody could call itself so', async () => {
  const o = await office()
  const ada = await o.signedIn(PEOPLE.ada)
  const { ref } = await o.asked(PEOPLE.ada.email, task('ticket-1'))
  expect((await ada.open(`/requests/${ref}`)).html).not.toContain('Remember this approval')
  expect((await approve(ada, ref)).status).toBe(422)
  expect(await o.standsAt(ref)).toBe('pending')
})

test('of a registered key it is the key that is remembered: one registered again under its name is another', async () => {
  const o = await office()
  const bound = (jwk: object, id: string) => ({ harness: { id: 'test-harness', cnf: { jwk } }, ...task(id) })
  const register = (jwk: object) => o.manage('/harness-keys', { name: 'laptop', jwk })
  await register(HOLDER.jwk)
  const ada = await o.signedIn(PEOPLE.ada)
  const { ref } = await o.asked(PEOPLE.ada.email, bound(HOLDER.jwk, 'ticket-1'))
  await approve(ada, ref)
  const other = ecPair('P-256')
  await register(other.jwk)
  expect(await o.requested(bound(other.jwk, 'ticket-2'))).toMatchObject({ status: 'pending' })
  expect(await o.requested(bound(HOLDER.jwk, 'ticket-2'))).toMatchObject({ status: 'approved' })
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

test('the pattern is of this very task, and the time within what the settings allow', async () => {
  const o = await office({ policy: { remember_days: 7 } })
  const ada = await o.signedIn(PEOPLE.ada)
  const { ref } = await o.asked(PEOPLE.ada.email, agents(o))
  expect((await ada.open(`/requests/${ref}`)).html).not.toContain('30 days')
  expect((await approve(ada, ref, { task_pattern: 'deploy-*' })).status).toBe(422)
  expect((await approve(ada, ref, { task_pattern: '' })).status).toBe(422)
  expect((await approve(ada, ref, { remember_hours: '169' })).status).toBe(422)
  expect(await o.standsAt(ref)).toBe('pending')
  expect((await approve(ada, ref, { remember_hours: '168' })).status).toBe(303)
})

test('nothing is remembered unless the settings say so', async () => {
  const o = await office({ policy: {} })
  const ada = await o.signedIn(PEOPLE.ada)
  const { ref } = await o.asked(PEOPLE.ada.email, agents(o))
  expect((await ada.open(`/requests/${ref}`)).html).not.toContain('Remember this approval')
  expect((await approve(ada, ref)).status).toBe(422)
})

test('what asks more than a sign-in of its approver is asked for each time', async () => {
  const rules = [{ scopes: ['tickets:write'], require: 'recent_sign_in' }]
  const o = await office({ console: { step_up: { recent_minutes: 5, rules } } })
  await remembered(o)
  const { id, status } = await o.requested(agents(o, 'ticket-2'))
  expect(status).toBe('approved')
  expect((await list(o))[0]).toMatchObject({ scope: ['tickets:read'] })
  expect((await o.show(id)).shown).toMatchObject({ policy: { why: [{}, { scopes: ['tickets:read'] }] } })
})

const ASK = 'permit (principal, action == AgentPass::Action::"ask", resource);'
async function withPolicy(text: string) {
  const file = join(temporaryFolder(), 'policy.cedar')
  writeFileSync(file, text)
  return { o: await office({ policy: { file, remember_days: 30 } }), write: (next: string) => writeFileSync(file, next) }
}

test('policy comes first: what it denies, or forbids without a person, no memory approves', async () => {
  const { o } = await withPolicy(`${ASK}
forbid (principal, action == AgentPass::Action::"approve", resource) when { resource.name == "tickets:write" };
forbid (principal, action, resource) when { context.task.id == "ticket-9" };`)
  const { sent } = await remembered(o)
  expect(sent.status).toBe(303)
  expect((await list(o))[0]).toMatchObject({ scope: ['tickets:read'] })
  expect(await o.requested(agents(o, 'ticket-2'))).toMatchObject({ status: 'approved' })
  expect(await o.requested(agents(o, 'ticket-9'))).toMatchObject({ status: 'denied' })
})

test('what two people must approve is remembered by nobody', async () => {
  const { o } = await withPolicy(`@approvals("2") ${ASK}`)
  const { sent } = await remembered(o)
  expect(sent.status).toBe(422)
})

test('an approval of somebody whom policy would not name counts no more', async () => {
  const { o } = await withPolicy(`@approvers("group:support") ${ASK}`)
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
  const { o } = await withPolicy(`@approvers("group:finance-leads") ${ASK}`)
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

test('whose requests need a number is asked for it each time', async () => {
  const o = await office({ console: { number_matching: 'always' } })
  const ada = await o.signedIn(PEOPLE.ada)
  const { id, ref } = await o.asked(PEOPLE.ada.email, agents(o))
  const { approval_number: number } = (await (await o.status(id)).json()) as { approval_number: string }
  expect((await ada.open(`/requests/${ref}`)).html).not.toContain('Remember this approval')
  expect((await approve(ada, ref, { number })).status).toBe(422)
  expect((await approve(ada, ref, { number, remember_hours: '0' })).status).toBe(303)
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

test.each([
  ['ticket-*', 'ticket-1', true],
  ['ticket-*', 'ticket-', true],
  ['ticket-*', 'xticket-1', false],
  ['*', 'anything', true],
  ['a*b*c', 'a1b2c', true],
  ['a*b*c', 'abc', true],
  ['a*b*c', 'acb', false],
  ['ab*ba', 'aba', false],
  ['*a*', 'bbb', false],
  ['*-7', 'x-7', true],
  ['t.1', 't-1', false],
  ['t-1', 't-1', true],
  ['t-1', 't-10', false],
])('the pattern %s is of the task %s: %s', (pattern, id, is) => {
  expect(isTaskOf(pattern, id)).toBe(is)
})

test('a pattern made to take long is looked at quickly', () => {
  expect(isTaskOf(`${'a*'.repeat(500)}b`, 'a'.repeat(1024))).toBe(false)
})
