import type { Truth } from '../actors/dns-answer.ts'
import { DNS_FAULTS } from '../actors/dns-faults.ts'
import { type Case, expectThat } from '../case.ts'
import { until } from '../stage.ts'
import { domainWhere, enterpriseOf, expectEnterprise, expectFailedDiscovery, expectStillResolves } from './resolving.ts'
import type { ServiceStage } from './stage.ts'

/** A failure may be remembered for five seconds (protocol 2), and the suite's machine may be busy. */
const REMEMBERED_MS = 8000

/** How asking DNS can fail: whoever could make it fail could otherwise choose the Authority (§5.2.1). */
export const dnsFailures: Case<ServiceStage>[] = [
  ...DNS_FAULTS.map(
    ({ slug, about, truth, slow }): Case<ServiceStage> => ({
      id: `DISC-ENT-09/${slug}`,
      about: `the Service trusts federated Authorities, and ${about}`,
      negative: true,
      ...(slow && { slow }),
      run: async (s) => {
        const { domain, authority, user } = enterpriseOf(s)
        s.ground.dns.answer(domain.record, truth(authority.reference.authority_configuration_url))
        expectFailedDiscovery(s, await s.resolve(user))
        await expectStillResolves(s)
      },
    }),
  ),
  ...(['own_accepted', 'own_preferred', 'own_required'] as const).map(
    (variant): Case<ServiceStage> => ({
      id: `DISC-ENT-09/servfail-${variant.slice(4)}`,
      about: `the Service has an Authority of its own (${variant.slice(4)}), and DNS answers SERVFAIL`,
      negative: true,
      run: async (s) => {
        const v = await s.variant(variant)
        expectFailedDiscovery(s, await v.resolve(domainWhere(s, { kind: 'rcode', code: 'SERVFAIL' }).user))
        await expectStillResolves(v)
      },
    }),
  ),
  {
    id: 'DISC-ENT-09/alias-loop',
    about: 'the name is an alias of itself',
    negative: true,
    run: async (s) => {
      const domain = s.domain()
      s.ground.dns.answer(domain.record, { kind: 'alias', target: domain.record })
      expectFailedDiscovery(s, await s.resolve(domain.user))
      await expectStillResolves(s)
    },
  },
  {
    id: 'DISC-ENT-09/redemption',
    about: 'DNS answers SERVFAIL, and a federated Authority has a pass for the user',
    negative: true,
    run: async (s) => {
      const { user } = domainWhere(s, { kind: 'rcode', code: 'SERVFAIL' })
      const pass = s.pass({ authority: s.house.federated, user })
      expectFailedDiscovery(s, await s.redeem(pass))
      expectThat(!s.house.federated.callsTo('validate').some(({ text }) => text.includes(pass.value)), 'no validation of that pass', 'one')
      await s.token()
    },
  },
  {
    id: 'DISC-ENT-09/not-remembered',
    about: 'DNS fails once, and then names an Authority: in between nothing is taken for absence, and soon it is found',
    negative: true,
    slow: true,
    run: async (s) => {
      const { domain, authority, user } = enterpriseOf(s)
      s.ground.dns.answer(domain.record, { kind: 'rcode', code: 'SERVFAIL' })
      expectFailedDiscovery(s, await s.resolve(user))
      domain.publish(authority.reference.authority_configuration_url)
      const isFound = await until(async () => {
        const reply = await s.resolve(user)
        if (reply.status !== 200) expectFailedDiscovery(s, reply)
        else expectEnterprise(reply, authority)
        return reply.status === 200
      }, REMEMBERED_MS)
      expectThat(isFound, 'the Authority within five seconds of the failure', 'failures alone')
    },
  },
  {
    id: 'DISC-ENT-17/bogus',
    about: 'a validating resolver says that the answer is bogus: SERVFAIL, with the reason (RFC 8914)',
    negative: true,
    run: async (s) => {
      expectFailedDiscovery(s, await s.resolve(domainWhere(s, BOGUS).user))
      await expectStillResolves(s)
    },
  },
  {
    id: 'DISC-ENT-17/authenticated',
    about: 'a validating resolver says that the answer is authentic (AD)',
    run: async (s) => {
      const { domain, authority, user } = enterpriseOf(s)
      s.ground.dns.publish(domain.record, [authority.reference.authority_configuration_url], { authenticated: true })
      expectEnterprise(await s.resolve(user), authority)
    },
  },
]

/** SERVFAIL with an OPT record that holds the extended error 6, DNSSEC Bogus. */
const BOGUS: Truth = {
  kind: 'raw',
  bytes: (query) => {
    const question = query.subarray(12, endOfQuestion(query))
    const header = Buffer.from(query.subarray(0, 12))
    header.writeUInt16BE(0x8182, 2)
    for (const [at, count] of [
      [4, 1],
      [6, 0],
      [8, 0],
      [10, 1],
    ] as const)
      header.writeUInt16BE(count, at)
    const opt = Buffer.from([0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 6, 0, 15, 0, 2, 0, 6])
    return Buffer.concat([header, question, opt])
  },
}

function endOfQuestion(query: Buffer): number {
  let at = 12
  while ((query[at] ?? 0) !== 0) at += 1 + (query[at] ?? 0)
  return at + 5
}
