import { existsSync } from 'node:fs'
import SQLite from 'better-sqlite3'
import { Kysely, SqliteDialect } from 'kysely'
import { type Database, openDatabase } from './database.ts'
import { OperatorError } from './operator-error.ts'

/** Opens a party's database, made when it is not there. Throws OperatorError when it cannot be opened or written, or is none. */
export function openWritable<S>(file: string): Database<S> {
  try {
    return openDatabase<S>(file)
  } catch (cause) {
    throw explain(file, cause)
  }
}

/** Opens a party's database to look at it: nothing in it changes, whatever happens. Throws OperatorError as `openWritable`, and when it is not there. */
export function openReadOnly<S>(file: string): { read: Kysely<S>; close: () => Promise<void> } {
  requireDatabase(file)
  try {
    const connection = new SQLite(file, { readonly: true, timeout: 0 })
    connection.pragma('schema_version') // the first read tells whether it is a database at all
    const read = new Kysely<S>({ dialect: new SqliteDialect({ database: connection }) })
    return { read, close: () => read.destroy() }
  } catch (cause) {
    throw explain(file, cause)
  }
}

/** Only `init` makes a database: a wrong path must not look like a new, empty one. Throws OperatorError. */
export function requireDatabase(file: string): void {
  if (existsSync(file)) return
  throw new OperatorError(`the database ${file} does not exist`, {
    hint: 'is the path in the settings right? init makes one; restore a lost one from a backup',
  })
}

function explain(file: string, cause: unknown): OperatorError {
  if (cause instanceof SQLite.SqliteError && cause.code === 'SQLITE_NOTADB')
    return new OperatorError(`${file} is no SQLite database, or only a part of one`, { cause, hint: 'restore it from a backup' })
  return new OperatorError(`the database ${file} cannot be opened or written`, {
    cause,
    hint: 'check that its folder exists and belongs to this user, and that the disk is not full',
  })
}
