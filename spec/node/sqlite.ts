import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import SQLite from 'better-sqlite3'
import { type DatabaseConnection, type Driver, Kysely, type SqliteDatabase, SqliteDialect, type SqliteDialectConfig, SqliteDriver } from 'kysely'
import { announcing, createAudience, type Database, unavailable } from './database.ts'
import { type Prepare, runDirectly } from './statement.ts'

const BUSY_MS = 2000
const MAX_BATCH = 64
const MAX_PREPARED = 500
const CACHE_KIB = 65_536
const CHECKPOINT_PAGES = 4000 // of 4 KiB: a page that many transactions write is folded in once

/** Opens the SQLite database in a file, made when it is not there. Throws Error when it cannot be opened or written. */
export function openSqlite<S>(file: string): Database<S> {
  const connection = open(file)
  const reader = open(file, { readonly: true })
  const writer = kyselyOn<S>(connection)
  const read = kyselyOn<S>(reader)
  const group = createGroupCommit(connection, writer)
  const { listen, tell } = createAudience()
  return {
    dialect: 'sqlite',
    read,
    write: (work) => announcing(tell, (announce) => group.submit((tx) => work(tx, announce))),
    listen,
    async close() {
      await group.drained()
      await read.destroy()
      reader.close() // before the other: Kysely closes only what it has used
      await writer.destroy()
      connection.close() // the last connection folds the write-ahead log into the file, if it may write
    },
  }
}

/** Opens the SQLite database in a file to look at it: nothing in it changes, whatever happens. Throws Error. */
export function openSqliteReadOnly<S>(file: string): { read: Kysely<S>; close: () => Promise<void> } {
  const connection = open(file, { readonly: true })
  connection.pragma('schema_version') // the first read tells whether it is a database at all
  return { read: kyselyOn<S>(connection), close: async () => void connection.close() }
}

function open(file: string, options: { readonly?: boolean } = {}): SQLite.Database {
  const connection = new SQLite(file, { ...options, timeout: 0 }) // the driver's own wait would block the event loop
  if (!options.readonly) connection.pragma('journal_mode = WAL')
  connection.pragma('synchronous = FULL')
  connection.pragma(`cache_size = -${CACHE_KIB}`)
  connection.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
  connection.pragma('foreign_keys = ON')
  return connection
}

const kyselyOn = <S>(connection: SQLite.Database): Kysely<S> =>
  runDirectly(new Kysely<S>({ dialect: new Unlocked({ database: preparing(connection) }) }), prepareOn(connection))

const prepareOn =
  (connection: SQLite.Database): Prepare =>
  <R>(text: string) => {
    const statement = connection.prepare<unknown[], R>(text)
    if (statement.reader) return (parameters) => statement.all(parameters)
    return (parameters) => {
      statement.run(parameters)
      return []
    }
  }

/** Kysely prepares each statement anew; this keeps them by their text. */
function preparing(connection: SQLite.Database): SqliteDatabase {
  const statements = new Map<string, SQLite.Statement<unknown[]>>()
  return {
    prepare(sql) {
      const statement = statements.get(sql) ?? connection.prepare<unknown[]>(sql)
      if (statements.size < MAX_PREPARED) statements.set(sql, statement)
      return statement
    },
    close: () => void connection.close(),
  }
}

/** Kysely's dialect without its lock on the one connection: the driver below it is synchronous, and `createGroupCommit` alone begins transactions. */
class Unlocked extends SqliteDialect {
  readonly #config: SqliteDialectConfig
  constructor(config: SqliteDialectConfig) {
    super(config)
    this.#config = config
  }
  override createDriver(): Driver {
    return new UnlockedDriver(this.#config)
  }
}

class UnlockedDriver extends SqliteDriver {
  #connection: Promise<DatabaseConnection> | undefined
  override acquireConnection(): Promise<DatabaseConnection> {
    this.#connection ??= super.acquireConnection()
    return this.#connection
  }
  override async releaseConnection(): Promise<void> {}
}

type Job<S> = { work: (tx: Kysely<S>) => Promise<unknown>; settle: (outcome: Outcome) => void }
type Outcome = { value: unknown } | { failure: unknown }

/** Group commit: what is submitted in one turn of the event loop shares a transaction and its fsync; each job has its own result and its own failure. */
function createGroupCommit<S>(connection: SQLite.Database, tx: Kysely<S>) {
  const queue: Job<S>[] = []
  const statements = prepareFrame(connection)
  let running: Promise<void> | undefined
  const run = async () => {
    await nextTurn()
    while (queue.length > 0) await commit(connection, statements, { tx, jobs: queue.splice(0, MAX_BATCH) })
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

/** What stands around jobs: the transaction, and a savepoint for each. */
type Frame = Record<'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'undo', SQLite.Statement>

const prepareFrame = (connection: SQLite.Database): Frame => ({
  begin: connection.prepare('begin immediate'),
  commit: connection.prepare('commit'),
  rollback: connection.prepare('rollback'),
  savepoint: connection.prepare('savepoint job'),
  release: connection.prepare('release job'),
  undo: connection.prepare('rollback to job'),
})

async function commit<S>(connection: SQLite.Database, frame: Frame, { tx, jobs }: { tx: Kysely<S>; jobs: Job<S>[] }): Promise<void> {
  const outcomes: Outcome[] = []
  try {
    await begin(frame)
    for (const { work } of jobs) {
      outcomes.push(await inSavepoint(frame, tx, work))
      if (!connection.inTransaction) throw new Error('the database gave the transaction up')
    }
    frame.commit.run()
    for (const [i, job] of jobs.entries()) job.settle(outcomes[i] ?? { failure: new Error('no outcome') })
  } catch (cause) {
    if (connection.inTransaction) frame.rollback.run()
    const last = outcomes.at(-1) // the failure that made the database give up says more than that it did
    const failure = unavailable(last && 'failure' in last && isTrouble(last.failure) ? last.failure : cause)
    for (const job of jobs) job.settle({ failure })
  }
}

async function inSavepoint<S>(frame: Frame, tx: Kysely<S>, work: (tx: Kysely<S>) => Promise<unknown>): Promise<Outcome> {
  try {
    frame.savepoint.run()
    const value = await work(tx)
    frame.release.run()
    return { value }
  } catch (failure) {
    return { failure: undo(frame) && !isTrouble(failure) ? failure : unavailable(failure) }
  }
}

/** Takes a job back. Whether that was possible: the database may have given the whole transaction up. */
function undo(frame: Frame): boolean {
  try {
    frame.undo.run()
    frame.release.run()
    return true
  } catch {
    return false
  }
}

/** Another process holds the write lock for a moment: asked again, ever less often, for two seconds. */
async function begin(frame: Frame): Promise<void> {
  for (let waited = 0, pause = 1; ; waited += pause, pause = Math.min(pause * 2, 50)) {
    try {
      frame.begin.run()
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
