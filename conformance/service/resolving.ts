import { ResolutionResponse } from '../../spec/wire/resolution.ts'
import { type AuthorityMade, type FakeAuthority, member } from '../actors/authority.ts'
import { expectAnswer, expectRefused, type Reply } from '../actors/client.ts'
import type { Truth } from '../actors/dns-answer.ts'
import { expectEqual, expectThat } from '../case.ts'
import type { Domain, ServiceStage } from './stage.ts'

export const OFFERS = ['enterprise_authority', 'service_authority', 'trusted_federated_authorities'] as const
export type Offer = (typeof OFFERS)[number]

/** A new e-mail domain whose record names an Authority of its own. */
export type Enterprise = { domain: Domain; authority: FakeAuthority; user: string }

/** Makes one. What is wrong with it is the case's. */
export function enterpriseOf(s: ServiceStage, made?: AuthorityMade): Enterprise {
  const domain = s.domain()
  const authority = s.authority(made)
  domain.publish(authority.reference.authority_configuration_url)
  return { domain, authority, user: domain.user }
}

/** A new domain of which DNS says this. */
export function domainWhere(s: ServiceStage, truth: Truth): Domain {
  const domain = s.domain()
  s.ground.dns.answer(domain.record, truth)
  return domain
}

/** A refusal that returns no Authority; `usual` are the statuses of protocol 3, and others only a remark. */
export function expectNoAuthority(s: ServiceStage, reply: Reply, ...usual: number[]): void {
  expectRefused(reply, { orServerError: true })
  for (const offer of OFFERS) expectEqual(member(reply.json, offer), undefined, `${offer} in the refusal`)
  if (!usual.includes(reply.status)) s.warn(`the status is ${reply.status}, and not ${usual.join(' or ')}`)
}

/** That discovery failed: nothing is returned, and the fault is the other side's. */
export const expectFailedDiscovery = (s: ServiceStage, reply: Reply): void => expectNoAuthority(s, reply, 502, 503)

/** An answer with exactly one of the three members, which is this one: what it holds. */
export function expectOffer(reply: Reply, offer: Offer): unknown {
  const answer = expectAnswer(reply, ResolutionResponse, 'the resolution')
  const offers = OFFERS.filter((name) => answer[name] !== undefined)
  expectEqual(offers, [offer], 'what is offered')
  return answer[offer]
}

/** That it offers the enterprise's Authority alone: the one whose document is there. */
export function expectEnterprise(reply: Reply, { reference }: FakeAuthority): void {
  const offered = expectOffer(reply, 'enterprise_authority')
  expectEqual(
    { authority: member(offered, 'authority'), url: member(offered, 'authority_configuration_url') },
    { authority: reference.authority, url: reference.authority_configuration_url },
    'the enterprise Authority',
  )
}

/** That it offers the federated Authorities of its settings, which is the fallback where there is no record. */
export function expectFederated(s: ServiceStage, reply: Reply): void {
  const offered = expectOffer(reply, 'trusted_federated_authorities')
  const known = (s.document.trust.trusted_federated_authorities ?? []).map(({ authority }) => authority)
  const names = Array.isArray(offered) ? offered.map((one) => String(member(one, 'authority'))) : []
  expectThat(
    names.length > 0 && names.every((name) => known.includes(name)),
    `federated Authorities of its configuration (${known.join(', ')})`,
    names,
  )
}

/** That it still answers who is in order: a user of the suite's enterprise. */
export async function expectStillResolves(s: ServiceStage): Promise<void> {
  expectAnswer(await s.resolve(s.adapter.users.all), ResolutionResponse, 'the resolution for a user who is in order')
}
