import type { AuthorizationRow, Tx } from './schema.ts'

export async function openAuthorization(tx: Tx, authorization: Omit<AuthorizationRow, 'state' | 'closed_at' | 'reason'>): Promise<void> {
  await tx
    .insertInto('authorization')
    .values({ ...authorization, state: 'active' })
    .execute()
}

/** An active authorization of the Service that asks; undefined when it is unknown, another Service's, or over: nobody can tell which (protocol 7). */
export function findActive(db: Tx, id: string, service: string, at: number): Promise<AuthorizationRow | undefined> {
  return db
    .selectFrom('authorization')
    .selectAll()
    .where('id', '=', id)
    .where('service_origin', '=', service)
    .where('state', '=', 'active')
    .where('expires_at', '>', at)
    .executeTakeFirst()
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

/** Revokes what a request led to, if it is active. Undefined when there is nothing to revoke. */
export function revokeAuthorization(tx: Tx, requestDigest: string, reason: string | undefined, at: number): Promise<AuthorizationRow | undefined> {
  return tx
    .updateTable('authorization')
    .set({ state: 'revoked', closed_at: at, reason: reason ?? null })
    .where('request_digest', '=', requestDigest)
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
    .where('request_digest', '=', requestDigest)
    .where('scope', '=', scope.from)
    .where('state', '=', 'active')
    .where('expires_at', '>', at)
    .returningAll()
    .executeTakeFirst()
}

/** What a request led to; undefined when its pass was never redeemed. */
export function findByRequest(db: Tx, requestDigest: string): Promise<AuthorizationRow | undefined> {
  return db.selectFrom('authorization').selectAll().where('request_digest', '=', requestDigest).executeTakeFirst()
}
