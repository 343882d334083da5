import { ResolutionResponse } from '../../spec/wire/resolution.ts'
import { member } from '../actors/authority.ts'
import { expectAnswer, expectRefused } from '../actors/client.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { enterpriseOf, expectEnterprise, expectFailedDiscovery, expectOffer, expectStillResolves, OFFERS } from './resolving.ts'
import type { ServiceStage } from './stage.ts'

/** That it offers the Service's own Authority, as its document names it. */
const expectOwn = (s: ServiceStage, offered: unknown): void =>
  expectEqual(member(offered, 'authority'), s.document.trust.service_authority?.authority, 'the Service’s own Authority')

/** When it answers an Authority of its own: the enterprise may forbid that (§4.2). */
export const ownAuthority: Case<ServiceStage>[] = [
  ...([undefined, true] as const).map(
    (allowed): Case<ServiceStage> => ({
      id: `SVC-RES-04/${allowed === undefined ? 'absent' : 'true'}`,
      about: `the enterprise ${allowed ? 'allows' : 'says nothing about'} Authorities of Services, and the Service has one that it prefers`,
      run: async (s) => {
        const v = await s.variant('own_preferred')
        const { authority, user } = enterpriseOf(s)
        authority.document.policy = allowed === undefined ? {} : { allow_service_authorities: allowed }
        const answer = expectAnswer(await v.resolve(user), ResolutionResponse, 'the resolution')
        if (answer.enterprise_authority) return expectEqual(answer.enterprise_authority.authority, authority.identifier, 'the enterprise Authority')
        expectEqual(
          OFFERS.filter((name) => answer[name] !== undefined),
          ['service_authority'],
          'what is offered',
        )
        expectOwn(v, answer.service_authority)
      },
    }),
  ),
  ...(['own_preferred', 'own_accepted'] as const).map(
    (variant): Case<ServiceStage> => ({
      id: `SVC-RES-05/${variant.slice(4)}`,
      about: `the enterprise allows no Authorities of Services, and the Service has one that it ${variant === 'own_preferred' ? 'prefers' : 'accepts'}`,
      negative: true,
      run: async (s) => {
        const v = await s.variant(variant)
        const { authority, user } = enterpriseOf(s)
        authority.document.policy = { allow_service_authorities: false }
        expectEnterprise(await v.resolve(user), authority)
      },
    }),
  ),
  ...(
    [
      ['text', 'the text “false”', { allow_service_authorities: 'false' }],
      ['zero', 'the number 0', { allow_service_authorities: 0 }],
      ['null', 'null', { allow_service_authorities: null }],
      ['list', 'an empty list', { allow_service_authorities: [] }],
      ['policy-text', 'the text “none”', 'none'],
    ] satisfies [string, string, unknown][]
  ).map(
    ([slug, what, policy]): Case<ServiceStage> => ({
      id: `SVC-RES-06/${slug}`,
      about: `${slug === 'policy-text' ? 'policy' : 'policy.allow_service_authorities'} is ${what}, and the Service has an Authority that it prefers`,
      negative: true,
      run: async (s) => {
        const v = await s.variant('own_preferred')
        const { authority, user } = enterpriseOf(s)
        authority.document.policy = policy
        expectFailedDiscovery(s, await v.resolve(user))
        await expectStillResolves(v)
      },
    }),
  ),
  ...(['own_accepted', 'own_preferred', 'own_required'] as const).map(
    (variant): Case<ServiceStage> => ({
      id: `SVC-RES-09/${variant.slice(4)}`,
      about: `there is no record, and the Service has an Authority of its own (${variant.slice(4)})`,
      run: async (s) => {
        const v = await s.variant(variant)
        expectOwn(v, expectOffer(await v.resolve(s.domain().user), 'service_authority'))
      },
    }),
  ),
  {
    id: 'SVC-RES-13',
    about: 'there is no record, and the Service offers both kinds',
    run: async (s) => {
      const v = await s.variant('both')
      const answer = expectAnswer(await v.resolve(s.domain().user), ResolutionResponse, 'the resolution')
      expectOwn(v, answer.service_authority)
      expectThat((answer.trusted_federated_authorities ?? []).length > 0, 'the federated Authorities beside it', answer)
    },
  },
  {
    id: 'SVC-RES-14',
    about: 'the Service takes only its own Authority, and the enterprise allows none of those',
    negative: true,
    run: async (s) => {
      const v = await s.variant('own_required')
      const { authority, user } = enterpriseOf(s)
      authority.document.policy = { allow_service_authorities: false }
      const reply = await v.resolve(user)
      if (reply.status === 200) return expectEnterprise(reply, authority)
      expectRefused(reply)
      expectEqual(member(reply.json, 'service_authority'), undefined, 'the Service’s own Authority')
      expectOwn(v, expectOffer(await v.resolve(enterpriseOf(s).user), 'service_authority'))
    },
  },
]
