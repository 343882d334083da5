import { ProtocolError } from '../../spec/error.ts'
import type { Dialect } from '../../spec/node/database.ts'
import { countPending } from '../store/pending.ts'
import type { NewRequest } from '../store/requests.ts'
import type { Tx } from '../store/schema.ts'

/** How many requests may wait for a decision at once: an approver who is asked without end approves without looking. */
export type Caps = { pending_per_user: number; pending_per_harness: number }

/** A decision frees room sooner than a deadline does. */
const LONGEST_WAIT_SECONDS = 60

/**
 * Throws rate_limited, with `Retry-After`, where a request would be one too many that waits of its user or its Harness. In the transaction that writes it: of requests at once none gets past the cap.
 * Users first, then Harnesses: no two requests wait for each other.
 */
export async function requireRoom(tx: Tx, dialect: Dialect, row: NewRequest, caps: Caps): Promise<void> {
  for (const [whose, most] of [
    ['user', caps.pending_per_user],
    ['harness', caps.pending_per_harness],
  ] as const) {
    const { count, first_expires_at } = await countPending(tx, dialect, { whose, of: row, at: row.created_at })
    if (count < most) continue
    const retryAfterSeconds = Math.min((first_expires_at ?? row.created_at) - row.created_at, LONGEST_WAIT_SECONDS)
    throw new ProtocolError('rate_limited', `too many requests of this ${whose} wait for a decision`, { retryAfterSeconds })
  }
}
