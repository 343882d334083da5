import type { Now } from '../../spec/effects.ts'
import type { Database } from '../../spec/node/database.ts'
import type { PassType } from '../../spec/wire/issuance.ts'
import { digestOf, findLive } from '../store/credentials.ts'
import type { ServiceTables } from '../store/schema.ts'
import type { EndSessions } from '../use/session.ts'
import type { ClosePinned } from './close.ts'

export type EndTaskDeps = { now: Now; db: Database<ServiceTables>; endSessions: EndSessions; closePinned: ClosePinned }
/** A credential whose holder is done with it: a token, a session's secret, or, where it does not matter which, either. */
export type Done = { type?: PassType; value: string; because: string }

/**
 * Ends the authorization of a credential whose holder is done with it (protocol 10, End of task): every credential of it here, then the authorization at its Authority.
 * Of one that does not live, and of all but one who end it at once, nothing comes. Throws overloaded; an Authority that cannot be told is logged.
 */
export async function endTask(d: EndTaskDeps, { type, value, because }: Done): Promise<void> {
  const credential = await findLive(d.db.read, digestOf(value), d.now())
  if (!credential || (type !== undefined && credential.type !== type)) return
  if (!(await d.endSessions(credential, { outcome: 'completed', because }))) return
  await d.closePinned(credential, { authorizationId: credential.authorization_id, action: 'complete', reason: because })
}
