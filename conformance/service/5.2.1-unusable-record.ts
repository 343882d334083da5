import { UNUSABLE_VALUES } from '../actors/dns-faults.ts'
import { type Case, expectEqual } from '../case.ts'
import { domainWhere, enterpriseOf, expectFailedDiscovery, expectStillResolves } from './resolving.ts'
import type { ServiceStage } from './stage.ts'

type Values = (url: string) => (string | string[])[]
/** What is wrong with the URL itself: nobody may fetch it. */
const OF_THE_URL = ['userinfo', 'fragment', 'relative', 'long', 'control', 'http']

/** A record that says nothing usable is a failure: no Authority, no fallback, no call. */
const unusable = (id: string, about: string, values: Values): Case<ServiceStage> => ({
  id,
  about,
  negative: true,
  run: async (s) => {
    const { domain, authority, user } = enterpriseOf(s)
    domain.publish(...values(authority.reference.authority_configuration_url))
    expectFailedDiscovery(s, await s.resolve(user))
    expectEqual(authority.calls.length, 0, 'calls of the Authority at that URL')
    await expectStillResolves(s)
  },
})

const BYTES: [string, string, (string | Buffer)[]][] = [
  ['nul', 'the URL has a NUL', ['https://suite\u0000.invalid/']],
  ['no-utf-8', 'the record is no UTF-8', [Buffer.from([0x68, 0x74, 0xff, 0xfe, 0x80])]],
  ['escapes', 'the URL has escapes of a zone file', ['https:\\047\\047suite.invalid\\047']],
]

/** What the TXT record of an e-mail domain may not say (§5.2.1). */
export const unusableRecord: Case<ServiceStage>[] = [
  ...UNUSABLE_VALUES.map(({ slug, about, values }) =>
    unusable(`${OF_THE_URL.includes(slug) ? 'DISC-ENT-11' : 'DISC-ENT-03'}/${slug}`, about, values),
  ),
  unusable('DISC-ENT-11/tab', 'there is a tab in the URL', (url) => [url.replace('https://', 'https://\t')]),
  unusable('DISC-ENT-11/one-slash', 'the URL has no slashes after its scheme', (url) => [url.replace('https://', 'https:')]),
  unusable('DISC-ENT-11/ftp', 'the record is an ftp URL', (url) => [url.replace('https:', 'ftp:')]),
  unusable('DISC-ENT-11/backslashes', 'the URL has backslashes', (url) => [url.replace('https://', 'https:\\\\')]),
  {
    id: 'DISC-ENT-11/64-kb',
    about: 'the record has 60,000 characters, over TCP',
    negative: true,
    run: async (s) => {
      const { domain, authority, user } = enterpriseOf(s)
      const url = `${authority.reference.authority_configuration_url}?${'x'.repeat(60_000)}`
      s.ground.dns.answer(domain.record, { kind: 'truncated', whole: { kind: 'txt', values: [[url]], ttlSeconds: 1 } })
      expectFailedDiscovery(s, await s.resolve(user))
      expectEqual(authority.calls.length, 0, 'calls of the Authority at that URL')
      await expectStillResolves(s)
    },
  },
  ...BYTES.map(
    ([slug, about, value]): Case<ServiceStage> => ({
      id: `DISC-ENT-03/${slug}`,
      about,
      negative: true,
      run: async (s) => {
        expectFailedDiscovery(s, await s.resolve(domainWhere(s, { kind: 'txt', values: [value], ttlSeconds: 1 }).user))
        await expectStillResolves(s)
      },
    }),
  ),
  {
    id: 'DISC-ENT-03/own',
    about: 'the record is a word, and the Service has an Authority of its own',
    negative: true,
    run: async (s) => {
      const v = await s.variant('own_accepted')
      const domain = s.domain()
      domain.publish('hello')
      expectFailedDiscovery(s, await v.resolve(domain.user))
      await expectStillResolves(v)
    },
  },
  ...(['NONE', 'None', 'none.', 'none;x', '"none"', 'none none'] as const).map((value) =>
    unusable(`DISC-ENT-05/${value.replace(/[^\w.;]/g, '-')}`, `the record is “${value}”`, () => [value]),
  ),
  unusable('DISC-ENT-06/two-urls', 'there are two records with two URLs', (url) => [url, `${url}?other`]),
  unusable('DISC-ENT-06/hundred', 'there are a hundred records, each with another URL', (url) =>
    Array.from({ length: 100 }, (_, i) => `${url}?${i}`),
  ),
  unusable('DISC-ENT-07/none-first', 'there are a record “none” and one with a URL', (url) => ['none', url]),
  unusable('DISC-ENT-07/none-last', 'there are a record with a URL and one “none”', (url) => [url, 'none']),
]
