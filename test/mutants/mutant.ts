/** A small deliberate fault in one of our parties, and the conformance cases that find it. */
export type Mutant = {
  id: string
  /** What is wrong with the party, as a sentence without its end. */
  says: string
  /** The compiled file that is another, such as `service/redeem/redeem.js`. */
  file: string
  /** A text that stands there exactly once, and what stands there instead. */
  find: string
  replace: string
  /** The cases that fail, of every party: FAIL, or WARN where the requirement is no MUST. */
  fails: string[]
  /** The profile in which they are judged; `core-0.1` unless named. */
  profile?: 'hardened'
  /** Whether its cases need a real browser. */
  browser?: true
  /** Whether nothing at all can be done with such a party, so that the suite's reference exchange fails too. */
  unusable?: true
  /** Why no case finds it, for one that is kept nevertheless. */
  survives?: string
}
