import { ScopesResponse } from '../../spec/wire/scopes.ts'
import { expectUnvisited, withCanary } from '../actors/canary.ts'
import { expectAnswer } from '../actors/client.ts'
import { BODY_FAULTS, FETCH_FAULTS } from '../actors/document-faults.ts'
import { createKey, macJws, signJws } from '../actors/jws.ts'
import {
  ALGORITHM_FAULTS,
  audienceFaults,
  EXPIRED,
  EXPIRY_FAULTS,
  FORM_FAULTS,
  FUTURE_FAULTS,
  HEADER_FAULTS,
  headerKeyFaults,
  ISSUED_FAULTS,
  type JwtFault,
  typFault,
} from '../actors/jwt-faults.ts'
import { type Case, expectEqual } from '../case.ts'
import { asking, expectNoScopes, expectStillOffers, forge, forgedAssertion } from './asking-scopes.ts'
import { enterpriseOf } from './resolving.ts'
import type { ServiceStage } from './stage.ts'

/** The audiences' slugs, for the origin of a Service that only a stage knows. */
const AUDIENCES = audienceFaults('https://suite.invalid')
const KINDS = ['agentpass-service-assertion+jwt', 'agentpass-holder-proof+jwt', 'agentpass-harness-attestation+jwt', 'secevent+jwt']
/** Claims that only another kind of signed object has (protocol 9). */
const FOREIGN: JwtFault[] = ['htm', 'htu', 'aph', 'task_description_hash'].map((claim) => ({
  slug: `claim-${claim}`,
  about: `it has ${claim}, which is another kind’s claim`,
  forge: ({ header, claims, key }) => signJws(header, { ...claims, [claim]: 'suite' }, key),
}))

/** The Authority's key set cannot be had, so nothing is verified. */
const withoutKeys = [...FETCH_FAULTS, ...BODY_FAULTS].map(
  ({ slug, about, answer, slow }): Case<ServiceStage> => ({
    id: `SVC-SCD-02/keys-${slug}`,
    about: `the Authority’s key set is asked for: ${about}`,
    negative: true,
    ...(slow && { slow }),
    run: async (s) => {
      const { authority, user } = enterpriseOf(s)
      const elsewhere = s.authority()
      authority.on.jwks = () => answer({ keys: authority.keys.map(({ jwk }) => jwk) }, String(elsewhere.document.jwks_uri))
      expectNoScopes(s, await s.scopes(authority, asking(user)), [401, 502, 503], { orServerError: true })
      expectEqual(elsewhere.calls.length, 0, 'calls of the host that it was sent on to')
      await expectStillOffers(s)
    },
  }),
)

/** How the Authority that asks for scopes is authenticated (§4.3, protocol 9). */
export const scopesAssertion: Case<ServiceStage>[] = [
  {
    id: 'SVC-SCD-02/other-key',
    about: 'a key signs that is not in the Authority’s key set',
    negative: true,
    run: async (s) => {
      expectNoScopes(s, await s.scopes(s.house.enterprise, asking(s.adapter.users.all), { changes: { key: createKey() } }), [401])
      await expectStillOffers(s)
    },
  },
  {
    id: 'SVC-SCD-02/key-of-another',
    about: 'a key signs that is in the key set of another Authority that the Service trusts',
    negative: true,
    run: async (s) => {
      const [key = createKey()] = s.house.federated.keys
      expectNoScopes(s, await s.scopes(s.house.enterprise, asking(s.adapter.users.all), { changes: { key } }), [401])
      await expectStillOffers(s)
    },
  },
  {
    id: 'SVC-SCD-02/symmetric',
    about: 'the Authority’s key set has a symmetric key, and a MAC under it is presented',
    negative: true,
    run: async (s) => {
      const { authority, user } = enterpriseOf(s)
      const k = Buffer.from('a secret that everybody can read').toString('base64url')
      authority.on.jwks = () => ({ json: { keys: [...authority.keys.map(({ jwk }) => jwk), { kty: 'oct', k, kid: 'mac', alg: 'HS256' }] } })
      const fault: JwtFault = {
        slug: 'mac',
        about: 'a MAC',
        forge: ({ header, claims }) => macJws({ ...header, alg: 'HS256', kid: 'mac' }, claims, Buffer.from(k, 'base64url')),
      }
      expectNoScopes(s, await s.scopes(authority, asking(user), { assertion: forge(s, authority, fault) }), [401])
      expectEqual((await s.scopes(authority, asking(user))).status !== 401, true, 'its other key to be good')
    },
  },
  {
    id: 'SVC-SCD-02/keys-elsewhere',
    about: 'the Authority’s key set is at another host, as its document says',
    profile: 'core-0.1',
    run: async (s) => {
      const [domain, authority, elsewhere] = [s.account(), s.authority(), s.authority()]
      domain.publish(authority.reference.authority_configuration_url)
      authority.document.jwks_uri = elsewhere.document.jwks_uri
      elsewhere.keys = authority.keys
      expectAnswer(await s.scopes(authority, asking(domain.user)), ScopesResponse, 'the scopes')
    },
  },
  {
    id: 'SVC-SCD-02/keys-at-loopback',
    about: 'the Authority’s key set is at the address [::1], says its document: nobody may come there',
    negative: true,
    run: (s) =>
      withCanary('::1', async (canary) => {
        const { authority, user } = enterpriseOf(s)
        authority.document.jwks_uri = `https://[::1]:${canary.port}/keys`
        expectNoScopes(s, await s.scopes(authority, asking(user)), [401, 502, 503], { orServerError: true })
        expectUnvisited(s, canary)
        await expectStillOffers(s)
      }),
  },
  ...withoutKeys,
  ...AUDIENCES.map(
    ({ slug, about }, i): Case<ServiceStage> => ({
      id: `SVC-SCD-03/${slug}`,
      about: `an assertion of the user’s Authority, but ${about}`,
      negative: true,
      run: async (s) => {
        const [fault = EXPIRED] = audienceFaults(s.origin).slice(i)
        const assertion = forge(s, s.house.enterprise, fault)
        expectNoScopes(s, await s.scopes(s.house.enterprise, asking(s.adapter.users.all), { assertion }), [401])
        await expectStillOffers(s)
      },
    }),
  ),
  ...[...EXPIRY_FAULTS, EXPIRED].map((fault) => forgedAssertion('SVC-SCD-04', fault)),
  ...[...ISSUED_FAULTS, ...FUTURE_FAULTS].map((fault) => forgedAssertion('SVC-SCD-05', fault)),
  ...[...ALGORITHM_FAULTS, ...HEADER_FAULTS, ...FORM_FAULTS, ...KINDS.map(typFault), ...FOREIGN].map((fault) => forgedAssertion('SVC-SCD-10', fault)),
  {
    ...forgedAssertion('SVC-SCD-10', { ...typFault('JWT'), slug: 'typ-of-the-draft', about: 'its typ is JWT, as in the published draft' }),
    profile: 'hardened',
  },
  ...headerKeyFaults('https://suite.invalid/').map(
    ({ slug, about }, i): Case<ServiceStage> => ({
      id: `SVC-SCD-10/header-${slug}`,
      about: `an assertion in the name of the user’s Authority: ${about}`,
      negative: true,
      run: async (s) => {
        const elsewhere = s.authority()
        const [fault = EXPIRED] = headerKeyFaults(String(elsewhere.document.jwks_uri)).slice(i)
        const assertion = forge(s, s.house.enterprise, fault)
        expectNoScopes(s, await s.scopes(s.house.enterprise, asking(s.adapter.users.all), { assertion }), [401])
        expectEqual(elsewhere.calls.length, 0, 'calls of the URL in the header')
        await expectStillOffers(s)
      },
    }),
  ),
]
