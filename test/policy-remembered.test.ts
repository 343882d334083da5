/** Approvals that people have remembered: bound to the agent as others vouch for it, to tasks of a pattern and to scopes. */
import { expect, test } from 'vitest'
import { isTaskOf } from '../authority/policy/remember.ts'
import type { AuthorityTables } from '../authority/store/schema.ts'
import { type Office, PEOPLE, textOf } from './console-client.ts'
import { ASK, agents, approve, list, office, officeWithPolicy, remembered, task } from './remembered-rig.ts'
import { ecPair } from './spec/jws-fixture.ts'
import { attested, HOLDER, VENDOR } from './vendor.ts'

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

test('policy comes first: what it denies, or forbids without a person, no memory approves', async () => {
  const o = await officeWithPolicy(`${ASK}
forbid (principal, action == AgentPass::Action::"approve", resource) when { resource.name == "tickets:write" };
forbid (principal, action, resource) when { context.task.id == "ticket-9" };`)
  const { sent } = await remembered(o)
  expect(sent.status).toBe(303)
  expect((await list(o))[0]).toMatchObject({ scope: ['tickets:read'] })
  expect(await o.requested(agents(o, 'ticket-2'))).toMatchObject({ status: 'approved' })
  expect(await o.requested(agents(o, 'ticket-9'))).toMatchObject({ status: 'denied' })
})

test('what two people must approve is remembered by nobody', async () => {
  const o = await officeWithPolicy(`@approvals("2") ${ASK}`)
  const { sent } = await remembered(o)
  expect(sent.status).toBe(422)
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

test('the page shows the newest two hundred, and says that there are more', async () => {
  const o = await office()
  const { ada } = await remembered(o)
  const db = o.database<AuthorityTables>()
  const [row] = await db.read.selectFrom('remembered').selectAll().execute()
  await db.write(async (tx) => {
    for (let i = 0; i < 200; i++)
      await tx
        .insertInto('remembered')
        .values({ ...row!, ref: `other-${i}` })
        .execute()
  })
  expect(textOf(await ada.open('/remembered'))).toContain('These are the newest.')
  expect((await ada.open('/remembered')).html.match(/<tr>/g)).toHaveLength(201)
  expect(await list(o)).toHaveLength(201)
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
