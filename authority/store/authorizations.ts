import type { ExpressionBuilder } from 'kysely'
import { statement } from '../../spec/node/statement.ts'
import type { AuthorityTables, AuthorizationRow, Tx } from './schema.ts'

type NewAuthorization = Omit<AuthorizationRow, 'state' | 'closed_at' | 'reason'>

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

/** Closes an authorization for the Service that redeemed it; the first action stands. Undefined when it is unknown, another Service's, or expired. */
export async function closeAuthorization(
  tx: Tx,
  asked: { id: string; service: string; state: 'completed' | 'revoked'; reason: string | undefined; at: number },
): Promise<(AuthorizationRow & { first: boolean }) | undefined> {
  const closed = await tx
    .updateTable('authorization')
    .set({ state: asked.state, closed_at: asked.at, reason: asked.reason ?? null })
    .where('id', '=', asked.id)
    .where('service_origin', '=', asked.service)
    .where('state', '=', 'active')
    .where('expires_at', '>', asked.at)
    .returningAll()
    .executeTakeFirst()
  if (closed) return { ...closed, first: true }
  const before = await tx
    .selectFrom('authorization')
    .selectAll()
    .where('id', '=', asked.id)
    .where('service_origin', '=', asked.service)
    .executeTakeFirst()
  return before && before.state !== 'active' ? { ...before, first: false } : undefined
}

/** The id of the authorization that the pass of a request opens. */
const openedBy = (requestDigest: string) => (e: ExpressionBuilder<AuthorityTables, 'authorization'>) =>
  e.selectFrom('pass').select('pass.authorization_id').where('pass.request_digest', '=', requestDigest)

/** Revokes what a request led to, if it is active. Undefined when there is nothing to revoke. */
export function revokeAuthorization(tx: Tx, requestDigest: string, reason: string | undefined, at: number): Promise<AuthorizationRow | undefined> {
  return tx
    .updateTable('authorization')
    .set({ state: 'revoked', closed_at: at, reason: reason ?? null })
    .where('id', '=', openedBy(requestDigest))
    .where('state', '=', 'active')
    .where('expires_at', '>', at)
    .returningAll()
    .executeTakeFirst()
}

/** Replaces the scope of an active authorization, if it is still the one that was seen. Undefined when it is not, or it is over. */
export function narrowAuthorization(
  tx: Tx,
  requestDigest: string,
  scope: { from: string; to: string },
  at: number,
): Promise<AuthorizationRow | undefined> {
  return tx
    .updateTable('authorization')
    .set({ scope: scope.to })
    .where('id', '=', openedBy(requestDigest))
    .where('scope', '=', scope.from)
    .where('state', '=', 'active')
    .where('expires_at', '>', at)
    .returningAll()
    .executeTakeFirst()
}

/** What a request led to; undefined when its pass was never redeemed. */
export function findByRequest(db: Tx, requestDigest: string): Promise<AuthorizationRow | undefined> {
  return db.selectFrom('authorization').selectAll().where('id', '=', openedBy(requestDigest)).executeTakeFirst()
}
