import type { Tx } from './schema.ts'

/** The groups that somebody had when they last signed in. */
export async function groupsOf(tx: Tx, email: string): Promise<string[]> {
  const rows = await tx.selectFrom('person_group').select('name').where('email', '=', email).execute()
  return rows.map(({ name }) => name)
}

/** Who had one of these groups when they last signed in. */
export async function membersOf(tx: Tx, names: string[]): Promise<string[]> {
  if (names.length === 0) return []
  const rows = await tx.selectFrom('person_group').select('email').distinct().where('name', 'in', names).orderBy('email').execute()
  return rows.map(({ email }) => email)
}
