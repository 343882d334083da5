import { existsSync } from 'node:fs'
import SQLite from 'better-sqlite3'
import { type Kysely, sql } from 'kysely'
import { type Database, isPostgres } from './database.ts'
import { requireMigrated } from './migrate.ts'
import { messageOf, OperatorError } from './operator-error.ts'
import { openPostgres } from './postgres.ts'
import { openSqlite, openSqliteReadOnly } from './sqlite.ts'

type Readable<S> = { read: Kysely<S>; close: () => Promise<void> }

/** Opens a database: PostgreSQL by its URL, a SQLite file by its path, made when it is not there. Throws Error when a file cannot be opened or written; a server is first asked when it is used. */
export const openDatabase = <S>(database: string): Database<S> => (isPostgres(database) ? openPostgres(database) : openSqlite(database))

/** Opens a party's database, a file made when it is not there. Throws OperatorError when it cannot be opened, written or reached, or is none. */
export const openWritable = <S>(database: string): Promise<Database<S>> => opened<S, Database<S>>(database, () => openDatabase<S>(database))

/** The same for work that may take its time on a large database, and is waited for: changing the schema. */
export const openPatiently = <S>(database: string): Promise<Database<S>> =>
  opened<S, Database<S>>(database, () => (isPostgres(database) ? openPostgres<S>(database, { patient: true }) : openSqlite<S>(database)))

/** Opens a party's database to look at it: nothing in it changes, whatever happens. Throws OperatorError as `openWritable`, and when it is not there. */
export async function openReadOnly<S>(database: string): Promise<Readable<S>> {
  requireFile(database)
  return opened<S, Readable<S>>(database, () =>
    isPostgres(database) ? openPostgres<S>(database, { readOnly: true }) : openSqliteReadOnly<S>(database),
  )
}

/** Only `init` makes a database: a wrong path, or a wrong name on a server, must not look like a new, empty one. Throws OperatorError. */
export async function requireMade(database: string): Promise<void> {
  requireFile(database)
  if (!isPostgres(database)) return // an empty file is told by the key that it lacks
  const db = await openReadOnly(database)
  try {
    await requireMigrated(db)
  } finally {
    await db.close()
  }
}

function requireFile(database: string): void {
  if (isPostgres(database) || existsSync(database)) return
  throw new OperatorError(`the database ${database} does not exist`, {
    hint: 'is the path in the settings right? init makes one; restore a lost one from a backup',
  })
}

/** A database as people are told of it: a URL without its password. */
export function nameOfDatabase(database: string): string {
  if (!isPostgres(database)) return database
  const { protocol, username, host, pathname } = new URL(database)
  return `${protocol}//${username && `${username}@`}${host}${pathname}`
}

async function opened<S, D extends Readable<S>>(database: string, open: () => D): Promise<D> {
  try {
    const db = open()
    if (isPostgres(database)) await reach(db)
    return db
  } catch (cause) {
    throw explain(nameOfDatabase(database), cause)
  }
}

async function reach<S>(db: Readable<S>): Promise<void> {
  try {
    await sql`select 1`.execute(db.read)
  } catch (failure) {
    await db.close()
    throw failure
  }
}

function explain(name: string, cause: unknown): OperatorError {
  if (isPostgres(name))
    return new OperatorError(`the database ${name} cannot be reached: ${reasonOf(cause)}`, {
      cause,
      hint: 'is the server running, does the database exist, and may this user sign in with that password?',
    })
  if (cause instanceof SQLite.SqliteError && /^SQLITE_(?:NOTADB|CORRUPT)/.test(cause.code))
    return new OperatorError(`${name} is no SQLite database, or only a part of one`, { cause, hint: 'restore it from a backup' })
  return new OperatorError(`the database ${name} cannot be opened or written`, {
    cause,
    hint: 'check that its folder exists and belongs to this user, and that the disk is not full',
  })
}

/** The last cause: what the server or the system said. */
const reasonOf = (failure: unknown): string =>
  failure instanceof Error && failure.cause !== undefined ? reasonOf(failure.cause) : messageOf(failure)
