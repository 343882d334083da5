import { chmodSync, closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import SQLite from 'better-sqlite3'
import { print, printJson } from './cli.ts'
import { isPostgres } from './database.ts'
import { pendingMigrations } from './migrate.ts'
import { openReadOnly } from './open-database.ts'
import { messageOf, OperatorError } from './operator-error.ts'
import { readPartySettings, type ServerParty } from './server-party.ts'
import { readDatabase, type ServerSettings } from './settings.ts'

const WAIT_MS = 5000

type BackupOptions = { config: string; json?: boolean }

/**
 * Copies a party's SQLite database whole into a file, also beside a running server; nothing that exists is replaced, and a file that could not be finished is none.
 * Throws OperatorError: for PostgreSQL too, whose own tools do it, saying how.
 */
export async function backupParty<S extends ServerSettings>(party: ServerParty<S>, file: string, { config, json }: BackupOptions): Promise<void> {
  const database = readDatabase(config, readPartySettings(party, config).database)
  if (isPostgres(database)) throw dumpItself(database, file)
  const db = await openReadOnly(database)
  await pendingMigrations(db, party.migrations).finally(db.close)
  const made = resolve(file)
  reserve(made)
  const partial = `${made}.partial`
  try {
    copyWhole(database, partial)
    renameSync(partial, made)
    flush(dirname(made))
  } catch (failure) {
    rmSync(made, { force: true })
    throw failure
  }
  if (json) printJson({ backup: made })
  else print(`made ${made}, and read it: it is whole`)
}

function dumpItself(database: string, file: string): OperatorError {
  const url = new URL(database)
  url.password = ''
  return new OperatorError('a PostgreSQL database is backed up by its own tools', {
    exitCode: 2,
    hint: `pg_dump --format=custom --file=${quoted(file)} --dbname=${quoted(url.href)}`,
  })
}

const quoted = (text: string): string => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)

/** The file is ours from here on: of two that make it at once the second is refused. */
function reserve(file: string): void {
  try {
    writeFileSync(file, '', { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')
      throw new OperatorError(`${file} exists, and backup replaces nothing`, { cause, hint: 'name another file: one a day, by its date' })
    throw new OperatorError(`cannot write ${file}: ${messageOf(cause)}`, { cause, hint: 'make its folder writable, or name another' })
  }
}

/**
 * Copies a SQLite database as it is at one moment, its write-ahead log included, into one new file that its owner alone may read; then that is read and is on disk.
 * Who writes to the database meanwhile does not wait. Throws OperatorError, with no copy left.
 */
export function copyWhole(from: string, to: string): void {
  try {
    rmSync(to, { force: true })
    writeFileSync(to, '', { mode: 0o600, flag: 'wx' })
    chmodSync(to, 0o600)
    using(from, (source) => source.prepare('vacuum into ?').run(to))
    using(to, requireWhole)
    flush(to)
  } catch (cause) {
    rmSync(to, { force: true })
    if (cause instanceof SQLite.SqliteError && /^SQLITE_(?:CORRUPT|NOTADB)/.test(cause.code))
      throw new OperatorError(`${from} is damaged, or only a part of a database`, { cause, hint: 'take an older backup' })
    throw new OperatorError(`cannot copy ${from} to ${to}: ${messageOf(cause)}`, { cause, hint: 'is the disk full, or the folder not writable?' })
  }
}

function using<T>(file: string, work: (connection: SQLite.Database) => T): T {
  const connection = new SQLite(file, { readonly: true, timeout: WAIT_MS })
  try {
    return work(connection)
  } finally {
    connection.close()
  }
}

function requireWhole(copy: SQLite.Database): void {
  const found = copy.pragma('integrity_check', { simple: true })
  if (found !== 'ok') throw new Error(`what was written does not hold: ${found}`)
}

/** Waits until a file, or what a folder lists, is on disk. */
export function flush(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
