import { type Kysely, sql } from 'kysely'
import type { Now } from '../effects.ts'
import { ProtocolError } from '../error.ts'
import type { Database } from './database.ts'

/** The latest time any instance has seen. */
export type ClockTable = { clock: { id: number; latest_at: number } }

const MAX_BEHIND_SECONDS = 60
const MAX_APART_SECONDS = 5

/** Watches that this instance's clock was not set back: that would revive what has expired. */
export type ClockGuard = {
  /** Compares this clock with the database server's and with the latest time kept by any instance, and keeps the later one. Run at start and every minute. */
  check: () => Promise<void>
  /** Whether the clock was no more than five seconds apart from the database server's when it was last compared; a SQLite file has no clock of its own. */
  isInStep: () => boolean
  /** Whether the clock is no more than a minute behind the latest time seen here or kept by any instance. */
  isTrusted: () => boolean
  /** The latest time seen here or kept by any instance: it never goes back. */
  latestAt: Now
  /** Throws overloaded while the clock is behind: nothing is written then. */
  requireTrusted: () => void
}

export function createClockGuard(db: Database<ClockTable>, now: Now): ClockGuard {
  let latestSeen = 0
  let apartSeconds = 0
  const latestAt = () => {
    latestSeen = Math.max(latestSeen, now())
    return latestSeen
  }
  const isTrusted = () => latestAt() - now() <= MAX_BEHIND_SECONDS
  return {
    async check() {
      apartSeconds = db.dialect === 'postgres' ? Math.abs((await timeOf(db.read)) - now()) : 0
      latestSeen = Math.max(latestSeen, await latestKept(db.read))
      if (isTrusted()) await db.write((tx) => keep(tx, now()))
    },
    isInStep: () => apartSeconds <= MAX_APART_SECONDS,
    isTrusted,
    latestAt,
    requireTrusted() {
      if (!isTrusted()) throw new ProtocolError('overloaded', "this server's clock was set back", { retryAfterSeconds: 60 })
    },
  }
}

/** The latest time that any instance has kept, or 0. */
export async function latestKept(db: Kysely<ClockTable>): Promise<number> {
  const row = await db.selectFrom('clock').select('latest_at').where('id', '=', 1).executeTakeFirst()
  return Number(row?.latest_at ?? 0)
}

async function timeOf(db: Kysely<ClockTable>): Promise<number> {
  const { rows } = await sql<{ at: number }>`select floor(extract(epoch from clock_timestamp()))::bigint as at`.execute(db)
  return rows[0]?.at ?? 0
}

const keep = (tx: Kysely<ClockTable>, at: number) =>
  tx
    .insertInto('clock')
    .values({ id: 1, latest_at: at })
    .onConflict((c) => c.column('id').doUpdateSet({ latest_at: sql<number>`case when clock.latest_at > ${at} then clock.latest_at else ${at} end` }))
    .execute()
