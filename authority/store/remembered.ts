import { type Expression, type SqlBool, sql } from 'kysely'
import type { Which } from './alive.ts'
import { isWithin, type Reach } from './reach.ts'
import type { RememberedRow, Tx } from './schema.ts'

export type NewRemembered = Omit<RememberedRow, 'used_at' | 'uses'>

export async function addRemembered(tx: Tx, row: NewRemembered): Promise<void> {
  await tx.insertInto('remembered').values(row).execute()
}

/** What is remembered of an agent, for a user at a Service, the newest first. */
export const findRemembered = (
  db: Tx,
  { user, service, agent, at }: { user: string; service: string; agent: string; at: number },
): Promise<RememberedRow[]> =>
  db
    .selectFrom('remembered')
    .selectAll()
    .where('user_email', '=', user)
    .where('service_origin', '=', service)
    .where('agent_id', '=', agent)
    .where('expires_at', '>', at)
    .orderBy('created_at', 'desc')
    .limit(MOST)
    .execute()
const MOST = 100

/** Counts a use of a remembered approval. Whether it still stood: it is used in the transaction of the approval that it gives, or not at all. */
export async function useRemembered(tx: Tx, ref: string, at: number): Promise<boolean> {
  const used = await tx
    .updateTable('remembered')
    .set((e) => ({ used_at: at, uses: e('uses', '+', 1) }))
    .where('ref', '=', ref)
    .where('expires_at', '>', at)
    .returning('ref')
    .executeTakeFirst()
  return used !== undefined
}

/** What is remembered within reach, the newest first. */
export const listRemembered = (db: Tx, reach: Reach, { at, limit }: { at: number; limit: number }): Promise<RememberedRow[]> =>
  db
    .selectFrom('remembered as request') // by whose columns reach is told
    .selectAll()
    .where('expires_at', '>', at)
    .where(isReached(reach))
    .orderBy('created_at', 'desc')
    .limit(limit)
    .execute()

/** Forgets one that is within reach. Gives it as it was; undefined where there is none. */
export async function forgetRemembered(tx: Tx, reach: Reach, ref: string): Promise<RememberedRow | undefined> {
  const own = tx.selectFrom('remembered as request').select('request.ref').where('request.ref', '=', ref).where(isReached(reach))
  return tx.deleteFrom('remembered').where('ref', 'in', own).returningAll().executeTakeFirst()
}

/** What is remembered is in the reach of whoever reaches such requests, and of whoever approved, though it was for one alone that policy named them. */
const isReached = (reach: Reach): Expression<SqlBool> =>
  reach === 'all' ? isWithin(reach) : sql<SqlBool>`(${isWithin({ own: reach.own, others: reach.others })} or request."by" = ${reach.own})`

/** Forgets all that is meant and within reach. Gives it as it was. Of a holder key it is what was remembered for it, and what was when it had asked: an attested agent has another key each time. */
export async function forgetMeant(tx: Tx, which: Which, reach: Reach): Promise<RememberedRow[]> {
  const within = tx.selectFrom('remembered as request').select('request.ref').where(isReached(reach))
  const gone = tx.deleteFrom('remembered').where('ref', 'in', within).returningAll()
  switch (which.by) {
    case 'authorization_id':
      return [] // of which `forgetOfRequest` knows
    case 'all':
      return gone.execute()
    case 'user':
      return gone.where('user_email', '=', which.is).execute()
    case 'service':
      return gone.where('service_origin', '=', which.is).execute()
    case 'key_thumbprint': {
      const asked = tx.selectFrom('request').select('ref').where('key_thumbprint', '=', which.is)
      return gone.where((e) => e.or([e('key_thumbprint', '=', which.is), e('request_ref', 'in', asked)])).execute()
    }
  }
}

/** Forgets what was remembered when a request was approved, and what approved it. Gives it as it was. */
export const forgetOfRequest = (tx: Tx, { ref, remembered }: { ref: string; remembered: string | undefined }): Promise<RememberedRow[]> =>
  tx
    .deleteFrom('remembered')
    .where((e) => e.or([e('request_ref', '=', ref), e('ref', '=', remembered ?? '')]))
    .returningAll()
    .execute()

/** Deletes what is remembered no more. Gives how many. */
export async function deleteRememberedExpiredBefore(tx: Tx, before: number, limit: number): Promise<number> {
  const over = tx.selectFrom('remembered').select('ref').where('expires_at', '<', before).limit(limit)
  return (await tx.deleteFrom('remembered').where('ref', 'in', over).returning('ref').execute()).length
}
