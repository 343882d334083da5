import { ResolutionResponse } from '../../spec/wire/resolution.ts'
import { member } from '../actors/authority.ts'
import { expectAnswer } from '../actors/client.ts'
import type { ServiceVariant } from '../adapter.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import {
  enterpriseOf,
  expectEnterprise,
  expectFailedDiscovery,
  expectFederated,
  expectNoAuthority,
  expectOffer,
  expectStillResolves,
  OFFERS,
  type Offer,
} from './resolving.ts'
import type { ServiceStage } from './stage.ts'

const onVariant = async (s: ServiceStage, variant: ServiceVariant | undefined): Promise<ServiceStage> => (variant ? s.variant(variant) : s)

/** Which Authority it answers, by what DNS says and by its own settings (§4.2). */
export const resolution: Case<ServiceStage>[] = [
  ...(
    [
      ['enterprise', undefined, true, 'enterprise_authority'],
      ['federated', undefined, false, 'trusted_federated_authorities'],
      ['own', 'own_accepted', false, 'service_authority'],
      ['preferred', 'own_preferred', true, undefined],
    ] satisfies [string, ServiceVariant | undefined, boolean, Offer | undefined][]
  ).map(
    ([slug, variant, hasRecord, offer]): Case<ServiceStage> => ({
      id: `SVC-RES-02/${slug}`,
      about: `${hasRecord ? 'an Authority is' : 'nothing is'} in DNS${variant ? ', and the Service has an Authority of its own' : ''}`,
      run: async (s) => {
        const v = await onVariant(s, variant)
        const { user } = hasRecord ? enterpriseOf(s) : s.domain()
        const answer = expectAnswer(await v.resolve(user), ResolutionResponse, 'the resolution')
        const offers = OFFERS.filter((name) => answer[name] !== undefined)
        expectThat(offers.length === 1 && offers[0] === (offer ?? offers[0]), `exactly one member${offer ? `, ${offer}` : ''}`, offers)
      },
    }),
  ),
  {
    id: 'SVC-RES-03',
    about: 'the domain’s record names an Authority',
    run: async (s) => {
      const { authority, user } = enterpriseOf(s)
      expectEnterprise(await s.resolve(user), authority)
    },
  },
  {
    id: 'SVC-RES-03/no-account',
    about: 'it is asked for a user whom it knows, and for one whom it does not: the answers must be the same',
    negative: true,
    run: async (s) => {
      const { all, lacking } = s.adapter.users
      const known = await s.resolve(all)
      for (const user of [lacking, `nobody-${s.chance.name()}${all.slice(all.indexOf('@'))}`]) {
        const reply = await s.resolve(user)
        expectEqual([reply.status, reply.json], [known.status, known.json], `the answer for ${user === lacking ? 'another user' : 'nobody'}`)
      }
    },
  },
  ...([undefined, 'own_preferred', 'own_required'] as const).map(
    (variant): Case<ServiceStage> => ({
      id: `SVC-RES-07${variant ? `/${variant.slice(4)}` : ''}`,
      about: `the domain has switched delegation off${variant ? ', and the Service has an Authority of its own' : ''}`,
      negative: true,
      run: async (s) => {
        const v = await onVariant(s, variant)
        const domain = s.domain()
        domain.publish('none')
        expectNoAuthority(s, await v.resolve(domain.user), 403)
        await expectStillResolves(s)
      },
    }),
  ),
  ...(
    [
      ['fetch', undefined, { status: 500 }],
      ['garbage', undefined, { body: 'garbage' }],
      ['fetch-preferred', 'own_preferred', { status: 404 }],
      ['garbage-preferred', 'own_preferred', { body: '{}' }],
      ['fetch-required', 'own_required', { status: 503 }],
    ] satisfies [string, ServiceVariant | undefined, { status?: number; body?: string }][]
  ).map(
    ([slug, variant, answer]): Case<ServiceStage> => ({
      id: `SVC-RES-08/${slug}`,
      about: `the enterprise’s document is answered with ${JSON.stringify(answer)}${variant ? ', and the Service has an Authority of its own' : ''}`,
      negative: true,
      run: async (s) => {
        const v = await onVariant(s, variant)
        const { authority, user } = enterpriseOf(s)
        authority.on.document = () => answer
        expectFailedDiscovery(s, await v.resolve(user))
        await expectStillResolves(s)
      },
    }),
  ),
  {
    id: 'SVC-RES-10',
    about: 'there is no record, and the Service trusts federated Authorities',
    run: async (s) => expectFederated(s, await s.resolve(s.domain().user)),
  },
  {
    id: 'SVC-RES-11',
    about: 'there is no record, and the Service trusts nobody',
    negative: true,
    run: async (s) => {
      const v = await s.variant('closed')
      expectNoAuthority(s, await v.resolve(s.domain().user), 404)
      const { authority, user } = enterpriseOf(s)
      expectEnterprise(await v.resolve(user), authority)
    },
  },
  ...([undefined, 'both'] as const).map(
    (variant): Case<ServiceStage> => ({
      id: `SVC-RES-12${variant ? '/both' : ''}`,
      about: `the domain’s record names an Authority, and the Service trusts federated ones${variant ? ' and one of its own, and offers both' : ''}`,
      negative: true,
      run: async (s) => {
        const v = await onVariant(s, variant)
        const answer = expectAnswer(await v.resolve(enterpriseOf(s).user), ResolutionResponse, 'the resolution')
        expectEqual(answer.trusted_federated_authorities, undefined, 'the federated Authorities')
      },
    }),
  ),
  ...(
    [
      ['', 'at its usual place', {}],
      ['path', 'whose identifier has a path', { path: '/tenants/17' }],
      ['query', 'whose document is at a URL with a query', { documentPath: '/configuration' }],
    ] satisfies [string, string, object][]
  ).map(
    ([slug, what, made]): Case<ServiceStage> => ({
      id: `SVC-RES-15${slug && `/${slug}`}`,
      about: `the domain’s record names an Authority ${what}`,
      run: async (s) => {
        const { authority, domain, user } = enterpriseOf(s, made)
        const url = `${authority.reference.authority_configuration_url}${slug === 'query' ? '?tenant=17&of=A%20B' : ''}`
        domain.publish(url)
        const offered = expectOffer(await s.resolve(user), 'enterprise_authority')
        expectEqual(member(offered, 'authority_configuration_url'), url, 'the URL, as it is in DNS')
        expectEqual(member(offered, 'authority'), authority.identifier, 'the identifier, as it is in the document')
      },
    }),
  ),
]
