import { createServer } from 'node:net'
import { FETCH_FAULTS } from '../actors/document-faults.ts'
import { type Case, expectEqual } from '../case.ts'
import { enterpriseOf, expectFailedDiscovery, expectStillResolves } from './resolving.ts'
import type { ServiceStage } from './stage.ts'

/** The document cannot be had (§4.2): no Authority. */
export const fetching: Case<ServiceStage>[] = [
  ...FETCH_FAULTS.map(
    ({ slug, about, answer, slow }): Case<ServiceStage> => ({
      id: `DISC-ENT-12/${slug}`,
      about: `the enterprise’s document is asked for: ${about}`,
      negative: true,
      ...(slow && { slow }),
      run: async (s) => {
        const { authority, user } = enterpriseOf(s)
        const elsewhere = s.authority()
        authority.on.document = () => answer(authority.document, elsewhere.reference.authority_configuration_url)
        expectFailedDiscovery(s, await s.resolve(user))
        expectEqual(elsewhere.calls.length, 0, 'calls of the host that it was sent on to')
        await expectStillResolves(s)
      },
    }),
  ),
  {
    id: 'DISC-ENT-12/304',
    about: 'the answer is 304, though nothing was kept',
    negative: true,
    run: async (s) => {
      const { authority, user } = enterpriseOf(s)
      authority.on.document = () => ({ status: 304, headers: { etag: '"suite"' } })
      expectFailedDiscovery(s, await s.resolve(user))
      await expectStillResolves(s)
    },
  },
  {
    id: 'DISC-ENT-12/no-host',
    about: 'the host of the document does not exist',
    negative: true,
    run: async (s) => {
      const domain = s.domain()
      domain.publish('https://nobody.invalid/configuration')
      expectFailedDiscovery(s, await s.resolve(domain.user))
      await expectStillResolves(s)
    },
  },
  {
    id: 'DISC-ENT-12/closed-port',
    about: 'nobody listens where the document should be',
    negative: true,
    run: async (s) => {
      const domain = s.domain()
      domain.publish(`https://${s.authority().host}.${s.ground.zone}:${await closedPort(s.ground.settings.listen)}/configuration`)
      expectFailedDiscovery(s, await s.resolve(domain.user))
      await expectStillResolves(s)
    },
  },
]

/** A port that was free a moment ago. */
const closedPort = (host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, host, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 9))
    })
  })
