import { ValidationResponse } from '../../spec/wire/validation.ts'
import { expectAnswer } from '../actors/client.ts'
import { type Case, expectEqual } from '../case.ts'
import { need } from '../stage.ts'
import { changed, expectOnlyFault, type Fault, faulty } from './admission.ts'
import type { AuthorityStage, Message } from './stage.ts'

const domainOf = ({ user }: Message): string => user.email.slice(user.email.indexOf('@') + 1)
const address = (slug: string, about: string, spell: (domain: string) => unknown, lenient?: string): Fault => ({
  id: `AUTH-ISS-05/${slug}`,
  about,
  at: 'user.email',
  to: (message) => spell(domainOf(message)),
  usual: [400, 422],
  ...(lenient !== undefined && { lenient }),
})

/** What is no e-mail address (protocol 1). In each the domain that is served can be read, where one reads carelessly. */
const NO_ADDRESSES: Fault[] = [
  { id: 'AUTH-ISS-05/no-user', about: 'user is left out', at: 'user', to: () => undefined },
  address('missing', 'user.email is left out', () => undefined),
  address('null', 'user.email is null', () => null),
  address('number', 'user.email is a number', () => 5),
  address('object', 'user.email is an object', () => ({})),
  address('list', 'user.email is a list of an address', (domain) => [`ada@${domain}`]),
  address('empty', 'user.email is empty', () => ''),
  address('word', 'user.email is a word', () => 'nope'),
  address('no-local-part', 'nothing stands before the @', (domain) => `@${domain}`),
  address('no-domain', 'nothing stands after the @', () => 'ada@'),
  address('two-ats', 'there are two @', (domain) => `ada@elsewhere.invalid@${domain}`),
  address(
    'quoted',
    'the local part is quoted, with an @ in it',
    (domain) => `"ada@elsewhere.invalid"@${domain}`,
    'a quoted local part is better refused: readers differ on whose address it is',
  ),
  address('comment', 'there is a comment in it', (domain) => `ada(elsewhere)@${domain}`),
  address('brackets', 'it stands in angle brackets', (domain) => `Ada <ada@${domain}>`),
  address('two', 'there are two addresses', (domain) => `ada@elsewhere.invalid,bob@${domain}`),
  address('line-break', 'there is a line break in it', (domain) => `ada\r\nX-Injected: yes\r\n@${domain}`),
  address('blank', 'there is a blank in it', (domain) => `ada lovelace@${domain}`),
  address('blank-after', 'a blank follows it', (domain) => `ada@${domain} `),
  address('trailing-dot', 'a dot follows its domain', (domain) => `ada@${domain}.`),
  address('leading-dot', 'a dot stands before its domain', (domain) => `ada@.${domain}`),
  address('two-dots', 'there is an empty label in its domain', (domain) => `ada@${domain.replace('.', '..')}`),
  address('underscore', 'there is an underscore in its domain', (domain) => `ada@a_b.${domain}`),
  address('long-label', 'a label of its domain has 64 characters', (domain) => `ada@${'a'.repeat(64)}.${domain}`),
  address('long', 'it has over 254 characters', (domain) => `${'a'.repeat(254)}@${domain}`, 'an address of over 254 characters is better refused'),
  address('ip-address', 'its domain is an IP address', () => 'ada@127.0.0.1'),
  address('ip-literal', 'its domain is an IP address in brackets', () => 'ada@[127.0.0.1]'),
]

/** Domains that are not served, each like the one that is. */
const FOREIGN: [slug: string, about: string, spell: (served: string, foreign: string) => string][] = [
  ['suffix', 'its name ends as that of the domain that is served', (served) => `elsewhere-${served}`],
  ['prefix', 'its name begins as that of the domain that is served', (served, foreign) => `${served}.${foreign}`],
  ['parent', 'it is the one above the domain that is served', (served) => served.slice(served.indexOf('.') + 1)],
  [
    'homograph',
    'its name looks like that of the domain that is served',
    (served) => served.replace(/[aeo]/, (letter) => ({ a: 'а', e: 'е', o: 'о' })[letter] ?? letter),
  ],
  ['constructor', 'its name is a member of every object', () => 'constructor'],
  ['to-string', 'its name is another member of every object', () => 'toString'],
]

/** Whose request it is (§5.3.1): an address that everybody reads alike, of a domain that the Authority serves. */
export const issuanceUser: Case<AuthorityStage>[] = [
  ...NO_ADDRESSES.map((fault) => faulty(fault)),
  {
    id: 'AUTH-ISS-05/capital-domain',
    about: 'the domain of the address is in capitals',
    run: async (s) => {
      const service = s.service()
      const [local = '', domain = ''] = s.user().split('@')
      const email = `${local}@${domain.toUpperCase()}`
      const { value } = await s.approved({ service, changed: { user: { email } } })
      const { user } = expectAnswer(await s.validate(value, service), ValidationResponse, 'the validation answer')
      expectEqual(user.email.toLowerCase(), email.toLowerCase(), 'the user')
    },
  },
  {
    id: 'AUTH-ISS-05/plus',
    about: 'the local part has marks that are usual in one',
    run: async (s) => {
      const service = s.service()
      const email = `Ada.Lovelace+tickets_1'x%${s.user()}`
      const { value } = await s.approved({ service, changed: { user: { email } } })
      const { user } = expectAnswer(await s.validate(value, service), ValidationResponse, 'the validation answer')
      expectEqual(user.email, email, 'the user')
    },
  },
  {
    id: 'AUTH-ISS-23',
    about: 'the user is of a domain that is not served',
    negative: true,
    run: async (s) => {
      const foreign = need(s.adapter.foreign_domain, 'the adapter names no domain that is not served')
      const right = s.message(s.service())
      await expectOnlyFault(s, changed(right, 'user.email', `ada@${foreign}`), right, { usual: [403] })
    },
  },
  ...FOREIGN.map(
    ([slug, about, spell]): Case<AuthorityStage> => ({
      id: `AUTH-ISS-23/${slug}`,
      about: `the user is of a domain that is not served: ${about}`,
      negative: true,
      run: async (s) => {
        const foreign = need(s.adapter.foreign_domain, 'the adapter names no domain that is not served')
        const right = s.message(s.service())
        const wrong = changed(right, 'user.email', `ada@${spell(domainOf(right), foreign)}`)
        await expectOnlyFault(s, wrong, right, { usual: [403, 400] })
      },
    }),
  ),
]
