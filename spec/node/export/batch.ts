import type { Kysely } from 'kysely'
import type { AuditTable } from '../audit.ts'
import { type ExportedEvent, type NumberedRow, readTrail } from './event.ts'
import type { Formed } from './sink.ts'

/** What was read after a number. A batch that was not taken is sent again as it was. */
export type Batch = { after: number; events: Formed[] }

/** How many events go at once, where the receiver does not say that it is too much. */
export const EVENTS_AT_ONCE = 200
const BYTES_AT_ONCE = 262_144

type Reading = { after: number; atOnce: number; form: (event: ExportedEvent) => string; present: (row: NumberedRow) => ExportedEvent }

/** As many of the next events as go at once, by number, and by size as they are sent. One that is larger than that goes alone. */
export async function readBatch(db: Kysely<AuditTable>, { after, atOnce, form, present }: Reading): Promise<Batch> {
  const rows = await readTrail(db, after, atOnce)
  let bytes = 0
  const fits = ({ text }: Formed, i: number) => {
    bytes += text.length
    return i === 0 || bytes <= BYTES_AT_ONCE
  }
  return { after, events: rows.map((row) => ({ seq: row.seq, text: form(present(row)) })).filter(fits) }
}

/** The first half of a batch. */
export const halfOf = ({ after, events }: Batch): Batch => ({ after, events: events.slice(0, Math.ceil(events.length / 2)) })
