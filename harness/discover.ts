import { createAuthorityDiscovery, createServiceDiscovery, type DiscoveryDeps } from '../spec/discovery.ts'
import type { Fetch } from '../spec/effects.ts'
import { AuthorityForHarness, type AuthorityReference, ServiceForHarness } from '../spec/wire/configuration.ts'
import { failToReach } from './failure.ts'

/** Finds a Service by its origin's TXT record and reads its document (protocol 2, §4.1). Throws TripFailure. */
export const discoverService = (d: DiscoveryDeps, origin: string): Promise<ServiceForHarness> =>
  createServiceDiscovery(
    d,
    ServiceForHarness,
  )(origin).catch(
    failToReach({ step: 'discover', peer: origin }, 'check the service URL; its AgentPass record or configuration may be missing or broken'),
  )

/** Reads the document of the Authority that a Service named (protocol 2, §5.2): a pin, whose identifier must be the one in it. Throws TripFailure. */
export const discoverAuthority = (d: DiscoveryDeps, reference: AuthorityReference): Promise<AuthorityForHarness> =>
  createAuthorityDiscovery(d, AuthorityForHarness)
    .pinned(reference)
    .catch(failToReach({ step: 'resolve', peer: reference.authority }, 'the configuration of the authority is missing or broken: tell its operators'))

/**
 * A pass, a proof or an address is for the URL it was sent to and no other (protocol 1), whichever fetch was handed in. A redirect is the peer's answer, and no
 * success: so it can be told from an outage.
 */
export const withoutRedirects =
  (fetch: Fetch): Fetch =>
  (url, init) =>
    fetch(url, { ...init, redirect: 'manual' })
