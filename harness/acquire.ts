import type { Fetch, Now, Random, ResolveTxt, Wait } from '../spec/effects.ts'
import type { SigningKey } from '../spec/jwt.ts'
import type { Profile } from '../spec/profile.ts'
import { fromRfc3339 } from '../spec/time.ts'
import type { PassType } from '../spec/wire/issuance.ts'
import { awaitPass, statusUrl, type Waiting } from './approve.ts'
import type { Attest } from './attest.ts'
import { discoverAuthority, discoverService, withoutRedirects } from './discover.ts'
import type { Step } from './failure.ts'
import type { Initialization } from './initialize.ts'
import { requestPass } from './issue.ts'
import { createHolderKey } from './key.ts'
import { type Ready, redeemBearerToken, redeemBrowserSession } from './redeem.ts'
import { type ChooseAuthority, resolveAuthority } from './resolve.ts'
import { endTask } from './revoke.ts'

/** What a Harness takes from the outside; `harnessId` is what it calls itself. */
export type AcquireDeps = {
  fetch: Fetch
  /** Fetch whose answers may take as long as a decision does: with it, an Authority's events are listened to instead of polling. */
  fetchEvents?: Fetch
  resolveTxt: ResolveTxt
  now: Now
  random: Random
  wait: Wait
  harnessId: string
  /** A key that the Authority has registered (protocol 4); without it every task has a fresh one. */
  holderKey?: SigningKey
  /** Has this Harness attested for each request (attest.ts); without it the Authority has only its own word. */
  attest?: Attest
  chooseAuthority: ChooseAuthority
  onProgress: (progress: Progress) => void
  /** Writes down what must be known after a crash, before the trip goes on; what it throws ends the trip. */
  record?: (fact: Recorded) => Promise<void>
  profile?: Profile
  /** Believes only DNS answers that a validating resolver vouches for. */
  requireDnssec?: boolean
}
/** What happens while a person waits: a step begins at a peer, or somebody who may decide for the user has yet to do so. */
export type Progress = { kind: 'step'; step: Step; peer: string } | ({ kind: 'waiting'; user: string } & Waiting)

/** What a trip leaves behind at an Authority: a request, at the URL where it can be called off (a secret), and a pass that is about to be spent. */
export type Recorded = { kind: 'requested'; statusUrl: string } | { kind: 'redeeming'; authority: string }

/**
 * One task at one Service for one user. `scope` narrows what is approved; `authority` is the only one that will do; `signal` calls it off;
 * `destination` is the page a browser session is for; `taskId` the id of the task where its caller has made one (`createTaskId`), never used before.
 */
export type Wanted = {
  service: string
  user: string
  task: string
  scope?: string[]
  authority?: string
  destination?: string
  taskId?: string
  signal?: AbortSignal
}
/** Who lets whom do what, where. `revokeUrl` is where the Service takes back what it gave (revoke.ts); undefined where it does not. */
export type Access = {
  service: string
  user: string
  authority: string
  task: { id: string; description: string }
  revokeUrl: string | undefined
}
/** A bearer token for the task. `expiresAt` in epoch seconds; undefined where the Service does not say. */
export type Acquired = Access & { token: string; scope: string[] | undefined; expiresAt: number | undefined }
/** A browser session for the task that has yet to begin: once, at once, and until `expiresAt` (epoch seconds, where the Service says it). */
export type AcquiredSession = Access & { initialization: Initialization; expiresAt: number | undefined }

/** A fresh id for one task. */
export const createTaskId = (random: Random): string => `task-${random(16)}`

/**
 * The whole trip of one task (protocol 2 to 8), for a bearer token. Every trip has a task id of its own and, but for a registered one, a holder key; what failed is never tried again
 * with them. Throws TripFailure, or the signal's reason: a token that comes after the signal is given back.
 */
export async function acquire(deps: AcquireDeps, wanted: Wanted): Promise<Acquired> {
  const d = withDefaults(deps)
  const { access, ready } = await obtainPass(d, wanted, 'bearer_token')
  const grant = await redeemBearerToken(d, ready)
  const expiresAt = grant.expires_in === undefined ? undefined : d.now() + Math.floor(grant.expires_in)
  const acquired = { ...access, token: grant.bearer_token, scope: grant.scope, expiresAt }
  if (!wanted.signal?.aborted) return acquired
  await endTask(d, acquired).catch(() => undefined) // the caller has left; the Service ends it in time
  throw wanted.signal.reason
}

/**
 * The same trip for a browser session, as far as it goes without a browser: what begins the session is the caller's to load or submit, exactly once, and to show
 * to nobody. Throws TripFailure, or the signal's reason.
 */
export async function acquireBrowserSession(deps: AcquireDeps, wanted: Wanted): Promise<AcquiredSession> {
  const d = withDefaults(deps)
  const { access, ready } = await obtainPass(d, wanted, 'browser_session')
  const { initialization, expires_at: expiry } = await redeemBrowserSession(d, ready)
  wanted.signal?.throwIfAborted()
  return { ...access, initialization, expiresAt: expiry === undefined ? undefined : fromRfc3339(expiry) }
}

/** Discovers the Service, has it resolve the Authority, asks that for a pass and waits for the decision. */
async function obtainPass(d: Prepared, wanted: Wanted, type: PassType): Promise<{ access: Access; ready: Ready }> {
  const step = (name: Step, peer: string) => {
    wanted.signal?.throwIfAborted()
    d.onProgress({ kind: 'step', step: name, peer })
  }
  const task = { id: wanted.taskId ?? createTaskId(d.random), description: wanted.task }

  step('discover', wanted.service)
  const service = await discoverService(d, wanted.service)
  step('resolve', service.service.origin)
  const reference = await resolveAuthority(d, service, wanted)
  const authority = await discoverAuthority(d, reference)

  step('issue', authority.authority)
  const key = d.holderKey ?? (await createHolderKey())
  const asked = { type, service: service.service.origin, user: wanted.user, task, destination: wanted.destination }
  const status = await requestPass(d, authority, asked, key)
  await d.record?.({ kind: 'requested', statusUrl: statusUrl(authority, status.id) })
  const waiting = { ...d, signal: wanted.signal, onWaiting: (w: Waiting) => d.onProgress({ kind: 'waiting', user: wanted.user, ...w }) }
  const { value: pass } = await awaitPass(waiting, authority, type, status)

  step('redeem', service.service.origin)
  await d.record?.({ kind: 'redeeming', authority: authority.authority })
  const access = { service: service.service.origin, user: wanted.user, authority: authority.authority, task, revokeUrl: service.endpoints.revoke }
  return { access, ready: { service, authority, key, pass, user: wanted.user, scope: wanted.scope } }
}

type Prepared = AcquireDeps & { profile: Profile }

const withDefaults = ({ fetch, fetchEvents, ...d }: AcquireDeps): Prepared => ({
  profile: 'core-0.1',
  ...d,
  fetch: withoutRedirects(fetch),
  ...(fetchEvents && { fetchEvents: withoutRedirects(fetchEvents) }),
})
