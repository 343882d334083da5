import { sql } from 'kysely'
import type { Dialect } from '../../spec/node/database.ts'
import type { PasskeyRow, Tx } from './schema.ts'

const LOCK = 4_712_005

/** Adds a passkey, once. Whether it was new. */
export async function addPasskey(tx: Tx, passkey: PasskeyRow): Promise<boolean> {
  const added = await tx
    .insertInto('passkey')
    .values(passkey)
    .onConflict((c) => c.doNothing())
    .returning('id')
    .executeTakeFirst()
  return added !== undefined
}

/** A person's passkeys, the oldest first. */
export const listPasskeys = (db: Tx, email: string): Promise<PasskeyRow[]> =>
  db.selectFrom('passkey').selectAll().where('email', '=', email).orderBy('added_at').orderBy('id').execute()

/** The same, and until the transaction ends nobody else adds one to them: on SQLite every writer is alone, on PostgreSQL they take turns by a lock. */
export async function holdPasskeys(tx: Tx, dialect: Dialect, email: string): Promise<PasskeyRow[]> {
  if (dialect === 'postgres') await sql`select pg_advisory_xact_lock(${LOCK}::int, hashtext(${email}))`.execute(tx)
  return listPasskeys(tx, email)
}

/** Notes a use. An authenticator that counts must have counted on, or its key has been copied. Whether the passkey is that person's still, and fresh. */
export async function usePasskey(tx: Tx, { id, email, uses, at }: { id: string; email: string; uses: number; at: number }): Promise<boolean> {
  const used = await tx
    .updateTable('passkey')
    .set({ uses, used_at: at })
    .where('id', '=', id)
    .where('email', '=', email)
    .where('uses', uses === 0 ? '=' : '<', uses)
    .returning('id')
    .executeTakeFirst()
  return used !== undefined
}

/** Removes a passkey of a person. Gives it as it was; undefined when there is none such. */
export const removePasskey = (tx: Tx, id: string, email: string): Promise<PasskeyRow | undefined> =>
  tx.deleteFrom('passkey').where('id', '=', id).where('email', '=', email).returningAll().executeTakeFirst()
