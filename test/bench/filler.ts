import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type CompiledQuery, type Insertable, sql } from 'kysely'
import { mintPass } from '../../authority/approve/mint.ts'
import { readShown } from '../../authority/approve/shown.ts'
import type { AuthorityTables, Tx } from '../../authority/store/schema.ts'
import { chain, FIRST_HASH } from '../../spec/node/audit.ts'
import { isPostgres } from '../../spec/node/database.ts'
import { systemNow } from '../../spec/node/settings.ts'
import { SCOPES, SERVICE, USER } from './peers.ts'
import { tellProgress } from './progress.ts'
import { HOUR, makeRequest, minting, type Seeded } from './seed.ts'

/** Rows of one statement, statements of one transaction, and how much of a SQLite index is held in memory meanwhile (KiB): its keys are random, so each row touches another page. */
const ROWS = 500
const STATEMENTS = 500
const CACHE_KIB = 1_000_000
/** Of ten requests this many were approved and redeemed; the first of them are over, the others stand. The rest was denied or expired. */
const REDEEMED = 8
const COMPLETED = 6

type Row<T extends keyof AuthorityTables> = Insertable<AuthorityTables[T]>
const TABLES = ['request', 'audit', 'pass', 'authorization'] as const
/** One stored request with everything that hangs on it. */
type Filler = { request: Row<'request'>; audit: Row<'audit'>; pass?: Row<'pass'>; authorization?: Row<'authorization'> }

/**
 * Stores requests of the past for no other purpose than to be there: `ended` of them decided (most redeemed, and over or standing), then `pending` ones. To an empty database only.
 * What is stored is as the Authority would have stored it, except that nobody knows the ids.
 */
export async function fill(to: Seeded<AuthorityTables>, { ended, pending }: { ended: number; pending: number }): Promise<void> {
  const make = createFillers(to, ended)
  const insert = createInserts()
  const count = ended + pending
  if (!isPostgres(to.told.database)) await to.db.write((tx) => sql.raw(`pragma cache_size = -${CACHE_KIB}`).execute(tx))
  for (let from = 0; from < count; ) {
    const until = Math.min(count, from + ROWS * STATEMENTS)
    await to.db.write(async (tx) => {
      for (; from < until; from += ROWS) {
        const made = Array.from({ length: Math.min(ROWS, until - from) }, (_, i) => make(from + i))
        for (const table of TABLES) await insert(tx, table, made.map((filler) => filler[table]).filter(isThere))
        await nextTurn() // nobody else writes here, and an interruption must be heard
      }
    })
    tellProgress(`${until.toLocaleString('en')} of ${count.toLocaleString('en')} requests stored`)
  }
}

/** Makes the filler of a position. They happened over the last hours, one after the other. */
function createFillers(to: Seeded<AuthorityTables>, ended: number): (i: number) => Filler {
  const { row } = makeRequest(to)
  const pass = mintPass(minting, row, { shown: readShown(row.shown), scope: SCOPES })
  const at = systemNow()
  let hash = FIRST_HASH
  return (i) => {
    const created_at = at - 6 * HOUR + Math.floor(Math.min(i / ended, 1) * 4 * HOUR)
    const [digest = '', passDigest = ''] = randomTexts(2)
    const id = minting.authorizationId()
    const status = i >= ended ? 'pending' : i % 10 < REDEEMED ? 'approved' : i % 2 === 0 ? 'denied' : 'expired'
    const times =
      status === 'pending' ? { expires_at: at + 24 * HOUR, decided_at: null } : { expires_at: created_at + HOUR / 4, decided_at: created_at + 60 }
    const request = { ...row, digest, ref: digest.slice(0, 12), pass_digest: passDigest, status, created_at, ...times } as const
    const event = JSON.stringify({ at: created_at, event: 'issuance', outcome: status, request_ref: request.ref, user: USER, service: SERVICE })
    hash = chain(hash, event)
    const audit = { event, seq: i + 1, hash }
    if (status !== 'approved') return { request, audit }
    const opened_at = created_at + 90
    const over = i % 10 < COMPLETED
    const authorization = {
      id,
      service_origin: SERVICE,
      state: over ? 'completed' : 'active',
      scope: JSON.stringify(SCOPES),
      opened_at,
      expires_at: opened_at + 24 * HOUR,
      closed_at: over ? opened_at + HOUR / 2 : null,
    } as const
    const made = { digest: passDigest, request_digest: digest, authorization_id: id, expires_at: created_at + 180, consumed_at: opened_at }
    return { request, audit, pass: { ...pass, ...made }, authorization }
  }
}

/** Inserts many rows by one statement, which is compiled once for each table: that costs more than to run it. */
function createInserts(): (tx: Tx, table: keyof AuthorityTables, rows: object[]) => Promise<void> {
  const compiled = new Map<string, CompiledQuery>()
  return async (tx, table, rows) => {
    if (rows.length === 0) return
    const shape = `${table} ${rows.length}`
    const query = compiled.get(shape) ?? tx.insertInto(table).values(rows).compile()
    compiled.set(shape, query)
    await tx.executeQuery({ ...query, parameters: rows.flatMap((row) => Object.values(row)) })
  }
}

/** As long and as evenly spread as digests, and a lot cheaper. */
function randomTexts(count: number): string[] {
  const bytes = randomBytes(32 * count)
  return Array.from({ length: count }, (_, i) => bytes.toString('base64url', 32 * i, 32 * i + 32))
}

const isThere = <T>(value: T | undefined): value is T => value !== undefined
