import { withCanary } from '../actors/canary.ts'
import { askedType, encodeAnswer } from '../actors/dns-answer.ts'
import { type Case, expectEqual } from '../case.ts'
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
        withCanary('::1', async ({ port, visits }) => {
          const domain = s.domain()
          domain.publish(url(port))
          expectFailedDiscovery(s, await s.resolve(domain.user))
          expectEqual(visits(), 0, 'connections to the loopback address ::1')
          await expectStillResolves(s)
        }),
    }),
  ),
  {
    id: 'DISC-ENT-12/name-of-loopback',
    about: 'the host of the document has the address ::1 in DNS: nobody may come there',
    negative: true,
    run: (s) =>
      withCanary('::1', async ({ port, visits }) => {
        const [domain, host] = [s.domain(), `${s.authority().host}.${s.ground.zone}`]
        s.ground.dns.answer(host, { kind: 'host', address: '::1' })
        domain.publish(`https://${host}:${port}/configuration`)
        expectFailedDiscovery(s, await s.resolve(domain.user))
        expectEqual(visits(), 0, 'connections to the loopback address ::1')
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
      expectFailedDiscovery(s, await s.resolve(user))
      expectEqual(authority.calls.length, 0, 'calls that came by 0.0.0.0')
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
        async ({ visits }) => {
          const { authority, user } = enterpriseOf(s)
          const turns = new Map<number, number>()
          s.ground.dns.answer(`${authority.host}.${s.ground.zone}`, {
            kind: 'raw',
            bytes: (query) => {
              const type = askedType(query)
              const turn = turns.get(type) ?? 0
              turns.set(type, turn + 1)
              return encodeAnswer(query, type, { kind: 'host', address: turn === 0 ? s.ground.settings.address : '::1' }, false)
            },
          })
          const reply = await s.resolve(user)
          if (reply.status === 200) expectEnterprise(reply, authority)
          else expectFailedDiscovery(s, reply)
          expectEqual(visits(), 0, 'connections to the loopback address ::1')
          await expectStillResolves(s)
        },
        s.ground.hosts.port,
      ),
  },
]
