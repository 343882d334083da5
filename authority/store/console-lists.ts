import { type SqlBool, sql } from 'kysely'
import { isWithin, type Reach } from './reach.ts'
import type { AuthorizationRow, RequestRow, Tx } from './schema.ts'

/** A page of a list, the newest first: so many rows that are older than the last row of the page before. */
export type Page = { before: { at: number; ref: string } | undefined; limit: number }
export type RequestLine = Omit<RequestRow, 'shown_digest' | 'cnf' | 'pass_digest' | 'master_key_id' | 'wrong_numbers'>
export type StatusWanted = RequestRow['status'] | undefined

const LINE = [
  'request.digest',
  'request.ref',
  'request.status',
  'request.type',
  'request.service_origin',
  'request.user_email',
  'request.agent_id',
  'request.harness_id',
  'request.key_thumbprint',
  'request.task_id',
  'request.shown',
  'request.created_at',
  'request.expires_at',
  'request.decided_at',
  'request.decided_by',
  'request.reason',
] as const

/** Requests within reach, of one status where it is given: one that waits past its deadline is of none until that is written down. Which they are is read from an index alone, however much is shown of each. */
export async function listWithin(db: Tx, reach: Reach, want: { status: StatusWanted; at: number } & Page): Promise<RequestLine[]> {
  let which = db
    .selectFrom('request')
    .select(['ref', 'created_at'])
    .where(isWithin(reach))
    .orderBy('created_at', 'desc')
    .orderBy('ref')
    .limit(want.limit)
  if (want.status === 'pending') which = which.where(isWaiting(want.at))
  else if (want.status) which = which.where('status', '=', want.status)
  if (want.before) {
    const { at, ref } = want.before
    which = which.where('created_at', '<=', at).where((e) => e.or([e('created_at', '<', at), e('ref', '>', ref)]))
  }
  return db
    .selectFrom(which.as('listed'))
    .innerJoin('request', 'request.ref', 'listed.ref')
    .select(LINE)
    .orderBy('listed.created_at', 'desc') // these and not the table's, which would be walked through for its order
    .orderBy('listed.ref')
    .execute()
}

/** The deadline is compared as a value, so that the index by age serves, in the order of the list. */
const isWaiting = (at: number) => sql<SqlBool>`(request.status = 'pending' and request.expires_at + 0 > ${at})`

/** How many requests within reach wait for a decision. */
export async function countWaiting(db: Tx, reach: Reach, at: number): Promise<number> {
  const waiting = db.selectFrom('request').where(isWaiting(at)).where(isWithin(reach))
  const { count } = await waiting.select(({ fn }) => fn.countAll<number>().as('count')).executeTakeFirstOrThrow()
  return Number(count)
}

/** A request by its reference, where it is within reach; what is out of reach is as good as none. */
export const findWithin = (db: Tx, reach: Reach, ref: string): Promise<RequestRow | undefined> =>
  db.selectFrom('request').selectAll().where('ref', '=', ref).where(isWithin(reach)).executeTakeFirst()

export type AuthorizationLine = Pick<AuthorizationRow, 'id' | 'scope' | 'opened_at' | 'expires_at' | 'checked_at'> &
  Pick<RequestRow, 'ref' | 'user_email' | 'agent_id' | 'harness_id' | 'key_thumbprint' | 'service_origin' | 'task_id' | 'shown'>
/** Which live authorizations are wanted: those of an agent's key, a user or a Service, or of all. */
export type Holder = { by: 'key_thumbprint' | 'user_email' | 'service_origin'; is: string } | undefined

function liveWithin(db: Tx, reach: Reach, { of, at }: { of: Holder; at: number }) {
  const live = db
    .selectFrom('authorization')
    .innerJoin('pass', 'pass.authorization_id', 'authorization.id')
    .innerJoin('request', 'request.digest', 'pass.request_digest')
    .where('authorization.state', '=', 'active')
    .where('authorization.expires_at', '>', at)
    .where(isWithin(reach))
  return of ? live.where(sql.ref(`request.${of.by}`), '=', of.is) : live
}

/** How much is held now within reach. */
export async function countLive(db: Tx, reach: Reach, want: { of: Holder; at: number }): Promise<number> {
  const { count } = await liveWithin(db, reach, want)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** What is held now: live authorizations within reach, those that last longest first, as the index has them. */
export async function listLive(db: Tx, reach: Reach, want: { of: Holder; at: number; limit: number }): Promise<AuthorizationLine[]> {
  const which = liveWithin(db, reach, want).select(['authorization.id', 'authorization.expires_at', 'request.ref'])
  return db
    .selectFrom(which.orderBy('authorization.expires_at', 'desc').orderBy('authorization.id').limit(want.limit).as('held'))
    .innerJoin('authorization', 'authorization.id', 'held.id')
    .innerJoin('request', 'request.ref', 'held.ref')
    .select(['authorization.id', 'authorization.scope', 'authorization.opened_at', 'authorization.expires_at', 'authorization.checked_at'])
    .select([
      'request.ref',
      'request.user_email',
      'request.agent_id',
      'request.harness_id',
      'request.key_thumbprint',
      'request.service_origin',
      'request.task_id',
      'request.shown',
    ])
    .orderBy('held.expires_at', 'desc')
    .orderBy('held.id')
    .execute()
}
