/** What `hardened` demands of a peer beyond the published draft, element by element, and the refusal that one without it meets. */
import type { MessageName, Party } from './draft-difference.ts'
import { APP } from './draft-rig.ts'
import type { Says } from './draft-tap.ts'
import type { Members } from './spec/jws-fixture.ts'

const REDEEM = 'POST /agentpass/redeem/bearer-token'
const RESOLVE = 'POST /agentpass/resolve-authorities'
const SCOPES = 'POST /agentpass/available-scopes'
const ELSEWHERE = 'https://elsewhere.example'

/** Who lacks what (or says what else), and which refusal that meets, where, and in what words. */
type Demand = { by: Party; lacks?: string; says?: Says; refused: [at: string, status: number, code: string, words: RegExp] }
const lasting = (kind: MessageName, seconds: number): Says => ({
  [kind]: (claims: Members) => ({ ...claims, exp: Number(claims.iat) + seconds }),
})
const within = (name: string, changed: Members) => (members: Members) => ({ ...members, [name]: { ...Object(members[name]), ...changed } })

const NOT_JSON = /not served as JSON/
const body = [415, 'unsupported_media_type', /application\/json/] as const
const assertion = (words: RegExp) => [401, 'invalid_assertion', words] as const
const proof = (words: RegExp) => [401, 'invalid_proof', words] as const
const attestation = (words: RegExp) => [401, 'invalid_attestation', words] as const

export const DEMANDS: Record<string, Demand> = {
  'a media type of resolution requests': { by: 'Harness', lacks: 'resolution request: Content-Type', refused: [RESOLVE, ...body] },
  'a media type of issuance requests': { by: 'Harness', lacks: 'issuance request: Content-Type', refused: ['POST /issuance', ...body] },
  'a media type of redemptions': { by: 'Harness', lacks: 'bearer redemption: Content-Type', refused: [REDEEM, ...body] },
  'htm of a proof': { by: 'Harness', lacks: 'holder proof: htm', refused: [REDEEM, ...proof(/htm/)] },
  'htu of a proof': { by: 'Harness', lacks: 'holder proof: htu', refused: [REDEEM, ...proof(/htu/)] },
  'aph of a proof': { by: 'Harness', lacks: 'holder proof: aph', refused: [REDEEM, ...proof(/aph/)] },
  'the kind of a proof': { by: 'Harness', lacks: 'holder proof: typ', refused: [REDEEM, ...proof(/typ must be agentpass-holder-proof\+jwt/)] },
  'five minutes of a proof': { by: 'Harness', says: lasting('holder proof', 301), refused: [REDEEM, ...proof(/exp - iat/)] },
  'the kind of a task attestation': {
    by: 'Harness',
    lacks: 'task attestation: typ',
    refused: ['POST /issuance', ...attestation(/typ must be agentpass-task-attestation\+jwt/)],
  },
  'an hour of a task attestation': {
    by: 'Harness',
    says: lasting('task attestation', 3601),
    refused: ['POST /issuance', ...attestation(/exp - iat/)],
  },
  'the kind of a harness attestation': {
    by: 'Harness',
    lacks: 'harness attestation: typ',
    refused: ['POST /issuance', ...attestation(/typ must be agentpass-harness-attestation\+jwt/)],
  },
  'an hour of a harness attestation': {
    by: 'Harness',
    says: lasting('harness attestation', 3601),
    refused: ['POST /issuance', ...attestation(/exp - iat/)],
  },
  'sub that is harness.id': {
    by: 'Harness',
    says: { 'harness attestation': (claims) => ({ ...claims, sub: 'runner-7f3c' }) },
    refused: ['POST /issuance', ...attestation(/sub must be harness\.id/)],
  },

  'a media type of the Service configuration': {
    by: 'Service',
    lacks: 'Service configuration: Content-Type',
    refused: ['Harness', 502, 'configuration_invalid', NOT_JSON],
  },
  'a media type of the keys of a Service': {
    by: 'Service',
    lacks: 'Service keys: Content-Type',
    refused: ['POST /validate', ...assertion(/assertion/)],
  },
  'a media type of validation requests': { by: 'Service', lacks: 'validation request: Content-Type', refused: ['POST /validate', ...body] },
  'a media type of checks': { by: 'Service', lacks: 'check request: Content-Type', refused: ['POST /authorization/check', ...body] },
  'the kind of an assertion of a Service': {
    by: 'Service',
    lacks: 'service assertion: typ',
    refused: ['POST /validate', ...assertion(/typ must be agentpass-service-assertion\+jwt/)],
  },
  'five minutes of an assertion of a Service': {
    by: 'Service',
    says: lasting('service assertion', 301),
    refused: ['POST /validate', ...assertion(/exp - iat/)],
  },

  'a media type of the Authority configuration': {
    by: 'Authority',
    lacks: 'Authority configuration: Content-Type',
    refused: [RESOLVE, 502, 'configuration_invalid', NOT_JSON],
  },
  authorization_close: {
    by: 'Authority',
    lacks: 'Authority configuration: endpoints.authorization_close',
    refused: [RESOLVE, 502, 'configuration_invalid', /endpoints\.authorization_close/],
  },
  'endpoints of the origin that DNS names': {
    by: 'Authority',
    says: { 'Authority configuration': within('endpoints', { validate: `${ELSEWHERE}/validate` }) },
    refused: [RESOLVE, 502, 'configuration_invalid', /another origin/],
  },
  'keys of the origin that DNS names': {
    by: 'Authority',
    says: { 'Authority configuration': (document) => ({ ...document, jwks_uri: `${ELSEWHERE}/keys` }) },
    refused: [RESOLVE, 502, 'configuration_invalid', /another origin/],
  },
  'a media type of the keys of an Authority': {
    by: 'Authority',
    lacks: 'Authority keys: Content-Type',
    refused: [SCOPES, 502, 'authority_unavailable', /keys/],
  },
  'a media type of scope requests': { by: 'Authority', lacks: 'scopes request: Content-Type', refused: [SCOPES, ...body] },
  'the kind of an assertion of an Authority': {
    by: 'Authority',
    lacks: 'authority assertion: typ',
    refused: [SCOPES, ...assertion(/typ must be agentpass-authority-assertion\+jwt/)],
  },
  'five minutes of an assertion of an Authority': {
    by: 'Authority',
    says: lasting('authority assertion', 301),
    refused: [SCOPES, ...assertion(/exp - iat/)],
  },
  'the end of an authorization when the pass is spent': {
    by: 'Authority',
    lacks: 'validation answer: authorization_expires_at',
    refused: [REDEEM, 502, 'authority_unavailable', /authorization_expires_at/],
  },
  'the end of an authorization at each check': {
    by: 'Authority',
    lacks: 'check answer: authorization_expires_at',
    refused: [APP, 502, 'authority_unavailable', /authorization_expires_at/],
  },
  'the very user that was asked for': {
    by: 'Authority',
    says: { 'validation answer': within('user', { email: 'Ada@acme.example' }) },
    refused: [REDEEM, 403, 'user_mismatch', /another user/],
  },
}
