import { ProtocolError } from '../../spec/error.ts'
import type { Tx } from './schema.ts'

/** Spends an assertion by its issuer and `jti`. Throws invalid_assertion when it was seen before (protocol 7). One INSERT decides. */
export async function spendAssertion(tx: Tx, seen: { issuer: string; jti: string; expires_at: number }): Promise<void> {
  const won = await tx
    .insertInto('assertion_seen')
    .values(seen)
    .onConflict((c) => c.doNothing())
    .returning('jti')
    .executeTakeFirst()
  if (!won) throw new ProtocolError('invalid_assertion', 'this assertion has been used')
}

/** Deletes remembered assertions that have expired. Gives how many went. */
export async function deleteAssertionsExpiredBefore(tx: Tx, before: number, limit: number): Promise<number> {
  const due = await tx.selectFrom('assertion_seen').select(['issuer', 'jti']).where('expires_at', '<', before).limit(limit).execute()
  for (const { issuer, jti } of due) await tx.deleteFrom('assertion_seen').where('issuer', '=', issuer).where('jti', '=', jti).execute()
  return due.length
}
