/** What holds of every policy file and every request: found by trying many. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PolicyAnswer } from '../authority/policy/policy.ts'
import { questionOfSituation } from '../authority/policy/situation.ts'
import { cedar } from './policy-rig.ts'

const SCOPES = ['tickets:read', 'tickets:write', 'tickets:admin', 'mail:read', '*']
const SERVICES = ['https://desk.example', 'https://mail.example']
const AGENTS = ['helper', 'repo:acme/desk']

const principal = fc.constantFrom(
  'principal',
  'principal is AgentPass::Attested',
  'principal is AgentPass::Registered',
  'principal is AgentPass::Unverified',
  'principal == AgentPass::Unverified::"helper"',
  'principal == AgentPass::Attested::"Acme CI#repo:acme/desk"',
)
const action = fc.constantFrom('action', 'action == AgentPass::Action::"approve"', 'action == AgentPass::Action::"ask"')
const resource = fc.oneof(
  fc.constant('resource'),
  fc.constantFrom(...SERVICES).map((origin) => `resource in AgentPass::Service::"${origin}"`),
)
const condition = fc.constantFrom(
  '',
  'when { resource.name like "tickets:*" }',
  'when { resource.name == "tickets:admin" || resource.name == "*" }',
  'when { context.user in AgentPass::Group::"support" }',
  'unless { context.time.hour >= 8 && context.time.hour < 18 }',
  'when { context.type == "browser_session" }',
  'when { context.task.id like "t-*" }',
)
const policy = (effect: 'permit' | 'forbid') =>
  fc.tuple(principal, action, resource, condition).map(([who, what, where, when]) => `${effect} (${who}, ${what}, ${where}) ${when};`)
const permits = fc.array(policy('permit'), { minLength: 1, maxLength: 5 })
const forbids = fc.array(policy('forbid'), { maxLength: 4 })

const tier = fc.constantFrom('attested' as const, 'registered' as const, 'unverified' as const)
const request = fc.record({
  tier,
  vouched_by: fc.constant('Acme CI'),
  agent: fc.constantFrom(...AGENTS),
  service: fc.constantFrom(...SERVICES),
  groups: fc.subarray(['support', 'sales']),
  type: fc.constantFrom('bearer_token' as const, 'browser_session' as const),
  task: fc.constantFrom('t-1', 'other'),
  at: fc.constantFrom('2026-11-30T09:00:00Z', '2026-11-30T23:00:00Z'),
  offered: fc.subarray(SCOPES, { minLength: 1 }),
})

const text = (policies: string[]): string => policies.map((one, i) => `@id("${i}") ${one}`).join('\n')
const RANK = { deny: 0, ask: 1, approve: 2 }
const scopesOf = (answer: PolicyAnswer): string[] =>
  answer.decision === 'approve' ? answer.scope : answer.decision === 'ask' ? answer.offered.map(({ name }) => name) : []
const isWithin = (one: string[], other: string[]): boolean => one.every((name) => other.includes(name))

test('adding a forbid never widens: not the decision, and not the scopes of the same decision', async () => {
  await fc.assert(
    fc.asyncProperty(permits, forbids, policy('forbid'), fc.nat(), request, async (allowing, denying, added, place, situation) => {
      const before = [...allowing, ...denying]
      const after = before.toSpliced(place % (before.length + 1), 0, added)
      const question = questionOfSituation(situation)
      const [wide, narrow] = [(await cedar(text(before))).decide(question), (await cedar(text(after))).decide(question)]
      expect(RANK[narrow.decision]).toBeLessThanOrEqual(RANK[wide.decision])
      if (narrow.decision === wide.decision) expect(isWithin(scopesOf(narrow), scopesOf(wide))).toBe(true)
      if (narrow.decision === 'ask' && wide.decision === 'ask') expect(isWithin(narrow.rememberable, wide.rememberable)).toBe(true)
    }),
    { numRuns: 150 },
  )
})

test('asking for less never turns a deny into an approval, nor grants what was not granted', async () => {
  await fc.assert(
    fc.asyncProperty(permits, forbids, request, fc.nat(), async (allowing, denying, situation, which) => {
      const decide = (await cedar(text([...allowing, ...denying]))).decide
      const fewer = situation.offered.filter((_, i) => ((which >> i) & 1) === 1)
      fc.pre(fewer.length > 0)
      const [all, some] = [decide(questionOfSituation(situation)), decide(questionOfSituation({ ...situation, offered: fewer }))]
      if (all.decision === 'deny') expect(some.decision).toBe('deny')
      if (some.decision === 'approve') expect(isWithin(some.scope, all.decision === 'approve' ? all.scope : [])).toBe(true)
    }),
    { numRuns: 150 },
  )
})

test('whatever policy says, only offered scopes are approved or asked about, and every one that is not is accounted for', async () => {
  await fc.assert(
    fc.asyncProperty(permits, forbids, request, async (allowing, denying, situation) => {
      const answer = (await cedar(text([...allowing, ...denying]))).decide(questionOfSituation(situation))
      expect(isWithin(scopesOf(answer), situation.offered)).toBe(true)
      expect(answer.why.every(({ scopes }) => isWithin(scopes, situation.offered))).toBe(true)
      if (answer.decision === 'deny') expect(answer.reason).toMatch(/^policy /)
      else
        expect(
          isWithin(
            scopesOf(answer),
            answer.why.filter(({ effect }) => effect === answer.decision).flatMap(({ scopes }) => scopes),
          ),
        ).toBe(true)
    }),
    { numRuns: 150 },
  )
})

/** Ways to look at a scope: those that compare its name with texts, and others. */
const looks = fc.constantFrom(
  'when { resource.name like "tickets:*" }',
  'when { resource.name like "*:r*d" }',
  'when { resource.name != "mail:read" }',
  'unless { ["tickets:read", "*"].contains(resource.name) }',
  'when { resource == AgentPass::Scope::"https://desk.example tickets:write" }',
  'when { resource in AgentPass::Service::"https://desk.example" }',
  'when { resource in [AgentPass::Scope::"https://mail.example mail:read"] }',
  'when { resource.name == context.task.id }',
  'when { !(resource.name like "tickets:*") || resource.name == "tickets:admin" }',
  'when { if resource.name == "*" then true else context.type == "bearer_token" }',
  'when { resource has name && context.task.id != resource.name }',
  '',
)
const heads = fc.constantFrom(
  'resource',
  'resource == AgentPass::Scope::"https://desk.example tickets:read"',
  'resource is AgentPass::Scope',
  'resource in AgentPass::Scope::"https://desk.example tickets:read"',
  'resource is AgentPass::Scope in AgentPass::Scope::"https://desk.example tickets:read"',
  'resource is AgentPass::Scope in AgentPass::Service::"https://desk.example"',
)
const looking = (effect: 'permit' | 'forbid') =>
  fc.tuple(action, heads, looks).map(([what, where, when]) => `${effect} (principal, ${what}, ${where}) ${when};`)

test('each scope is judged as if it was the only one, however many are offered, and whatever policies look at', async () => {
  const odd = ['tickets:read', 'tickets:write', 'tickets:admin', 'mail:read', 'mail:red', '*', 't-1', '\ud800', '\ufffd']
  const some = fc.array(looking('permit'), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(
      some,
      fc.array(looking('forbid'), { maxLength: 3 }),
      request,
      fc.subarray(odd, { minLength: 1 }),
      async (allowing, denying, situation, offered) => {
        const { decide } = await cedar(text([...allowing, ...denying]))
        const ask = (names: string[]) => decide(questionOfSituation({ ...situation, offered: names }))
        const [all, alone] = [ask(offered), new Map(offered.map((name) => [name, ask([name])]))]
        const that = (decision: string) => offered.filter((name) => alone.get(name)?.decision === decision)
        const [approved, asked] = [that('approve'), that('ask')]
        expect([all.decision, scopesOf(all)]).toEqual(approved.length > 0 ? ['approve', approved] : asked.length > 0 ? ['ask', asked] : ['deny', []])
      },
    ),
    { numRuns: 200 },
  )
})
