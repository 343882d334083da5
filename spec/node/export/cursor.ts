import { type Kysely, type Selectable, sql } from 'kysely'

/** How far each exporter has handed the trail over, and the one key of the pseudonyms in exports. */
export type ExportTables = {
  export_cursor: {
    name: string // of the exporter, as the settings have it
    seq: number // what is handed over for good, up to and with this number
    holder: string | null // the instance that exports now
    held_until: number // when another may take its place
    failing_since: number | null
    last_error: string | null
    succeeded_at: number | null
  }
  export_key: { id: number; sealed_key: string }
}
export type Cursor = Selectable<ExportTables['export_cursor']>
type Tx = Kysely<ExportTables>

/** After which an instance that says nothing any more counts as dead: longer than handing over one batch takes. */
export const LEASE_SECONDS = 30

/** Keeps a place for an exporter that has none yet. */
export async function addCursor(tx: Tx, name: string, seq: number): Promise<void> {
  const row = { name, seq, holder: null, held_until: 0, failing_since: null, last_error: null, succeeded_at: null }
  await tx
    .insertInto('export_cursor')
    .values(row)
    .onConflict((c) => c.doNothing())
    .execute()
}

export type Holding = { name: string; holder: string; at: number }

/** Makes an instance the one that exports, or keeps it that: one statement decides. Undefined while another is, or where the exporter has no place yet. */
export const holdCursor = (tx: Tx, { name, holder, at }: Holding): Promise<Cursor | undefined> =>
  tx
    .updateTable('export_cursor')
    .set({ holder, held_until: at + LEASE_SECONDS })
    .where('name', '=', name)
    .where((e) => e.or([e('holder', '=', holder), e('holder', 'is', null), e('held_until', '<=', at)]))
    .returningAll()
    .executeTakeFirst()

/** Notes that everything up to a number is handed over for good. Undefined where another instance has taken over. */
export const advanceCursor = (tx: Tx, { name, holder, at }: Holding, seq: number): Promise<Cursor | undefined> =>
  tx
    .updateTable('export_cursor')
    .set({ seq, held_until: at + LEASE_SECONDS, succeeded_at: at, failing_since: null, last_error: null })
    .where('name', '=', name)
    .where('holder', '=', holder)
    .where('seq', '<=', seq)
    .returningAll()
    .executeTakeFirst()

/** Notes a failure, and lets another instance try. */
export async function failCursor(tx: Tx, { name, holder, at }: Holding, error: string): Promise<void> {
  await tx
    .updateTable('export_cursor')
    .set({ failing_since: sql`coalesce(failing_since, ${at})`, last_error: error, holder: null, held_until: 0 })
    .where('name', '=', name)
    .where('holder', '=', holder)
    .execute()
}

/** Lets go of what an instance holds. */
export async function releaseCursor(tx: Tx, name: string, holder: string): Promise<void> {
  await tx.updateTable('export_cursor').set({ holder: null, held_until: 0 }).where('name', '=', name).where('holder', '=', holder).execute()
}
