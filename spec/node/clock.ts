import { type Kysely, sql } from 'kysely'
import type { Now } from '../effects.ts'
import { ProtocolError } from '../error.ts'
import type { Database } from './database.ts'

/** The latest time any instance has seen. */
export type ClockTable = { clock: { id: number; latest_at: number } }

const MAX_BEHIND_SECONDS = 60

/** Watches that this instance's clock was not set back: that would revive what has expired. */
export type ClockGuard = {
  /** Compares this clock with the latest time kept by any instance, and keeps the later one. Run at start and every minute. */
  check: () => Promise<void>
  /** Whether the clock is no more than a minute behind the latest time seen here or kept by any instance. */
  isTrusted: () => boolean
  /** Throws overloaded while the clock is behind: nothing is written then. */
  requireTrusted: () => void
}

export function createClockGuard(db: Database<ClockTable>, now: Now): ClockGuard {
  let latestSeen = 0
  const isTrusted = () => {
    const at = now()
    latestSeen = Math.max(latestSeen, at)
    return latestSeen - at <= MAX_BEHIND_SECONDS
  }
  return {
    async check() {
      latestSeen = Math.max(latestSeen, await latest(db.read))
      if (isTrusted()) await db.write((tx) => keep(tx, now()))
    },
    isTrusted,
    requireTrusted() {
      if (!isTrusted()) throw new ProtocolError('overloaded', "this server's clock was set back", { retryAfterSeconds: 60 })
    },
  }
}

async function latest(db: Kysely<ClockTable>): Promise<number> {
  const row = await db.selectFrom('clock').select('latest_at').where('id', '=', 1).executeTakeFirst()
  return Number(row?.latest_at ?? 0)
}

const keep = (tx: Kysely<ClockTable>, at: number) =>
  tx
    .insertInto('clock')
    .values({ id: 1, latest_at: at })
    .onConflict((c) => c.column('id').doUpdateSet({ latest_at: sql<number>`case when clock.latest_at > ${at} then clock.latest_at else ${at} end` }))
    .execute()
