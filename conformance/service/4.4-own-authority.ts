import type { FakeAuthority } from '../actors/authority.ts'
import type { Case } from '../case.ts'
import { becomesRefused, refusesPass, withEnterprise } from './4.4-trust.ts'
import type { ServiceStage } from './stage.ts'

/** When a pass of the Service’s own Authority is good; null is a domain without a record. */
const OWN_IS_GOOD: [slug: string, about: string, policy: Record<string, unknown> | null][] = [
  ['no-record', 'the user’s domain has no Authority; the Service’s own has a pass', null],
  ['allowed', 'the user’s domain allows Authorities of Services; the Service’s own has a pass', { allow_service_authorities: true }],
  ['unsaid', 'the user’s domain says nothing of Authorities of Services; the Service’s own has a pass', {}],
]

/** The user’s domain says none: a pass of this Authority is refused, and that of another user's is not. */
async function refusesWhereNone(s: ServiceStage, authority: FakeAuthority): Promise<void> {
  const domain = s.account()
  domain.publish('none')
  await refusesPass(s, s.pass({ user: domain.user, authority }))
  await s.token()
}

/** What a user’s domain switches off, and where the Service’s own Authority counts (§4.4 step 3). */
export const domainPolicy: Case<ServiceStage>[] = [
  {
    id: 'SVC-RED-05/federated',
    about: 'the user’s domain says none; a federated Authority has a pass',
    negative: true,
    run: (s) => refusesWhereNone(s, s.house.federated),
  },
  {
    id: 'SVC-RED-05/own',
    about: 'the user’s domain says none; the Service’s own Authority has a pass',
    negative: true,
    run: async (s) => refusesWhereNone(await s.variant('own_accepted'), s.house.own),
  },
  {
    id: 'SVC-RED-05/enterprise',
    about: 'the user’s domain names its Authority no more, and says none',
    negative: true,
    slow: true,
    run: async (s) => {
      const { domain, enterprise } = withEnterprise(s)
      const make = () => s.pass({ user: domain.user, authority: enterprise })
      await s.token(make())
      domain.publish('none')
      await becomesRefused(s, make)
      await refusesPass(s, make())
      await s.token()
    },
  },
  {
    id: 'SVC-RED-06',
    about: 'the user’s domain allows no Authorities of Services; the Service’s own has a pass',
    negative: true,
    run: async (s) => {
      const v = await s.variant('own_accepted')
      const { domain, enterprise } = withEnterprise(v, { allow_service_authorities: false })
      await refusesPass(v, v.pass({ user: domain.user, authority: s.house.own }))
      await v.token(v.pass({ user: domain.user, authority: enterprise }))
    },
  },
  ...OWN_IS_GOOD.map(
    ([slug, about, policy]): Case<ServiceStage> => ({
      id: `SVC-RED-06/${slug}`,
      about,
      run: async (s) => {
        const v = await s.variant('own_accepted')
        const { user } = policy === null ? v.account() : withEnterprise(v, policy).domain
        await v.token(v.pass({ user, authority: s.house.own }))
      },
    }),
  ),
  {
    id: 'SVC-RED-07',
    about: 'the Service prefers its own Authority; the enterprise’s has a pass',
    run: async (s) => {
      const v = await s.variant('own_preferred')
      await v.token(v.pass())
    },
  },
]
