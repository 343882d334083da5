import type { Dialect } from '../../spec/node/database.ts'
import type { Tx } from './schema.ts'
import { newestSeq, type TrailRow } from './trail.ts'

/** Few, so that nobody waits long for the transaction in which people are found for each. */
export const READ_AT_ONCE = 200

/** Begins to read the trail for notifications, where nobody has: at its newest event, so that nobody is told of old times. */
export async function beginReading(tx: Tx): Promise<void> {
  await tx
    .insertInto('notification_cursor')
    .values({ id: 1, seq: await newestSeq(tx) })
    .onConflict((on) => on.doNothing())
    .execute()
}

/** Reads on in the trail, each event once: what is done about these is done in this transaction. Empty when all is read. */
export async function readOn(tx: Tx, dialect: Dialect): Promise<TrailRow[]> {
  const mark = tx.selectFrom('notification_cursor').select('seq').where('id', '=', 1)
  const { seq: after } = await (dialect === 'postgres' ? mark.forUpdate() : mark).executeTakeFirstOrThrow()
  const rows = await tx.selectFrom('audit').select(['seq', 'event']).where('seq', '>', after).orderBy('seq').limit(READ_AT_ONCE).execute()
  const newest = rows.at(-1)?.seq
  if (newest === undefined || newest === null) return []
  await tx.updateTable('notification_cursor').set({ seq: newest }).where('id', '=', 1).execute()
  return rows.flatMap(({ seq, event }) => (seq === null ? [] : [{ seq, event }]))
}
