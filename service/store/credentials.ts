import { createHash } from 'node:crypto'
import type { CredentialRow, Tx } from './schema.ts'

/** What of a credential is stored and looked up. */
export const digestOf = (credential: string): string => createHash('sha256').update(credential).digest('base64url')

export async function addCredential(tx: Tx, credential: Omit<CredentialRow, 'ended_at' | 'ended_because'>): Promise<void> {
  await tx.insertInto('credential').values(credential).execute()
}

/** A credential that has neither ended nor expired; undefined otherwise. */
export function findLive(db: Tx, digest: string, at: number): Promise<CredentialRow | undefined> {
  return db
    .selectFrom('credential')
    .selectAll()
    .where('digest', '=', digest)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', at)
    .executeTakeFirst()
}

/** Ends every credential of an authorization, once. Gives those that were live. */
export function endCredentials(tx: Tx, ended: { authority: string; authorizationId: string; because: string; at: number }): Promise<CredentialRow[]> {
  return tx
    .updateTable('credential')
    .set({ ended_at: ended.at, ended_because: ended.because })
    .where('authority', '=', ended.authority)
    .where('authorization_id', '=', ended.authorizationId)
    .where('ended_at', 'is', null)
    .returningAll()
    .execute()
}

/** Deletes credentials that expired long ago. Gives how many went. */
export async function deleteCredentialsExpiredBefore(tx: Tx, before: number, limit: number): Promise<number> {
  const due = tx.selectFrom('credential').select('digest').where('expires_at', '<', before).limit(limit)
  const { numDeletedRows } = await tx.deleteFrom('credential').where('digest', 'in', due).executeTakeFirst()
  return Number(numDeletedRows)
}
