import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import type { Dialect } from '../../spec/node/database.ts'
import { statement } from '../../spec/node/statement.ts'
import type { AuthorityTables, AuthorizationRow, Tx } from './schema.ts'

type NewAuthorization = Omit<AuthorizationRow, 'state' | 'closed_at' | 'reason' | 'checked_at'>

const insertAuthorization = statement<AuthorityTables, NewAuthorization>()((db, given) =>
  db.insertInto('authorization').values({
    id: given('id'),
    service_origin: given('service_origin'),
    state: 'active',
    scope: given('scope'),
    opened_at: given('opened_at'),
    expires_at: given('expires_at'),
  }),
)

export async function openAuthorization(tx: Tx, authorization: NewAuthorization): Promise<void> {
  await insertAuthorization(tx, authorization)
}

const selectActive = statement<AuthorityTables, { id: string; service: string; at: number }>()((db, given) =>
  db
    .selectFrom('authorization')
    .select(['scope', 'expires_at'])
    .where('id', '=', given('id'))
    .where('service_origin', '=', given('service'))
    .where('state', '=', 'active')
    .where('expires_at', '>', given('at')),
)

/** What an active authorization of the Service that asks still grants, and until when; undefined when it is unknown, another Service's, or over: nobody can tell which (protocol 7). */
export async function findActive(
  db: Tx,
  id: string,
  service: string,
  at: number,
): Promise<Pick<AuthorizationRow, 'scope' | 'expires_at'> | undefined> {
  const [row] = await selectActive(db, { id, service, at })
  return row
}

type Which = (e: ExpressionBuilder<AuthorityTables, 'authorization'>) => Expression<SqlBool>
type Change = { state: 'completed' | 'revoked'; closed_at: number; reason: string | null } | { scope: string }

/** Ends or narrows authorizations that are active after `aliveAt`, and gives them as they are then. Whatever ends or narrows one passes here, so that what must be told of it can be written with it. */
function changeActive(tx: Tx, which: Which, change: Change, aliveAt: number): Promise<AuthorizationRow[]> {
  return tx
    .updateTable('authorization')
    .set(change)
    .where(which)
    .where('state', '=', 'active')
    .where('expires_at', '>', aliveAt)
    .returningAll()
    .execute()
}

/** Closes an authorization for the Service that redeemed it; the first action stands. Undefined when it is unknown, another Service's, or expired. */
export async function closeAuthorization(
  tx: Tx,
  asked: { id: string; service: string; state: 'completed' | 'revoked'; reason: string | undefined; at: number },
): Promise<(AuthorizationRow & { first: boolean }) | undefined> {
  const which: Which = (e) => e.and([e('id', '=', asked.id), e('service_origin', '=', asked.service)])
  const [closed] = await changeActive(tx, which, { state: asked.state, closed_at: asked.at, reason: asked.reason ?? null }, asked.at)
  if (closed) return { ...closed, first: true }
  const before = await tx.selectFrom('authorization').selectAll().where(which).executeTakeFirst()
  return before && before.state !== 'active' ? { ...before, first: false } : undefined
}

/** The ids of the authorizations that the passes of requests open. */
const openedBy = (requestDigests: string[]) => (e: ExpressionBuilder<AuthorityTables, 'authorization'>) =>
  e.selectFrom('pass').select('pass.authorization_id').where('pass.request_digest', 'in', requestDigests)

/** Revokes what requests led to, where it is active after `aliveAt`. Gives what it revoked. */
export function revokeAuthorizations(
  tx: Tx,
  requestDigests: string[],
  { reason, at, aliveAt = at }: { reason: string | undefined; at: number; aliveAt?: number },
): Promise<AuthorizationRow[]> {
  const which: Which = (e) => e('id', 'in', openedBy(requestDigests)(e))
  return changeActive(tx, which, { state: 'revoked', closed_at: at, reason: reason ?? null }, aliveAt)
}

/** Replaces the scope of an active authorization, if it is still the one that was seen. Undefined when it is not, or it is over. */
export async function narrowAuthorization(
  tx: Tx,
  requestDigest: string,
  scope: { from: string; to: string },
  at: number,
): Promise<AuthorizationRow | undefined> {
  const which: Which = (e) => e.and([e('id', 'in', openedBy([requestDigest])(e)), e('scope', '=', scope.from)])
  const [narrowed] = await changeActive(tx, which, { scope: scope.to }, at)
  return narrowed
}

/** What a request led to; undefined when its pass was never redeemed. */
export function findByRequest(db: Tx, requestDigest: string): Promise<AuthorizationRow | undefined> {
  return db
    .selectFrom('authorization')
    .selectAll()
    .where('id', 'in', openedBy([requestDigest]))
    .executeTakeFirst()
}

/** Writes down when Services last asked after authorizations. Many rows in one statement of one shape: they come as JSON. */
export async function noteChecks(tx: Tx, dialect: Dialect, checks: { id: string; at: number }[]): Promise<void> {
  await CHECKED[dialect](tx, JSON.stringify(checks))
}

const CHECKED: Record<Dialect, (tx: Tx, rows: string) => Promise<unknown>> = {
  sqlite: (tx, rows) =>
    sql`update authorization set checked_at = row.value ->> 'at' from json_each(${rows}) as row where authorization.id = row.value ->> 'id'`.execute(
      tx,
    ),
  postgres: (tx, rows) =>
    sql`update "authorization" set checked_at = row.at from json_to_recordset(${rows}::json) as row (id text, at bigint) where "authorization".id = row.id`.execute(
      tx,
    ),
}
