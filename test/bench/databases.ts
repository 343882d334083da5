import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import SQLite from 'better-sqlite3'
import { Client } from 'pg'
import { isPostgres } from '../../spec/node/database.ts'
import { messageOf, OperatorError } from '../../spec/node/operator-error.ts'
import type { Leftovers } from './leftovers.ts'

/** Where the databases of a run are made. */
export type Databases = {
  /** Makes an empty one for a party: a file path or a URL, as the party takes it. */
  create: (party: string) => Promise<string>
  /** Brings one that nobody has open, freshly filled, to the state of one that has run for a while: statistics taken, nothing left to fold in. */
  settle: (database: string) => Promise<void>
}

/** A folder that goes with the run. */
export function temporaryFolder(leftovers: Leftovers): string {
  const folder = mkdtempSync(join(tmpdir(), 'agentpass-bench-'))
  leftovers.add(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** SQLite files in a folder. */
export const sqliteDatabases = (folder: string): Databases => ({
  create: async (party) => join(folder, `${party}-${randomName()}.db`),
  async settle(file) {
    const connection = new SQLite(file)
    connection.exec('analyze')
    connection.pragma('wal_checkpoint(TRUNCATE)')
    connection.close()
  },
})

/** Databases of the run's own on a PostgreSQL server, dropped with it. */
export const postgresDatabases = (server: string, leftovers: Leftovers): Databases => ({
  async create() {
    const name = `agentpass_bench_${randomName()}`
    const made = onPostgres(server, (client) => client.query(`create database ${name}`))
    leftovers.add(async () => {
      await made.catch(() => {}) // or it would come into being after it was dropped
      await onPostgres(server, (client) => client.query(`drop database if exists ${name} with (force)`))
    })
    await made
    const own = new URL(server)
    own.pathname = name
    return own.href
  },
  settle: (url) =>
    onPostgres(url, async (client) => {
      await client.query('vacuum analyze')
      await client.query('checkpoint').catch(() => {}) // not everybody may: then it comes when it comes
    }),
})

/** Throws OperatorError when a URL names no PostgreSQL server that answers. Never tells the password. */
export async function requirePostgres(server: string): Promise<void> {
  if (!isPostgres(server) || !URL.canParse(server))
    throw new OperatorError('--database takes the URL of a PostgreSQL server', {
      hint: 'like postgres://user:password@host:5432/postgres',
      exitCode: 2,
    })
  await onPostgres(server, (client) => client.query('select 1'))
}

async function onPostgres(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  client.on('error', () => {}) // whatever was under way is told of it too
  try {
    await client.connect()
    await work(client)
  } catch (cause) {
    const { host, pathname } = new URL(url)
    throw new OperatorError(`the PostgreSQL database ${host}${pathname} cannot be used: ${sentenceOf(cause)}`, { cause })
  } finally {
    await client.end().catch(() => {})
  }
}

/** Where a name has several addresses, the failure of the first says more than the one that bundles them. */
const sentenceOf = (cause: unknown): string => messageOf(cause instanceof AggregateError ? cause.errors[0] : cause)

const randomName = (): string => randomBytes(6).toString('hex')
