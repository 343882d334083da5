import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { AuditTable } from '../audit.ts'

/** An event as receivers see it. `id` is the hash of its row in the chain: no other row has it, not even one that takes its number after a restore. */
export type ExportedEvent = { id: string; seq: number; source: string; at: number; event: string; outcome: string; [member: string]: unknown }
/** A numbered row of the trail. */
export type NumberedRow = { seq: number; hash: string; event: string }

/** The end of the year 9999: what comes later is no time of RFC 3339. */
const LATEST_AT = 253_402_300_799

const Told = z.looseObject({ at: z.int().min(0).max(LATEST_AT), event: z.string(), outcome: z.string() })

/** The numbered rows after a number, the oldest first. */
export async function readTrail(db: Kysely<AuditTable>, after: number, limit: number): Promise<NumberedRow[]> {
  const rows = await db.selectFrom('audit').select(['seq', 'hash', 'event']).where('seq', '>', after).orderBy('seq').limit(limit).execute()
  return rows.flatMap(({ seq, hash, event }) => (seq === null || hash === null ? [] : [{ seq, hash, event }]))
}

/** The number of the newest row; 0 when there is none. */
export async function newestSeq(db: Kysely<AuditTable>): Promise<number> {
  const row = await db.selectFrom('audit').select('seq').where('seq', 'is not', null).orderBy('seq', 'desc').limit(1).executeTakeFirst()
  return row?.seq ?? 0
}

/** A row as receivers see it. `source` is the party's identity. What a signed head says of another row is told as `signed_seq` and `signed_hash`; a row that was changed into what is no event still has its place. */
export function exportedEvent({ seq, hash, event }: NumberedRow, source: string): ExportedEvent {
  const { data } = Told.safeParse(parse(event))
  if (!data) return { at: 0, event: 'unreadable', outcome: 'unreadable', id: hash, seq, source }
  const { seq: signed_seq, hash: signed_hash, ...told } = data
  return { ...told, ...(signed_seq !== undefined && { signed_seq, signed_hash }), id: hash, seq, source }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // it is exported as unreadable
  }
}

/** JSON of printable ASCII on one line, whatever is in it: nothing that reads it has to know an encoding, and nothing in it ends a line or moves a cursor. Half a character is replaced. */
export function asciiJson(value: unknown, replacer?: Replacer): string {
  const json = JSON.stringify(value, replacer)
  const whole = HALF_CHARACTER.test(json) ? JSON.stringify(JSON.parse(json), wellFormed) : json
  return whole.replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

type Replacer = (member: string, value: unknown) => unknown

/** As `JSON.stringify` writes half of a surrogate pair, or somebody a text that looks so. */
const HALF_CHARACTER = /\\ud[89a-f]/
const wellFormed: Replacer = (_, value) => (typeof value === 'string' ? value.replace(/\p{Cs}/gu, '\ufffd') : value)
