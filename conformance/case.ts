import type { Profile } from './adapter.ts'

/**
 * A case judges one requirement of one party; level, section and sentence are read from `spec/requirements.json` by the id's part before the slash.
 * It arranges, acts and expects, with one fault; a negative one ends with the legitimate request, unless the item must die.
 */
export type Case<Stage> = {
  /** The requirement's id, with a slug where one requirement needs several cases; stable for ever. */
  id: string
  /** What is done here, as the report says it beside the requirement's sentence. */
  about: string
  /** Something that must be refused. */
  negative?: true
  /** The profile in which alone it is judged; both unless named. */
  profile?: Profile
  /** Mostly waits: begun before the others. */
  slow?: true
  /** Floods or kills: nothing else may run meanwhile. */
  alone?: true
  /** Judges what the whole run has seen: comes at its end. */
  last?: true
  run: (stage: Stage) => Promise<void>
}

/** What was demanded and not met. */
export class Unmet extends Error {
  readonly expected: string
  readonly actual: string
  constructor(expected: string, actual: string) {
    super(`expected ${expected}, got ${actual}`)
    this.expected = expected
    this.actual = actual
  }
}

/** The adapter, or the peer, gives no way to find out. Never a pass. */
export class Skipped extends Error {}

/** What the suite's own rig could not do; a verdict about the peer may not come of it. */
export class RigFailure extends Error {}

export function expectThat(met: boolean, expected: string, actual: unknown): asserts met {
  if (!met) throw new Unmet(expected, typeof actual === 'string' ? actual : (JSON.stringify(actual) ?? String(actual)))
}

export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  expectThat(JSON.stringify(actual) === JSON.stringify(expected), `${what} to be ${JSON.stringify(expected)}`, actual)
}
