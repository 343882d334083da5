import { sql } from 'kysely'
import type { Dialect } from '../../spec/node/database.ts'
import type { Tx } from './schema.ts'

/** A row of the audit trail, as it is kept. */
export type TrailRow = { seq: number; event: string }

const AT_ONCE = 500

/** Reads on in the trail, and notes which events name what. Gives how many rows it read. `termsOf` says what an event names. */
export async function indexTrail(tx: Tx, dialect: Dialect, termsOf: (event: string) => string[]): Promise<number> {
  const mark = tx.selectFrom('audit_indexed').select('seq').where('id', '=', 1)
  const { seq: after } = await (dialect === 'postgres' ? mark.forUpdate() : mark).executeTakeFirstOrThrow()
  const rows = await tx.selectFrom('audit').select(['seq', 'event']).where('seq', '>', after).orderBy('seq').limit(AT_ONCE).execute()
  const terms = rows.flatMap(({ seq, event }) => (seq === null ? [] : [...new Set(termsOf(event))].map((term) => ({ term, seq }))))
  const newest = rows.at(-1)?.seq
  if (newest === undefined || newest === null) return 0
  if (terms.length > 0) await ADD[dialect](tx, JSON.stringify(terms))
  await tx.updateTable('audit_indexed').set({ seq: newest }).where('id', '=', 1).execute()
  return rows.length
}

/** Many rows in one statement of one shape. */
const ADD: Record<Dialect, (tx: Tx, rows: string) => Promise<unknown>> = {
  sqlite: (tx, rows) =>
    sql`insert into audit_term (term, seq) select value ->> 'term', value ->> 'seq' from json_each(${rows}) where true on conflict do nothing`.execute(
      tx,
    ),
  postgres: (tx, rows) =>
    sql`insert into audit_term (term, seq) select term, seq from json_to_recordset(${rows}::json) as row (term text, seq bigint) on conflict do nothing`.execute(
      tx,
    ),
}

/** Events that name every one of the terms, the newest first, before a number where it is given. Without terms, all events. */
export async function searchTrail(db: Tx, terms: string[], { before, limit }: { before: number | undefined; limit: number }): Promise<TrailRow[]> {
  let query = db.selectFrom('audit').select(['audit.seq', 'audit.event']).where('audit.seq', 'is not', null).orderBy('audit.seq', 'desc').limit(limit)
  if (before !== undefined) query = query.where('audit.seq', '<', before)
  for (const term of terms) query = query.where('audit.seq', 'in', db.selectFrom('audit_term').select('seq').where('term', '=', term))
  const rows = await query.execute()
  return rows.flatMap(({ seq, event }) => (seq === null ? [] : [{ seq, event }]))
}

/** The events that name any one of the terms, the oldest first: what happened to one thing, from its beginning. */
export async function followTrail(db: Tx, terms: string[], limit: number): Promise<TrailRow[]> {
  const those = db.selectFrom('audit_term').select('seq').where('term', 'in', terms)
  const rows = await db.selectFrom('audit').select(['seq', 'event']).where('seq', 'in', those).orderBy('seq').limit(limit).execute()
  return rows.flatMap(({ seq, event }) => (seq === null ? [] : [{ seq, event }]))
}

/** The number of the newest event; 0 when there is none. */
export async function newestSeq(db: Tx): Promise<number> {
  const row = await db.selectFrom('audit').select('seq').where('seq', 'is not', null).orderBy('seq', 'desc').limit(1).executeTakeFirst()
  return row?.seq ?? 0
}
