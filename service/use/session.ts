import { z } from 'zod'
import { createCache, type Loaded } from '../../spec/cache.ts'
import type { Now } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import type { Audit } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import { effectiveScope } from '../../spec/scope.ts'
import { fromRfc3339 } from '../../spec/time.ts'
import type { AuthorityForService, AuthorityReference } from '../../spec/wire/configuration.ts'
import type { PassType } from '../../spec/wire/issuance.ts'
import { Scope } from '../../spec/wire/scopes.ts'
import type { CheckResponse } from '../../spec/wire/validation.ts'
import { digestOf, endCredentials, findEnded, findLive, listCredentials } from '../store/credentials.ts'
import { voidInitializations } from '../store/initializations.ts'
import type { CredentialRow, ServiceTables } from '../store/schema.ts'

/** What a request shows of itself: a program's bearer token, or the cookie of an agent's browser session. One is never taken for the other. */
export type Presented = { type: PassType; value: string }
/** Who acts, for whom, and what they may do at this moment. */
export type Session = {
  type: PassType
  user: string
  agent: string
  task: { id: string; description?: string | undefined } | undefined
  authorizationId: string
  /** What was granted, of what the Authority still stands for. */
  scope: string[]
  expiresAt: number
}
/** The live session of a credential; undefined when it is unknown, of the other type, ended or expired. Throws authority_unavailable when its Authority cannot be asked. */
export type FindSession = (presented: Presented) => Promise<Session | undefined>
/** Why a credential that once lived does so no more, in words of ours; undefined for any other. */
export type WhyEnded = (presented: Presented) => Promise<string | undefined>
type Of = Pick<CredentialRow, 'authority' | 'authorization_id'>
/** Ends every credential of an authorization, at every instance at once, and those it could still begin; false where nothing was alive. Throws overloaded, and then nothing has ended. */
export type EndSessions = (of: Of, ending: Ending) => Promise<boolean>
/** Has every instance ask the Authority at the next request of an authorization, whatever it answered a moment ago. Throws overloaded. */
export type DoubtSessions = (of: Of) => Promise<void>
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

type Sessions = { find: FindSession; whyEnded: WhyEnded; end: EndSessions; doubt: DoubtSessions }

/** Sessions under continuous check (protocol 7): a good answer is kept for a few seconds, a failure never, and what the Authority has ended is ended here at once. */
export async function createSessions(d: SessionDeps): Promise<Sessions> {
  const live = createCache<Session | undefined>(d.now, { limit: MAX_LIVE_SESSIONS, failureSeconds: 0 })
  // What is announced are keys of the cache: or a good answer of a moment ago, or one under way, would let a credential live on.
  await d.db.listen((key) => (key === undefined ? live.clear() : live.forget(key)))
  const end: EndSessions = (of, ending) => endCredentialsOf(d, of, ending)
  return {
    find: ({ type, value }) => {
      const of = { type, digest: digestOf(value) }
      return live.get(keyOf(of), () => load(d, of, end))
    },
    async whyEnded({ type, value }) {
      const row = await findEnded(d.db.read, digestOf(value), d.now())
      return row?.type === type ? (row.ended_because ?? 'its time is over') : undefined
    },
    end,
    doubt: ({ authority, authorization_id: authorizationId }) =>
      d.db.write(async (tx, announce) => {
        for (const credential of await listCredentials(tx, { authority, authorizationId })) announce(keyOf(credential))
      }),
  }
}

type Key = Pick<CredentialRow, 'type' | 'digest'>
const keyOf = ({ type, digest }: Key): string => `${type} ${digest}`

const NONE: Loaded<undefined> = { value: undefined, ttlSeconds: 0 }

async function load(d: SessionDeps, of: Key, end: EndSessions): Promise<Loaded<Session | undefined>> {
  const credential = await findLive(d.db.read, of.digest, d.now())
  if (credential?.type !== of.type) return NONE
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
    type: credential.type,
    user: credential.user_email,
    agent: credential.agent_id,
    task: credential.task === null ? undefined : Task.parse(JSON.parse(credential.task)),
    authorizationId: credential.authorization_id,
    scope: effectiveScope(Scope.parse(JSON.parse(credential.scope)), check.scope),
    expiresAt: ends === undefined ? credential.expires_at : Math.min(credential.expires_at, fromRfc3339(ends)),
  }
}

/** Of those who end an authorization at once, one is given its credentials, and the audit trail tells it once. */
function endCredentialsOf(d: SessionDeps, { authority, authorization_id }: Of, { outcome, because }: Ending): Promise<boolean> {
  return d.db.write(async (tx, announce) => {
    const at = d.now()
    const ended = await endCredentials(tx, { authority, authorizationId: authorization_id, because, at })
    const voided = await voidInitializations(tx, { authority, authorizationId: authorization_id, at })
    for (const { type, digest, user_email: user, agent_id: agent } of ended) {
      announce(keyOf({ type, digest }))
      await d.audit.record(tx, { event: 'session', outcome, type, authority, authorization_id, user, agent })
    }
    if (voided > 0) await d.audit.record(tx, { event: 'initialization', outcome: 'voided', authority, authorization_id })
    return ended.length + voided > 0
  })
}
