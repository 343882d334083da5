import { BAD_CERTIFICATES } from '../actors/hosts.ts'
import { expectNoOldTls, withOldHost } from '../actors/old-tls.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { skip } from '../stage.ts'
import { enterpriseOf, expectFailedDiscovery, expectStillResolves } from './resolving.ts'
import type { ServiceStage } from './stage.ts'

/** Certificates, and versions of TLS (§5.2.1). */
export const tls: Case<ServiceStage>[] = [
  ...BAD_CERTIFICATES.map(
    ([slug, what]): Case<ServiceStage> => ({
      id: `CFG-X-04/service-${slug}`,
      about: `the certificate of the host of the document ${what}`,
      negative: true,
      run: async (s) => {
        const { authority, user } = enterpriseOf(s, { tls: slug })
        expectFailedDiscovery(s, await s.resolve(user))
        expectEqual(authority.calls.length, 0, 'requests over that connection')
        await expectStillResolves(s)
      },
    }),
  ),
  {
    id: 'CFG-X-04/service-validate',
    about: 'the document is in order, and the host of the endpoint for validation has a certificate that nobody trusts: the pass must not go there',
    negative: true,
    run: async (s) => {
      const { authority, user } = enterpriseOf(s)
      const elsewhere = s.authority({ tls: 'untrusted' })
      authority.document.endpoints = elsewhere.document.endpoints
      const reply = await s.redeem(s.pass({ authority, user }))
      expectThat(reply.status >= 400, 'a refusal', `${reply.status} ${reply.text.slice(0, 200)}`)
      expectEqual(elsewhere.calls.length, 0, 'requests over that connection')
      await s.token()
    },
  },
  {
    id: 'CFG-X-04/service-old-tls',
    about: 'the host of the document speaks TLS 1.1 at most',
    negative: true,
    run: async (s) => {
      const { domain, authority, user } = enterpriseOf(s)
      const { pathname } = new URL(authority.reference.authority_configuration_url)
      await withOldHost(
        s.ground,
        () => ({ json: authority.document }),
        async ({ origin, requests }) => {
          authority.document.authority = origin
          domain.publish(origin + pathname)
          expectFailedDiscovery(s, await s.resolve(user))
          expectEqual(requests(), 0, 'requests over TLS 1.1')
        },
      )
      await expectStillResolves(s)
    },
  },
  {
    id: 'CFG-X-04/service-offers-old-tls',
    about: 'somebody who speaks TLS 1.1 at most connects to the Service',
    negative: true,
    run: async (s) => {
      if (!s.origin.startsWith('https:')) skip('the Service is reached over plain http')
      await expectNoOldTls(s.client, [s.adapter.configuration_url, ...Object.values(s.document.endpoints)])
      await expectStillResolves(s)
    },
  },
]
