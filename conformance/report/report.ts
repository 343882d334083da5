import type { Profile } from '../adapter.ts'
import type { Party, Requirement } from '../requirements.ts'

export const VERDICTS = ['PASS', 'FAIL', 'WARN', 'SKIP', 'N-A'] as const
/** WARN: a SHOULD was not met. SKIP: nothing could be found out, never a pass. N-A: of another profile. */
export type Verdict = (typeof VERDICTS)[number]

/** One message and its answer as they may be shown: every secret is redacted. */
export type Exchange = {
  /** Who asked whom, such as `harness → https://authority.example`. */
  between: string
  request: { line: string; headers: Record<string, string>; body: string }
  /** Undefined where no answer came; then `failure` says why. */
  response: { status: number; headers: Record<string, string>; body: string } | undefined
  failure?: string
  ms: number
}

export type Result = {
  id: string
  party: Party
  /** What this case does. */
  about: string
  negative: boolean
  requirement: Pick<Requirement, 'level' | 'origin' | 'section' | 'group' | 'statement'>
  verdict: Verdict
  /** What was demanded and what came instead; of FAIL and WARN. */
  expected?: string
  actual?: string
  /** Why there is no verdict, or what else is to be said; one sentence each. */
  remarks: string[]
  /** What was said, the last exchange being the one that showed it; of FAIL and WARN. */
  exchanges: Exchange[]
  ms: number
}

export type Subject = { party: Party; name: string; url: string | undefined }

export type Report = {
  tool: { name: 'agentpass-conformance'; version: string }
  profile: Profile
  seed: string
  startedAt: string
  ms: number
  subjects: Subject[]
  /** What a reader must know before any verdict: certificates that were not checked, a peer that went away, messages in envelopes. */
  notices: string[]
  /** Why the run ended early; then what was not found out is SKIP. */
  aborted?: string
  results: Result[]
}

/** Whether all that is required was passed: no FAIL, nothing broken off, and at least one PASS. */
export const isConforming = ({ results, aborted }: Report): boolean =>
  aborted === undefined && results.every(({ verdict }) => verdict !== 'FAIL') && results.some(({ verdict }) => verdict === 'PASS')

export const count = (results: readonly Result[]): Record<Verdict, number> => {
  const counts: Record<Verdict, number> = { PASS: 0, FAIL: 0, WARN: 0, SKIP: 0, 'N-A': 0 }
  for (const { verdict } of results) counts[verdict]++
  return counts
}
