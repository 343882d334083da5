import type { ConsoleSessionRow, Tx } from './schema.ts'

/** Writes down who has signed in, and the groups that the provider says; the session that the same browser had before ends. */
export async function openSession(
  tx: Tx,
  session: ConsoleSessionRow,
  { before, groups }: { before: string | undefined; groups: string[] },
): Promise<void> {
  if (before !== undefined) await tx.deleteFrom('console_session').where('digest', '=', before).execute()
  await tx.insertInto('console_session').values(session).execute()
  await tx.deleteFrom('person_group').where('email', '=', session.email).execute()
  if (groups.length === 0) return
  await tx
    .insertInto('person_group')
    .values(groups.map((name) => ({ email: session.email, name })))
    .execute()
}

type Alive = { at: number; idleSeconds: number }

/** The session of a cookie; undefined when it is over: ended, too old, or not used for too long. */
export const findSession = (db: Tx, digest: string, { at, idleSeconds }: Alive): Promise<ConsoleSessionRow | undefined> =>
  db
    .selectFrom('console_session')
    .selectAll()
    .where('digest', '=', digest)
    .where('expires_at', '>', at)
    .where('seen_at', '>', at - idleSeconds)
    .executeTakeFirst()

/** Notes that a session is used. One that is over stays so. */
export async function touchSession(tx: Tx, digest: string, { at, idleSeconds }: Alive): Promise<void> {
  await tx
    .updateTable('console_session')
    .set({ seen_at: at })
    .where('digest', '=', digest)
    .where('seen_at', '>', at - idleSeconds)
    .where('seen_at', '<', at)
    .execute()
}

/** A person's sessions, the one used last first. */
export const listSessions = (db: Tx, email: string, { at, idleSeconds }: Alive): Promise<ConsoleSessionRow[]> =>
  db
    .selectFrom('console_session')
    .selectAll()
    .where('email', '=', email)
    .where('expires_at', '>', at)
    .where('seen_at', '>', at - idleSeconds)
    .orderBy('seen_at', 'desc')
    .execute()

/** Ends sessions: one, all of a person, or all but one. Gives how many. */
export async function endSessions(tx: Tx, which: { digest: string } | { email: string; but?: string | undefined }): Promise<number> {
  const gone = tx.deleteFrom('console_session')
  const meant = 'digest' in which ? gone.where('digest', '=', which.digest) : gone.where('email', '=', which.email)
  const ended = 'but' in which && which.but !== undefined ? meant.where('digest', '!=', which.but) : meant
  return (await ended.returning('digest').execute()).length
}

/** Deletes sessions that are over. Gives how many. */
export async function deleteSessionsOver(tx: Tx, { at, idleSeconds }: Alive, limit: number): Promise<number> {
  const over = tx.selectFrom('console_session').select('digest')
  const those = over.where((e) => e.or([e('expires_at', '<=', at), e('seen_at', '<=', at - idleSeconds)])).limit(limit)
  return (await tx.deleteFrom('console_session').where('digest', 'in', those).returning('digest').execute()).length
}
