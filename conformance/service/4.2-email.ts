import { ResolutionResponse } from '../../spec/wire/resolution.ts'
import { expectAnswer, expectRefused, type Reply } from '../actors/client.ts'
import { type Case, expectEqual } from '../case.ts'
import { enterpriseOf, expectEnterprise, expectStillResolves } from './resolving.ts'
import type { ServiceStage } from './stage.ts'

const ask = (s: ServiceStage, body: unknown): Promise<Reply> => s.client.send(s.document.endpoints.resolve_authorities, { method: 'POST', body })

/** What is no request for a user's Authorities. */
const REQUESTS: [string, string, unknown][] = [
  ['no-user', 'the user is left out', {}],
  ['no-email', 'the user has no e-mail address', { user: {} }],
  ['number', 'the address is a number', { user: { email: 5 } }],
  ['null', 'the address is null', { user: { email: null } }],
  ['list', 'the address is a list', { user: { email: ['someone@suite.invalid'] } }],
  ['object', 'the address is an object', { user: { email: { toString: 'someone@suite.invalid' } } }],
  ['empty', 'the address is empty', { user: { email: '' } }],
  ['no-at', 'the address is “x”', { user: { email: 'x' } }],
  ['no-local', 'the address has nothing before its @', { user: { email: '@suite.invalid' } }],
  ['no-domain', 'the address has nothing after its @', { user: { email: 'someone@' } }],
  ['user-text', 'the user is a text', { user: 'someone@suite.invalid' }],
  ['body-list', 'the body is a list', [{ user: { email: 'someone@suite.invalid' } }]],
  ['body-null', 'the body is null', 'null'],
  ['no-json', 'the body is no JSON', '{"user":'],
  ['deep', 'the body nests 20,000 deep', `${'['.repeat(20_000)}${']'.repeat(20_000)}`],
]

/** Addresses that are none, or that two readers could read differently. `d` is a domain with an Authority, and is in each. */
const ADDRESSES: [string, string, (d: string) => string][] = [
  ['two-at', 'an address with two @', (d) => `a@evil.${d}@${d}`],
  ['quoted-at', 'an address with an @ in a quoted local part', (d) => `"a@b"@${d}`],
  ['quoted', 'an address with a quoted local part', (d) => `"a"@${d}`],
  ['comment', 'an address with a comment', (d) => `a(comment)@${d}`],
  ['comment-in-domain', 'an address with a comment before its domain', (d) => `a@(comment)${d}`],
  ['angle', 'an address in angle brackets', (d) => `<a@${d}>`],
  ['two', 'two addresses', (d) => `a@${d},b@${d}`],
  ['line-break', 'an address with a line break and a header after it', (d) => `a@${d}\r\nBcc: b`],
  ['space', 'an address with a space before its domain', (d) => `a@ ${d}`],
  ['space-in-local', 'an address with a space in its local part', (d) => `a b@${d}`],
  ['space-after', 'an address with a space after it', (d) => `a@${d} `],
  ['leading-dot', 'an address whose domain begins with a dot', (d) => `a@.${d}`],
  ['two-dots', 'an address with an empty label', (d) => `a@x..${d}`],
  ['long-label', 'an address with a label of 64 letters', (d) => `a@${'x'.repeat(64)}.${d}`],
  ['long', 'an address of over 254 characters', (d) => `${'a'.repeat(260)}@${d}`],
  ['very-long', 'an address of 60,000 characters', (d) => `${'a'.repeat(60_000)}@${d}`],
  ['underscore', 'an address with an underscore in its domain', (d) => `a@_agentpass.${d}`],
  ['port', 'an address with a port', (d) => `a@${d}:443`],
  ['path', 'an address with a path', (d) => `a@${d}/evil`],
  ['fragment', 'an address with a fragment', (d) => `a@${d}#evil`],
  ['backslash', 'an address with a backslash', (d) => `a@${d}\\evil`],
  ['nul', 'an address with a NUL', (d) => `a@x\u0000.${d}`],
  ['ip-literal', 'an address with an IP literal for a domain', () => 'a@[127.0.0.1]'],
  ['ip', 'an address with an IP address for a domain', () => 'a@127.0.0.1'],
]

/** The user's address, in a request for Authorities (§4.2). */
export const emails: Case<ServiceStage>[] = [
  ...REQUESTS.map(
    ([slug, about, body]): Case<ServiceStage> => ({
      id: `SVC-RES-01/${slug}`,
      about,
      negative: true,
      run: async (s) => {
        const reply = await ask(s, body)
        expectRefused(reply)
        if (reply.status !== 400) s.warn(`the status is ${reply.status}, and not 400`)
        await expectStillResolves(s)
      },
    }),
  ),
  ...ADDRESSES.map(
    ([slug, what, address]): Case<ServiceStage> => ({
      id: `DISC-ENT-01/${slug}`,
      about: `the user is ${what}`,
      negative: true,
      run: async (s) => {
        const { domain, authority } = enterpriseOf(s)
        const reply = await s.resolve(address(domain.name))
        expectRefused(reply)
        expectEqual(s.ground.dns.asked(domain.name).length, 0, 'DNS questions about that domain')
        if (reply.status !== 400) s.warn(`the status is ${reply.status}, and not 400`)
        expectEnterprise(await s.resolve(domain.user), authority)
      },
    }),
  ),
  {
    id: 'DISC-ENT-01',
    about: 'DNS is asked for the TXT record of the user’s domain, and for no other',
    run: async (s) => {
      const { domain, authority, user } = enterpriseOf(s)
      expectEnterprise(await s.resolve(user), authority)
      const asked = s.ground.dns.asked(domain.name)
      expectEqual([...new Set(asked.map(({ name, type }) => `${type} ${name}`))], [`TXT _agentpass.${domain.name}`], 'the DNS questions')
    },
  },
  {
    id: 'DISC-ENT-01/constructor',
    about: 'the user’s domain has the name of a property that every object has: it is a domain like any other',
    negative: true,
    run: async (s) => {
      s.ground.needDns()
      const reply = await s.resolve('someone@constructor')
      if (reply.status >= 400 && reply.status < 500) return expectRefused(reply) // a domain of one label may be refused
      const answer = expectAnswer(reply, ResolutionResponse, 'the resolution')
      expectEqual(answer.enterprise_authority, undefined, 'an enterprise Authority for that domain')
      await expectStillResolves(s)
    },
  },
]
