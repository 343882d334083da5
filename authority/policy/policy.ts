import { isMeant } from '../../spec/email.ts'
import type { OfferedScope } from '../../spec/wire/scopes.ts'

/** What policy is asked: who wants what where, and what the Service offers. Never the task's text: policy takes no word of the agent's for a scope. */
export type PolicyQuestion = { service: string; user: string; agent: string; offered: OfferedScope[] }
/** What policy says. `offered` is what an approver may still grant; `reasons` are for people. */
export type PolicyAnswer =
  | { decision: 'approve'; scope: string[]; reasons: string[] }
  | { decision: 'deny'; reason: string }
  | { decision: 'ask'; offered: OfferedScope[]; reasons: string[] }
export type Policy = (question: PolicyQuestion) => PolicyAnswer

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
export type PolicySettings = { default: 'approve' | 'deny' | 'ask'; rules: PolicyRule[] }

/** Policy from settings: the rules in order, then the default. */
export function createPolicy(settings: PolicySettings): Policy {
  const rules: [string, PolicyRule][] = [
    ...settings.rules.map((rule, i): [string, PolicyRule] => [`rule ${i + 1}`, rule]),
    ['the default', { decision: settings.default }],
  ]
  return (question) => {
    let offered = question.offered
    for (const [name, rule] of rules) {
      if (!isAbout(rule, question)) continue
      const named = offered.filter(({ name: scope }) => rule.scopes?.includes(scope) ?? true)
      if (rule.decision === 'deny') {
        offered = offered.filter((scope) => !named.includes(scope))
        if (!rule.scopes || offered.length === 0) return { decision: 'deny', reason: `policy denies this (${name})` }
      } else if (named.length > 0) {
        const reasons = [`policy: ${rule.decision} (${name})`]
        return rule.decision === 'approve'
          ? { decision: 'approve', scope: named.map((scope) => scope.name), reasons }
          : { decision: 'ask', offered: named, reasons }
      }
    }
    return { decision: 'deny', reason: 'policy leaves nothing to grant' }
  }
}

const isAbout = (rule: PolicyRule, { service, user }: PolicyQuestion): boolean =>
  (rule.service === undefined || rule.service === service) && (rule.user === undefined || isMeant(rule.user, user))
