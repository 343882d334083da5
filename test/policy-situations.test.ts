/** What a policy file decides, and why: situations of an enterprise, each with the decision and the policies that took it. */
import { expect, test } from 'vitest'
import { type Situation, summaryOf, tryOut } from '../authority/policy/situation.ts'
import { ACME_POLICY, cedar } from './policy-rig.ts'

type Given = Omit<Situation, 'name' | 'expect'>

const DESK = ['tickets:read', 'tickets:write', 'tickets:admin']
const attested: Given = { agent: 'helper', tier: 'attested', vouched_by: 'https://vendor.example' }
const support: Given = { ...attested, groups: ['support'], service: 'https://desk.example', offered: DESK }
const ci: Given = {
  agent: 'repo:acme/desk',
  tier: 'attested',
  vouched_by: 'Acme CI',
  service: 'https://builds.example',
  task: 'nightly-7',
  offered: ['build:read', 'build:run'],
}
const laptop: Given = {
  agent: 'editor',
  tier: 'registered',
  vouched_by: "ada's laptop",
  service: 'https://wiki.example',
  offered: ['pages:read', 'pages:write'],
}
const stranger: Given = { agent: 'helper', service: 'https://desk.example', offered: DESK }
const payroll: Given = { ...attested, service: 'https://payroll.example', offered: ['salaries:read'] }

const approve = (scope: string[], policies: string[]) => ({ decision: 'approve' as const, scope, policies })
const ask = (scope: string[], policies: string[] = ['people-first'], more: object = {}) => ({ decision: 'ask' as const, scope, policies, ...more })
const deny = (...policies: string[]) => ({ decision: 'deny' as const, policies })
const NOT_ADMIN = ['people-first', 'no-unverified-admin']

const TABLE: [string, Given, Situation['expect']][] = [
  ['support reads through a vouched agent', support, approve(['tickets:read'], ['support-reads'])],
  ['somebody of two groups is in each', { ...support, groups: ['staff', 'support'] }, approve(['tickets:read'], ['support-reads'])],
  ['somebody of another group is asked', { ...support, groups: ['sales'] }, ask(DESK)],
  ['a group is compared letter by letter', { ...support, groups: ['Support'] }, ask(DESK)],
  ['somebody of no group is asked', { ...support, groups: [] }, ask(DESK)],
  ['where reading is not offered, a person is asked about the rest', { ...support, offered: ['tickets:write'] }, ask(['tickets:write'])],
  ['a scope whose name only begins like an approved one is another', { ...support, offered: ['tickets:read-all'] }, ask(['tickets:read-all'])],
  ['another Service with the same scopes is another', { ...support, service: 'https://desk.example.evil.example' }, ask(DESK)],
  ['a Service on another port is another', { ...support, service: 'https://desk.example:8443' }, ask(DESK)],
  [
    'an agent that names itself so is not the one that is vouched for',
    { ...stranger, groups: ['support'] },
    ask(['tickets:read', 'tickets:write'], NOT_ADMIN),
  ],
  ['a registered key is not an attestation', { ...support, tier: 'registered', vouched_by: 'https://vendor.example' }, ask(DESK)],
  ['at eight in the morning the office is open', { ...support, at: '2026-11-30T08:00:00Z' }, approve(['tickets:read'], ['support-reads'])],
  ['a minute before eight it is not', { ...support, at: '2026-11-30T07:59:59Z' }, ask(DESK, ['office-hours', 'people-first'])],
  ['a second before six in the evening it is open', { ...support, at: '2026-11-30T17:59:59Z' }, approve(['tickets:read'], ['support-reads'])],
  ['at six in the evening it is not', { ...support, at: '2026-11-30T18:00:00Z' }, ask(DESK, ['office-hours', 'people-first'])],
  ['on a Sunday a person is asked', { ...support, at: '2026-11-29T10:00:00Z' }, ask(DESK, ['office-hours', 'people-first'])],
  ['on a Saturday a person is asked', { ...support, at: '2026-11-28T10:00:00Z' }, ask(DESK, ['office-hours', 'people-first'])],
  ['the nightly build has all of its Service', ci, approve(['build:read', 'build:run'], ['nightly-build'])],
  ['another task of the same repository is asked about', { ...ci, task: 'release-7' }, ask(['build:read', 'build:run'])],
  ['a task that only has the word in it is another', { ...ci, task: 'not-nightly-7' }, ask(['build:read', 'build:run'])],
  ['another repository is another agent', { ...ci, agent: 'repo:acme/desk-evil' }, ask(['build:read', 'build:run'])],
  ['the same subject by another issuer is another agent', { ...ci, vouched_by: 'Other CI' }, ask(['build:read', 'build:run'])],
  ['a browser session is not what the build may have', { ...ci, type: 'browser_session' }, ask(['build:read', 'build:run'])],
  ['the build asks elsewhere as anybody', { ...ci, service: 'https://desk.example' }, ask(['build:read', 'build:run'])],
  ['a laptop reads everywhere for its owner', laptop, approve(['pages:read'], ['own-laptop'])],
  ['whatever it calls itself', { ...laptop, agent: 'anything' }, approve(['pages:read'], ['own-laptop'])],
  ['the domain of an address is compared without case', { ...laptop, user: 'ada@ACME.example' }, approve(['pages:read'], ['own-laptop'])],
  ['the local part letter by letter', { ...laptop, user: 'Ada@acme.example' }, ask(['pages:read', 'pages:write'])],
  ['not for somebody else', { ...laptop, user: 'bob@acme.example' }, ask(['pages:read', 'pages:write'])],
  ['another key is another laptop', { ...laptop, vouched_by: "bob's laptop" }, ask(['pages:read', 'pages:write'])],
  [
    'an unverified harness of that name is no laptop',
    { agent: "ada's laptop", service: 'https://wiki.example', offered: ['pages:read'] },
    ask(['pages:read']),
  ],
  [
    'payroll takes two people of finance',
    payroll,
    ask(['salaries:read'], ['people-first', 'payroll'], { approvers: [['group:finance-leads']], approvals: 2 }),
  ],
  [
    'elsewhere one person is enough, whoever may decide',
    support && { ...support, groups: [] },
    ask(DESK, ['people-first'], { approvers: [], approvals: 1 }),
  ],
  [
    'payroll on a Sunday is the same',
    { ...payroll, at: '2026-11-29T10:00:00Z' },
    ask(['salaries:read'], ['office-hours', 'people-first', 'payroll'], { approvals: 2 }),
  ],
  ['nobody can approve administration for an unverified agent', stranger, ask(['tickets:read', 'tickets:write'], NOT_ADMIN)],
  ['where it offers nothing else, it is denied', { ...stranger, offered: ['tickets:admin'] }, deny('no-unverified-admin')],
  ['a vouched agent may be approved for it', { ...support, offered: ['tickets:admin'] }, ask(['tickets:admin'])],
  ['everything is never granted', { ...support, offered: ['*'] }, deny('never-everything')],
  [
    'beside others it is kept off',
    { ...support, groups: [], offered: ['*', 'tickets:read'] },
    ask(['tickets:read'], ['people-first', 'never-everything']),
  ],
  [
    'and approving the others says so',
    { ...support, offered: ['*', 'tickets:read'] },
    approve(['tickets:read'], ['support-reads', 'never-everything']),
  ],
  ['a session that begins elsewhere is denied', { ...support, type: 'browser_session', destination: 'https://evil.example/' }, deny('no-elsewhere')],
  [
    'one that begins at its Service is not',
    { ...support, type: 'browser_session', destination: 'https://desk.example/1' },
    approve(['tickets:read'], ['support-reads']),
  ],
  ['a request from the guest network is denied', { ...support, address: '203.0.113.7' }, deny('no-guest-network')],
  ['also where it comes as an IPv4-mapped address', { ...support, address: '::ffff:203.0.113.7' }, deny('no-guest-network')],
  ['one from beside it is not', { ...support, address: '203.0.114.7' }, approve(['tickets:read'], ['support-reads'])],
  ['an IPv6 address is another', { ...support, address: '2001:db8::7' }, approve(['tickets:read'], ['support-reads'])],
  ['an address that is none says nothing', { ...support, address: 'unknown' }, approve(['tickets:read'], ['support-reads'])],
  ['a deny wins over every approval', { ...ci, user: 'eve@contractor.example' }, deny('contractors')],
  [
    'and over everything that a person could be asked',
    { ...stranger, user: 'eve@contractor.example', offered: ['tickets:read'] },
    deny('contractors'),
  ],
  ['two that deny are both told', { ...support, user: 'eve@contractor.example', address: '203.0.113.7' }, deny('no-guest-network', 'contractors')],
  ['a subdomain is another domain', { ...laptop, user: 'eve@sub.contractor.example' }, ask(['pages:read', 'pages:write'])],
]

test.each(TABLE)('%s', async (name, given, expected) => {
  const { differences, why, answer } = tryOut(await cedar(ACME_POLICY), { name, ...given, expect: expected })
  expect(differences, why.join('\n')).toEqual([])
  expect(why).toHaveLength(summaryOf(answer).policies?.length ?? 0)
})

test('why it was decided is told in the words of the policies, with the scopes that each is about', async () => {
  const policy = await cedar(ACME_POLICY)
  const words = (given: Given) => tryOut(policy, { name: 'x', ...given, expect: { decision: 'ask' } }).why
  expect(words(support)).toEqual(['policy: approve tickets:read (support-reads: “Agents that others vouch for may read tickets for support”)'])
  expect(words({ ...stranger, offered: ['tickets:read', 'tickets:admin'] })).toEqual([
    'policy: ask tickets:read (people-first)',
    'policy: deny tickets:admin (no-unverified-admin: “Administration is for agents that somebody vouches for”)',
  ])
  const denied = tryOut(policy, { name: 'x', ...ci, user: 'eve@contractor.example', expect: { decision: 'deny' } })
  expect(denied.answer).toMatchObject({ reason: 'policy denies this (contractors: “Contractors have no agents”)' })
})

test('hours are those of the time zone that the settings name, in summer and in winter', async () => {
  const at = async (timeZone: string, time: string) =>
    tryOut(await cedar(ACME_POLICY, timeZone), { name: 'x', ...support, at: time, expect: { decision: 'ask' } }).answer.decision
  expect(await at('Europe/Berlin', '2026-11-30T07:30:00Z')).toBe('approve') // half past eight there
  expect(await at('Europe/Berlin', '2026-07-06T06:30:00Z')).toBe('approve')
  expect(await at('UTC', '2026-11-30T07:30:00Z')).toBe('ask')
  expect(await at('America/New_York', '2026-11-30T02:00:00Z')).toBe('ask') // Sunday evening there
})

test('a policy that cannot be evaluated denies, and is named: a forbid that was passed over would forbid nothing', async () => {
  const policy = await cedar(`permit (principal, action, resource);
@id("overflows") forbid (principal, action, resource) when { context.time.hour + 9223372036854775800 > 0 };`)
  const decide = (at: string) => tryOut(policy, { name: 'x', at, expect: { decision: 'deny' } }).answer
  expect(decide('2026-11-30T09:00:00Z')).toMatchObject({ decision: 'deny', why: [{ policy: 'overflows', effect: 'deny' }] })
  const approving = await cedar(`permit (principal, action == AgentPass::Action::"ask", resource);
@id("overflows") permit (principal, action == AgentPass::Action::"ask", resource) when { context.time.hour + 9223372036854775800 > 0 };`)
  expect(tryOut(approving, { name: 'x', expect: { decision: 'deny' } }).answer).toMatchObject({ decision: 'deny', why: [{ policy: 'overflows' }] })
})

test('a Service that offers more scopes than anybody needs is denied, and no time is spent on each', async () => {
  const policy = await cedar('permit (principal, action, resource);')
  const decide = (count: number) =>
    tryOut(policy, { name: 'x', offered: Array.from({ length: count }, (_, i) => `scope-${i}`), expect: { decision: 'deny' } }).answer
  expect(decide(100).decision).toBe('approve')
  expect(decide(101)).toMatchObject({ decision: 'deny', why: [{ says: 'the service offers more than policy judges' }] })
})

test('what the agent writes of its task is nothing that a policy can see', async () => {
  await expect(cedar('permit (principal, action, resource) when { context.task.description like "*" };')).rejects.toThrow(
    /attribute `task.description` in context not found/,
  )
})

test('a forbid of one scope holds in whatever way its head names it, and for no other scope', async () => {
  for (const head of ['resource == SCOPE', 'resource in SCOPE', 'resource is AgentPass::Scope in SCOPE']) {
    const policy = await cedar(`permit (principal, action, resource);
forbid (principal, action, ${head.replace('SCOPE', 'AgentPass::Scope::"https://desk.example del"')});`)
    for (const offered of [
      ['read', 'del'],
      ['del', 'read'],
    ])
      expect([head, tryOut(policy, { name: 'x', offered, expect: { decision: 'deny' } }).answer]).toMatchObject([
        head,
        { decision: 'approve', scope: ['read'] },
      ])
  }
})

test('a fact that a policy names by an escape is told too', async () => {
  const policy = await cedar(`permit (principal, action, resource);
forbid (principal, action, resource) when { context has "destin\\u{61}tion" && !context["destin\\u{61}tion"]["on_serv\\u{69}ce"] };`)
  const decide = (destination: string) =>
    tryOut(policy, { name: 'x', type: 'browser_session', destination, expect: { decision: 'deny' } }).answer.decision
  expect([decide('https://evil.example/'), decide('https://desk.example/')]).toEqual(['deny', 'approve'])
})
