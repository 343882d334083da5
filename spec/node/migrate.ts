import { type Kysely, sql } from 'kysely'
import type { Now } from '../effects.ts'
import type { Database, Dialect } from './database.ts'
import { OperatorError } from './operator-error.ts'

const MIGRATION_LOCK = 4_712_001

/** Stands among a database's migrations while a restore has not ended yet what was alive in it: no version of this program serves it then. */
export const RESTORING = 'restoring'

/** Changes the schema once. Append-only: a migration that was released is never edited, and must not follow today's schema. */
// biome-ignore lint/suspicious/noExplicitAny: no schema is right for every migration
export type Migration = (tx: Kysely<any>, dialect: Dialect) => Promise<void>

/** Brings the schema up to date, each migration in a transaction of its own, so that a kill halfway leaves a whole one. Gives the names of those applied now. Throws OperatorError when the database is newer than this program. */
export async function migrate<S>(db: Database<S>, migrations: Record<string, Migration>, now: Now): Promise<string[]> {
  await db.write(async (tx) => {
    await takeTurn(tx, db.dialect)
    await sql`create table if not exists migration (name text primary key, applied_at bigint not null)`.execute(tx)
  })
  await requireKnown(db, migrations)
  const applied: string[] = []
  for (const [name, up] of Object.entries(migrations)) {
    const isNew = await db.write(async (tx) => {
      await takeTurn(tx, db.dialect)
      const mark = await sql`insert into migration (name, applied_at) values (${name}, ${now()}) on conflict do nothing returning name`.execute(tx)
      if (mark.rows.length > 0) await up(tx, db.dialect)
      return mark.rows.length > 0
    })
    if (isNew) applied.push(name)
  }
  return applied
}

/** Instances that start at once on one server come one after the other; on SQLite every transaction that writes does. */
const takeTurn = async <S>(tx: Kysely<S>, dialect: Dialect): Promise<void> => {
  if (dialect === 'postgres') await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK}::bigint)`.execute(tx)
}

/** The migrations still to be applied, changing nothing. Throws OperatorError when the database is newer than this program, or was never migrated. */
export async function pendingMigrations<S>(db: { read: Kysely<S> }, migrations: Record<string, Migration>): Promise<string[]> {
  await requireMigrated(db)
  const known = await requireKnown(db, migrations)
  return Object.keys(migrations).filter((name) => !known.includes(name))
}

/** Throws OperatorError when no party's `init` ever made this database. */
export async function requireMigrated<S>(db: { read: Kysely<S> }): Promise<void> {
  if (await isMigrated(db)) return
  throw new OperatorError('the database is empty, or none of this program', {
    hint: 'is it the right one? init makes one; restore a lost one from a backup',
  })
}

/** Whether a party's tables are in the database. */
export async function isMigrated<S>(db: { read: Kysely<S> }): Promise<boolean> {
  const tables = await db.read.introspection.getTables()
  if (!tables.some(({ name }) => name === 'migration')) return false
  const { rows } = await sql`select 1 from migration limit 1`.execute(db.read)
  return rows.length > 0
}

async function requireKnown<S>(db: { read: Kysely<S> }, migrations: Record<string, Migration>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from migration`.execute(db.read)
  const foreign = rows.find(({ name }) => !Object.hasOwn(migrations, name))
  if (foreign?.name === RESTORING)
    throw new OperatorError('the database comes from a backup, and what was alive in it has not been ended', { hint: 'run restore again' })
  if (foreign) throw new OperatorError(`the database was migrated by a newer version of this program (${foreign.name})`, { hint: 'run that version' })
  return rows.map(({ name }) => name)
}
