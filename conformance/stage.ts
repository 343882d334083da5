import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser } from './actors/browser.ts'
import type { Client, Observed } from './actors/client.ts'
import type { Ground } from './actors/ground.ts'
import type { Chance } from './actors/seed.ts'
import type { Profile } from './adapter.ts'
import { Skipped } from './case.ts'

/** What the whole run has seen, for the cases that judge all of it. */
export type Watch = {
  /** Every refusal the peer sent, with what was asked. */
  refusals: Observed[]
  /** Secrets that went over the wire; none of them may be in a log, a URL or an error. */
  secrets: Set<string>
  /** That the peer wraps its messages in a member of that name. */
  enveloped?: 'request' | 'response'
}

/** What every case has: the suite's ground, a client whose exchanges are kept for the report, and a word beside the verdict. */
export type Stage = {
  profile: Profile
  ground: Ground
  client: Client
  chance: Chance
  watch: Watch
  /** A SHOULD that was not met in a case of a MUST. */
  warn: (message: string) => void
  /** What never stands in a report. */
  secret: <T extends string>(value: T) => T
  wait: (ms: number) => Promise<void>
  /** A real browser, one for the run; skips without `--browser`. */
  browser: () => Promise<Browser>
}

export const waitMs = (ms: number): Promise<void> => sleep(ms)

/** There is no way to find out. */
export function skip(reason: string): never {
  throw new Skipped(reason)
}

/** What an adapter offers, or a reason to skip. */
export function need<T>(value: T | undefined, reason: string): T {
  return value ?? skip(reason)
}

/** Goes on until it is true, or fails after so long. */
export async function until(isTrue: () => boolean | Promise<boolean>, withinMs: number, everyMs = 100): Promise<boolean> {
  const end = performance.now() + withinMs
  for (;;) {
    if (await isTrue()) return true
    if (performance.now() > end) return false
    await sleep(everyMs)
  }
}
