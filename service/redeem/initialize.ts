import type { Now, Random } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import type { Audit } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import type { ClosePinned } from '../revoke/close.ts'
import { addCredential, digestOf } from '../store/credentials.ts'
import { spendExpired, spendInitialization } from '../store/initializations.ts'
import type { InitializationRow, ServiceTables } from '../store/schema.ts'
import { type Destinations, requireDestination } from './destination.ts'

export type InitializeDeps = {
  now: Now
  random: Random
  db: Database<ServiceTables>
  audit: Audit
  destinations: Destinations
  closePinned: ClosePinned
}
/** A session that has begun: its secret, how long it may live, and where the browser goes. */
export type Begun = { secret: string; maxAgeSeconds: number; destination: string }

/**
 * Begins the browser session that a one-time token bought (protocol 8, §4.5). The token is spent before anything else, whatever follows; the session is a new one.
 * Throws unknown_initialization, initialization_gone; destination_not_allowed where the allow list has changed meanwhile, and then the authorization is closed.
 */
export async function initialize(d: InitializeDeps, token: string): Promise<Begun> {
  const spent = await d.db.write(async (tx) => {
    const row = await spendInitialization(tx, digestOf(token), d.now())
    await d.audit.record(tx, { event: 'initialization', outcome: 'spent', ...aboutInitialization(row) })
    return row
  })
  try {
    return await begin(d, spent)
  } catch (refusal) {
    await closeUnused(d, spent, 'the browser session could not be begun')
    throw refusal
  }
}

async function begin(d: InitializeDeps, spent: InitializationRow): Promise<Begun> {
  const destination = requireDestination(d.destinations, spent.destination)
  const secret = d.random(32)
  const at = d.now()
  const { authorization_id, authority, authority_configuration_url, user_email, agent_id, task, harness_id, scope } = spent
  const bought = { authorization_id, authority, authority_configuration_url, user_email, agent_id, task, harness_id, scope }
  const expiresAt = spent.session_expires_at
  if (expiresAt <= at) throw new ProtocolError('initialization_gone', 'the delegation behind this one-time link has expired')
  await d.db.write(async (tx) => {
    await addCredential(tx, { digest: digestOf(secret), type: 'browser_session', ...bought, created_at: at, expires_at: expiresAt })
    await d.audit.record(tx, { event: 'initialization', outcome: 'begun', ...aboutInitialization(spent) })
  })
  return { secret, maxAgeSeconds: expiresAt - at, destination }
}

/** Ends what nobody began in time, at its Authority too, so that no authorization stays open for a session that never was. Gives how many. */
export async function endUnused(d: InitializeDeps, limit: number): Promise<number> {
  const unused = await d.db.write(async (tx) => {
    const rows = await spendExpired(tx, d.now(), limit)
    for (const row of rows) await d.audit.record(tx, { event: 'initialization', outcome: 'expired', ...aboutInitialization(row) })
    return rows
  })
  await Promise.all(unused.map((row) => closeUnused(d, row, 'the browser session was not begun in time')))
  return unused.length
}

const closeUnused = (d: InitializeDeps, row: InitializationRow, reason: string): Promise<void> =>
  d.closePinned(row, { authorizationId: row.authorization_id, action: 'revoke', reason })

const aboutInitialization = ({ authorization_id, authority, user_email: user, agent_id: agent, harness_id: harness }: InitializationRow) => ({
  authorization_id,
  authority,
  user,
  agent,
  harness: harness ?? undefined,
})
