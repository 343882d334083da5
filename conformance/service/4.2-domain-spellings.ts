import type { FakeAuthority } from '../actors/authority.ts'
import { expectRefused, type Reply } from '../actors/client.ts'
import { type Case, expectThat } from '../case.ts'
import { domainWhere, enterpriseOf, expectEnterprise, expectStillResolves, OFFERS } from './resolving.ts'
import type { ServiceStage } from './stage.ts'

/** The decision for the domain in its canonical form, or none for a domain that is not: never another. */
function expectCanonicalOr400(reply: Reply, authority: FakeAuthority): void {
  if (reply.status >= 400 && reply.status < 500) expectRefused(reply)
  else expectEnterprise(reply, authority)
}

/** Spellings of one domain, which must not escape its record; and a domain that only looks like it. */
export const domainSpellings: Case<ServiceStage>[] = [
  {
    id: 'DISC-ENT-02/upper-case',
    about: 'the domain is in capitals',
    run: async (s) => {
      const { domain, authority } = enterpriseOf(s)
      expectCanonicalOr400(await s.resolve(`someone@${domain.name.toUpperCase()}`), authority)
    },
  },
  ...['unicode', 'a-label'].map(
    (slug): Case<ServiceStage> => ({
      id: `DISC-ENT-02/${slug}`,
      about: slug === 'unicode' ? 'the domain has an umlaut: DNS is asked for its A-label' : 'the domain is the A-label of one with an umlaut',
      run: async (s) => {
        const written = `bücher-${s.domain().name}`
        const ascii = new URL(`https://${written}`).hostname
        const authority = s.authority()
        s.ground.dns.publish(`_agentpass.${ascii}`, [authority.reference.authority_configuration_url])
        if (slug === 'unicode') expectCanonicalOr400(await s.resolve(`someone@${written}`), authority)
        expectEnterprise(await s.resolve(`someone@${ascii}`), authority)
      },
    }),
  ),
  ...(
    [
      ['upper-case-none', 'in capitals', (d) => d.toUpperCase()],
      ['trailing-dot', 'with a dot at its end', (d) => `${d}.`],
      ['ideographic-dot', 'with an ideographic full stop for a dot', (d) => d.replace('.', '\u3002')],
      ['full-width', 'with a full-width letter', (d) => d.replace('d', '\uff44')],
    ] satisfies [string, string, (d: string) => string][]
  ).map(
    ([slug, how, spell]): Case<ServiceStage> => ({
      id: `DISC-ENT-02/${slug}`,
      about: `the domain has switched delegation off, and is written ${how}`,
      negative: true,
      run: async (s) => {
        const domain = s.domain()
        domain.publish('none')
        const reply = await s.resolve(`someone@${spell(domain.name)}`)
        expectRefused(reply)
        for (const offer of OFFERS) expectThat(!reply.text.includes(`"${offer}"`), 'no Authority', reply.text.slice(0, 300))
        await expectStillResolves(s)
      },
    }),
  ),
  {
    id: 'DISC-ENT-02/homograph',
    about: 'the domain has a Cyrillic letter where another one with an Authority has a Latin one',
    negative: true,
    run: async (s) => {
      const domain = domainWhere(s, { kind: 'nxdomain' })
      const authority = s.authority()
      const latin = `corp-${domain.name}`
      s.ground.dns.publish(`_agentpass.${latin}`, [authority.reference.authority_configuration_url])
      const reply = await s.resolve(`someone@${latin.replace('o', '\u043e')}`)
      expectThat(!reply.text.includes(authority.identifier), 'another domain than the one that it looks like', reply.text.slice(0, 300))
      expectEnterprise(await s.resolve(`someone@${latin}`), authority)
    },
  },
]
