import type { Kysely } from 'kysely'
import type { AuditTable } from '../audit.ts'
import type { ExportTables } from './cursor.ts'
import { newestSeq } from './event.ts'

/** How an exporter stands, for people. Instants are epoch seconds. */
export type ExportState = {
  name: string
  to: 'file' | 'syslog' | 'https'
  /** Everything up to this number is handed over for good. */
  handed_over_seq: number
  behind_events: number
  failing_since: number | null
  last_error: string | null
  last_succeeded_at: number | null
}

/** How the exporters of the settings stand, at whichever instance. One that was never begun has everything before it. */
export async function exportStates(db: Kysely<AuditTable & ExportTables>, exporters: Pick<ExportState, 'name' | 'to'>[]): Promise<ExportState[]> {
  const newest = await newestSeq(db)
  const cursors = new Map((await db.selectFrom('export_cursor').selectAll().execute()).map((row) => [row.name, row]))
  return exporters.map(({ name, to }) => {
    const cursor = cursors.get(name)
    const seq = cursor?.seq ?? 0
    return {
      ...{ name, to, handed_over_seq: seq, behind_events: Math.max(newest - seq, 0) },
      ...{ failing_since: cursor?.failing_since ?? null, last_error: cursor?.last_error ?? null, last_succeeded_at: cursor?.succeeded_at ?? null },
    }
  })
}
