import { ProtocolError } from '../../spec/error.ts'
import { statement } from '../../spec/node/statement.ts'
import type { AuthorityTables, RequestRow, Tx } from './schema.ts'

export type NewRequest = Omit<RequestRow, 'decided_at' | 'decided_by' | 'reason' | 'wrong_numbers'>
export type Decided = Pick<RequestRow, 'status' | 'decided_at' | 'decided_by' | 'reason'>
/** Who decides, when, and the digest of what they were shown. */
export type Decision = { shownDigest: string; by: string; at: number }

const insertRequest = statement<AuthorityTables, NewRequest & Decided>()((db, given) =>
  db.insertInto('request').values({
    digest: given('digest'),
    ref: given('ref'),
    status: given('status'),
    type: given('type'),
    service_origin: given('service_origin'),
    user_email: given('user_email'),
    agent_id: given('agent_id'),
    harness_id: given('harness_id'),
    key_thumbprint: given('key_thumbprint'),
    task_id: given('task_id'),
    shown: given('shown'),
    shown_digest: given('shown_digest'),
    cnf: given('cnf'),
    pass_digest: given('pass_digest'),
    master_key_id: given('master_key_id'),
    created_at: given('created_at'),
    expires_at: given('expires_at'),
    decided_at: given('decided_at'),
    decided_by: given('decided_by'),
    reason: given('reason'),
  }),
)

/** Writes a request down, with its decision where there is one already. */
export async function addRequest(tx: Tx, request: NewRequest, decided: Partial<Decided> = {}): Promise<void> {
  await insertRequest(tx, { ...request, decided_at: null, decided_by: null, reason: null, ...decided })
}

const selectRequest = statement<AuthorityTables, { digest: string }>()((db, given) =>
  db.selectFrom('request').selectAll().where('digest', '=', given('digest')),
)

/** A request by the digest of its id; undefined when there is none. */
export async function findRequest(db: Tx, digest: string): Promise<RequestRow | undefined> {
  const [row] = await selectRequest(db, { digest })
  return row
}

const selectStatus = statement<AuthorityTables, { digest: string }>()((db, given) =>
  db.selectFrom('request').select(['status', 'type', 'expires_at', 'reason', 'master_key_id']).where('digest', '=', given('digest')),
)
export type StatusRow = Pick<RequestRow, 'status' | 'type' | 'expires_at' | 'reason' | 'master_key_id'>

/** What a poll asks of a request, by the digest of its id; undefined when there is none. */
export async function findStatus(db: Tx, digest: string): Promise<StatusRow | undefined> {
  const [row] = await selectStatus(db, { digest })
  return row
}

/** The digest of the request that a person names by its reference. Throws unknown_request. */
export async function requireDigest(db: Tx, ref: string): Promise<string> {
  const row = await db.selectFrom('request').select('digest').where('ref', '=', ref).executeTakeFirst()
  if (!row) throw new ProtocolError('unknown_request', 'there is no such request')
  return row.digest
}

/** Requests by their references; one that is kept no longer is left out. */
export async function findByRefs(db: Tx, refs: string[]): Promise<Map<string, RequestRow>> {
  if (refs.length === 0) return new Map()
  const rows = await db.selectFrom('request').selectAll().where('ref', 'in', refs).execute()
  return new Map(rows.map((row) => [row.ref, row]))
}

/** The request that led to an authorization; undefined once it was swept. */
export const findByAuthorization = (db: Tx, authorizationId: string): Promise<RequestRow | undefined> =>
  db
    .selectFrom('request')
    .innerJoin('pass', 'pass.request_digest', 'request.digest')
    .selectAll('request')
    .where('pass.authorization_id', '=', authorizationId)
    .executeTakeFirst()

/** The newest requests, of one status where it is given. A pending one past its deadline counts as expired. */
export async function listRequests(db: Tx, want: { status?: RequestRow['status'] | undefined; at: number; limit: number }): Promise<RequestRow[]> {
  let query = db.selectFrom('request').selectAll().orderBy('created_at', 'desc').limit(want.limit)
  if (want.status === 'pending') query = query.where('status', '=', 'pending').where('expires_at', '>', want.at)
  else if (want.status === 'expired')
    query = query.where((e) => e.or([e('status', '=', 'expired'), e.and([e('status', '=', 'pending'), e('expires_at', '<=', want.at)])]))
  else if (want.status) query = query.where('status', '=', want.status)
  return query.execute()
}

/**
 * Ends the pending state, once: of racing decisions exactly one holds (protocol 4). The statement demands that it is pending, in time, and that what was shown is still so.
 * Throws unknown_request, already_decided, stale_decision.
 */
export const decide = (
  tx: Tx,
  digest: string,
  status: 'approved' | 'denied' | 'canceled',
  d: Decision & { reason?: string | undefined },
): Promise<RequestRow> => changePending(tx, digest, d, { status, decided_at: d.at, decided_by: d.by, reason: d.reason ?? null })

/** Takes a pending request for one approval of several, and leaves it pending: until the transaction ends nobody else approves it. Throws as `decide`. */
export const requirePending = (tx: Tx, digest: string, d: Decision): Promise<RequestRow> => changePending(tx, digest, d, { status: 'pending' })

async function changePending(tx: Tx, digest: string, d: Decision, change: Pick<RequestRow, 'status'> | Decided): Promise<RequestRow> {
  const won = await tx
    .updateTable('request')
    .set(change)
    .where('digest', '=', digest)
    .where('status', '=', 'pending')
    .where('expires_at', '>', d.at)
    .where('shown_digest', '=', d.shownDigest)
    .returningAll()
    .executeTakeFirst()
  if (won) return won
  throw whyNotDecided(await tx.selectFrom('request').selectAll().where('digest', '=', digest).executeTakeFirst(), d)
}

function whyNotDecided(request: RequestRow | undefined, d: Decision): ProtocolError {
  if (!request) return new ProtocolError('unknown_request', 'there is no such request')
  if (request.status !== 'pending') return new ProtocolError('already_decided', `this request is ${request.status} already`)
  if (request.expires_at <= d.at) return new ProtocolError('already_decided', 'this request has expired')
  return new ProtocolError('stale_decision', 'the request is not what was shown: look at it again')
}

/** Denies those of the requests that are pending, whatever was shown of them. Gives the digests of those: a final status stays. */
export async function denyPending(tx: Tx, digests: string[], d: { by: string; reason: string | undefined; at: number }): Promise<string[]> {
  const denied = await tx
    .updateTable('request')
    .set({ status: 'denied', decided_at: d.at, decided_by: d.by, reason: d.reason ?? null })
    .where('digest', 'in', digests)
    .where('status', '=', 'pending')
    .where('expires_at', '>', d.at)
    .returning('digest')
    .execute()
  return denied.map(({ digest }) => digest)
}

/** Writes down which pending requests have passed their deadline. Gives those, at most `limit`. */
export async function expireRequests(tx: Tx, at: number, limit: number): Promise<RequestRow[]> {
  const due = tx.selectFrom('request').select('digest').where('status', '=', 'pending').where('expires_at', '<=', at).limit(limit)
  return tx
    .updateTable('request')
    .set({ status: 'expired', decided_at: at })
    .where('digest', 'in', due)
    .where('status', '=', 'pending')
    .returningAll()
    .execute()
}

/** Deletes what ended long ago, with its pass and authorization. Gives how many requests went. */
export async function deleteRequestsEndedBefore(tx: Tx, before: number, limit: number): Promise<number> {
  const old = await tx
    .selectFrom('request')
    .leftJoin('pass', 'pass.request_digest', 'request.digest')
    .leftJoin('authorization', 'authorization.id', 'pass.authorization_id')
    .select(['request.digest', 'request.ref', 'authorization.id as authorization_id'])
    .where('request.status', 'in', ['approved', 'denied', 'expired', 'canceled']) // named, so that the index serves
    .where('request.expires_at', '<', before)
    .where((e) => e.or([e('authorization.expires_at', 'is', null), e('authorization.expires_at', '<', before)]))
    .limit(limit)
    .execute()
  if (old.length === 0) return 0
  const digests = old.map(({ digest }) => digest)
  const authorizations = old.flatMap(({ authorization_id: id }) => (id === null ? [] : [id]))
  if (authorizations.length > 0) await tx.deleteFrom('authorization').where('id', 'in', authorizations).execute()
  await tx.deleteFrom('pass').where('request_digest', 'in', digests).execute()
  await tx.deleteFrom('approval').where('request_digest', 'in', digests).execute()
  const refs = old.map(({ ref }) => ref)
  await tx.deleteFrom('request_approver').where('ref', 'in', refs).execute()
  await tx.deleteFrom('request').where('digest', 'in', digests).execute()
  return digests.length
}

/** Counts an attempt to approve a pending request with a wrong number. Gives how many there have been. */
export async function noteWrongNumber(tx: Tx, digest: string, at: number): Promise<number> {
  const noted = await tx
    .updateTable('request')
    .set(({ eb }) => ({ wrong_numbers: eb('wrong_numbers', '+', 1) }))
    .where('digest', '=', digest)
    .where('status', '=', 'pending')
    .where('expires_at', '>', at)
    .returning('wrong_numbers')
    .executeTakeFirst()
  return noted?.wrong_numbers ?? 0
}

/** How often a request was approved with a wrong number. */
export async function countWrongNumbers(tx: Tx, digest: string): Promise<number> {
  const row = await tx.selectFrom('request').select('wrong_numbers').where('digest', '=', digest).executeTakeFirst()
  return row?.wrong_numbers ?? 0
}
