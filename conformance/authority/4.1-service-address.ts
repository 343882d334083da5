import { type Canary, expectUnvisited, withCanary } from '../actors/canary.ts'
import { isSuccess } from '../actors/client.ts'
import { rebinding } from '../actors/dns-faults.ts'
import { BAD_CERTIFICATES } from '../actors/hosts.ts'
import { expectNoOldTls, withOldHost } from '../actors/old-tls.ts'
import type { FakeService } from '../actors/service.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { skip } from '../stage.ts'
import { expectClosed, expectFailedClosed } from './discovering.ts'
import { expectStillGood } from './presenting.ts'
import type { AuthorityStage } from './stage.ts'

/** Spellings of private addresses. `port` is where the suite's canary listens at the address beside it, by which a connection comes there. */
const PRIVATE: [string, string, string, (port: number) => string][] = [
  ['ipv6-loopback', '[::1]', '::1', (port) => `https://[::1]:${port}/keys`],
  ['ipv6-any', '[::]', '::1', (port) => `https://[::]:${port}/keys`],
  ['any', '0.0.0.0', '127.0.0.1', (port) => `https://0.0.0.0:${port}/keys`],
  ['decimal', '0, which is 0.0.0.0', '127.0.0.1', (port) => `https://0:${port}/keys`],
]

/** Where a Service says it is, no private address is ever contacted (protocol 2). */
export const privateAddresses: Case<AuthorityStage>[] = [
  ...PRIVATE.map(
    ([slug, what, host, url]): Case<AuthorityStage> => ({
      id: `AUTH-ASRT-19/keys-at-${slug}`,
      about: `the Service's key set is at the address ${what}: nobody may come there`,
      negative: true,
      run: (s) => withCanary(host, (canary) => expectNoKeysFrom(s, canary, url(canary.port))),
    }),
  ),
  {
    id: 'AUTH-ASRT-19/keys-at-name-of-loopback',
    about: 'the host of the Service’s key set has the address ::1 in DNS: nobody may come there',
    negative: true,
    run: (s) =>
      withCanary('::1', (canary) => {
        const host = `${s.ground.nextHost('keys')}.${s.ground.zone}`
        s.ground.dns.answer(host, { kind: 'host', address: '::1' })
        return expectNoKeysFrom(s, canary, `https://${host}:${canary.port}/keys`)
      }),
  },
  {
    id: 'AUTH-ASRT-19/document-at-loopback',
    about: 'the record of a Service nobody knows is a URL with the address [::1]: nobody may come there',
    negative: true,
    run: (s) =>
      withCanary('::1', async (canary) => {
        const service = s.service({ publish: false })
        s.ground.dns.publish(service.record, [`https://[::1]:${canary.port}/document`])
        expectFailedClosed(s, await s.validate('suite-pass-unknown', service))
        expectUnvisited(s, canary)
        await s.redeemed() // it is alive
      }),
  },
  {
    id: 'AUTH-ASRT-19/rebinding',
    about: 'the host of the key set has its address in one DNS answer, and ::1 in the next: only what was judged may be contacted',
    negative: true,
    run: (s) =>
      withCanary(
        '::1',
        async (canary) => {
          const keys = s.service({ publish: false })
          s.ground.dns.answer(`${keys.host}.${s.ground.zone}`, rebinding(s.ground.settings.address, '::1'))
          const service = withKeysOf(s, keys)
          const reply = await s.validate((await s.approved({ service })).value, service)
          if (!isSuccess(reply)) expectFailedClosed(s, reply)
          expectUnvisited(s, canary)
        },
        s.ground.hosts.port,
      ),
  },
]

/** A Service whose key set is at the host of another. */
function withKeysOf(s: AuthorityStage, host: FakeService): FakeService {
  const service = s.service()
  host.keys = service.keys
  service.document.jwks_uri = host.urls.jwks
  return service
}

async function expectNoKeysFrom(s: AuthorityStage, canary: Canary, url: string): Promise<void> {
  const service = s.service()
  service.document.jwks_uri = url
  const pass = await s.approved({ service })
  expectFailedClosed(s, await s.validate(pass.value, service))
  expectUnvisited(s, canary)
  await s.redeemed() // it is alive
}

/** Certificates, and versions of TLS (§5.2.1). */
export const tls: Case<AuthorityStage>[] = [
  ...BAD_CERTIFICATES.map(
    ([slug, what]): Case<AuthorityStage> => ({
      id: `CFG-X-04/authority-${slug}`,
      about: `the certificate of the host of the Service's key set ${what}`,
      negative: true,
      run: async (s) => {
        const host = s.service({ publish: false, tls: slug })
        const service = withKeysOf(s, host)
        await expectClosed(s, {
          service,
          begin: () => {},
          end: () => s.ground.hosts.serve(host.host, () => ({ json: { keys: service.keys.map(({ jwk }) => jwk) } })),
          met: () => s.ground.hosts.greeted(`${host.host}.${s.ground.zone}`),
          forgotten: 'nothing',
        })
        expectEqual(host.calls.length, 0, 'requests over that connection')
      },
    }),
  ),
  {
    id: 'CFG-X-04/authority-document',
    about: 'the certificate of the host of the Service’s document is one that nobody trusts, and a pass for it is asked for',
    negative: true,
    run: async (s) => {
      const service = s.service({ tls: 'untrusted' })
      const reply = await s.issue(s.message(service))
      expectThat(reply.status >= 400, 'a refusal', `${reply.status} ${reply.text.slice(0, 200)}`)
      expectEqual(service.calls.length, 0, 'requests over that connection')
      await s.redeemed() // it is alive
    },
  },
  {
    id: 'CFG-X-04/authority-old-tls',
    about: 'the host of the Service’s key set speaks TLS 1.1 at most',
    negative: true,
    run: async (s) => {
      const service = s.service()
      const answer = () => ({ json: { keys: service.keys.map(({ jwk }) => jwk) } })
      await withOldHost(s.ground, answer, async ({ origin, requests }) => {
        service.document.jwks_uri = `${origin}/keys`
        const pass = await s.approved({ service })
        expectFailedClosed(s, await s.validate(pass.value, service))
        expectEqual(requests(), 0, 'requests over TLS 1.1')
      })
      await s.redeemed() // it is alive
    },
  },
  {
    id: 'CFG-X-04/authority-offers-old-tls',
    about: 'somebody who speaks TLS 1.1 at most connects to the Authority',
    negative: true,
    run: async (s) => {
      if (!s.instance.configuration_url.startsWith('https:')) skip('the Authority is reached over plain http')
      await expectNoOldTls(s.client, [s.instance.configuration_url, s.document.jwks_uri, ...Object.values(s.document.endpoints)])
      await expectStillGood(s, await s.approved())
    },
  },
]
