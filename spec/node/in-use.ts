import { setTimeout as sleep } from 'node:timers/promises'
import SQLite from 'better-sqlite3'
import { type Kysely, sql } from 'kysely'
import { isPostgres } from './database.ts'
import { openReadOnly } from './open-database.ts'
import { OperatorError } from './operator-error.ts'

/** A connection that was closed, our own of just now too, is seen for a moment longer. */
const LEAVING_MS = 5000
const PAUSE_MS = 100

/** Throws OperatorError where a server, or another command, has a database open; whoever comes later is not kept out. */
export async function requireUnused(database: string): Promise<void> {
  if (isPostgres(database)) return requireAloneOn(database)
  takeAlone(database)?.close()
}

/**
 * Takes a SQLite file for this process alone until the connection is closed, with its write-ahead log folded in: the file is the whole database then.
 * Undefined where it is no database, or a damaged one: nobody can serve it. Throws OperatorError where somebody has it open.
 */
export function takeAlone(file: string): SQLite.Database | undefined {
  const connection = new SQLite(file, { fileMustExist: true, timeout: 0 })
  try {
    connection.pragma('locking_mode = EXCLUSIVE')
    connection.pragma('journal_mode = DELETE') // only whoever is alone leaves the write-ahead log
    connection.exec('begin exclusive; commit')
    return connection
  } catch (cause) {
    connection.close()
    const code = cause instanceof SQLite.SqliteError ? cause.code : ''
    if (/^SQLITE_(?:CORRUPT|NOTADB)/.test(code)) return undefined
    if (code.startsWith('SQLITE_BUSY')) throw inUse(file, cause)
    throw cause
  }
}

async function requireAloneOn(database: string): Promise<void> {
  const db = await openReadOnly(database)
  try {
    for (let waited = 0; (await countOthers(db.read)) > 0; waited += PAUSE_MS) {
      if (waited >= LEAVING_MS) throw inUse('the database')
      await sleep(PAUSE_MS)
    }
  } finally {
    await db.close()
  }
}

async function countOthers<S>(db: Kysely<S>): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from pg_stat_activity
    where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`.execute(db)
  return Number(rows[0]?.count ?? 0)
}

const inUse = (name: string, cause?: unknown) =>
  new OperatorError(`${name} is in use`, { cause, hint: 'stop every server on it, and whatever else has it open; then try again' })
