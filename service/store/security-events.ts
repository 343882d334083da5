import type { AuthorityReference } from '../../spec/wire/configuration.ts'
import type { ServiceTables, Tx } from './schema.ts'

type Of = { authority: string; authorizationId: string }
type Seen = ServiceTables['security_event_seen']

/** Where the configuration of the Authority behind an authorization of ours is, live or ended; undefined when nothing was ever had by it, or long ago. */
export const findPinOf = (db: Tx, of: Of): Promise<AuthorityReference | undefined> => findPin(db, of.authority, of.authorizationId)

/** The same of an Authority behind anything at all that we have. */
export const findPinOfAny = (db: Tx, authority: string): Promise<AuthorityReference | undefined> => findPin(db, authority)

async function findPin(db: Tx, authority: string, authorizationId?: string): Promise<AuthorityReference | undefined> {
  for (const table of ['credential', 'initialization'] as const) {
    const ofAuthority = db.selectFrom(table).select(['authority', 'authority_configuration_url']).where('authority', '=', authority).limit(1)
    const query = authorizationId === undefined ? ofAuthority : ofAuthority.where('authorization_id', '=', authorizationId)
    const pin = await query.executeTakeFirst()
    if (pin) return pin
  }
  return undefined
}

/** Whether an event was acted on before. */
export async function isSeen(db: Tx, { issuer, jti }: Pick<Seen, 'issuer' | 'jti'>): Promise<boolean> {
  const row = await db.selectFrom('security_event_seen').select('jti').where('issuer', '=', issuer).where('jti', '=', jti).executeTakeFirst()
  return row !== undefined
}

/** Remembers an event that was acted on. Whether it is the first time: one INSERT decides. */
export async function rememberEvent(tx: Tx, seen: Seen): Promise<boolean> {
  const won = await tx
    .insertInto('security_event_seen')
    .values(seen)
    .onConflict((c) => c.doNothing())
    .returning('jti')
    .executeTakeFirst()
  return won !== undefined
}

/** Deletes remembered events of long ago: acted on again, they would change nothing. Gives how many went. */
export async function deleteEventsSeenBefore(tx: Tx, before: number, limit: number): Promise<number> {
  const due = await tx.selectFrom('security_event_seen').select(['issuer', 'jti']).where('seen_at', '<', before).limit(limit).execute()
  for (const { issuer, jti } of due) await tx.deleteFrom('security_event_seen').where('issuer', '=', issuer).where('jti', '=', jti).execute()
  return due.length
}
