import type { Now } from '../../spec/effects.ts'
import type { Audit } from '../../spec/node/audit.ts'
import type { Log } from '../../spec/node/log.ts'
import { messageOf } from '../../spec/node/operator-error.ts'
import { createCedarPolicy } from './cedar.ts'
import { type CompiledPolicies, compilePolicies, PolicyError } from './compile.ts'
import type { Engine } from './engine.ts'
import type { Policy } from './policy.ts'
import { createRules, type RulesSettings } from './rules.ts'

/** What people are told of the policy in force. `broken`: the file as it is now cannot be used, since when, and why; the last good one decides. */
export type PolicyState =
  | { source: 'settings' }
  | {
      source: 'file'
      file: string
      version: string
      loadedAt: number
      policies: CompiledPolicies['policies']
      warnings: string[]
      broken?: { since: number; problems: string[] } | undefined
    }

/** The policy in force. */
export type PolicyInForce = {
  current: () => Policy
  state: () => PolicyState
  /** Takes the file as it is now, where it has changed and has been the same at two looks: one that is being written is not read halfway. To be called every second. */
  look: () => Promise<void>
}

/** The small case: rules of the settings, which change with a restart. */
export function policyOfSettings(settings: RulesSettings): PolicyInForce {
  const rules = createRules(settings)
  return { current: () => rules, state: () => ({ source: 'settings' }), look: async () => {} }
}

export type PolicyFileDeps = {
  engine: Engine
  /** Names the file for people. */
  file: string
  /** Gives its text. Throws Error for people. */
  read: () => Promise<string>
  /** Where the engine keeps its policies: nobody else's. */
  slot: string
  timeZone: string
  now: Now
  audit: Pick<Audit, 'note'>
  log: Log
}

/** Policy from a file. Throws PolicyError, or what `read` throws, when it cannot be used now; later, the last good one stays in force and says so. */
export async function openPolicyFile(d: PolicyFileDeps): Promise<PolicyInForce> {
  const { slot, timeZone } = d
  const taken = (compiled: CompiledPolicies, turn: number) => {
    const place = `${slot} ${turn % 2}` // another than that of the one in force, which stands until this one does
    return { compiled, policy: createCedarPolicy(d.engine, compiled, { slot: place, timeZone }), loadedAt: d.now(), turn }
  }
  let inForce = taken(await compilePolicies(d.engine, await d.read()), 0)
  let judged: string | undefined = inForce.compiled.text
  let seen: string | undefined = judged
  let broken: { since: number; problems: string[] } | undefined
  const tell = () => {
    const { version } = inForce.compiled
    if (broken) d.log.error('policy_broken', { code: version, failure: new PolicyError(broken.problems) })
    else d.log.info('policy_in_force', { code: version })
    d.audit.note({ event: 'policy', outcome: broken ? 'refused' : 'in force', policy: version, reason: broken?.problems[0] })
  }
  tell()
  const refuse = (problems: string[]) => {
    if (broken?.problems.join() === problems.join()) return
    broken = { since: broken?.since ?? d.now(), problems }
    tell()
  }
  const judge = async (text: string) => {
    const isSame = text === inForce.compiled.text
    try {
      if (!isSame) inForce = taken(await compilePolicies(d.engine, text), inForce.turn + 1)
    } catch (failure) {
      if (failure instanceof PolicyError) judged = text // anything else may be over at the next look
      return refuse(failure instanceof PolicyError ? failure.problems : [`it cannot be taken: ${messageOf(failure)}`])
    }
    judged = text
    broken = undefined
    tell()
  }
  return {
    current: () => inForce.policy,
    state: () => ({ source: 'file', file: d.file, loadedAt: inForce.loadedAt, broken, ...publicOf(inForce.compiled) }),
    async look() {
      const text = await d.read().catch((failure: unknown) => {
        judged = undefined
        refuse([messageOf(failure)])
      })
      const isStill = text !== undefined && text === seen
      seen = text ?? undefined
      if (isStill && text !== judged) await judge(text)
    },
  }
}

const publicOf = ({ version, policies, warnings }: CompiledPolicies) => ({ version, policies, warnings })
