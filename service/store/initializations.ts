import { ProtocolError } from '../../spec/error.ts'
import type { InitializationRow, Tx } from './schema.ts'

/** Keeps a one-time token's digest, and what session it will begin. */
export async function addInitialization(tx: Tx, initialization: Omit<InitializationRow, 'spent_at'>): Promise<void> {
  await tx.insertInto('initialization').values(initialization).execute()
}

/** Spends a one-time token for good (protocol 8): of any number that try at once, one gets what it bought. Throws unknown_initialization, initialization_gone. */
export async function spendInitialization(tx: Tx, digest: string, at: number): Promise<InitializationRow> {
  const won = await tx
    .updateTable('initialization')
    .set({ spent_at: at })
    .where('digest', '=', digest)
    .where('spent_at', 'is', null)
    .where('expires_at', '>', at)
    .returningAll()
    .executeTakeFirst()
  if (won) return won
  const kept = await tx.selectFrom('initialization').select('digest').where('digest', '=', digest).executeTakeFirst()
  throw kept
    ? new ProtocolError('initialization_gone', 'this one-time link has been used or has expired')
    : new ProtocolError('unknown_initialization', 'there is no such one-time link')
}

/** Spends the one-time tokens of an authorization that has ended, so that none of them begins a session. Gives how many there were. */
export async function voidInitializations(tx: Tx, ended: { authority: string; authorizationId: string; at: number }): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable('initialization')
    .set({ spent_at: ended.at })
    .where('authority', '=', ended.authority)
    .where('authorization_id', '=', ended.authorizationId)
    .where('spent_at', 'is', null)
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

/** Spends one-time tokens that expired unused. Gives what they would have begun, each to one who asks, at most `limit`. */
export function spendExpired(tx: Tx, at: number, limit: number): Promise<InitializationRow[]> {
  const due = tx.selectFrom('initialization').select('digest').where('expires_at', '<=', at).where('spent_at', 'is', null).limit(limit)
  return tx.updateTable('initialization').set({ spent_at: at }).where('digest', 'in', due).where('spent_at', 'is', null).returningAll().execute()
}

/** Deletes one-time tokens that expired long ago. Gives how many went. */
export async function deleteInitializationsExpiredBefore(tx: Tx, before: number, limit: number): Promise<number> {
  const due = tx.selectFrom('initialization').select('digest').where('expires_at', '<', before).where('spent_at', 'is not', null).limit(limit)
  const { numDeletedRows } = await tx.deleteFrom('initialization').where('digest', 'in', due).executeTakeFirst()
  return Number(numDeletedRows)
}
