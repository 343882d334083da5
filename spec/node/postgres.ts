import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { CompiledQuery, type DatabaseConnection, type Driver, Kysely, PostgresDialect, type QueryResult, sql } from 'kysely'
import pg from 'pg'
import { type Announce, announcing, createAudience, type Database, unavailable } from './database.ts'
import { CHANNEL, createListener } from './listener.ts'

const MAX_CONNECTIONS = 10
const CONNECT_MS = 2000
const STATEMENT_MS = 5000
const ANSWER_MS = 8000 // beyond what the server allows a statement: then it is the connection that hangs
const TRIES = 6
const MAX_NAMED = 500
const INT8 = 20 // comes as text, because it can be larger than a number; our instants and counts are not

/** Opens a PostgreSQL database by its URL. Connections are made when they are needed, and anew when they were lost. `patient`: a statement may take as long as it does. */
export function openPostgres<S>(url: string, { readOnly = false, patient = false } = {}): Database<S> {
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    ...(!patient && { statement_timeout: STATEMENT_MS, query_timeout: ANSWER_MS }),
    idle_in_transaction_session_timeout: STATEMENT_MS,
    keepAlive: true,
    application_name: 'agentpass',
    options: `-c synchronous_commit=on${readOnly ? ' -c default_transaction_read_only=on' : ''}`,
    types: { getTypeParser: (oid, format) => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) },
  })
  pool.on('error', () => {}) // an idle connection was lost: whoever needs one gets another
  pool.on('connect', (client) => client.on('error', () => {})) // one in use was lost: its statement has failed, or its next one will
  const kysely = new Kysely<S>({ dialect: new Prepared(pool) })
  const writing = new Set<Promise<unknown>>()
  const audience = createAudience()
  let listener: ReturnType<typeof createListener> | undefined
  let closed = false
  return {
    dialect: 'postgres',
    read: kysely,
    async write(work) {
      if (closed) throw unavailable(new Error('the database is closed'))
      const transaction = (announce: Announce, said: string[]) =>
        kysely.transaction().execute(async (tx) => {
          const result = await work(tx, announce)
          if (said.length > 0) await notify(tx, said)
          return result
        })
      const written = retried(() => announcing(audience.tell, transaction)) // this process need not wait until it hears itself
      writing.add(written)
      return written.finally(() => writing.delete(written))
    },
    async listen(hear) {
      await audience.listen(hear)
      listener ??= createListener(url, audience.tell)
      await listener.begun
    },
    async close() {
      closed = true
      await listener?.close()
      await Promise.allSettled(writing)
      await kysely.destroy()
      if (!pool.ended) await pool.end() // Kysely ends only what it has used
    },
  }
}

/** The other processes hear it when the transaction is committed, or never. */
const notify = <S>(tx: Kysely<S>, said: string[]) =>
  sql`select pg_notify(${CHANNEL}, message) from json_array_elements_text(${JSON.stringify(said)}::json) as message`.execute(tx)

/** Kysely's dialect with a driver that keeps its statements prepared, and uses no connection again that had trouble. */
class Prepared extends PostgresDialect {
  readonly #pool: pg.Pool
  constructor(pool: pg.Pool) {
    super({ pool })
    this.#pool = pool
  }
  override createDriver(): Driver {
    const nameOf = createNames()
    const pool = this.#pool
    return {
      init: async () => {},
      acquireConnection: async () => new Connection(await pool.connect().catch(explain), nameOf),
      beginTransaction: (connection) => run(connection, 'begin'),
      commitTransaction: (connection) => run(connection, 'commit'),
      rollbackTransaction: (connection) => run(connection, 'rollback'),
      releaseConnection: async (connection) => void (connection instanceof Connection && connection.release()),
      destroy: () => pool.end(),
    }
  }
}

const run = async (connection: DatabaseConnection, command: string): Promise<void> => {
  await connection.executeQuery(CompiledQuery.raw(command))
}

class Connection implements DatabaseConnection {
  readonly #client: pg.PoolClient
  readonly #nameOf: (text: string) => string
  #isLost = false
  constructor(client: pg.PoolClient, nameOf: (text: string) => string) {
    this.#client = client
    this.#nameOf = nameOf
  }
  async executeQuery<R>({ sql: text, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    try {
      const query = parameters.length > 0 ? { name: this.#nameOf(text), text, values: [...parameters] } : text
      const { rows, rowCount } = await this.#client.query<R & pg.QueryResultRow>(query)
      return { rows, numAffectedRows: BigInt(rowCount ?? 0) }
    } catch (failure) {
      this.#isLost ||= !(failure instanceof pg.DatabaseError) || isStale(failure)
      return explain(failure)
    }
  }
  streamQuery(): never {
    throw new Error('nothing here streams')
  }
  /** Back to the pool, or, after trouble or amid a transaction, away. */
  release(): void {
    this.#client.release(this.#isLost || this.#client.getTransactionStatus() !== 'I')
  }
}

function createNames(): (text: string) => string {
  const names = new Map<string, string>()
  return (text) => {
    const name = names.get(text) ?? createHash('sha256').update(text).digest('base64url')
    if (names.size < MAX_NAMED) names.set(text, name)
    return name
  }
}

/** Runs a transaction again when PostgreSQL undid it for the sake of another (serialization, deadlock). */
async function retried<T>(transaction: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await transaction()
    } catch (failure) {
      if (!(failure instanceof pg.DatabaseError && isUndone(failure))) throw failure
      if (tried === TRIES) throw unavailable(failure)
      await sleep(2 ** tried)
    }
  }
}

/** serialization_failure, deadlock_detected: nothing of the transaction remains, and another try may do. */
const isUndone = ({ code }: pg.DatabaseError): boolean => code === '40001' || code === '40P01'
/** A prepared statement that the schema, or a restart behind a proxy, has made invalid. */
const isStale = ({ code }: pg.DatabaseError): boolean => code === '0A000' || code === '26000'
/** Connection, resources, operator's intervention, limits, system: the database's trouble, not the statement's. */
const isTrouble = (failure: pg.DatabaseError): boolean => /^(?:08|25|53|54|55|57|58|XX)/.test(failure.code ?? '') || isStale(failure)

/** What is no word of PostgreSQL's about a statement is a lost, refused or silent connection. */
function explain(failure: unknown): never {
  if (!(failure instanceof pg.DatabaseError) || isTrouble(failure)) throw unavailable(failure)
  throw failure
}
