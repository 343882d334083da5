import { type Case, expectThat } from '../case.ts'
import { enterpriseOf, expectFailedDiscovery, expectOffer, expectStillResolves } from './resolving.ts'
import type { ServiceStage } from './stage.ts'

/** Federated and Service Authorities are named by settings, and never by a user's domain (§5.2.2). */
export const federatedDiscovery: Case<ServiceStage>[] = [
  {
    id: 'DISC-FED-01/known',
    about: 'the record names a federated Authority that the Service trusts',
    negative: true,
    run: async (s) => {
      const domain = s.domain()
      domain.publish(s.house.federated.reference.authority_configuration_url)
      expectFailedDiscovery(s, await s.resolve(domain.user))
      expectOffer(await s.resolve(s.domain().user), 'trusted_federated_authorities')
    },
  },
  ...(['federated', 'service'] as const).map(
    (trustMode): Case<ServiceStage> => ({
      id: `DISC-FED-01/${trustMode}`,
      about: `the record names an unknown Authority that calls itself ${trustMode === 'service' ? 'a Service’s' : 'federated'}`,
      negative: true,
      run: async (s) => {
        const v = s.adapter.variants.both ? await s.variant('both') : s
        const { authority, user } = enterpriseOf(s, { trustMode })
        const reply = await v.resolve(user)
        expectThat(!reply.text.includes(authority.identifier), 'nothing of that Authority', reply.text.slice(0, 300))
        expectFailedDiscovery(s, reply)
        await expectStillResolves(v)
      },
    }),
  ),
]
