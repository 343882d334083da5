import type { Tx } from './schema.ts'

/** The groups that somebody had when they last signed in. */
export async function groupsOf(tx: Tx, email: string): Promise<string[]> {
  const rows = await tx.selectFrom('person_group').select('name').where('email', '=', email).execute()
  return rows.map(({ name }) => name)
}

/** The groups by which somebody who is not there decides: those of `groupsOf`, unless an admin has ended their sessions since. */
export async function standingGroupsOf(tx: Tx, email: string): Promise<string[]> {
  const rows = await tx.selectFrom('person_group').select('name').where('email', '=', email).where('signed_out_at', 'is', null).execute()
  return rows.map(({ name }) => name)
}

/** Who had one of these groups when they last signed in, unless an admin has ended their sessions since; at most so many. */
export async function membersOf(tx: Tx, names: string[], limit: number): Promise<string[]> {
  if (names.length === 0) return []
  const members = tx.selectFrom('person_group').select('email').distinct().where('name', 'in', names).where('signed_out_at', 'is', null)
  const rows = await members.orderBy('email').limit(limit).execute()
  return rows.map(({ email }) => email)
}

/** By their groups somebody decides nothing any more, until they sign in again. */
export async function noteSignedOut(tx: Tx, email: string, at: number): Promise<void> {
  await tx.updateTable('person_group').set({ signed_out_at: at }).where('email', '=', email).execute()
}
