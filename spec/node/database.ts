import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import SQLite from 'better-sqlite3'
import { CompiledQuery, Kysely, SqliteDialect } from 'kysely'
import { ProtocolError } from '../error.ts'

/** A party's database. What `read` sees is committed; `write` answers when it is on disk. */
export type Database<S> = {
  read: Kysely<S>
  /** Runs SQL as one durable transaction: all of it or, when `work` throws, nothing. `work` awaits nothing but SQL. Throws what `work` throws, or overloaded. */
  write: <T>(work: (tx: Kysely<S>) => Promise<T>) => Promise<T>
  close: () => Promise<void>
}

const BUSY_MS = 2000
const MAX_BATCH = 64

/** Opens the SQLite database in a file, made when it is not there. Throws Error when it cannot be opened or written. */
export function openDatabase<S>(file: string): Database<S> {
  const connection = open(file)
  const reader = open(file, { readonly: true })
  const writer = kyselyOn<S>(connection)
  const read = kyselyOn<S>(reader)
  const write = createGroupCommit(connection, writer)
  return {
    read,
    write: write.submit,
    async close() {
      await write.drained()
      await read.destroy()
      await writer.destroy() // the last connection folds the write-ahead log into the file
    },
  }
}

function open(file: string, options: { readonly?: boolean } = {}): SQLite.Database {
  const connection = new SQLite(file, { ...options, timeout: 0 }) // the driver's own wait would block the event loop
  if (!options.readonly) connection.pragma('journal_mode = WAL')
  connection.pragma('synchronous = FULL')
  connection.pragma('foreign_keys = ON')
  return connection
}

/** Kysely prepares each statement anew; this keeps them by their text. */
function kyselyOn<S>(connection: SQLite.Database): Kysely<S> {
  const statements = new Map<string, SQLite.Statement<unknown[]>>()
  const prepare = (sql: string) => {
    const statement = statements.get(sql) ?? connection.prepare<unknown[]>(sql)
    if (statements.size < 500) statements.set(sql, statement)
    return statement
  }
  const reading = (statement: SQLite.Statement<unknown[]>) => ({
    reader: statement.reader,
    all: (parameters: readonly unknown[]) => statement.all(...parameters),
    run: (parameters: readonly unknown[]) => statement.run(...parameters),
    iterate: (parameters: readonly unknown[]) => statement.iterate(...parameters),
  })
  return new Kysely<S>({
    dialect: new SqliteDialect({ database: { prepare: (sql) => reading(prepare(sql)), close: () => void connection.close() } }),
  })
}

type Job<S> = { work: (tx: Kysely<S>) => Promise<unknown>; settle: (outcome: Outcome) => void }
type Outcome = { value: unknown } | { failure: unknown }

/** Group commit: what is submitted in one turn of the event loop shares a transaction and its fsync; each job has its own result and its own failure. */
function createGroupCommit<S>(connection: SQLite.Database, tx: Kysely<S>) {
  const queue: Job<S>[] = []
  let running: Promise<void> | undefined
  const run = async () => {
    await nextTurn()
    while (queue.length > 0) await commit(connection, tx, queue.splice(0, MAX_BATCH))
    running = undefined
  }
  return {
    submit<T>(work: (tx: Kysely<S>) => Promise<T>): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        let result: T
        const job = async (on: Kysely<S>) => {
          result = await work(on)
        }
        queue.push({ work: job, settle: (outcome) => ('failure' in outcome ? reject(outcome.failure) : resolve(result)) })
        running ??= run()
      })
    },
    async drained() {
      while (running) await running
    },
  }
}

async function commit<S>(connection: SQLite.Database, tx: Kysely<S>, jobs: Job<S>[]): Promise<void> {
  const outcomes: Outcome[] = []
  try {
    await begin(tx)
    for (const { work } of jobs) {
      outcomes.push(await inSavepoint(tx, work))
      if (!connection.inTransaction) throw new Error('the database gave the transaction up')
    }
    await tx.executeQuery(COMMIT)
    for (const [i, job] of jobs.entries()) job.settle(outcomes[i] ?? { failure: new Error('no outcome') })
  } catch (cause) {
    if (connection.inTransaction) await tx.executeQuery(ROLLBACK).catch(() => undefined) // the jobs are told below, and the next ones find out for themselves
    const last = outcomes.at(-1) // the failure that made the database give up says more than that it did
    const failure = unavailable(last && 'failure' in last && isTrouble(last.failure) ? last.failure : cause)
    for (const job of jobs) job.settle({ failure })
  }
}

const BEGIN = CompiledQuery.raw('begin immediate')
const COMMIT = CompiledQuery.raw('commit')
const ROLLBACK = CompiledQuery.raw('rollback')
const SAVEPOINT = CompiledQuery.raw('savepoint job')
const RELEASE = CompiledQuery.raw('release job')
const UNDO = CompiledQuery.raw('rollback to job')

async function inSavepoint<S>(tx: Kysely<S>, work: (tx: Kysely<S>) => Promise<unknown>): Promise<Outcome> {
  try {
    await tx.executeQuery(SAVEPOINT)
    const value = await work(tx)
    await tx.executeQuery(RELEASE)
    return { value }
  } catch (failure) {
    const undone = await tx.executeQuery(UNDO).then(
      () => tx.executeQuery(RELEASE),
      () => undefined,
    )
    return { failure: undone && !isTrouble(failure) ? failure : unavailable(failure) }
  }
}

/** Another process holds the write lock for a moment: asked again, ever less often, for two seconds. */
async function begin<S>(tx: Kysely<S>): Promise<void> {
  for (let waited = 0, pause = 1; ; waited += pause, pause = Math.min(pause * 2, 50)) {
    try {
      await tx.executeQuery(BEGIN)
      return
    } catch (failure) {
      if (!isBusy(failure) || waited > BUSY_MS) throw failure
      await sleep(pause)
    }
  }
}

const codeOf = (failure: unknown): string => (failure instanceof SQLite.SqliteError ? failure.code : '')
const isBusy = (failure: unknown): boolean => codeOf(failure).startsWith('SQLITE_BUSY')
/** The database's trouble, not the statement's. */
const isTrouble = (failure: unknown): boolean => /^SQLITE_(?:BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN|CORRUPT|NOTADB)/.test(codeOf(failure))

const unavailable = (cause: unknown): ProtocolError =>
  new ProtocolError('overloaded', 'the database cannot be written at the moment', { cause, retryAfterSeconds: 1 })
