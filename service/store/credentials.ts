import { hash } from 'node:crypto'
import { statement } from '../../spec/node/statement.ts'
import type { CredentialRow, ServiceTables, Tx } from './schema.ts'

/** What of a credential is stored and looked up. */
export const digestOf = (credential: string): string => hash('sha256', credential, 'base64url')

export type NewCredential = Omit<CredentialRow, 'ended_at' | 'ended_because'>

const insertCredential = statement<ServiceTables, NewCredential>()((db, given) =>
  db.insertInto('credential').values({
    digest: given('digest'),
    type: given('type'),
    authorization_id: given('authorization_id'),
    authority: given('authority'),
    authority_configuration_url: given('authority_configuration_url'),
    user_email: given('user_email'),
    agent_id: given('agent_id'),
    task: given('task'),
    harness_id: given('harness_id'),
    scope: given('scope'),
    created_at: given('created_at'),
    expires_at: given('expires_at'),
  }),
)

export async function addCredential(tx: Tx, credential: NewCredential): Promise<void> {
  await insertCredential(tx, credential)
}

const selectLive = statement<ServiceTables, { digest: string; at: number }>()((db, given) =>
  db.selectFrom('credential').selectAll().where('digest', '=', given('digest')).where('ended_at', 'is', null).where('expires_at', '>', given('at')),
)

/** A credential that has neither ended nor expired; undefined otherwise. */
export async function findLive(db: Tx, digest: string, at: number): Promise<CredentialRow | undefined> {
  const [row] = await selectLive(db, { digest, at })
  return row
}

/** A credential that has ended, or expired, and was not swept yet; undefined for any other. */
export async function findEnded(db: Tx, digest: string, at: number): Promise<CredentialRow | undefined> {
  const row = await db.selectFrom('credential').selectAll().where('digest', '=', digest).executeTakeFirst()
  return row && (row.ended_at !== null || row.expires_at <= at) ? row : undefined
}

/** The live credentials of an authorization. */
export function listCredentials(db: Tx, of: { authority: string; authorizationId: string }): Promise<Pick<CredentialRow, 'type' | 'digest'>[]> {
  return db
    .selectFrom('credential')
    .select(['type', 'digest'])
    .where('authority', '=', of.authority)
    .where('authorization_id', '=', of.authorizationId)
    .where('ended_at', 'is', null)
    .execute()
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
