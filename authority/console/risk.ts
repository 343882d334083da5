import type { Shown } from '../approve/shown.ts'
import type { RiskSetting } from './settings.ts'

/** What an approval asks of whoever approves, the least first. */
export type Demand = 'sign_in' | 'recent_sign_in' | 'passkey'
const DEMANDS: readonly Demand[] = ['sign_in', 'recent_sign_in', 'passkey']

/** What approving one scope of a Service asks of the approver. `"*"` stands for all scopes, so all that is asked at that Service is asked for it. */
export function demandOf(rules: RiskSetting[], service: string, scope: string): Demand {
  const asked = rules
    .filter((rule) => rule.service === undefined || rule.service === service)
    .filter(({ scopes }) => scopes === undefined || scope === '*' || scopes.includes(scope))
  return asked.map(({ require }) => require).reduce<Demand>(stricter, 'sign_in')
}

/** What approving these scopes asks: the most that one of them does. */
export const demandOfAll = (rules: RiskSetting[], { service }: Pick<Shown, 'service'>, scopes: string[]): Demand =>
  scopes.map((scope) => demandOf(rules, service.origin, scope)).reduce(stricter, 'sign_in')

const stricter = (one: Demand, other: Demand): Demand => (DEMANDS.indexOf(one) >= DEMANDS.indexOf(other) ? one : other)
