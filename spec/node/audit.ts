import { hash } from 'node:crypto'
import { CompactSign } from 'jose'
import { type Generated, type Kysely, sql } from 'kysely'
import type { Now } from '../effects.ts'
import { ProtocolError } from '../error.ts'
import type { SigningKey } from '../jwt.ts'
import type { Database, Dialect } from './database.ts'
import type { Log } from './log.ts'
import { statement } from './statement.ts'

/** The audit trail: rows are written unnumbered in the transaction of what they tell, then numbered and chained. */
export type AuditTable = { audit: { id: Generated<number>; event: string; seq: number | null; hash: string | null } }

/** One decision of the protocol. Never a pass, token, proof, assertion or request id: `request_ref` names a request. */
export type AuditEvent = {
  event: string
  outcome: string
  code?: string | undefined
  type?: string | undefined
  request_ref?: string | undefined
  authorization_id?: string | undefined
  user?: string | undefined
  agent?: string | undefined
  task?: string | undefined
  harness?: string | undefined
  tier?: string | undefined
  vouched_by?: string | undefined
  key_thumbprint?: string | undefined
  key_name?: string | undefined
  service?: string | undefined
  authority?: string | undefined
  http_request?: string | undefined
  scope?: string[] | undefined
  act?: string | undefined
  by?: string | undefined
  reason?: string | undefined
  kid?: string | undefined
  /** The version of the policy file that decided, and the names of the policies. */
  policy?: string | undefined
  policies?: string[] | undefined
  /** The people whose approval a decision stands on, where that is not `by` alone. */
  approvers?: string[] | undefined
  /** The remembered approval that was made, used or ended. */
  remembered?: string | undefined
  /** A passkey that was added, or an approver's assertion by one, with what it takes to verify it again. */
  passkey?: object | undefined
  /** Where somebody came from, as the door saw it. */
  address?: string | undefined
}

export type Audit = {
  /** Writes an event in the transaction of the change it tells: if it cannot be audited, it does not happen. */
  record: (tx: Kysely<AuditTable>, event: AuditEvent) => Promise<void>
  /** Keeps an event that changes nothing (a check, a refusal) for the next numbering. Throws overloaded when too many wait because the database cannot be written. */
  note: (event: AuditEvent) => void
  /** Numbers and chains what is committed, and writes what was noted until then. Gives how many rows were numbered. */
  number: () => Promise<number>
  /** Signs the newest number and hash into the trail, unless the newest row is such a head itself. */
  signHead: () => Promise<void>
}

const MAX_FIELD_CHARS = 1024
const MAX_NOTED = 20_000
const NUMBERED_AT_ONCE = 500
const NUMBERER_LOCK = 4_712_002
export const FIRST_HASH = ''

/** `hash = SHA-256(prev ‖ event)`, base64url. */
export const chain = (previous: string, event: string): string => hash('sha256', previous + event, 'base64url')

type AuditDeps = { db: Database<AuditTable>; now: Now; log: Log; signingKey: () => SigningKey; count: (event: AuditEvent) => void }

export function createAudit(d: AuditDeps): Audit {
  let noted: string[] = []
  const line = (event: AuditEvent) => {
    d.count(event)
    return lineOf(event, d.now())
  }

  const numberNoted = async () => {
    const waiting = noted
    noted = []
    try {
      return await d.db.write((tx) => chainNewRows(tx, d.db.dialect, waiting))
    } catch (failure) {
      noted = [...waiting, ...noted]
      throw failure
    }
  }
  let last: Promise<unknown> = Promise.resolve()
  /** One after the other, or what one is still writing would be missing from what the next has numbered. */
  const number = () => {
    const numbered = last.then(numberNoted)
    last = numbered.catch(() => undefined)
    return numbered
  }

  return {
    record: async (tx, event) => void (await append(tx, { event: line(event) })),
    note(event) {
      if (noted.length >= MAX_NOTED)
        throw new ProtocolError('overloaded', 'the audit trail cannot be written at the moment', { retryAfterSeconds: 1 })
      noted.push(line(event))
    },
    number,
    async signHead() {
      while ((await number()) >= NUMBERED_AT_ONCE);
      const { event, ...head } = await newest(d.db.read)
      if (head.seq === 0 || isHead(event)) return
      const { privateKey, algorithm, keyId } = d.signingKey()
      const payload = new TextEncoder().encode(JSON.stringify(head))
      const signature = await new CompactSign(payload)
        .setProtectedHeader({ alg: algorithm, typ: 'agentpass-audit-head+jws', ...(keyId && { kid: keyId }) })
        .sign(privateKey)
      await d.db.write((tx) => append(tx, { event: JSON.stringify({ at: d.now(), event: 'audit_head', outcome: 'signed', ...head, signature }) }))
      await number() // the head too, or the last one before a stop would be no part of what is verified
      d.log.info('audit_head', { seq: head.seq, hash: head.hash })
    },
  }
}

/** Writes an event in the transaction of its change, where a command changes the database and not a party. */
export const recordFrom = async (tx: Kysely<AuditTable>, event: AuditEvent, at: number): Promise<void> =>
  void (await append(tx, { event: lineOf(event, at) }))

const lineOf = (event: AuditEvent, at: number): string => inert(toLine({ at, ...event }))

/** An event as JSON. A replacer makes that slow, so it is asked only where something can be too long. */
function toLine(event: object): string {
  const whole = JSON.stringify(event)
  return whole.length > MAX_FIELD_CHARS ? JSON.stringify(event, shorten) : whole
}

/** Long text is cut, so that nobody can flood the trail. */
const shorten = (_member: string, value: unknown): unknown =>
  typeof value === 'string' && value.length > MAX_FIELD_CHARS ? `${value.slice(0, MAX_FIELD_CHARS)}…` : value

/** JSON escapes control characters below U+0020 only. The others, and what ends a line or turns text round, are escaped here: on a terminal too a row is one line of text. */
const inert = (json: string): string =>
  json.replace(/[\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)

const append = statement<AuditTable, { event: string }>()((db, given) => db.insertInto('audit').values({ event: given('event') }))
const findNewest = statement<AuditTable, Record<never, never>>()((db) =>
  db.selectFrom('audit').select(['seq', 'hash', 'event']).where('seq', 'is not', null).orderBy('seq', 'desc').limit(1),
)
const findUnnumbered = statement<AuditTable, Record<never, never>>()((db) =>
  db.selectFrom('audit').select(['id', 'event']).where(sql`seq`, 'is', null).orderBy('id').limit(NUMBERED_AT_ONCE),
)

async function newest(db: Kysely<AuditTable>): Promise<{ seq: number; hash: string; event: string }> {
  const [row] = await findNewest(db, {})
  return { seq: row?.seq ?? 0, hash: row?.hash ?? FIRST_HASH, event: row?.event ?? '' }
}

const isHead = (event: string): boolean => /^\{"at":\d+,"event":"audit_head",/.test(event)

/** Numbers and chains what other transactions wrote, and writes what was noted behind it. Gives how many rows were numbered. */
async function chainNewRows(tx: Kysely<AuditTable>, dialect: Dialect, noted: string[]): Promise<number> {
  if (dialect === 'postgres') await sql`select pg_advisory_xact_lock(${NUMBERER_LOCK}::bigint)`.execute(tx) // one numberer at a time; on SQLite every writer is alone
  const rows = await findUnnumbered(tx, {})
  if (rows.length + noted.length === 0) return 0
  let { seq, hash } = await newest(tx)
  const chained = <T extends { event: string }>(row: T) => {
    seq += 1
    hash = chain(hash, row.event)
    return { ...row, seq, hash }
  }
  const numbered = rows.map(chained).map(({ id, seq, hash }) => ({ id, seq, hash }))
  if (numbered.length > 0) await setNumbers[dialect](tx, JSON.stringify(numbered))
  if (noted.length > 0) await addNumbered[dialect](tx, JSON.stringify(noted.map((event) => chained({ event }))))
  return rows.length + noted.length
}

/** Many rows in one statement of one shape: they come as JSON, which each database takes apart in its own way. */
const setNumbers: Record<Dialect, ManyRows> = {
  sqlite: (tx, rows) =>
    sql`update audit set seq = row.value ->> 'seq', hash = row.value ->> 'hash' from json_each(${rows}) as row where audit.id = row.value ->> 'id'`.execute(
      tx,
    ),
  postgres: (tx, rows) =>
    sql`update audit set seq = row.seq, hash = row.hash from json_to_recordset(${rows}::json) as row (id bigint, seq bigint, hash text) where audit.id = row.id`.execute(
      tx,
    ),
}
const addNumbered: Record<Dialect, ManyRows> = {
  sqlite: (tx, rows) =>
    sql`insert into audit (event, seq, hash) select value ->> 'event', value ->> 'seq', value ->> 'hash' from json_each(${rows})`.execute(tx),
  postgres: (tx, rows) =>
    sql`insert into audit (event, seq, hash) select event, seq, hash from json_to_recordset(${rows}::json) as row (event text, seq bigint, hash text)`.execute(
      tx,
    ),
}
type ManyRows = (tx: Kysely<AuditTable>, rows: string) => Promise<unknown>

/** Runs a step; when it is refused, the audit trail says so and with which code. */
export async function noteRefusal<T>(audit: Audit, about: Omit<AuditEvent, 'outcome'>, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (failure) {
    if (failure instanceof ProtocolError) audit.note({ ...about, outcome: 'refused', code: failure.code })
    throw failure
  }
}
