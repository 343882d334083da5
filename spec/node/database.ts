import type { Kysely } from 'kysely'
import { ProtocolError } from '../error.ts'

export type Dialect = 'sqlite' | 'postgres'

/** Tells those who listen on this database, in this process at once and in others soon after, when the transaction is on disk. At most 7,000 bytes; nothing secret. */
export type Announce = (message: string) => void
/** Is told what was announced; undefined says that something may have been missed. */
export type Hear = (message: string | undefined) => void

/** A party's database. What `read` sees is committed; `write` answers when it is on disk. */
export type Database<S> = {
  dialect: Dialect
  read: Kysely<S>
  /**
   * Runs SQL as one durable transaction: all of it or, when `work` throws, nothing. `work` awaits nothing but SQL, and is run again where the database undid it for the sake of another.
   * Throws what `work` throws, or overloaded.
   */
  write: <T>(work: (tx: Kysely<S>, announce: Announce) => Promise<T>) => Promise<T>
  /** Listens until the database is closed: on PostgreSQL to all processes, on SQLite to this one alone. Resolves when it does, or has to try again. */
  listen: (hear: Hear) => Promise<void>
  close: () => Promise<void>
}

/** Those who listen in this process: `tell` reaches them all. */
export function createAudience(): { listen: (hear: Hear) => Promise<void>; tell: Hear } {
  const listening = new Set<Hear>()
  return {
    listen: async (hear) => void listening.add(hear),
    tell(message) {
      for (const hear of listening) hear(message)
    },
  }
}

/** Runs a transaction, and when it is on disk tells what was said in it. */
export async function announcing<T>(tell: Hear, transaction: (announce: Announce, said: string[]) => Promise<T>): Promise<T> {
  const said: string[] = []
  const result = await transaction((message) => void said.push(message), said)
  for (const message of said) tell(message)
  return result
}

/** Whether a database is named by a URL of PostgreSQL, and not by a file. */
export const isPostgres = (database: string): boolean => /^postgres(?:ql)?:\/\//.test(database)

/** What a peer sees of the database's trouble: it may try again. */
export const unavailable = (cause: unknown): ProtocolError =>
  new ProtocolError('overloaded', 'the database cannot be used at the moment', { cause, retryAfterSeconds: 1 })
