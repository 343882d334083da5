import { BearerTokenGrant } from '../../spec/wire/redemption.ts'
import { ScopesResponse } from '../../spec/wire/scopes.ts'
import { member } from '../actors/authority.ts'
import { expectAnswer, expectRefused } from '../actors/client.ts'
import { NO_VERSIONS } from '../actors/document-faults.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { type Enterprise, enterpriseOf, expectEnterprise, expectFailedDiscovery, expectStillResolves } from './resolving.ts'
import type { ServiceStage } from './stage.ts'

/** Versions that are none, or whose major nobody can know. */
const UNREADABLE = [...NO_VERSIONS, ['empty', 'an empty version', ''], ['minor-missing', 'the version “0.”', '0.']] as const

/** An e-mail domain whose Authority's document has this version. */
function enterpriseOfVersion(s: ServiceStage, version: unknown): Enterprise {
  const enterprise = enterpriseOf(s)
  enterprise.authority.document.version = version
  return enterprise
}

/** A document of this version is no Authority's: discovery fails. */
async function expectUnspoken(s: ServiceStage, version: unknown): Promise<void> {
  const { user } = enterpriseOfVersion(s, version)
  expectFailedDiscovery(s, await s.resolve(user))
  await expectStillResolves(s)
}

/** Which versions of a peer's document a Service speaks (§2.2). */
export const versions: Case<ServiceStage>[] = [
  ...['1.0', '2.3', '10.1'].map(
    (version): Case<ServiceStage> => ({
      id: version === '1.0' ? 'VER-02' : `VER-02/${version}`,
      about: `the enterprise’s document has the version ${version}, and its Authority is asked for`,
      negative: true,
      run: (s) => expectUnspoken(s, version),
    }),
  ),
  {
    id: 'VER-02/redemption',
    about: 'the enterprise’s document has the version 1.0, and a pass of its Authority is redeemed',
    negative: true,
    run: async (s) => {
      const { authority, user } = enterpriseOfVersion(s, '1.0')
      expectRefused(await s.redeem(s.pass({ authority, user })), { orServerError: true })
      expectEqual(authority.callsTo('validate').length, 0, 'calls of its validation endpoint')
      await s.token()
    },
  },
  {
    id: 'VER-02/scopes',
    about: 'the enterprise’s document has the version 1.0, and its Authority asks for scopes',
    negative: true,
    run: async (s) => {
      const { authority, user } = enterpriseOfVersion(s, '1.0')
      expectRefused(await s.scopes(authority, { user: { email: user }, agent: { id: 'suite-agent' } }), { orServerError: true })
      expectEqual(authority.callsTo('jwks').length, 0, 'calls for its keys')
      await expectStillResolves(s)
    },
  },
  ...['0.9', '0.10'].map(
    (version): Case<ServiceStage> => ({
      id: version === '0.9' ? 'VER-04/service' : `VER-04/service-${version}`,
      about: `the enterprise’s document has the version ${version}`,
      run: async (s) => {
        const { authority, user } = enterpriseOfVersion(s, version)
        expectEnterprise(await s.resolve(user), authority)
      },
    }),
  ),
  ...UNREADABLE.map(
    ([slug, what, version]): Case<ServiceStage> => ({
      id: `VER-05/service-${slug}`,
      about: `the enterprise’s document has ${what}`,
      negative: true,
      run: (s) => expectUnspoken(s, version),
    }),
  ),
  {
    id: 'VER-06/service',
    about: 'the enterprise’s document has the version 3.7, and the refusal must say so',
    negative: true,
    run: async (s) => {
      const { authority, user } = enterpriseOfVersion(s, '3.7')
      const reply = await s.resolve(user)
      expectFailedDiscovery(s, reply)
      const message = String(member(member(reply.json, 'error'), 'message'))
      expectThat(/3\.7|version/i.test(message), 'a message that names the version', message)
      expectEqual(authority.calls.filter(({ endpoint }) => endpoint !== 'document').length, 0, 'further calls of that Authority')
    },
  },
  {
    id: 'VER-07/service-resolution',
    about: 'a request for Authorities has members that nobody knows, at every level',
    run: async (s) => {
      const { authority, user } = enterpriseOf(s)
      const body = { user: { email: user, x_unknown: { deep: [1] } }, x_unknown: null }
      expectEnterprise(await s.client.send(s.document.endpoints.resolve_authorities, { body }), authority)
    },
  },
  {
    id: 'VER-07/service-scopes',
    about: 'a request for scopes has members that nobody knows, at every level',
    run: async (s) => {
      const [x_unknown, user] = [{ deep: true }, s.adapter.users.all]
      const task = { id: 'suite-task', description: 'A task of the suite', x_unknown }
      const body = { user: { email: user, x_unknown }, agent: { id: 'suite-agent', x_unknown }, task, x_unknown }
      expectAnswer(await s.scopes(s.house.enterprise, body), ScopesResponse, 'the scopes')
    },
  },
  {
    id: 'VER-07/service-redemption',
    about: 'a redemption has members that nobody knows, at every level',
    run: async (s) => {
      const pass = s.pass()
      const [x_unknown, { type, value, user }] = [17, pass]
      const changed = { agentpass: { type, value, x_unknown }, user: { email: user, x_unknown }, x_unknown }
      expectAnswer(await s.redeem(pass, { changed }), BearerTokenGrant, 'the redemption')
    },
  },
  {
    id: 'VER-07/service-assertion',
    about: 'an assertion has a claim and a header member that nobody knows',
    run: async (s) => {
      const body = { user: { email: s.adapter.users.all }, agent: { id: 'suite-agent' } }
      const changes = { claims: { x_unknown: { deep: [] } }, header: { x_unknown: true } }
      expectAnswer(await s.scopes(s.house.enterprise, body, { changes }), ScopesResponse, 'the scopes')
    },
  },
  {
    id: 'VER-07/service-endpoints',
    about: 'the enterprise’s document has endpoints of which nobody knows, whatever stands there',
    run: async (s) => {
      const { authority, user } = enterpriseOf(s)
      Object.assign(Object(authority.document.endpoints), { x_unknown: 'unknown', x_other: 17, x_none: null })
      expectEnterprise(await s.resolve(user), authority)
    },
  },
  {
    id: 'VER-07/service-document',
    about: 'the enterprise’s document has a policy, and an approval, of which nobody knows the members',
    run: async (s) => {
      const { authority, user } = enterpriseOf(s)
      authority.document.policy = { x_unknown: 'unknown' }
      authority.document.approval = { modes: ['poll'], x_unknown: ['unknown'] }
      expectEnterprise(await s.resolve(user), authority)
    },
  },
]
