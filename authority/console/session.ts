import { z } from 'zod'
import type { Now, Random } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import type { Audit } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import type { Secrets } from '../../spec/node/secrets.ts'
import { digestOf } from '../store/digest.ts'
import type { AuthorityTables, ConsoleSessionRow } from '../store/schema.ts'
import { endSessions, findSession, openSession, touchSession } from '../store/sessions.ts'
import { type Identity, type Person, personOf } from './person.ts'
import type { ConsoleSettings } from './settings.ts'

export type SessionDeps = {
  now: Now
  random: Random
  db: Database<AuthorityTables>
  audit: Audit
  secrets: Secrets
  settings: Pick<ConsoleSettings, 'roles' | 'sessions'>
  /** Whether policies may name people who approve. */
  namesApprovers: boolean
}
/** Somebody's session: who they are, since when they are known to be, and where they ask from now. */
export type Session = { digest: string; person: Person; authenticatedAt: number | undefined; formToken: string; address?: string }
/** What the provider has said at sign-in. `authenticatedAt`: when the person last proved who they are; undefined where it does not say. */
export type SignedIn = { identity: Identity; authenticatedAt: number | undefined; idToken: string }
/** What people know a session by. */
export const Client = z.object({ address: z.string(), program: z.string() })
export type Client = z.infer<typeof Client>

/** A touch is a write, and none is needed for every page. */
const TOUCH_SECONDS = 60
const Groups = z.array(z.string())

export const idleSecondsOf = ({ sessions }: Pick<ConsoleSettings, 'sessions'>): number => sessions.idle_minutes * 60

/** Begins a session, under a value that nobody has seen before; the one that the browser had ends. Gives the cookie's value. */
export async function beginSession(
  d: SessionDeps,
  { identity, authenticatedAt, idToken }: SignedIn,
  at: { client: Client; before: string | undefined },
): Promise<string> {
  const value = d.random(32)
  const now = d.now()
  const session: ConsoleSessionRow = {
    digest: digestOf(value),
    email: identity.email,
    name: identity.name ?? null,
    groups: JSON.stringify(identity.groups),
    authenticated_at: authenticatedAt ?? null,
    sealed_id_token: d.secrets.seal('id tokens', idToken),
    client: JSON.stringify(at.client),
    opened_at: now,
    seen_at: now,
    expires_at: now + d.settings.sessions.absolute_hours * 3600,
  }
  const before = at.before === undefined ? undefined : digestOf(at.before)
  await d.db.write(async (tx) => {
    await openSession(tx, session, { before, groups: [...new Set(identity.groups)] })
    await d.audit.record(tx, { event: 'sign_in', outcome: 'signed in', by: identity.email, address: at.client.address })
  })
  return value
}

/** The session of a cookie's value; undefined when there is none that is alive. One that `isUsed` lives on. */
export async function readSession(d: SessionDeps, value: string | undefined, { isUsed = true } = {}): Promise<Session | undefined> {
  if (value === undefined) return undefined
  const [digest, alive] = [digestOf(value), { at: d.now(), idleSeconds: idleSecondsOf(d.settings) }]
  const row = await findSession(d.db.read, digest, alive)
  if (!row) return undefined
  if (isUsed && row.seen_at < alive.at - TOUCH_SECONDS) await d.db.write((tx) => touchSession(tx, digest, alive))
  const identity = { email: row.email, name: row.name ?? undefined, groups: Groups.parse(JSON.parse(row.groups)) }
  return {
    digest,
    person: personOf(identity, d.settings.roles, { isNamed: d.namesApprovers }),
    authenticatedAt: row.authenticated_at ?? undefined,
    formToken: d.secrets.derive('console forms', digest, d.secrets.current),
  }
}

/** Ends a session. Gives the ID token by which the provider knows it; undefined when it was over before. */
export async function endSession(d: SessionDeps, { digest, person }: Session): Promise<string | undefined> {
  return d.db.write(async (tx) => {
    const row = await findSession(tx, digest, { at: d.now(), idleSeconds: idleSecondsOf(d.settings) })
    await endSessions(tx, { digest })
    if (!row) return undefined
    await d.audit.record(tx, { event: 'sign_out', outcome: 'signed out', by: person.email })
    return unsealed(d, row.sealed_id_token)
  })
}

/** Signing out works without it too: the master key that sealed it may have left the settings since. */
function unsealed({ secrets }: SessionDeps, sealed: string): string | undefined {
  try {
    return secrets.unseal('id tokens', sealed)
  } catch {
    return undefined
  }
}

/** Throws unauthenticated where there is no session, or it is over. */
export function requireSession(session: Session | undefined): Session {
  if (!session) throw new ProtocolError('unauthenticated', 'you are not signed in, or no longer')
  return session
}
