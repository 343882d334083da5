import type { BadTls } from '../actors/hosts.ts'
import { withOldHost } from '../actors/old-tls.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { expectGivenUp, type HarnessStage } from './stage.ts'
import { expectNothingFrom, expectStop, type Hop, offers } from './trip.ts'

const HOSTS: readonly { of: 'service' | 'authority'; name: string; hop: Hop; certificates: readonly BadTls[] }[] = [
  { of: 'service', name: 'the Service', hop: 'service document', certificates: ['self-signed', 'wrong-name'] },
  { of: 'authority', name: 'the Authority', hop: 'authority document', certificates: ['expired', 'untrusted'] },
]

const ABOUT: Record<BadTls, string> = {
  expired: 'has expired',
  'self-signed': 'is signed by itself',
  'wrong-name': 'is for another name',
  untrusted: 'is by an authority that nobody trusts',
}

/** Connections that are not good enough (§5.2.1): nothing is asked over one. */
export const tls: Case<HarnessStage>[] = [
  ...HOSTS.flatMap(({ of, name, hop, certificates }) =>
    certificates.map(
      (bad): Case<HarnessStage> => ({
        id: `CFG-X-04/harness-${of}-${bad}`,
        about: `the certificate of ${name} ${ABOUT[bad]}`,
        negative: true,
        run: async (s) => {
          const w = s.world({ [of]: { tls: bad } })
          const outcome = await w.run()
          expectThat(s.ground.hosts.greeted(w[of].host) > 0, `the Harness to connect to ${name}`, 'it did not')
          expectNothingFrom(w, hop)
          expectGivenUp(outcome)
        },
      }),
    ),
  ),
  {
    id: 'CFG-X-04/harness-old-tls',
    about: 'the Authority’s host speaks TLS 1.1 at most',
    negative: true,
    run: async (s) => {
      const w = s.world()
      const answer = () => ({ json: w.authority.document })
      await withOldHost(s.ground, answer, async ({ origin, requests }) => {
        const { authority } = w.authority.reference
        offers(w, { enterprise_authority: { authority, authority_configuration_url: `${origin}/document` } })
        await expectStop(w, 'resolution')
        expectEqual(requests(), 0, 'the number of requests over TLS 1.1')
      })
    },
  },
]
