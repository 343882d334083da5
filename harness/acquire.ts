import { createAuthorityDiscovery, createServiceDiscovery } from '../spec/discovery.ts'
import type { Fetch, Now, Random, ResolveTxt, Wait } from '../spec/effects.ts'
import type { Profile } from '../spec/profile.ts'
import { AuthorityForHarness, ServiceForHarness } from '../spec/wire/configuration.ts'
import { awaitPass, type Waiting } from './approve.ts'
import { failAt, type Step } from './failure.ts'
import { requestPass } from './issue.ts'
import { createHolderKey } from './key.ts'
import { redeemBearerToken } from './redeem.ts'
import { type ChooseAuthority, resolveAuthority } from './resolve.ts'

/** What a Harness takes from the outside; `harnessId` is what it calls itself. */
export type AcquireDeps = {
  fetch: Fetch
  resolveTxt: ResolveTxt
  now: Now
  random: Random
  wait: Wait
  harnessId: string
  chooseAuthority: ChooseAuthority
  onProgress: (progress: Progress) => void
  profile?: Profile
  /** Believes only DNS answers that a validating resolver vouches for. */
  requireDnssec?: boolean
}
/** What happens while a person waits: a step begins at a peer, or an approver has yet to decide. */
export type Progress = { kind: 'step'; step: Step; peer: string } | ({ kind: 'waiting' } & Waiting)

/** One task at one Service for one user. `scope` narrows what is approved; `authority` is the only one that will do; `signal` calls it off. */
export type Wanted = { service: string; user: string; task: string; scope?: string[]; authority?: string; signal?: AbortSignal }
/** A bearer token for the task. `expiresAt` in epoch seconds; undefined where the Service does not say. */
export type Acquired = {
  token: string
  service: string
  user: string
  authority: string
  task: { id: string; description: string }
  scope: string[] | undefined
  expiresAt: number | undefined
}

/**
 * The whole trip of one task (protocol 2 to 8): discover the Service, have it resolve the Authority, ask that for a pass, wait for the decision, redeem.
 * Every trip has a task id and a holder key of its own; what failed is never tried again with them. Throws TripFailure, or the signal's reason.
 */
export async function acquire(deps: AcquireDeps, wanted: Wanted): Promise<Acquired> {
  const d = { profile: 'core-0.1' as const, ...deps, fetch: withoutRedirects(deps.fetch) }
  const step = (name: Step, peer: string) => {
    wanted.signal?.throwIfAborted()
    d.onProgress({ kind: 'step', step: name, peer })
  }
  const task = { id: `task-${d.random(16)}`, description: wanted.task }

  step('discover', wanted.service)
  const service = await createServiceDiscovery(
    d,
    ServiceForHarness,
  )(wanted.service).catch(
    failAt({ step: 'discover', peer: wanted.service }, 'check the service URL; its AgentPass record or configuration may be missing or broken'),
  )
  step('resolve', service.service.origin)
  const reference = await resolveAuthority(d, service, wanted)
  const authority = await createAuthorityDiscovery(d, AuthorityForHarness)
    .pinned(reference)
    .catch(failAt({ step: 'resolve', peer: reference.authority }, 'the configuration of the authority is missing or broken: tell its operators'))

  step('issue', authority.authority)
  const key = await createHolderKey()
  const asked = { type: 'bearer_token' as const, service: service.service.origin, user: wanted.user, task }
  const status = await requestPass(d, authority, asked, key)
  const waiting = { ...d, signal: wanted.signal, onWaiting: (w: Waiting) => d.onProgress({ kind: 'waiting', ...w }) }
  const pass = await awaitPass(waiting, authority, asked.type, status)

  step('redeem', service.service.origin)
  const redemption = { pass: { type: asked.type, value: pass.value }, user: wanted.user, scope: wanted.scope }
  const grant = await redeemBearerToken(d, { service, authority }, redemption, key)
  return {
    token: grant.bearer_token,
    service: service.service.origin,
    user: wanted.user,
    authority: authority.authority,
    task,
    scope: grant.scope,
    expiresAt: grant.expires_in === undefined ? undefined : d.now() + Math.floor(grant.expires_in),
  }
}

/** A pass, a proof or an address is for the URL it was sent to and no other (protocol 1), whichever fetch was handed in. */
const withoutRedirects =
  (fetch: Fetch): Fetch =>
  (url, init) =>
    fetch(url, { ...init, redirect: 'error' })
