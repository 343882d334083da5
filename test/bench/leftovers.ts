import { say } from '../../spec/node/cli.ts'
import { messageOf, OperatorError } from '../../spec/node/operator-error.ts'

/** What a run makes and must not leave behind, however it ends: processes, databases, folders. */
export type Leftovers = {
  /** Says how to remove something; what may come into being later is said before. */
  add: (remove: () => unknown) => void
  /** Removes all of it, the newest first. A failure is told, and the others are removed all the same. */
  remove: () => Promise<void>
}

function createLeftovers(): Leftovers {
  const all: (() => unknown)[] = []
  let removing: Promise<void> | undefined
  const removeAll = async () => {
    for (let remove = all.pop(); remove; remove = all.pop())
      try {
        await remove()
      } catch (failure) {
        say(`bench: left behind: ${withoutPassword(messageOf(failure))}`)
      }
  }
  return {
    add(remove) {
      all.push(remove)
      removing = removing?.then(removeAll) // came into being while the others went
    },
    async remove() {
      removing ??= removeAll()
      for (let before: unknown; before !== removing; await removing) before = removing
    },
  }
}

/** Does some work and removes what it made: at its end, or with what belongs to the run around it. */
export async function withLeftovers<T>(around: Leftovers | undefined, work: (leftovers: Leftovers) => Promise<T>): Promise<T> {
  const leftovers = createLeftovers()
  around?.add(leftovers.remove)
  try {
    return await work(leftovers)
  } finally {
    await leftovers.remove()
  }
}

/** Throws OperatorError when the process is told to end: by Ctrl-C, or by who started it. */
export const untilInterrupted = (): Promise<never> =>
  new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => reject(new OperatorError('interrupted')))
  })

/** Text without the password of a database URL in it. */
export const withoutPassword = (text: string): string => text.replaceAll(/(:\/\/[^/\s:@]*):[^\s]*@/g, '$1:…@')
