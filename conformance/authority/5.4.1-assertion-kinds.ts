import { sha256, sha256Hex, signJws } from '../actors/jws.ts'
import { type Kind, lifetime, newJti, taskClaims } from '../actors/jwt.ts'
import type { GoodObject } from '../actors/jwt-faults.ts'
import { type Case, expectThat } from '../case.ts'
import { need } from '../stage.ts'
import { expectForgeryRefused, expectNotAuthenticated, expectStillGood } from './presenting.ts'
import type { AuthorityStage } from './stage.ts'

/** The other kinds by their natural claims, where whoever signs has one key for all, and calls its Harness as its Service. */
const NATURAL: [string, string, (service: string, identifier: string, good: GoodObject) => Record<string, unknown>][] = [
  ['holder-proof', 'a holder proof', (service) => ({ iss: service, aud: service, ...lifetime(), jti: newJti() })],
  ['task-attestation', 'a task attestation', (service) => taskClaims(service, { id: 'suite-task', description: 'A task of the suite' })],
  [
    'harness-attestation',
    'a Harness attestation',
    (service, _, { key }) => ({ iss: service, sub: 'suite-harness', cnf: { jwk: key.jwk }, ...lifetime(300) }),
  ],
  ['authority-assertion', 'an assertion of an Authority for this Service', (service, iss) => ({ iss, aud: service, ...lifetime(), jti: newJti() })],
]

const OTHER_TYPES: (Kind | 'secevent')[] = ['authority-assertion', 'holder-proof', 'task-attestation', 'harness-attestation', 'secevent']

/** Claims of another kind beside those of an assertion. */
const PADDINGS: [string, string, Record<string, unknown>][] = [
  ['proof', 'a holder proof', { htm: 'POST', htu: 'https://service.invalid/redeem', aph: sha256('pass') }],
  ['task', 'a task attestation', { task_id: 'suite-task', task_description_hash: sha256Hex('A task') }],
]

/** Other signed objects in place of a Service's assertion (RFC 8725 §3.11). */
export const assertionKinds: Case<AuthorityStage>[] = [
  ...NATURAL.map(
    ([slug, what, claims]): Case<AuthorityStage> => ({
      id: `AUTH-ASRT-14/${slug}`,
      about: `what is presented as a Service's assertion is ${what}, signed with its key`,
      negative: true,
      run: (s) =>
        expectForgeryRefused(s, (good) => {
          const typ = s.profile === 'hardened' ? `agentpass-${slug}+jwt` : 'JWT'
          return signJws({ ...good.header, typ }, claims(String(good.claims.iss), s.identifier, good), good.key)
        }),
    }),
  ),
  {
    id: 'AUTH-ASRT-14/reflected',
    about: 'a Service sends back the assertion by which this Authority asked it for scopes',
    negative: true,
    run: async (s) => {
      const pass = await s.approved()
      const [asked] = pass.service.callsTo('scopes')
      const authorization = s.secret(need(asked?.headers.authorization, 'the Authority asked for no scopes'))
      expectThat(/^bearer /i.test(authorization), 'the Authority to send a bearer assertion', authorization.slice(0, 10))
      expectNotAuthenticated(s, await s.validate(pass.value, pass.service, { assertion: null, send: { headers: { authorization } } }))
      await expectStillGood(s, pass)
    },
  },
  ...OTHER_TYPES.map(
    (kind): Case<AuthorityStage> => ({
      id: `AUTH-ASRT-14/typ-${kind}`,
      about: `typ says that a Service's assertion is of another kind: ${kind}`,
      negative: true,
      run: (s) =>
        expectForgeryRefused(
          s,
          ({ header, claims, key }) => signJws({ ...header, typ: kind === 'secevent' ? 'secevent+jwt' : `agentpass-${kind}+jwt` }, claims, key),
          // The published draft has no such types: a peer that knows it alone cannot tell.
          { lenient: s.profile === 'hardened' ? undefined : 'a typ that names another kind of signed object is better refused' },
        ),
    }),
  ),
  {
    id: 'AUTH-ASRT-14/typ-jwt',
    about: 'typ is JWT, which names no kind',
    profile: 'hardened',
    negative: true,
    run: (s) => expectForgeryRefused(s, ({ header, claims, key }) => signJws({ ...header, typ: 'JWT' }, claims, key)),
  },
  ...PADDINGS.map(
    ([slug, what, more]): Case<AuthorityStage> => ({
      id: `AUTH-ASRT-14/padded-${slug}`,
      about: `an assertion has the claims of ${what} too`,
      negative: true,
      run: (s) =>
        expectForgeryRefused(s, ({ header, claims, key }) => signJws(header, { ...claims, ...more }, key), {
          lenient: s.profile === 'hardened' ? undefined : 'an assertion that could pass for another kind of signed object is better refused',
        }),
    }),
  ),
]
