import type { Now } from '../../spec/effects.ts'
import type { Database } from '../../spec/node/database.ts'
import type { Log } from '../../spec/node/log.ts'
import type { AuthorityForService, AuthorityReference } from '../../spec/wire/configuration.ts'
import { digestOf, findLive } from '../store/credentials.ts'
import type { ServiceTables } from '../store/schema.ts'
import type { EndSessions } from '../use/session.ts'
import type { Closing } from './close.ts'

export type EndTaskDeps = {
  now: Now
  log: Log
  db: Database<ServiceTables>
  endSessions: EndSessions
  readPinned: (pin: AuthorityReference) => Promise<AuthorityForService>
  closeAuthorization: (authority: AuthorityForService, closing: Closing) => Promise<void>
}

const DONE = 'the harness said that the task is done'

/**
 * Ends the authorization of a token whose holder is done with it (protocol 10, End of task): every token of it here, then the authorization at its Authority.
 * Of a token that does not live, and of all but one who end it at once, nothing comes. Throws overloaded; an Authority that cannot be told is logged.
 */
export async function endTask(d: EndTaskDeps, token: string): Promise<void> {
  const credential = await findLive(d.db.read, digestOf(token), d.now())
  if (!credential || !(await d.endSessions(credential, { outcome: 'completed', because: DONE }))) return
  const { authority, authorization_id: authorizationId } = credential
  const document = await d.readPinned(credential).catch((failure) => {
    d.log.warn('close_failed', { authority, authorization_id: authorizationId, failure })
    return undefined
  })
  if (document) await d.closeAuthorization(document, { authorizationId, action: 'complete', reason: DONE })
}
