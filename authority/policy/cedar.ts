import type { ClassOf } from './classes.ts'
import { ACTS, type Act, type CompiledPolicies, type PolicyOfFile } from './compile.ts'
import type { Engine } from './engine.ts'
import { type Call, type Facts, factsOf } from './facts.ts'
import { type Approvers, type Policy, type PolicyAnswer, type PolicyQuestion, reasonOfDenial, type Why } from './policy.ts'

type Answering = { engine: Engine; slot: string; policies: Map<string, PolicyOfFile>; classOf: ClassOf }
/** How policies stand to one act on one scope: `by` are those that decided it. */
type Verdict = { allowed: boolean; by: PolicyOfFile[]; broken: PolicyOfFile[] }

/** Whoever names a Service of their own could offer without end, and have this Authority think about each. */
const MOST_SCOPES = 100

/**
 * Policy from a file of Cedar policies. `slot` is where the engine keeps them: what was there before is replaced. `timeZone` is an IANA name, in which `context.time` is told.
 * A policy that cannot be evaluated denies all: Cedar alone would pass over it, a forbid too.
 */
export function createCedarPolicy(engine: Engine, compiled: CompiledPolicies, { slot, timeZone }: { slot: string; timeZone: string }): Policy {
  for (const act of ACTS)
    keep(
      engine,
      placeOf(slot, act),
      compiled.policies.filter(({ acts }) => acts.includes(act)),
    )
  const answering = { engine, slot, policies: new Map(compiled.policies.map((policy) => [policy.name, policy])), classOf: compiled.classOf }
  const facts = factsOf(compiled.text, timeZone)
  return { version: compiled.version, asksGroups: facts.asksGroups, decide: (question) => decide(answering, facts, question) }
}

/** What decides one act has a place of its own: to look at what never could takes time. */
const placeOf = (slot: string, act: Act): string => `${slot} ${act}`

function keep(engine: Engine, place: string, policies: PolicyOfFile[]): void {
  const kept = engine.preparsePolicySet(place, { staticPolicies: Object.fromEntries(policies.map(({ name, text }) => [name, text])) })
  if (kept.type === 'failure')
    throw new Error(`the policies were found good and cannot be kept: ${kept.errors.map(({ message }) => message).join('; ')}`)
}

function decide(answering: Answering, facts: Facts, question: PolicyQuestion): PolicyAnswer {
  if (question.offered.length > MOST_SCOPES)
    return denied([{ policy: `at most ${MOST_SCOPES} scopes`, effect: 'deny', scopes: [], says: 'the service offers more than policy judges' }])
  const about = facts.of(question)
  const approve = judge(answering, question, (scope) => about('approve', scope))
  const broken = brokenIn(approve)
  if (broken.length > 0) return denied(broken)
  const granted = question.offered.filter(({ name }) => approve.get(name)?.allowed).map(({ name }) => name)
  if (granted.length > 0) return { decision: 'approve', scope: granted, why: [...whyAllowed('approve', approve), ...whyForbidden('deny', approve)] }
  const ask = judge(answering, question, (scope) => about('ask', scope))
  const brokenToo = brokenIn(ask)
  if (brokenToo.length > 0) return denied(brokenToo)
  const offered = question.offered.filter(({ name }) => ask.get(name)?.allowed)
  const why = [...whyAllowed('ask', ask), ...whyForbidden('deny', ask)]
  if (offered.length === 0) return denied(why)
  const names = offered.map(({ name }) => name)
  const never = whyForbidden('ask', new Map([...approve].filter(([name]) => names.includes(name))))
  const permits = [...new Set(names.flatMap((name) => ask.get(name)?.by ?? []))]
  return {
    decision: 'ask',
    offered,
    approvals: Math.max(1, ...permits.map(({ approvals }) => approvals)),
    approvers: permits.flatMap(({ name, approvers }): Approvers[] => (approvers ? [{ policy: name, who: approvers }] : [])),
    rememberable: names.filter((name) => approve.get(name)?.by.length === 0),
    why: [...never, ...why],
  }
}

/** How policies stand to an act on each of the offered scopes: of those that no policy tells apart, one is asked about. */
function judge(answering: Answering, { offered, service }: PolicyQuestion, about: (scope: string) => Call): Map<string, Verdict> {
  const known = new Map<string, Verdict>()
  return new Map(
    offered.map(({ name }): [string, Verdict] => {
      const key = answering.classOf(service.origin, name)
      const verdict = known.get(key) ?? evaluate(answering, about(name))
      known.set(key, verdict)
      return [name, verdict]
    }),
  )
}

const denied = (why: Why[]): PolicyAnswer => ({ decision: 'deny', reason: reasonOfDenial(why), why })

function evaluate({ engine, slot, policies }: Answering, { act, ...call }: Call): Verdict {
  const answer = engine.statefulIsAuthorized({ ...call, preparsedPolicySetId: placeOf(slot, act), validateRequest: false })
  if (answer.type === 'failure') throw new Error(`policy cannot be asked: ${answer.errors.map(({ message }) => message).join('; ')}`)
  const { decision, diagnostics } = answer.response
  const known = (name: string): PolicyOfFile => {
    const policy = policies.get(name)
    if (!policy) throw new Error(`the engine names a policy that is not of this file: ${name}`)
    return policy
  }
  const allowed = decision === 'allow'
  const [by, broken] = [diagnostics.reason.map(known), diagnostics.errors.map(({ policyId }) => known(policyId))]
  if (allowed && by.length === 0) throw new Error('the engine permits, and names no policy for it')
  return { allowed, by, broken }
}

const brokenIn = (verdicts: Map<string, Verdict>): Why[] =>
  grouped(
    verdicts,
    ({ broken }) => broken,
    ({ name }) => ({ policy: name, effect: 'deny', says: 'this policy cannot be evaluated for this request' }),
  )

const whyAllowed = (effect: Act, verdicts: Map<string, Verdict>): Why[] =>
  grouped(verdicts, ({ allowed, by }) => (allowed ? by : []), reasoned(effect))
const whyForbidden = (effect: 'ask' | 'deny', verdicts: Map<string, Verdict>): Why[] =>
  grouped(verdicts, ({ allowed, by }) => (allowed ? [] : by), reasoned(effect))

const reasoned =
  (effect: Why['effect']) =>
  ({ name, says }: PolicyOfFile): Omit<Why, 'scopes'> => ({ policy: name, effect, ...(says !== undefined && { says }) })

/** One line a policy, with all the scopes that it decided. */
function grouped(
  verdicts: Map<string, Verdict>,
  which: (verdict: Verdict) => PolicyOfFile[],
  told: (policy: PolicyOfFile) => Omit<Why, 'scopes'>,
): Why[] {
  const scopes = new Map<PolicyOfFile, string[]>()
  for (const [scope, verdict] of verdicts) for (const policy of which(verdict)) scopes.set(policy, [...(scopes.get(policy) ?? []), scope])
  return [...scopes].map(([policy, names]) => ({ ...told(policy), scopes: names }))
}
