import { expectUnvisited, withCanary } from '../actors/canary.ts'
import { rebinding } from '../actors/dns-faults.ts'
import type { Case } from '../case.ts'
import { enterpriseOf, expectEnterprise, expectFailedDiscovery, expectStillResolves } from './resolving.ts'
import type { ServiceStage } from './stage.ts'

/** Addresses to which nobody may be sent: here somebody counts who comes. `port` is where the suite's canary listens. */
const PRIVATE: [string, string, (port: number) => string][] = [
  ['ipv6-loopback', 'a URL with the address [::1]', (port) => `https://[::1]:${port}/configuration`],
  ['ipv6-any', 'a URL with the address [::]', (port) => `https://[::]:${port}/configuration`],
  ['ipv6-long', 'a URL with the address [::1], written in full', (port) => `https://[0000:0000:0000:0000:0000:0000:0000:0001]:${port}/configuration`],
  ['localhost', 'a URL with the host localhost', (port) => `https://localhost:${port}/configuration`],
]

/** The outbound guard: a record is anybody's word, and no private address is ever contacted (protocol 2). */
export const privateAddresses: Case<ServiceStage>[] = [
  ...PRIVATE.map(
    ([slug, what, url]): Case<ServiceStage> => ({
      id: `DISC-ENT-12/${slug}`,
      about: `the record is ${what}: nobody may come there`,
      negative: true,
      run: (s) =>
        withCanary('::1', async (canary) => {
          const domain = s.domain()
          domain.publish(url(canary.port))
          expectFailedDiscovery(s, await s.resolve(domain.user))
          expectUnvisited(s, canary)
          await expectStillResolves(s)
        }),
    }),
  ),
  {
    id: 'DISC-ENT-12/name-of-loopback',
    about: 'the host of the document has the address ::1 in DNS: nobody may come there',
    negative: true,
    run: (s) =>
      withCanary('::1', async (canary) => {
        const [domain, host] = [s.domain(), `${s.authority().host}.${s.ground.zone}`]
        s.ground.dns.answer(host, { kind: 'host', address: '::1' })
        domain.publish(`https://${host}:${canary.port}/configuration`)
        expectFailedDiscovery(s, await s.resolve(domain.user))
        expectUnvisited(s, canary)
        await expectStillResolves(s)
      }),
  },
  {
    id: 'DISC-ENT-12/name-of-zero',
    about: 'the host of the document has the address 0.0.0.0 in DNS, by which a connection reaches the machine itself',
    negative: true,
    run: async (s) => {
      const { authority, user } = enterpriseOf(s)
      s.ground.dns.move(`${authority.host}.${s.ground.zone}`, '0.0.0.0')
      const reply = await s.resolve(user)
      expectUnvisited(s, { host: '0.0.0.0', visits: () => authority.calls.length })
      if (authority.calls.length === 0) expectFailedDiscovery(s, reply)
      await expectStillResolves(s)
    },
  },
  {
    id: 'DISC-ENT-12/rebinding',
    about: 'the host of the document has its address in one DNS answer, and ::1 in the next: only what was judged may be contacted',
    negative: true,
    run: (s) =>
      withCanary(
        '::1',
        async (canary) => {
          const { authority, user } = enterpriseOf(s)
          s.ground.dns.answer(`${authority.host}.${s.ground.zone}`, rebinding(s.ground.settings.address, '::1'))
          const reply = await s.resolve(user)
          if (reply.status === 200) expectEnterprise(reply, authority)
          else expectFailedDiscovery(s, reply)
          expectUnvisited(s, canary)
          await expectStillResolves(s)
        },
        s.ground.hosts.port,
      ),
  },
]
