import { statement } from '../../spec/node/statement.ts'
import type { AuthorityTables, HarnessKeyRow, Tx } from './schema.ts'

/** Adds a key, once: of racing additions one INSERT wins. Whether it was this one. */
export async function addHarnessKey(tx: Tx, key: HarnessKeyRow): Promise<boolean> {
  const won = await tx
    .insertInto('harness_key')
    .values(key)
    .onConflict((c) => c.doNothing())
    .returning('thumbprint')
    .executeTakeFirst()
  return won !== undefined
}

const selectKey = statement<AuthorityTables, { thumbprint: string }>()((db, given) =>
  db.selectFrom('harness_key').selectAll().where('thumbprint', '=', given('thumbprint')),
)

/** The key of a thumbprint; undefined when it is not registered. */
export async function findHarnessKey(db: Tx, thumbprint: string): Promise<HarnessKeyRow | undefined> {
  const [row] = await selectKey(db, { thumbprint })
  return row
}

/** All registered keys, the newest first. */
export const listHarnessKeys = (db: Tx): Promise<HarnessKeyRow[]> =>
  db.selectFrom('harness_key').selectAll().orderBy('added_at', 'desc').orderBy('thumbprint').execute()

/** Removes a key. Gives it as it was; undefined when it was not registered. */
export const removeHarnessKey = (tx: Tx, thumbprint: string): Promise<HarnessKeyRow | undefined> =>
  tx.deleteFrom('harness_key').where('thumbprint', '=', thumbprint).returningAll().executeTakeFirst()
