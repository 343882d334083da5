import { type Case, expectEqual, expectThat } from '../case.ts'
import {
  domainWhere,
  enterpriseOf,
  expectEnterprise,
  expectFailedDiscovery,
  expectFederated,
  expectNoAuthority,
  expectStillResolves,
} from './resolving.ts'
import type { ServiceStage } from './stage.ts'

type Values = (url: string) => (string | string[])[]

/** What the TXT record of an e-mail domain says, where it is in order, or where there is none (§5.2.1, §4.2). */
export const enterpriseRecord: Case<ServiceStage>[] = [
  ...(
    [
      ['DISC-ENT-04', 'the record is “none”, and the Service has an Authority of its own, trusts federated ones, and offers both', ['none']],
      ['DISC-ENT-04/trimmed', 'the record is “none” between blanks', [' none\t']],
      ['DISC-ENT-06/none-and-spf', 'beside “none” there is a record about something else', ['v=spf1 -all', 'none']],
    ] satisfies [string, string, string[]][]
  ).map(
    ([id, about, values]): Case<ServiceStage> => ({
      id,
      about,
      negative: true,
      run: async (s) => {
        const v = s.adapter.variants.both ? await s.variant('both') : s
        const domain = s.domain()
        domain.publish(...values)
        expectNoAuthority(s, await v.resolve(domain.user), 403)
        await expectStillResolves(v)
      },
    }),
  ),
  {
    id: 'DISC-ENT-04/redemption',
    about: 'the domain has switched delegation off, and a federated Authority has a pass for its user',
    negative: true,
    run: async (s) => {
      const domain = s.domain()
      domain.publish('none')
      const pass = s.pass({ authority: s.house.federated, user: domain.user })
      expectNoAuthority(s, await s.redeem(pass), 403)
      expectEqual(s.house.federated.callsTo('validate').filter(({ text }) => text.includes(pass.value)).length, 0, 'validations of that pass')
      await s.token()
    },
  },
  ...(
    [
      ['DISC-ENT-06/url-and-spf', 'beside the URL there is a record about something else', (url) => ['v=spf1 -all', url]],
      ['DISC-ENT-06/twice', 'the same URL is there twice', (url) => [url, url]],
      ['DISC-ENT-10/two', 'the URL is in two character-strings', (url) => [[url.slice(0, 20), url.slice(20)]]],
      ['DISC-ENT-10/letters', 'the URL is in as many character-strings as it has letters', (url) => [[...url]]],
      ['DISC-ENT-10/empty', 'there are empty character-strings about the URL', (url) => [['', url, '']]],
    ] satisfies [string, string, Values][]
  ).map(
    ([id, about, values]): Case<ServiceStage> => ({
      id,
      about,
      run: async (s) => {
        const { domain, authority, user } = enterpriseOf(s)
        domain.publish(...values(authority.reference.authority_configuration_url))
        expectEnterprise(await s.resolve(user), authority)
      },
    }),
  ),
  {
    id: 'DISC-ENT-10/long',
    about: 'the URL has over 255 characters, so no character-string could hold it',
    run: async (s) => {
      const { authority, user } = enterpriseOf(s, { documentPath: `/${'long/'.repeat(60)}configuration` })
      expectEnterprise(await s.resolve(user), authority)
    },
  },
  ...(['nxdomain', 'nodata'] as const).map(
    (kind): Case<ServiceStage> => ({
      id: `DISC-ENT-08/${kind}`,
      about: kind === 'nxdomain' ? 'DNS answers NXDOMAIN' : 'DNS answers that there is no TXT record at that name (NODATA)',
      run: async (s) => expectFederated(s, await s.resolve(domainWhere(s, { kind }).user)),
    }),
  ),
  {
    id: 'DISC-ENT-18/url',
    about: 'the answer is an alias whose target reads like the URL of an Authority, and no TXT record',
    negative: true,
    run: async (s) => {
      const { domain, authority, user } = enterpriseOf(s)
      s.ground.dns.answer(domain.record, { kind: 'alias', target: authority.reference.authority_configuration_url })
      const reply = await s.resolve(user)
      expectThat(!reply.text.includes(authority.identifier), 'no Authority of an alias’s target', reply.text.slice(0, 300))
      expectEqual(authority.calls.length, 0, 'calls of the Authority at that URL')
      await expectStillResolves(s)
    },
  },
  {
    id: 'DISC-ENT-18/none',
    about: 'the answer is an alias to the name “none”, and no TXT record: that switches nothing off',
    negative: true,
    run: async (s) => {
      const reply = await s.resolve(domainWhere(s, { kind: 'alias', target: 'none' }).user)
      if (reply.status < 500) expectFederated(s, reply)
      else expectFailedDiscovery(s, reply)
    },
  },
  {
    id: 'DISC-ENT-18/followed',
    about: 'the answer is an alias, with the TXT record at its target',
    run: async (s) => {
      const { domain, authority, user } = enterpriseOf(s)
      const then = authority.reference.authority_configuration_url
      s.ground.dns.answer(domain.record, { kind: 'alias', target: `target.${domain.name}`, then })
      expectEnterprise(await s.resolve(user), authority)
    },
  },
]
