import { isAsking } from './notifications.ts'
import type { NotificationRow, Tx } from './schema.ts'

/** What failed, what waits and what was sent lately, the newest of each first. */
export const listDeliveries = (db: Tx, state: NotificationRow['state'], limit: number): Promise<NotificationRow[]> =>
  db.selectFrom('notification').selectAll().where('state', '=', state).orderBy('event_at', 'desc').orderBy('id').limit(limit).execute()

/** How many notifications are in a state; of those that wait, only what is still of use. */
export async function countDeliveries(db: Tx, state: 'waiting' | 'failed', at: number): Promise<number> {
  let counted = db
    .selectFrom('notification')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('state', '=', state)
  if (state === 'waiting') counted = counted.where('expires_at', '>', at)
  const { count } = await counted.executeTakeFirstOrThrow()
  return Number(count)
}

/** Has one that failed tried again at once, and until `expiresAt` where that is later than its own. Gives it; undefined where there is none that failed and is still of use. */
export async function tryAgain(tx: Tx, id: string, { at, expiresAt }: { at: number; expiresAt: number }): Promise<NotificationRow | undefined> {
  const failed = await tx.selectFrom('notification').selectAll().where('id', '=', id).where('state', '=', 'failed').executeTakeFirst()
  if (!failed) return undefined
  const isQuestion = isAsking(failed.kind)
  const until = isQuestion ? failed.expires_at : Math.max(failed.expires_at, expiresAt)
  const asked = await tx.selectFrom('request').select('status').where('ref', '=', failed.request_ref).executeTakeFirst()
  if (until <= at || (isQuestion && asked?.status !== 'pending')) return undefined // the request waits no longer
  const [row] = await tx
    .updateTable('notification')
    .set({ state: 'waiting', due_at: at, expires_at: until, mail: null, ended_at: null })
    .where('id', '=', id)
    .where('state', '=', 'failed')
    .returningAll()
    .execute()
  return row
}

/** Deletes what happened long ago. Gives how many. */
export async function deleteNotificationsBefore(tx: Tx, before: number, limit: number): Promise<number> {
  const old = tx.selectFrom('notification').select('id').where('event_at', '<', before).limit(limit)
  return (await tx.deleteFrom('notification').where('id', 'in', old).returning('id').execute()).length
}
