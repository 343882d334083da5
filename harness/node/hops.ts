import { printable } from '../failure.ts'
import type { Io } from './io.ts'
import { describeFailure } from './report.ts'

/** One thing that was looked at; `note` where it is worth knowing and neither works nor fails. */
export type Hop = { hop: string; state: 'works' | 'note' | 'fails'; says: string }
/** Looks at one thing after another, telling each as it is found. */
export type Hops = {
  seen: Hop[]
  /** Gives what was found. Throws FailedHop, which ends the round, or what ended the signal. */
  look: <T>(hop: string, find: () => Promise<T>, say: (found: T) => string) => Promise<T>
  note: (hop: string, says: string) => Promise<void>
}

/** The first thing that does not work; its cause says why. */
export class FailedHop extends Error {
  override readonly name = 'FailedHop'
}

/** `isQuiet`: nothing is told yet, as the result is one piece of JSON. */
export function createHops({ io, signal, isQuiet }: { io: Io; signal: AbortSignal; isQuiet: boolean }): Hops {
  const seen: Hop[] = []
  const tell = async (found: Hop) => {
    seen.push(found)
    if (!isQuiet) await io.out(`${found.state.padEnd(5)}  ${found.hop.padEnd(18)}  ${printable(found.says)}\n`)
  }
  return {
    seen,
    note: (hop, says) => tell({ hop, state: 'note', says }),
    async look(hop, find, say) {
      signal.throwIfAborted()
      const found = await find().catch(async (cause) => {
        signal.throwIfAborted()
        const { peer, message } = describeFailure(cause)
        await tell({ hop, state: 'fails', says: peer === null ? message : `${peer}: ${message}` })
        throw new FailedHop(hop, { cause })
      })
      await tell({ hop, state: 'works', says: say(found) })
      return found
    },
  }
}
