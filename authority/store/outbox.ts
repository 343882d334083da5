import type { Random } from '../../spec/effects.ts'
import { statement } from '../../spec/node/statement.ts'
import type { AuthorityTables, AuthorizationRow, OutboxRow, Tx } from './schema.ts'

const ROWS = 500

/** Has the Services of some authorizations told, once this transaction is committed, what became of them: of an active one that its scope is now this, of any other that it is over (protocol 10). */
export async function announce(
  tx: Tx,
  changed: Pick<AuthorizationRow, 'id' | 'service_origin' | 'state' | 'scope' | 'expires_at'>[],
  { at, random }: { at: number; random: Random },
): Promise<void> {
  const rows = changed.map(
    ({ id, service_origin, state, scope, expires_at }): OutboxRow => ({
      jti: random(16),
      service_origin,
      authorization_id: id,
      scope: state === 'active' ? scope : null,
      changed_at: at,
      expires_at,
      due_at: at,
      tries: 0,
    }),
  )
  for (let from = 0; from < rows.length; from += ROWS)
    await tx
      .insertInto('outbox')
      .values(rows.slice(from, from + ROWS))
      .execute()
}

/** The Services for which something is due, those first that wait for a first attempt. */
export async function findServicesDue(db: Tx, at: number, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('outbox')
    .select('service_origin')
    .where('due_at', '<=', at)
    .groupBy('service_origin')
    .orderBy((e) => e.fn.min('tries'))
    .orderBy((e) => e.fn.min('due_at'))
    .limit(limit)
    .execute()
  return rows.map(({ service_origin }) => service_origin)
}

type Taking = { service: string; at: number; lostAt: number }

// One UPDATE decides, so that of instances that share the work one takes an event.
const takeOne = statement<AuthorityTables, Taking>()((db, given) =>
  db
    .updateTable('outbox')
    .set((e) => ({ due_at: given('lostAt'), tries: e('tries', '+', 1) }))
    .where(
      'jti',
      'in',
      db
        .selectFrom('outbox')
        .select('jti')
        .where('service_origin', '=', given('service'))
        .where('due_at', '<=', given('at'))
        .orderBy('due_at')
        .limit(1),
    )
    .where('due_at', '<=', given('at'))
    .returningAll(),
)

/** Takes the event that is due longest for a Service: nobody else does until `lostAt`, and then whoever comes first. Undefined when none is due. */
export async function takeNext(tx: Tx, taking: Taking): Promise<OutboxRow | undefined> {
  const [event] = await takeOne(tx, taking)
  return event
}

const deleteOne = statement<AuthorityTables, { jti: string }>()((db, given) =>
  db.deleteFrom('outbox').where('jti', '=', given('jti')).returning('jti'),
)

/** Takes an event off the outbox. Whether it was still there: who is told of the same by two is told once that it was done. */
export async function removeEvent(tx: Tx, jti: string): Promise<boolean> {
  return (await deleteOne(tx, { jti })).length > 0
}

/** Puts the next attempt off; with `forAll`, also that of whatever else waits for this Service. */
export async function postpone(tx: Tx, { jti, service_origin }: OutboxRow, until: number, forAll: boolean): Promise<void> {
  await tx.updateTable('outbox').set({ due_at: until }).where('jti', '=', jti).execute()
  if (forAll) await tx.updateTable('outbox').set({ due_at: until }).where('service_origin', '=', service_origin).where('due_at', '<', until).execute()
}

/** How many events wait or are under way. */
export async function countEvents(db: Tx): Promise<number> {
  const { count } = await db
    .selectFrom('outbox')
    .select((e) => e.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return count
}
