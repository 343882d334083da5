import type { Tx } from './schema.ts'

/** When the newest event of the audit trail was written down; undefined in a trail without any. */
export async function findNewestEvent(db: Tx): Promise<string | undefined> {
  const row = await db.selectFrom('audit').select('event').orderBy('id', 'desc').limit(1).executeTakeFirst()
  return row?.event
}

/** Signs everybody out, and forgets in which groups they were: the next sign-in says. Gives how many sessions that ended. */
export async function forgetSignIns(tx: Tx): Promise<number> {
  await tx.deleteFrom('person_group').execute()
  return (await tx.deleteFrom('console_session').returning('digest').execute()).length
}

/** Takes away every passkey, and every registered key of a Harness. Gives them as they were. */
export async function removeKeys(tx: Tx) {
  const passkeys = await tx.deleteFrom('passkey').returning(['email', 'name']).execute()
  return { passkeys, harnessKeys: await tx.deleteFrom('harness_key').returningAll().execute() }
}

/** Takes a mark from among the migrations. */
export const removeMark = (tx: Tx, name: string) =>
  tx.withTables<{ migration: { name: string } }>().deleteFrom('migration').where('name', '=', name).execute()
