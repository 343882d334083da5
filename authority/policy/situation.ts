import { z } from 'zod'
import { emailAddress } from '../../spec/email.ts'
import { origin } from '../../spec/origin.ts'
import { PassType } from '../../spec/wire/issuance.ts'
import { Tier } from '../approve/shown.ts'
import { Approvers, inWords, type Policy, type PolicyAnswer, type PolicyQuestion, questionOf } from './policy.ts'

const names = z.array(z.string().min(1))

/** A request that somebody imagines, as a test file tells it. What is left out is as plain as can be. */
const about = {
  user: emailAddress.optional(),
  /** Of the user. */
  groups: names.optional(),
  service: origin.optional(),
  agent: z.string().min(1).optional(),
  harness: z.string().min(1).optional(),
  tier: Tier.optional(),
  /** The issuer as it is pinned, or the name of the registered key. */
  vouched_by: z.string().min(1).optional(),
  key_thumbprint: z.string().min(1).optional(),
  type: PassType.optional(),
  task: z.string().min(1).optional(),
  task_attested: z.boolean().optional(),
  destination: z.string().min(1).optional(),
  address: z.string().min(1).optional(),
  /** When it is asked: RFC 3339, with its offset. */
  at: z.iso.datetime({ offset: true, error: 'is no time such as 2026-11-30T09:00:00Z' }).optional(),
  offered: names.min(1).optional(),
}

const expected = z.strictObject({
  decision: z.enum(['approve', 'ask', 'deny']),
  /** The scopes approved, or asked about. */
  scope: names.optional(),
  /** The policies that decided, in any order. */
  policies: names.optional(),
  approvers: z.array(names).optional(),
  approvals: z.int().min(1).max(2).optional(),
})

/** A test file: situations, each with what is expected of policy; `defaults` stand wherever a situation says nothing. */
export const Situations = z.strictObject({
  defaults: z.strictObject(about).prefault({}),
  situations: z.array(z.strictObject({ name: z.string().min(1), ...about, expect: expected })).min(1),
})
export type Situation = z.infer<typeof Situations>['situations'][number]

/** The question of a situation. Throws Error for a tier that somebody vouches for, and nobody is named. */
export function questionOfSituation(situation: Omit<Situation, 'name' | 'expect'>): PolicyQuestion {
  const {
    user = 'ada@acme.example',
    groups = [],
    service = 'https://desk.example',
    agent = 'agent',
    harness = agent,
    tier = 'unverified',
  } = situation
  const { vouched_by: by, key_thumbprint, type = 'bearer_token', task = 'task', task_attested: attested = false, offered = ['read'] } = situation
  const { at = '2026-11-30T09:00:00Z', destination, address } = situation // a Monday
  if (tier !== 'unverified' && by === undefined) throw new Error(`an agent of the tier ${tier} has vouched_by: the issuer, or the name of its key`)
  return questionOf(
    {
      type,
      service: { origin: service },
      user: { email: user },
      agent: { id: agent },
      harness: {
        id: harness,
        tier,
        ...(by !== undefined && tier !== 'unverified' && { vouched: { by, since: at } }),
        ...(key_thumbprint !== undefined && { key_thumbprint }),
      },
      task: { id: task, attested, description: '' },
      ...(destination !== undefined && { destination: { url: destination, on_service_origin: new URL(destination).origin === service } }),
      ...(address !== undefined && { address }),
    },
    { offered: offered.map((name) => ({ name })), groups, at: Math.floor(Date.parse(at) / 1000) },
  )
}

/** What came of a situation: what policy said, why in words, and how that differs from what was expected. */
export type Outcome = { name: string; answer: PolicyAnswer; why: string[]; differences: string[] }

/** Tries a policy on a situation. */
export function tryOut(policy: Policy, situation: Situation): Outcome {
  const question = questionOfSituation(situation)
  const answer = policy.decide(question)
  const got = summaryOf(answer)
  const { expect } = situation
  const differences = Object.entries(expect).flatMap(([member, wanted]) => {
    const actual = Object.entries(got).find(([name]) => name === member)?.[1]
    return sorted(wanted) === sorted(actual) ? [] : [`${member}: expected ${told(wanted)}, got ${told(actual)}`]
  })
  return { name: situation.name, answer, why: inWords(answer, question.offered), differences }
}

/** An answer in the members of an expectation. */
export function summaryOf(answer: PolicyAnswer): z.infer<typeof expected> {
  const { decision } = answer
  const policies = [...new Set(answer.why.map(({ policy }) => policy))]
  switch (decision) {
    case 'approve':
      return { decision, scope: answer.scope, policies }
    case 'deny':
      return { decision, policies }
    case 'ask':
      return {
        decision,
        scope: answer.offered.map(({ name }) => name),
        policies,
        approvers: answer.approvers.map((one) => Approvers.parse(one).who),
        approvals: answer.approvals,
      }
  }
}

const sorted = (value: unknown): string => JSON.stringify(Array.isArray(value) ? [...value].map((one) => JSON.stringify(one)).sort() : value)
const told = (value: unknown): string => (value === undefined ? 'none' : Array.isArray(value) ? value.flat().join(', ') || 'none' : String(value))
