import { z } from 'zod'
import { createCache, type Loaded } from '../../spec/cache.ts'
import type { Now } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import type { Audit } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import { effectiveScope } from '../../spec/scope.ts'
import { fromRfc3339 } from '../../spec/time.ts'
import type { AuthorityForService, AuthorityReference } from '../../spec/wire/configuration.ts'
import { Scope } from '../../spec/wire/scopes.ts'
import type { CheckResponse } from '../../spec/wire/validation.ts'
import { digestOf, endCredentials, findLive } from '../store/credentials.ts'
import type { CredentialRow, ServiceTables } from '../store/schema.ts'

/** Who acts, for whom, and what they may do at this moment. */
export type Session = {
  user: string
  agent: string
  task: { id: string; description?: string | undefined } | undefined
  authorizationId: string
  /** What was granted, of what the Authority still stands for. */
  scope: string[]
  expiresAt: number
}
/** The live session of a token; undefined when it is unknown, ended or expired. Throws authority_unavailable when its Authority cannot be asked. */
export type FindSession = (token: string) => Promise<Session | undefined>
/** Ends every credential of an authorization, here at once; false where none was live. Throws overloaded, and then nothing has ended. */
export type EndSessions = (of: Pick<CredentialRow, 'authority' | 'authorization_id'>, ending: Ending) => Promise<boolean>
type Ending = { outcome: 'completed' | 'ended'; because: string }

export type SessionDeps = {
  now: Now
  db: Database<ServiceTables>
  audit: Audit
  readPinned: (pin: AuthorityReference) => Promise<AuthorityForService>
  checkAuthorization: (authority: AuthorityForService, authorizationId: string) => Promise<CheckResponse | undefined>
  /** How long a good answer is trusted before the Authority is asked again (protocol 7): at most 30. */
  checkSeconds: number
}

const MAX_LIVE_SESSIONS = 50_000
const Task = z.object({ id: z.string(), description: z.string().optional() })

/** Sessions under continuous check (protocol 7): a good answer is kept for a few seconds, a failure never, and what the Authority has ended is ended here at once. */
export function createSessions(d: SessionDeps): { find: FindSession; end: EndSessions } {
  const live = createCache<Session | undefined>(d.now, { limit: MAX_LIVE_SESSIONS, failureSeconds: 0 })
  const end: EndSessions = async (of, ending) => {
    const ended = await endCredentialsOf(d, of, ending)
    for (const { digest } of ended) live.forget(digest) // or a good answer of a moment ago would let it live on
    return ended.length > 0
  }
  return {
    find: (token) => {
      const digest = digestOf(token)
      return live.get(digest, () => load(d, digest, end))
    },
    end,
  }
}

const NONE: Loaded<undefined> = { value: undefined, ttlSeconds: 0 }

async function load(d: SessionDeps, digest: string, end: EndSessions): Promise<Loaded<Session | undefined>> {
  const credential = await findLive(d.db.read, digest, d.now())
  if (!credential) return NONE
  const authority = await d.readPinned(credential).catch(unavailable)
  const check = await d.checkAuthorization(authority, credential.authorization_id)
  if (!check) {
    await end(credential, { outcome: 'ended', because: 'the authority ended the delegation' })
    return NONE
  }
  const session = sessionOf(credential, check)
  const leftSeconds = session.expiresAt - d.now()
  return leftSeconds > 0 ? { value: session, ttlSeconds: Math.min(d.checkSeconds, leftSeconds) } : NONE
}

function unavailable(cause: unknown): never {
  throw new ProtocolError('authority_unavailable', 'the configuration of the authority behind this delegation cannot be had', { cause })
}

function sessionOf(credential: CredentialRow, check: CheckResponse): Session {
  const { authorization_expires_at: ends } = check
  return {
    user: credential.user_email,
    agent: credential.agent_id,
    task: credential.task === null ? undefined : Task.parse(JSON.parse(credential.task)),
    authorizationId: credential.authorization_id,
    scope: effectiveScope(Scope.parse(JSON.parse(credential.scope)), check.scope),
    expiresAt: ends === undefined ? credential.expires_at : Math.min(credential.expires_at, fromRfc3339(ends)),
  }
}

/** Of those who end an authorization at once, one is given its credentials, and the audit trail tells it once. */
function endCredentialsOf(
  d: SessionDeps,
  { authority, authorization_id }: Pick<CredentialRow, 'authority' | 'authorization_id'>,
  { outcome, because }: Ending,
): Promise<CredentialRow[]> {
  return d.db.write(async (tx) => {
    const ended = await endCredentials(tx, { authority, authorizationId: authorization_id, because, at: d.now() })
    for (const { user_email: user, agent_id: agent } of ended)
      await d.audit.record(tx, { event: 'session', outcome, authority, authorization_id, user, agent })
    return ended
  })
}
