import { z } from 'zod'
import type { OfferedScope } from '../../spec/wire/scopes.ts'
import type { Shown } from '../approve/shown.ts'

/** What policy is asked: who wants what where, and what the Service offers. Never the task's description: policy takes no word of the agent's for a scope (B-11). */
export type PolicyQuestion = Pick<Shown, 'type' | 'service' | 'user' | 'agent' | 'harness' | 'destination' | 'address'> & {
  task: { id: string; attested: boolean }
  offered: OfferedScope[]
  /** The groups that the identity provider named when the user last signed in here. Empty unless policy `asksGroups`. */
  groups: string[]
  at: number
}

/** One policy that decided, and what it did with which of the scopes. `says` is its own reason, for people. */
export const Why = z.object({
  policy: z.string(),
  effect: z.enum(['approve', 'ask', 'deny']),
  scopes: z.array(z.string()),
  says: z.string().optional(),
})
export type Why = z.infer<typeof Why>

/** Who alone decides, by a policy's word: addresses, `group:NAME`, `user` for the user themselves, `admin-token` for scripts. */
export const Approvers = z.object({ policy: z.string(), who: z.array(z.string()) })
export type Approvers = z.infer<typeof Approvers>

/** What policy says, and why. */
export type PolicyAnswer = { why: Why[] } & (
  | { decision: 'approve'; scope: string[] }
  | { decision: 'deny'; reason: string }
  | {
      decision: 'ask'
      /** What an approver may still grant. */
      offered: OfferedScope[]
      /** How many people must approve. */
      approvals: number
      /** Whoever approves is among those of each. */
      approvers: Approvers[]
      /** What of the offered an approval that was remembered may grant: nothing here forbids it without a person. */
      rememberable: string[]
    }
)

/** Decides. `version` names what it decides by, where that is a policy file. */
export type Policy = { version?: string | undefined; asksGroups: boolean; decide: (question: PolicyQuestion) => PolicyAnswer }

/** Who decides where nobody is asked: policy itself, or an approval that somebody had remembered. */
export const BY_POLICY = 'policy'
export const BY_MEMORY = 'remembered approval'

/** A policy, in the words in which people name it: its name, and what it says. */
const named = ({ policy, says }: Pick<Why, 'policy' | 'says'>): string => (says === undefined ? policy : `${policy}: “${says}”`)

/** Why, in words: one sentence for each policy that decided. Where all the scopes are meant they are not named. */
export const inWords = ({ why }: Pick<PolicyAnswer, 'why'>, offered: OfferedScope[]): string[] =>
  why.map((one) => {
    const which = one.scopes.length === offered.length ? '' : ` ${one.scopes.join(', ')}`
    return `policy: ${one.effect}${which} (${named(one)})`
  })

/** The refusal that an agent is told: which policies denied, or that none permitted. */
export function reasonOfDenial(why: Why[]): string {
  const denying = why.filter(({ effect }) => effect === 'deny').map(named)
  return denying.length > 0 ? `policy denies this (${denying.join('; ')})` : 'policy leaves nothing to grant'
}

/** The question about a request as an approver would be shown it. */
export const questionOf = (
  shown: Omit<Shown, 'scopes' | 'reasons' | 'policy' | 'authorization_seconds'>,
  more: Pick<PolicyQuestion, 'offered' | 'groups' | 'at'>,
): PolicyQuestion => ({
  type: shown.type,
  service: shown.service,
  user: shown.user,
  agent: shown.agent,
  harness: shown.harness,
  task: { id: shown.task.id, attested: shown.task.attested },
  ...(shown.destination && { destination: shown.destination }),
  ...(shown.address !== undefined && { address: shown.address }),
  ...more,
})
