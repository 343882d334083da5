import type { Kysely } from 'kysely'
import { ProtocolError } from '../error.ts'

export type Dialect = 'sqlite' | 'postgres'

/** A party's database. What `read` sees is committed; `write` answers when it is on disk. */
export type Database<S> = {
  dialect: Dialect
  read: Kysely<S>
  /**
   * Runs SQL as one durable transaction: all of it or, when `work` throws, nothing. `work` awaits nothing but SQL, and is run again where the database undid it for the sake of another.
   * Throws what `work` throws, or overloaded.
   */
  write: <T>(work: (tx: Kysely<S>) => Promise<T>) => Promise<T>
  close: () => Promise<void>
}

/** Whether a database is named by a URL of PostgreSQL, and not by a file. */
export const isPostgres = (database: string): boolean => /^postgres(?:ql)?:\/\//.test(database)

/** What a peer sees of the database's trouble: it may try again. */
export const unavailable = (cause: unknown): ProtocolError =>
  new ProtocolError('overloaded', 'the database cannot be used at the moment', { cause, retryAfterSeconds: 1 })
