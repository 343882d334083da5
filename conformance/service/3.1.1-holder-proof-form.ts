import { isSuccess } from '../actors/client.ts'
import { sha256, sha256Hex, signJws } from '../actors/jws.ts'
import { nowSeconds, proofClaims, signObject, taskClaims } from '../actors/jwt.ts'
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
  LIFETIME_FAULTS,
  TOLERATED,
  takeApart,
  typFault,
} from '../actors/jwt-faults.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { expectNothing, suggest } from './bought.ts'
import { goodProof, HARNESS_ID } from './redeeming.ts'
import type { Pass, ServiceStage } from './stage.ts'

type Forge = (s: ServiceStage, pass: Pass) => string
/** `tolerated` is what is said to a peer that lets it pass, and may. */
type Only = { profile?: 'hardened'; tolerated?: string | undefined }

/** A bound pass comes with a proof that is wrong; after it the same Harness comes with a good one. */
const refusal = (id: string, about: string, forge: Forge, { tolerated, ...only }: Only = {}): Case<ServiceStage> => ({
  id,
  about: `of the holder proof: ${about}`,
  negative: true,
  ...only,
  run: async (s) => {
    const pass = s.pass()
    const refused = await s.redeem(pass, { proof: forge(s, pass) })
    if (tolerated !== undefined && isSuccess(refused)) return s.warn(tolerated)
    expectNothing(refused)
    suggest(s, refused, 400, 401)
    await s.token()
  },
})

const keyOf = ({ key }: Pass) => {
  expectThat(key !== undefined, 'a bound pass', 'none')
  return key
}
const takenApart = (s: ServiceStage, pass: Pass) => takeApart(goodProof(s, pass, keyOf(pass), s.endpoint(pass.type)), keyOf(pass))

const fromTable = (requirement: string, faults: readonly JwtFault[], only: Only = {}): Case<ServiceStage>[] =>
  faults.map(({ slug, about, forge }) =>
    refusal(`${requirement}/${slug}`, about, (s, pass) => forge(takenApart(s, pass)), { ...only, tolerated: TOLERATED[slug] }),
  )

/** A proof with other claims. */
const claimed = (id: string, about: string, claims: (s: ServiceStage, pass: Pass) => Record<string, unknown>, only: Only = {}): Case<ServiceStage> =>
  refusal(id, about, (s, pass) => goodProof(s, pass, keyOf(pass), s.endpoint(pass.type), { claims: claims(s, pass) }), only)

const SIGNATURE = ['stranger', 'signature-changed', 'signature-cut', 'signature-zero', 'payload-changed']
const isOfSignature = ({ slug }: JwtFault): boolean => SIGNATURE.includes(slug)

/** Form, algorithm, header and kind (RFC 8725, RFC 7515). */
export const proofForm: Case<ServiceStage>[] = [
  ...fromTable('SVC-HB-01', ALGORITHM_FAULTS.filter(isOfSignature)),
  ...fromTable('SVC-HB-13', [...ALGORITHM_FAULTS.filter((one) => !isOfSignature(one)), ...HEADER_FAULTS, ...FORM_FAULTS]),
  ...['jwk', 'jku', 'x5u', 'x5c'].map(
    (slug): Case<ServiceStage> => ({
      id: `SVC-HB-01/header-${slug}`,
      about: `of the holder proof: its header brings another key (${slug}), and that key signed it`,
      negative: true,
      run: async (s) => {
        const pass = s.pass()
        const trap = s.authority()
        const fault = headerKeyFaults(trap.reference.authority_configuration_url).find((one) => one.slug === slug)
        expectThat(fault !== undefined, 'the suite to know this fault', slug)
        expectNothing(await s.redeem(pass, { proof: fault.forge(takenApart(s, pass)) }))
        expectEqual(trap.calls.length, 0, 'requests to where the header points')
        await s.token()
      },
    }),
  ),
  ...fromTable(
    'SVC-HB-13',
    ['service-assertion', 'authority-assertion', 'task-attestation', 'harness-attestation'].map((kind) => typFault(`agentpass-${kind}+jwt`)),
  ),
  ...fromTable('SVC-HB-13', [typFault('secevent+jwt')]),
  ...fromTable('SVC-HB-13', [typFault('JWT'), typFault('at+jwt')], { profile: 'hardened' }),
  refusal('SVC-HB-13/task-attestation', 'it is the attestation of the task, signed with the same key', (s, pass) =>
    signObject('task-attestation', taskClaims(HARNESS_ID, { id: 'suite-task', description: 'A task' }), keyOf(pass), s.profile),
  ),
  refusal(
    'SVC-HB-13/padded-attestation',
    'it has the claims of a task attestation too',
    (s, pass) => {
      const claims = proofClaims(HARNESS_ID, s.origin, s.endpoint(pass.type), pass.value)
      return signJws(takenApart(s, pass).header, { ...claims, task_id: 'suite-task', task_description_hash: sha256Hex('A task') }, keyOf(pass))
    },
    { profile: 'hardened' },
  ),
]

/** For whom, and for how long. */
export const proofClaimsCases: Case<ServiceStage>[] = [
  ...audienceFaults('https://service.invalid').map(({ slug, about }) =>
    refusal(`SVC-HB-04/${slug.replace('aud-', '')}`, about, (s, pass) => {
      const fault = audienceFaults(s.origin).find((one) => one.slug === slug)
      expectThat(fault !== undefined, 'the suite to know this fault', slug)
      return fault.forge(takenApart(s, pass))
    }),
  ),
  claimed('SVC-HB-04/authority', 'aud is the Authority', (_, pass) => ({ aud: pass.authority.identifier })),
  claimed('SVC-HB-04/endpoint', 'aud is the URL of the endpoint', (s, pass) => ({ aud: s.endpoint(pass.type) })),
  ...fromTable('SVC-HB-05', [...EXPIRY_FAULTS, EXPIRED, ...ISSUED_FAULTS]),
  claimed('SVC-HB-05/jti-missing', 'there is no jti', () => ({ jti: undefined })),
  claimed('SVC-HB-05/jti-empty', 'jti is empty', () => ({ jti: '' })),
  claimed('SVC-HB-05/jti-number', 'jti is a number', () => ({ jti: 17 })),
  claimed('SVC-HB-05/iss-missing', 'there is no iss', () => ({ iss: undefined })),
  claimed('SVC-HB-05/iss-empty', 'iss is empty', () => ({ iss: '' })),
  ...fromTable('SVC-HB-10', [...FUTURE_FAULTS, ...LIFETIME_FAULTS]),
  claimed('SVC-HB-10/ten-minutes', 'it lives for ten minutes', () => ({ iat: nowSeconds(), exp: nowSeconds() + 600 }), { profile: 'hardened' }),
]

const host = 'somebody-else.invalid'
const elsewhere = `https://${host}`
const SPOOFED: [slug: string, about: string, headers: Record<string, string>][] = [
  ['host', 'the Host header is of another Service, and so is htu', { host }],
  ['forwarded-host', 'X-Forwarded-Host is of another Service, and so is htu', { 'x-forwarded-host': host, 'x-forwarded-proto': 'https' }],
  ['forwarded', 'Forwarded names another Service, and so does htu', { forwarded: `host=${host};proto=https` }],
]

/** For this request and no other (hardening revision). */
export const proofTarget: Case<ServiceStage>[] = [
  claimed('SVC-HB-07/method', 'htm is GET', () => ({ htm: 'GET' })),
  claimed('SVC-HB-07/no-method', 'there is no htm', () => ({ htm: undefined })),
  claimed('SVC-HB-07/other-endpoint', 'htu is the other redemption endpoint', (s) => ({ htu: s.endpoint('browser_session') })),
  claimed('SVC-HB-07/other-host', 'htu is of another host', (s, { type }) => ({ htu: s.endpoint(type).replace(s.origin, elsewhere) })),
  claimed('SVC-HB-07/deeper', 'htu goes on behind the endpoint’s URL', (s, { type }) => ({ htu: `${s.endpoint(type)}/more` })),
  claimed('SVC-HB-07/no-url', 'there is no htu', () => ({ htu: undefined })),
  claimed('SVC-HB-07/path', 'htu is a path alone', (s, { type }) => ({ htu: new URL(s.endpoint(type)).pathname })),
  claimed('SVC-HB-08/other-pass', 'aph is of another pass', (s) => ({ aph: sha256(s.pass().value) })),
  claimed('SVC-HB-08/no-pass', 'there is no aph', () => ({ aph: undefined })),
  claimed('SVC-HB-08/hex', 'aph is in hex', (_, { value }) => ({ aph: sha256Hex(value) })),
  claimed('SVC-HB-08/value', 'aph is the pass itself', (_, { value }) => ({ aph: value })),
  ...SPOOFED.map(
    ([slug, about, headers]): Case<ServiceStage> => ({
      id: `SVC-HB-14/${slug}`,
      about,
      negative: true,
      profile: 'hardened',
      run: async (s) => {
        const pass = s.pass()
        const htu = s.endpoint(pass.type).replace(s.origin, elsewhere)
        expectNothing(await s.redeem(pass, { proof: { claims: { htu } }, send: { headers } }))
        await s.token()
      },
    }),
  ),
  {
    id: 'SVC-HB-14/spelling',
    about: 'htu is another spelling of the endpoint’s URL: scheme and host in capitals, a query and a fragment',
    run: async (s) => {
      const pass = s.pass()
      const htu = `${s.endpoint(pass.type).replace(s.origin, s.origin.toUpperCase())}?query=1#fragment`
      const { status, text } = await s.redeem(pass, { proof: { claims: { htu } } })
      expectThat(status >= 200 && status < 300, 'the proof to be good', `${status} ${text.slice(0, 200)}`)
    },
  },
]
