import { sql } from 'kysely'
import type { TaskRow, Tx } from './schema.ts'

type Ending = { id: string; agent: string; at: number; from: ('asking' | 'redeeming' | 'ready')[] }

/** Ends a task that stands so: a trip under way at once, access that is held by giving it back first. Undefined where it stands otherwise, has an end already, or has begun to end. */
export function beginEnding(tx: Tx, { id, agent, at, from }: Ending): Promise<TaskRow | undefined> {
  return tx
    .updateTable('task')
    .set({ status: sql`case when status = 'ready' then 'ending' else 'ended' end`, waiting: null, changed_at: at })
    .where('id', '=', id)
    .where('agent', '=', agent)
    .where('status', 'in', from)
    .returningAll()
    .executeTakeFirst()
}

/** That access was given back, or that there was nobody to give it to (`failure`). Whether it had not been said before. */
export async function concludeEnding(tx: Tx, { id, at }: { id: string; at: number }, failure: string | null): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('task')
    .set({ status: 'ended', failure, sealed_token: null, changed_at: at })
    .where('id', '=', id)
    .where('status', '=', 'ending')
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** Why access could not be given back yet. */
export async function noteStillEnding(tx: Tx, { id, at }: { id: string; at: number }, failure: string): Promise<void> {
  await tx.updateTable('task').set({ failure, changed_at: at }).where('id', '=', id).where('status', '=', 'ending').execute()
}

/** That its Service has ended access. Undefined where it was held no more. */
export function endByService(tx: Tx, { id, at }: { id: string; at: number }, failure: string): Promise<TaskRow | undefined> {
  return tx
    .updateTable('task')
    .set({ status: 'ended', failure, sealed_token: null, changed_at: at })
    .where('id', '=', id)
    .where('status', '=', 'ready')
    .returningAll()
    .executeTakeFirst()
}

/** Ends what has lived its time. Gives those, at most `limit`. */
export function expireTasks(tx: Tx, at: number, limit: number): Promise<TaskRow[]> {
  const due = tx.selectFrom('task').select('id').where('status', 'in', ['ready', 'ending']).where('expires_at', '<=', at).limit(limit)
  return tx
    .updateTable('task')
    .set({ status: 'expired', sealed_token: null, changed_at: at })
    .where('id', 'in', due)
    .where('status', 'in', ['ready', 'ending'])
    .returningAll()
    .execute()
}

/** What is still to be given back. */
export const listEnding = (db: Tx, limit: number): Promise<TaskRow[]> =>
  db.selectFrom('task').selectAll().where('status', '=', 'ending').limit(limit).execute()

/** That a request is called off, or was tried to be. */
export async function forgetRequest(tx: Tx, id: string): Promise<void> {
  await tx.updateTable('task').set({ sealed_status_url: null }).where('id', '=', id).execute()
}
