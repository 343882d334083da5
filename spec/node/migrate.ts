import { type Kysely, sql } from 'kysely'
import type { Now } from '../effects.ts'
import type { Database } from './database.ts'
import { OperatorError } from './operator-error.ts'

/** Changes the schema once. Append-only: a migration that was released is never edited, and must not follow today's schema. */
// biome-ignore lint/suspicious/noExplicitAny: no schema is right for every migration
export type Migration = (tx: Kysely<any>) => Promise<void>

/** Brings the schema up to date, each migration in a transaction of its own, so that a kill halfway leaves a whole one. Gives the names of those applied now. Throws OperatorError when the database is newer than this program. */
export async function migrate<S>(db: Database<S>, migrations: Record<string, Migration>, now: Now): Promise<string[]> {
  await db.write((tx) => sql`create table if not exists migration (name text primary key, applied_at integer not null)`.execute(tx))
  await requireKnown(db, migrations)
  const applied: string[] = []
  for (const [name, up] of Object.entries(migrations)) {
    const isNew = await db.write(async (tx) => {
      const mark = await sql`insert into migration (name, applied_at) values (${name}, ${now()}) on conflict do nothing returning name`.execute(tx)
      if (mark.rows.length > 0) await up(tx)
      return mark.rows.length > 0
    })
    if (isNew) applied.push(name)
  }
  return applied
}

/** The migrations still to be applied, changing nothing. Throws OperatorError when the database is newer than this program, or was never migrated. */
export async function pendingMigrations<S>(db: { read: Kysely<S> }, migrations: Record<string, Migration>): Promise<string[]> {
  const tables = await db.read.introspection.getTables()
  const known = tables.some(({ name }) => name === 'migration') ? await requireKnown(db, migrations) : []
  if (known.length === 0)
    throw new OperatorError('the database is empty, or none of this program', { hint: 'restore it from a backup, or run init in another folder' })
  return Object.keys(migrations).filter((name) => !known.includes(name))
}

async function requireKnown<S>(db: { read: Kysely<S> }, migrations: Record<string, Migration>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from migration`.execute(db.read)
  const foreign = rows.find(({ name }) => !Object.hasOwn(migrations, name))
  if (foreign) throw new OperatorError(`the database was migrated by a newer version of this program (${foreign.name})`, { hint: 'run that version' })
  return rows.map(({ name }) => name)
}
