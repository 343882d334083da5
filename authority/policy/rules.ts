import { isMeant } from '../../spec/email.ts'
import { type Policy, type PolicyAnswer, type PolicyQuestion, reasonOfDenial, type Why } from './policy.ts'

/**
 * A line of the settings. It is about a Service (any, when absent), users (an address, `@domain`, or any) and scopes (all offered, when absent).
 * `deny` with scopes takes them off the offer and goes on; without, it ends the matter. `approve` and `ask` end it where anything they name is offered.
 */
export type PolicyRule = {
  service?: string | undefined
  user?: string | undefined
  scopes?: string[] | undefined
  decision: 'approve' | 'deny' | 'ask'
}
export type RulesSettings = { default: 'approve' | 'deny' | 'ask'; rules: PolicyRule[] }

/** The small case: the rules of the settings in order, then the default. */
export function createRules(settings: RulesSettings): Policy {
  const rules: [string, PolicyRule][] = [
    ...settings.rules.map((rule, i): [string, PolicyRule] => [`rule ${i + 1}`, rule]),
    ['the default', { decision: settings.default }],
  ]
  return { asksGroups: false, decide: (question) => decide(rules, question) }
}

function decide(rules: [string, PolicyRule][], question: PolicyQuestion): PolicyAnswer {
  let offered = question.offered
  const why: Why[] = []
  for (const [policy, rule] of rules) {
    if (!isAbout(rule, question)) continue
    const named = offered.filter(({ name: scope }) => rule.scopes?.includes(scope) ?? true)
    const scopes = named.map(({ name }) => name)
    if (scopes.length > 0 || !rule.scopes) why.push({ policy, effect: rule.decision, scopes })
    if (rule.decision === 'deny') {
      offered = offered.filter((scope) => !named.includes(scope))
      if (!rule.scopes || offered.length === 0) return { decision: 'deny', reason: reasonOfDenial(why), why }
    } else if (named.length > 0)
      return rule.decision === 'approve'
        ? { decision: 'approve', scope: scopes, why }
        : { decision: 'ask', offered: named, approvals: 1, approvers: [], rememberable: scopes, why }
  }
  return { decision: 'deny', reason: reasonOfDenial(why), why }
}

const isAbout = (rule: PolicyRule, { service, user }: PolicyQuestion): boolean =>
  (rule.service === undefined || rule.service === service.origin) && (rule.user === undefined || isMeant(rule.user, user.email))
