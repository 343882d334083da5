import { NoAnswer } from './actors/client.ts'
import type { Profile } from './adapter.ts'
import { RigFailure, Skipped, Unmet } from './case.ts'
import type { Observing } from './observe.ts'
import type { createRedactor } from './report/redact.ts'
import type { Result, Verdict } from './report/report.ts'
import { requirementOf } from './requirements.ts'
import type { Sentry } from './sentry.ts'
import type { Judged } from './subject.ts'

const PATIENCE_MS = 90_000

export type JudgeDeps = { set: (name: string) => Observing; sentry: Sentry; profile: Profile; redactor: ReturnType<typeof createRedactor> }
type Outcome = { verdict: Verdict; expected?: string; actual?: string; remarks?: string[] }

/** Runs one case and says how it ended. Never throws: what goes wrong in the suite is no verdict about the peer. */
export async function judge(one: Judged, d: JudgeDeps): Promise<Result> {
  const started = performance.now()
  const requirement = requirementOf(one.id)
  const { level, origin, section, group, statement } = requirement
  const observing = d.set(one.id)
  const outcome = await findOutcome(one, observing, d, origin)
  const tells = outcome.verdict === 'FAIL' || outcome.verdict === 'WARN'
  return d.redactor.result({
    id: one.id,
    party: one.party,
    about: one.about,
    negative: one.negative === true,
    requirement: { level, origin, section, group, statement },
    verdict: outcome.verdict,
    ...(outcome.expected !== undefined && { expected: outcome.expected }),
    ...(outcome.actual !== undefined && { actual: outcome.actual }),
    remarks: [...(outcome.remarks ?? []), ...observing.warnings],
    exchanges: tells ? observing.exchanges() : [],
    ms: performance.now() - started,
  })
}

async function findOutcome(one: Judged, observing: Observing, d: JudgeDeps, origin: string): Promise<Outcome> {
  const ended = d.sentry.ended()
  if (ended !== undefined) return { verdict: 'SKIP', remarks: [`not run: ${ended}`] }
  if (one.profile !== undefined && one.profile !== d.profile) return { verdict: 'N-A', remarks: [`judged in the profile ${one.profile} alone`] }
  if (origin === 'hardening' && d.profile === 'core-0.1')
    return { verdict: 'N-A', remarks: ['the hardening revision is judged in the profile hardened'] }
  const outcome = await attempt(one, observing)
  // Whether the rig, and the peer, still worked when this ended: otherwise it says nothing about the rule.
  const fault = await d.sentry.look(one, outcome.verdict === 'PASS' || outcome.verdict === 'SKIP' ? 'rig' : 'peer')
  return fault === undefined ? outcome : { verdict: 'SKIP', remarks: [`no verdict: ${fault}`] }
}

async function attempt(one: Judged, { stage, warnings }: Observing): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new RigFailure(`the case did not end within ${PATIENCE_MS / 1000} s`)), PATIENCE_MS)
  })
  try {
    await Promise.race([one.run(stage), late])
    return warnings.length > 0 ? { verdict: 'WARN', expected: 'what is recommended', actual: warnings.join('; ') } : { verdict: 'PASS' }
  } catch (failure) {
    return explain(failure, requirementOf(one.id).level)
  } finally {
    clearTimeout(timer)
  }
}

function explain(failure: unknown, level: string): Outcome {
  const worst = level === 'MUST' ? 'FAIL' : 'WARN'
  if (failure instanceof Skipped) return { verdict: 'SKIP', remarks: [failure.message] }
  if (failure instanceof Unmet) return { verdict: worst, expected: failure.expected, actual: failure.actual }
  if (failure instanceof NoAnswer) return { verdict: worst, expected: 'an answer', actual: `none: ${failure.message}` }
  const message = failure instanceof Error ? failure.message : String(failure)
  return {
    verdict: 'SKIP',
    remarks: [
      failure instanceof RigFailure ? message : `the suite has a fault here: ${failure instanceof Error ? (failure.stack ?? message) : message}`,
    ],
  }
}
