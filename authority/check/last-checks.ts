import type { Dialect } from '../../spec/node/database.ts'
import { noteChecks } from '../store/authorizations.ts'
import type { Tx } from '../store/schema.ts'

/** When Services last asked after authorizations, for people to see. A check writes nothing: they are kept here, and written down together every few seconds. */
export type LastChecks = {
  /** Notes that an authorization was asked after. */
  note: (id: string, at: number) => void
  /** Writes down what was noted since. */
  flush: () => Promise<void>
}

const MOST = 50_000

export function createLastChecks(db: { dialect: Dialect; write: <T>(work: (tx: Tx) => Promise<T>) => Promise<T> }): LastChecks {
  let noted = new Map<string, number>()
  return {
    note(id, at) {
      if (noted.size < MOST || noted.has(id)) noted.set(id, at)
    },
    async flush() {
      if (noted.size === 0) return
      const checks = [...noted].map(([id, at]) => ({ id, at }))
      noted = new Map()
      await db.write((tx) => noteChecks(tx, db.dialect, checks)) // what is lost here is told again by the next check
    },
  }
}
