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

/** A file that was taken, and in which of two places the engine keeps it. */
type Taken = { compiled: CompiledPolicies; policy: Policy; loadedAt: number; turn: number }
/** A policy file as it stands. `judged` is the text that was taken or refused last, `seen` that of the last look. */
type Standing = PolicyFileDeps & {
  inForce: Taken
  judged: string | undefined
  seen: string | undefined
  broken: { since: number; problems: string[] } | undefined
}

/** Policy from a file. Throws PolicyError, or what `read` throws, when it cannot be used now; later, the last good one stays in force and says so. */
export async function openPolicyFile(d: PolicyFileDeps): Promise<PolicyInForce> {
  const inForce = take(d, await compilePolicies(d.engine, await d.read()), 0)
  const x: Standing = { ...d, inForce, judged: inForce.compiled.text, seen: inForce.compiled.text, broken: undefined }
  tell(x)
  return {
    current: () => x.inForce.policy,
    state: () => ({ source: 'file', file: x.file, loadedAt: x.inForce.loadedAt, broken: x.broken, ...publicOf(x.inForce.compiled) }),
    async look() {
      const text = await x.read().catch((failure: unknown) => {
        x.judged = undefined
        refuse(x, [messageOf(failure)])
      })
      const isStill = text !== undefined && text === x.seen
      x.seen = text ?? undefined
      if (isStill && text !== x.judged) await judge(x, text)
    },
  }
}

function take({ engine, slot, timeZone, now }: PolicyFileDeps, compiled: CompiledPolicies, turn: number): Taken {
  const place = `${slot} ${turn % 2}` // another than that of the one in force, which stands until this one does
  return { compiled, policy: createCedarPolicy(engine, compiled, { slot: place, timeZone }), loadedAt: now(), turn }
}

async function judge(x: Standing, text: string): Promise<void> {
  try {
    if (text !== x.inForce.compiled.text) x.inForce = take(x, await compilePolicies(x.engine, text), x.inForce.turn + 1)
  } catch (failure) {
    if (failure instanceof PolicyError) x.judged = text // anything else may be over at the next look
    return refuse(x, failure instanceof PolicyError ? failure.problems : [`it cannot be taken: ${messageOf(failure)}`])
  }
  x.judged = text
  x.broken = undefined
  tell(x)
}

function refuse(x: Standing, problems: string[]): void {
  if (x.broken?.problems.join() === problems.join()) return
  x.broken = { since: x.broken?.since ?? x.now(), problems }
  tell(x)
}

/** Says in the log and in the trail what is in force, or why the file as it is now is not. */
function tell({ inForce, broken, log, audit }: Standing): void {
  const { version } = inForce.compiled
  if (broken) log.error('policy_broken', { code: version, failure: new PolicyError(broken.problems) })
  else log.info('policy_in_force', { code: version })
  audit.note({ event: 'policy', outcome: broken ? 'refused' : 'in force', policy: version, reason: broken?.problems[0] })
}

const publicOf = ({ version, policies, warnings }: CompiledPolicies) => ({ version, policies, warnings })
