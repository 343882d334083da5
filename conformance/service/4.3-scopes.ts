import { ScopesResponse } from '../../spec/wire/scopes.ts'
import { expectAnswer } from '../actors/client.ts'
import { createKey } from '../actors/jws.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { asking, expectNoScopes, expectStillOffers } from './asking-scopes.ts'
import { domainWhere, enterpriseOf } from './resolving.ts'
import type { ServiceStage } from './stage.ts'

/** Bodies that do not say of whom, or of which agent. */
const BODIES: [string, string, unknown][] = [
  ['no-user', 'the user is left out', { agent: { id: 'suite-agent' } }],
  ['no-email', 'the user has no e-mail address', { user: {}, agent: { id: 'suite-agent' } }],
  ['email-number', 'the address is a number', { user: { email: 5 }, agent: { id: 'suite-agent' } }],
  ['no-json', 'the body is no JSON', 'scopes, please'],
]
/** The same, from the address of a user who is in order. */
const AGENTS: [string, string, (email: string) => unknown][] = [
  ['bad-email', 'the address has two @', (email) => ({ user: { email: `x@${email}` }, agent: { id: 'suite-agent' } })],
  ['no-agent', 'the agent is left out', (email) => ({ user: { email } })],
  ['no-agent-id', 'the agent has no id', (email) => ({ user: { email }, agent: {} })],
  ['agent-number', 'the agent’s id is a number', (email) => ({ user: { email }, agent: { id: 5 } })],
  ['agent-empty', 'the agent’s id is empty', (email) => ({ user: { email }, agent: { id: '' } })],
]

/** Other spellings of the issuer, and issuers that are not this user's. */
const ISSUERS: [string, string, (s: ServiceStage) => unknown][] = [
  ['slash', 'the user’s Authority with a slash at its end', (s) => `${s.house.enterprise.identifier}/`],
  ['capitals', 'the user’s Authority in capitals', (s) => s.house.enterprise.identifier.toUpperCase()],
  ['path', 'the user’s Authority with a path', (s) => `${s.house.enterprise.identifier}/tenant`],
  ['document', 'the URL of the document of the user’s Authority', (s) => s.house.enterprise.reference.authority_configuration_url],
  ['userinfo', 'the user’s Authority with userinfo', (s) => s.house.enterprise.identifier.replace('https://', 'https://a@')],
  ['missing', 'nobody', () => undefined],
  ['list', 'a list of the user’s Authority', (s) => [s.house.enterprise.identifier]],
  ['service', 'the Service itself', (s) => s.origin],
]

/** Who may ask for a user's scopes, and what the answer is (§4.3). */
export const scopeDiscovery: Case<ServiceStage>[] = [
  ...(
    [
      ['', 'there is no assertion', () => ({ assertion: null })],
      ['basic', 'the Authority authenticates by Basic', () => ({ assertion: null, send: { headers: { authorization: 'Basic c3VpdGU6c3VpdGU=' } } })],
      ['empty', 'the assertion is empty', () => ({ assertion: null, send: { headers: { authorization: 'Bearer ' } } })],
      ['junk', 'the assertion is any text', () => ({ assertion: 'suite' })],
    ] satisfies [string, string, () => object][]
  ).map(
    ([slug, about, how]): Case<ServiceStage> => ({
      id: `SVC-SCD-01${slug && `/${slug}`}`,
      about,
      negative: true,
      run: async (s) => {
        expectNoScopes(s, await s.scopes(s.house.enterprise, asking(s.adapter.users.all), how()), [401])
        await expectStillOffers(s)
      },
    }),
  ),
  {
    id: 'SVC-SCD-06/stranger',
    about: 'an Authority that nobody trusts asks for the scopes of a user: its keys are not even fetched',
    negative: true,
    run: async (s) => {
      const stranger = s.authority()
      expectNoScopes(s, await s.scopes(stranger, asking(s.adapter.users.all)), [403, 401])
      expectEqual(stranger.calls.length, 0, 'calls of that Authority')
      await expectStillOffers(s)
    },
  },
  {
    id: 'SVC-SCD-06/other-tenant',
    about: 'the Authority of one domain asks for the scopes of a user of another',
    negative: true,
    run: async (s) => {
      const { authority, user } = enterpriseOf(s)
      expectNoScopes(s, await s.scopes(authority, asking(s.adapter.users.all)), [403, 401])
      expectThat((await s.scopes(authority, asking(user))).status !== 401, 'its own user to be its own', 'a refusal of its assertion')
    },
  },
  {
    id: 'SVC-SCD-06/federated',
    about: 'a federated Authority, which the Service trusts, asks for the scopes of a user whose domain has an Authority',
    negative: true,
    run: async (s) => {
      expectNoScopes(s, await s.scopes(s.house.federated, asking(s.adapter.users.all)), [403, 401])
      await expectStillOffers(s)
    },
  },
  {
    id: 'SVC-SCD-06/none',
    about: 'a federated Authority asks for the scopes of a user whose domain has switched delegation off',
    negative: true,
    run: async (s) => {
      const domain = s.domain()
      domain.publish('none')
      expectNoScopes(s, await s.scopes(s.house.federated, asking(domain.user)), [403, 401])
      await expectStillOffers(s)
    },
  },
  {
    id: 'SVC-SCD-06/dns-fails',
    about: 'a federated Authority asks for the scopes of a user of whose domain DNS answers SERVFAIL',
    negative: true,
    run: async (s) => {
      const { user } = domainWhere(s, { kind: 'rcode', code: 'SERVFAIL' })
      expectNoScopes(s, await s.scopes(s.house.federated, asking(user)), [502, 503, 403, 401], { orServerError: true })
      await expectStillOffers(s)
    },
  },
  ...ISSUERS.map(
    ([slug, what, iss]): Case<ServiceStage> => ({
      id: `SVC-SCD-06/iss-${slug}`,
      about: `the issuer of the assertion is ${what}, and the user’s Authority signed it`,
      negative: true,
      run: async (s) => {
        expectNoScopes(s, await s.scopes(s.house.enterprise, asking(s.adapter.users.all), { changes: { claims: { iss: iss(s) } } }), [403, 401])
        await expectStillOffers(s)
      },
    }),
  ),
  ...[...BODIES.map(([slug, about, body]) => [slug, about, () => body] as const), ...AGENTS].map(
    ([slug, about, body]): Case<ServiceStage> => ({
      id: `SVC-SCD-07/${slug}`,
      about,
      negative: true,
      run: async (s) => {
        expectNoScopes(s, await s.scopes(s.house.enterprise, body(s.adapter.users.all)), [400])
        await expectStillOffers(s)
      },
    }),
  ),
  {
    id: 'SVC-SCD-08',
    about: 'the user’s Authority asks for the scopes of a user who holds all of them',
    run: async (s) => {
      const reply = await s.scopes(s.house.enterprise, asking(s.adapter.users.all))
      const { scopes } = expectAnswer(reply, ScopesResponse, 'the scopes')
      const names = scopes.map(({ name }) => name)
      expectThat(
        s.scope.all.every((name) => names.includes(name)),
        `the scopes ${s.scope.all.join(', ')}`,
        names,
      )
      expectEqual([...new Set(names)], names, 'the names of the scopes, each once')
    },
  },
  {
    id: 'SVC-SCD-08/no-task',
    about: 'the user’s Authority asks without naming a task',
    run: async (s) => {
      const reply = await s.scopes(s.house.enterprise, { ...asking(s.adapter.users.all), task: undefined })
      expectAnswer(reply, ScopesResponse, 'the scopes')
    },
  },
  {
    id: 'SVC-SCD-09',
    about: 'the user’s Authority asks for the scopes of two users, and of two agents',
    run: async (s) => {
      const { all, lacking } = s.adapter.users
      for (const body of [asking(all), asking(lacking), { ...asking(all), agent: { id: 'another-agent' } }])
        expectAnswer(await s.scopes(s.house.enterprise, body), ScopesResponse, 'the scopes')
    },
  },
  {
    id: 'SVC-SCD-11',
    about:
      'an assertion of the user’s Authority with a bad signature comes for three users, one of whom does not exist: the refusals must be the same',
    negative: true,
    run: async (s) => {
      const { all, lacking } = s.adapter.users
      const users = [all, lacking, `nobody-${s.chance.name()}${all.slice(all.indexOf('@'))}`]
      const key = createKey('ES256', s.house.enterprise.keys[0]?.kid)
      const replies = []
      for (const user of users) replies.push(await s.scopes(s.house.enterprise, asking(user), { changes: { key } }))
      for (const reply of replies) {
        expectNoScopes(s, reply, [401])
        expectEqual([reply.status, reply.json], [replies[0]?.status, replies[0]?.json], 'the refusal')
      }
      await expectStillOffers(s)
    },
  },
]
