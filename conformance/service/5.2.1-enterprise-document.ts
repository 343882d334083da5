import type { FakeAuthority } from '../actors/authority.ts'
import { expectRefused } from '../actors/client.ts'
import { BODY_FAULTS } from '../actors/document-faults.ts'
import type { Profile } from '../adapter.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { until } from '../stage.ts'
import { enterpriseOf, expectEnterprise, expectFailedDiscovery, expectStillResolves } from './resolving.ts'
import type { ServiceStage } from './stage.ts'

type Members = (authority: FakeAuthority) => Record<string, unknown>

/** The document has these members, and then the Service must refuse it. */
const broken = (id: string, about: string, members: Members, profile?: Profile): Case<ServiceStage> => ({
  id,
  about,
  negative: true,
  ...(profile && { profile }),
  run: async (s) => {
    const { authority, user } = enterpriseOf(s)
    Object.assign(authority.document, members(authority))
    expectFailedDiscovery(s, await s.resolve(user))
    await expectStillResolves(s)
  },
})

const endpoint = (authority: FakeAuthority, name: string, url: unknown) => ({ endpoints: { ...Object(authority.document.endpoints), [name]: url } })
const inCapitals = ({ origin }: FakeAuthority): string => origin.toUpperCase().replace('HTTPS', 'https')
/** The authority's URL with another host, from what its own is. */
const withHost = ({ host, identifier }: FakeAuthority, change: (host: string) => string): string => identifier.replace(host, change(host))

/** Members that a Service uses, and what they may not be. */
const MEMBERS: [string, string, Members][] = [
  ['authority-missing', 'there is no authority', () => ({ authority: undefined })],
  ['authority-number', 'authority is a number', () => ({ authority: 17 })],
  ['authority-capitals', 'authority is not in normal form: its host is in capitals', (a) => ({ authority: inCapitals(a) })],
  ['jwks-missing', 'there is no jwks_uri', () => ({ jwks_uri: undefined })],
  ['jwks-list', 'jwks_uri is a list', (a) => ({ jwks_uri: [a.document.jwks_uri] })],
  ['jwks-http', 'jwks_uri is an http URL', (a) => ({ jwks_uri: String(a.document.jwks_uri).replace('https:', 'http:') })],
  ['endpoints-missing', 'there are no endpoints', () => ({ endpoints: undefined })],
  ['endpoints-list', 'endpoints is a list', () => ({ endpoints: [] })],
  ['validate-missing', 'there is no endpoint for validation', (a) => endpoint(a, 'validate', undefined)],
  ['validate-relative', 'the endpoint for validation is a path', (a) => endpoint(a, 'validate', '/validate')],
  ['validate-http', 'the endpoint for validation is an http URL', (a) => endpoint(a, 'validate', `${a.origin.replace('https:', 'http:')}/validate`)],
  ['check-missing', 'there is no endpoint for checks', (a) => endpoint(a, 'authorization_check', undefined)],
]

/** Identifiers that are not of the origin that DNS led to: anybody could otherwise speak in another Authority's name. */
const IDENTIFIERS: [string, string, (authority: FakeAuthority) => string][] = [
  ['other-host', 'somebody else', () => 'https://bank.invalid'],
  ['other-port', 'the same host at another port', ({ identifier }) => identifier.replace(/:\d+$/, ':1')],
  ['http', 'an http URL', ({ identifier }) => identifier.replace('https:', 'http:')],
  ['sub-domain', 'a name under its host', (a) => withHost(a, (host) => `tenant.${host}`)],
  ['longer-host', 'a host that only ends like its own', (a) => withHost(a, (host) => `evil-${host}`)],
  ['userinfo', 'an URL with its host for userinfo', ({ host }) => `https://${host}@bank.invalid`],
  ['path', 'somebody else, with its URL as a path', ({ identifier }) => `https://bank.invalid/${identifier.slice('https://'.length)}`],
]

/** What the enterprise's document may say (§5.1.1, §5.2). */
export const enterpriseDocument: Case<ServiceStage>[] = [
  ...BODY_FAULTS.map(
    ({ slug, about, answer }): Case<ServiceStage> => ({
      id: `DISC-ENT-13/${slug}`,
      about: `the enterprise’s document is asked for: ${about}`,
      negative: true,
      run: async (s) => {
        const { authority, user } = enterpriseOf(s)
        authority.on.document = () => answer(authority.document, 'https://elsewhere.invalid/')
        expectFailedDiscovery(s, await s.resolve(user))
        await expectStillResolves(s)
      },
    }),
  ),
  ...MEMBERS.map(([slug, what, members]) => broken(`DISC-ENT-13/${slug}`, `in the enterprise’s document ${what}`, members)),
  {
    id: 'DISC-ENT-13/media-type',
    about: 'the enterprise’s document is served as text/plain',
    negative: true,
    profile: 'hardened',
    run: async (s) => {
      const { authority, user } = enterpriseOf(s)
      authority.on.document = () => ({ body: JSON.stringify(authority.document), headers: { 'content-type': 'text/plain' } })
      expectFailedDiscovery(s, await s.resolve(user))
      await expectStillResolves(s)
    },
  },
  {
    id: 'DISC-ENT-13/two-names',
    about: 'the enterprise’s document names another authority, and then its own: the last counts, or none',
    negative: true,
    run: async (s) => {
      const { authority, user } = enterpriseOf(s)
      const text = JSON.stringify(authority.document).replace('{', '{"authority":"https://bank.invalid",')
      authority.on.document = () => ({ body: text, headers: { 'content-type': 'application/json' } })
      const reply = await s.resolve(user)
      if (reply.status === 200) expectEnterprise(reply, authority)
      else expectFailedDiscovery(s, reply)
      await expectStillResolves(s)
    },
  },
  ...(
    [
      ['federated', 'federated'],
      ['service', 'service'],
      ['missing', undefined],
      ['capitals', 'ENTERPRISE'],
      ['list', ['enterprise']],
      ['null', null],
      ['unknown', 'enterprise-2'],
    ] satisfies [string, unknown][]
  ).map(([slug, mode]) =>
    broken(`DISC-ENT-14/${slug}`, `the document calls its Authority ${JSON.stringify(mode) ?? 'nothing'} (trust_mode)`, () => ({ trust_mode: mode })),
  ),
  ...IDENTIFIERS.map(([slug, what, identifier]) => broken(`DISC-ENT-15/${slug}`, `its authority is ${what}`, (a) => ({ authority: identifier(a) }))),
  broken('DISC-ENT-15/keys-elsewhere', 'its key set is at another host', () => ({ jwks_uri: 'https://keys.invalid/jwks' }), 'hardened'),
  broken(
    'DISC-ENT-15/validate-elsewhere',
    'its endpoint for validation is at another host',
    (a) => endpoint(a, 'validate', 'https://a.invalid/'),
    'hardened',
  ),
  {
    id: 'DISC-ENT-15/speaks-for-another',
    about: 'the document claims the identifier of the Authority of another domain, and a pass in its name is redeemed',
    negative: true,
    run: async (s) => {
      const { authority, user } = enterpriseOf(s)
      authority.document.authority = s.house.enterprise.identifier
      const pass = s.pass({ user })
      authority.scripts.set(pass.value, pass.script)
      expectRefused(await s.redeem(pass), { orServerError: true })
      expectEqual(authority.callsTo('validate').length, 0, 'calls of its validation endpoint')
      await s.token()
    },
  },
  {
    id: 'DISC-ENT-15/pinned',
    about: 'the document of a federated Authority that the settings name suddenly has another identifier',
    negative: true,
    alone: true,
    run: async (s) => {
      const v = s.adapter.variants.both ? await s.variant('both') : s
      const { federated2: authority } = s.house
      const { user } = s.account()
      const document = { ...authority.document, authority: 'https://bank.invalid' }
      authority.on.document = () => ({ json: document, headers: { 'cache-control': 'max-age=10' } })
      try {
        const isRefused = await until(async () => (await v.redeem(v.pass({ authority, user }))).status >= 400, 20_000, 1000)
        expectThat(isRefused, 'the other document to be refused, once it is read', 'a redemption')
      } finally {
        delete authority.on.document
      }
      await s.token(s.pass({ authority, user }))
    },
  },
  {
    id: 'DISC-ENT-15/changed',
    about: 'the document was in order, and later has another identifier: once it is read again, it is refused',
    negative: true,
    slow: true,
    run: async (s) => {
      const { authority, user } = enterpriseOf(s)
      expectEnterprise(await s.resolve(user), authority)
      authority.document.authority = 'https://bank.invalid'
      const isRefused = await until(async () => (await s.resolve(user)).status >= 400, 20_000, 1000)
      expectThat(isRefused, 'the other document to be refused, ten seconds after the first was to be kept no longer', 'still an Authority')
      await expectStillResolves(s)
    },
  },
]
