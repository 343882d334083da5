import type { FakeAuthority } from '../actors/authority.ts'
import { type Case, expectThat } from '../case.ts'
import { until } from '../stage.ts'
import { expectNothing, expectUnspent, suggest } from './bought.ts'
import type { Domain, Pass, PassType, ServiceStage } from './stage.ts'

/** Where a stranger’s document could be guessed to be: that is no reason to look there. */
const WELL_KNOWN = '/.well-known/agentpass-authority'
/** How long a Service may believe what DNS said a second ago, in milliseconds. */
const DNS_MS = 15_000

/** The pass is refused, and its Authority not asked. */
export async function refusesPass(s: ServiceStage, pass: Pass, changed: Record<string, unknown> = {}): Promise<void> {
  const refused = await s.redeem(pass, { changed })
  expectNothing(refused)
  suggest(s, refused, 403)
  expectUnspent(pass)
}

/** A domain whose record names an Authority of the suite's, with this policy. */
export function withEnterprise(s: ServiceStage, policy?: Record<string, unknown>): { domain: Domain; enterprise: FakeAuthority } {
  const domain = s.account()
  const enterprise = s.authority()
  if (policy) enterprise.document.policy = policy
  domain.publish(enterprise.reference.authority_configuration_url)
  return { domain, enterprise }
}

/** What was redeemed a moment ago is refused when DNS has changed. */
export const becomesRefused = async (s: ServiceStage, make: () => Pass): Promise<void> =>
  expectThat(
    await until(async () => (await s.redeem(make())).status >= 400, DNS_MS, 500),
    `a refusal within ${DNS_MS / 1000} s of the change in DNS`,
    'none: the pass went on being redeemed',
  )

const becomesGood = async (s: ServiceStage, make: () => Pass): Promise<void> =>
  expectThat(await until(async () => (await s.redeem(make())).status < 300, DNS_MS, 500), 'the pass to be redeemed, now that it may be', 'refusals')

/** Names that only look like the Authority that is trusted. */
const LOOKALIKES: [slug: string, about: string, of: (identifier: string) => string][] = [
  ['slash', 'the Authority is named with a slash more at its end', (identifier) => `${identifier}/`],
  ['path', 'the Authority is named with a path', (identifier) => `${identifier}/authority`],
  ['longer', 'the Authority named only begins like the trusted one', (identifier) => `${identifier.replace(/:\d+$/, '')}.invalid`],
]

/** Whom a user’s pass may come from, as it is decided again at redemption (§4.4 steps 2 and 3). */
export const trust: Case<ServiceStage>[] = [
  {
    id: 'SVC-RED-03',
    about: 'an Authority that nobody trusts has a pass for the user',
    negative: true,
    run: async (s) => {
      const stranger = s.authority({ trustMode: 'federated', documentPath: WELL_KNOWN })
      await refusesPass(s, s.pass({ authority: stranger }))
      await s.token()
    },
  },
  ...LOOKALIKES.map(
    ([slug, about, of]): Case<ServiceStage> => ({
      id: `SVC-RED-03/${slug}`,
      about,
      negative: true,
      run: async (s) => {
        const pass = s.pass()
        const refused = await s.redeem(pass, { changed: { authority: of(pass.authority.identifier) } })
        expectNothing(refused)
        expectUnspent(pass)
        await s.token(pass)
      },
    }),
  ),
  {
    id: 'SVC-RED-03/another-domains',
    about: 'the enterprise’s Authority of one domain has a pass for a user of another, which has none',
    negative: true,
    run: async (s) => {
      const { user } = s.account()
      await refusesPass(s, s.pass({ user }))
      await s.token(s.pass({ user, authority: s.house.federated }))
    },
  },
  {
    id: 'SVC-RED-03/own-required',
    about: 'a Service that takes its own Authority alone gets a pass of the enterprise’s',
    negative: true,
    run: async (s) => {
      const v = await s.variant('own_required')
      await refusesPass(v, v.pass())
      await v.token(v.pass({ authority: s.house.own }))
    },
  },
  {
    id: 'SVC-RED-04',
    about: 'a federated Authority’s passes are good until the user’s domain publishes one of its own',
    negative: true,
    slow: true,
    run: async (s) => {
      const domain = s.account()
      const federated = () => s.pass({ user: domain.user, authority: s.house.federated })
      await s.token(federated())
      const enterprise = s.authority()
      domain.publish(enterprise.reference.authority_configuration_url)
      await becomesRefused(s, federated)
      await refusesPass(s, federated())
      await s.token(s.pass({ user: domain.user, authority: enterprise }))
    },
  },
  {
    id: 'SVC-RED-04/federated',
    about: 'a federated Authority has a pass for a user whose domain has an Authority of its own',
    negative: true,
    run: async (s) => {
      await refusesPass(s, s.pass({ authority: s.house.federated }))
      await s.token()
    },
  },
  {
    id: 'SVC-RED-04/dns-fails',
    about: 'DNS does not say whether the user’s domain has an Authority of its own; a federated one has a pass',
    negative: true,
    slow: true,
    run: async (s) => {
      const domain = s.account()
      s.ground.dns.answer(domain.record, { kind: 'rcode', code: 'SERVFAIL' })
      const pass = s.pass({ user: domain.user, authority: s.house.federated })
      expectNothing(await s.redeem(pass), { orServerError: true })
      expectUnspent(pass)
      s.ground.dns.withdraw(domain.record)
      await becomesGood(s, () => s.pass({ user: domain.user, authority: s.house.federated }))
    },
  },
  {
    id: 'SVC-RED-04/enterprise-down',
    about: 'the document of the user’s own Authority cannot be had; a federated one has a pass',
    negative: true,
    slow: true,
    run: async (s) => {
      const { domain, enterprise } = withEnterprise(s)
      enterprise.on.document = () => ({ status: 503 })
      const pass = s.pass({ user: domain.user, authority: s.house.federated })
      expectNothing(await s.redeem(pass), { orServerError: true })
      expectUnspent(pass)
      delete enterprise.on.document
      await becomesGood(s, () => s.pass({ user: domain.user, authority: enterprise }))
    },
  },
]
const AT_BROWSER: [slug: string, about: string, make: (s: ServiceStage, type: PassType) => Pass][] = [
  [
    'stranger',
    'an Authority that nobody trusts',
    (s, type) => s.pass({ type, authority: s.authority({ trustMode: 'federated', documentPath: WELL_KNOWN }) }),
  ],
  ['federated', 'a federated Authority, though the domain has one of its own,', (s, type) => s.pass({ type, authority: s.house.federated })],
  ['another-domains', 'the Authority of another domain', (s, type) => s.pass({ type, user: s.account().user })],
  [
    'none',
    'a federated Authority, though the domain says none,',
    (s, type) => {
      const domain = s.account()
      domain.publish('none')
      return s.pass({ type, user: domain.user, authority: s.house.federated })
    },
  ],
]

/** Both flows trust the same Authorities (§4.5, §4.6). */
export const trustOfBothFlows: Case<ServiceStage>[] = AT_BROWSER.map(
  ([slug, whose, make]): Case<ServiceStage> => ({
    id: `SVC-TOK-05/${slug}`,
    about: `${whose} has a pass for a browser session, and one for a token`,
    negative: true,
    run: async (s) => {
      const pass = make(s, 'browser_session')
      await refusesPass(s, pass)
      const other = { ...s.pass({ user: pass.user, authority: pass.authority }), type: 'bearer_token' } as const
      await refusesPass(s, other)
      await s.grant()
    },
  }),
)
