import type { Fetch } from '../spec/effects.ts'
import { postMessage } from '../spec/peer.ts'
import type { AuthorityReference, ServiceForHarness } from '../spec/wire/configuration.ts'
import { ResolutionResponse } from '../spec/wire/resolution.ts'
import { requireAnswer } from './answer.ts'
import { failToReach, TripFailure } from './failure.ts'

/** Picks one of several Authorities a Service offers: asks a person, or knows what they chose before. */
export type ChooseAuthority = (offered: AuthorityReference[]) => Promise<AuthorityReference>
export type ResolveDeps = { fetch: Fetch; chooseAuthority: ChooseAuthority }
/** For whom, and the only Authority that will do where one was named beforehand. */
export type ResolveFor = { user: string; authority?: string }

/** Asks a Service who may decide for a user (protocol 3, §4.2): the enterprise's Authority where there is one, otherwise exactly one of those offered, never anything else. */
export async function resolveAuthority(d: ResolveDeps, service: ServiceForHarness, wanted: ResolveFor): Promise<AuthorityReference> {
  const at = { step: 'resolve' as const, peer: service.service.origin }
  const response = await postMessage(d.fetch, service.endpoints.resolve_authorities, { user: { email: wanted.user } }).catch(
    failToReach(at, 'check that the service is up'),
  )
  const answer = await requireAnswer(response, ResolutionResponse, at)
  const { enterprise_authority: enterprise, service_authority: own, trusted_federated_authorities: federated = [] } = answer
  const offered = enterprise ? [enterprise] : [...(own ? [own] : []), ...federated]
  const chosen = await choose(d, offered, wanted.authority)
  if (!chosen || !offered.some((reference) => isSame(reference, chosen)))
    throw new TripFailure(
      at,
      'the chosen authority is none of those the service offers',
      `choose one of those offered: ${offered.map(({ authority }) => authority).join(', ')}`,
    )
  return chosen
}

async function choose(d: ResolveDeps, offered: AuthorityReference[], named: string | undefined): Promise<AuthorityReference | undefined> {
  if (named !== undefined) return offered.find(({ authority }) => authority === named)
  return offered.length > 1 ? d.chooseAuthority(offered) : offered[0]
}

const isSame = (a: AuthorityReference, b: AuthorityReference): boolean =>
  a.authority === b.authority && a.authority_configuration_url === b.authority_configuration_url
