import { FORMS, HEADERS, NONE, OTHER_ALGORITHMS } from './authority-attestation-form.ts'
import { ids } from './ids.ts'
import type { Mutant } from './mutant.ts'

const ATTESTATION = 'spec/attestation.js'
const IDENTIFY = 'authority/issue/identify.js'
const READ_HARNESS = "const jwt = readJwt(harness.attestation.jwt, 'harness-attestation', at);"
const HARNESS_REFUSED = "throw new ProtocolError('invalid_attestation', sentenceFor('harness.attestation', sentence, cause), { cause });"
/** Reads the parts of a JWT, whoever signed it. */
const PARTS =
  "const [head = '', body = ''] = compact.split('.'); const [header, claims] = [head, body].map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));"
const MACS = ['alg-hs256-signed', 'hs256-pem', 'hs256-der', 'hs256-jwk']
const SIGNATURES = ['stranger', 'signature-changed', 'signature-cut', 'signature-zero', 'payload-changed']
const EXPIRY = ['expired', 'exp-missing', 'exp-text', 'exp-null', 'exp-true', 'exp-infinite', 'exp-negative']
const TIMES = ['iat-missing', 'iat-text', 'iat-tomorrow', 'iat-in-two-minutes', 'nbf-tomorrow', 'ten-years', 'for-ever']

/** Faults in how an Authority reads an attestation of a Harness. */
export const authorityAttestation: readonly Mutant[] = [
  {
    id: 'authority-harness-attestation-fails-open',
    says: 'an attestation of a Harness that does not hold counts as none',
    file: ATTESTATION,
    find: HARNESS_REFUSED,
    replace: 'return undefined;',
    fails: [
      ...ids('AUTH-HATT-01', 'own-key', ...SIGNATURES),
      ...ids('AUTH-HATT-02', 'other', 'missing', 'empty', 'text', 'null'),
      ...ids('AUTH-HATT-03', ...EXPIRY),
      'AUTH-HATT-07',
      'AUTH-HATT-07/task-good',
      ...ids('AUTH-HATT-09', ...TIMES),
      ...ids('AUTH-HATT-10', ...NONE, ...MACS, ...OTHER_ALGORITHMS, ...HEADERS, ...FORMS, 'typ-task', 'typ-proof', 'typ-event'),
      ...ids('AUTH-HATT-10', 'header-jwk', 'header-jku', 'header-x5u', 'header-x5c'),
    ],
  },
  {
    id: 'authority-harness-attestation-fails-open-hardened',
    says: 'an attestation of a Harness that does not hold counts as none',
    file: ATTESTATION,
    find: HARNESS_REFUSED,
    replace: 'return undefined;',
    profile: 'hardened',
    fails: [
      ...ids('AUTH-HATT-05', 'stranger', 'metadata', 'loopback', 'constructor', 'userinfo', 'slash', 'capitals'),
      'AUTH-HATT-06',
      'AUTH-HATT-10/typ-jwt',
    ],
  },
  {
    id: 'authority-harness-attestation-unverified',
    says: 'the signature of an attestation of a Harness is not verified',
    file: ATTESTATION,
    find: 'await verify(jwt);\n        return { issuer',
    replace: 'return { issuer',
    fails: [
      ...ids('AUTH-HATT-01', 'own-key', 'stranger', 'signature-changed', 'signature-zero', 'payload-changed'),
      'AUTH-HATT-07/task-good',
      ...ids('AUTH-HATT-10', 'alg-other-curve', 'alg-rs256', 'header-jwk', 'header-jku', 'header-x5u', 'header-x5c'),
    ],
  },
  {
    id: 'authority-harness-attestation-unsecured',
    says: 'an attestation of a Harness with alg none needs no signature',
    file: ATTESTATION,
    find: READ_HARNESS,
    replace: `const compact = harness.attestation.jwt; if (/"alg":"none"/i.test(Buffer.from(compact.split('.')[0], 'base64url').toString())) { ${PARTS} return { issuer: claims.iss, id: claims.sub, at: claims.iat }; }
        ${READ_HARNESS}`,
    fails: ids('AUTH-HATT-10', ...NONE),
  },
  {
    id: 'authority-harness-attestation-mac',
    says: 'an attestation of a Harness with a MAC is believed',
    file: ATTESTATION,
    find: READ_HARNESS,
    replace: `const compact = harness.attestation.jwt; if (/"alg":"HS/.test(Buffer.from(compact.split('.')[0], 'base64url').toString())) { ${PARTS} return { issuer: claims.iss, id: claims.sub, at: claims.iat }; }
        ${READ_HARNESS}`,
    fails: ids('AUTH-HATT-10', ...MACS),
  },
  {
    id: 'authority-harness-attestation-never-found',
    says: 'the issuer of an attestation is looked for under the name of the Harness',
    file: ATTESTATION,
    find: 'at.issuers.get(iss)',
    replace: 'at.issuers.get(sub)',
    fails: ['AUTH-HATT-01', 'AUTH-HATT-02/reordered', 'AUTH-TATT-08/attested', 'AUTH-HATT-08'],
  },
  {
    id: 'authority-harness-key-not-compared',
    says: 'an attestation of a Harness may be about another key',
    file: ATTESTATION,
    find: 'if (!(await isSameKey(cnf.jwk, harness.cnf.jwk)))',
    replace: 'if (false)',
    fails: ids('AUTH-HATT-02', 'other', 'text', 'null'),
  },
  {
    id: 'authority-harness-key-by-its-text',
    says: 'the key of an attestation is compared as text',
    file: ATTESTATION,
    find: '(await calculateJwkThumbprint(a.jwk)) === (await calculateJwkThumbprint(b.jwk))',
    replace: 'JSON.stringify(one) === JSON.stringify(other)',
    fails: ['AUTH-HATT-02/reordered'],
  },
  {
    id: 'authority-harness-attestation-without-key',
    says: 'an attestation of a Harness without a holder key is passed over',
    file: ATTESTATION,
    find: "throw new ProtocolError('malformed_request', 'harness.attestation needs harness.cnf');",
    replace: 'return undefined;',
    fails: ['AUTH-HATT-04'],
  },
  {
    id: 'authority-harness-issuer-discovered',
    says: 'the keys of an unknown issuer are looked for where it says it is',
    file: 'authority/issue/issuers.js',
    find: '(d, issuers) => new Map(',
    replace: `(d, issuers) => new (class extends Map { get(iss) { return super.get(iss) ?? fetched(d, \`\${iss}/jwks.json\`); } })(`,
    profile: 'hardened',
    fails: ['AUTH-HATT-05/stranger'],
  },
  {
    id: 'authority-harness-issuer-normalised',
    says: 'an issuer is compared without case, and without a slash at its end',
    file: ATTESTATION,
    find: 'at.issuers.get(iss)',
    replace: "at.issuers.get(iss.toLowerCase().replace(/\\/$/, ''))",
    profile: 'hardened',
    fails: ids('AUTH-HATT-05', 'slash', 'capitals'),
  },
  {
    id: 'authority-harness-sub-not-compared',
    says: 'in the profile hardened a vendor may attest somebody of another name',
    file: ATTESTATION,
    find: "if (profile === 'hardened' && sub !== id)",
    replace: 'if (false)',
    profile: 'hardened',
    fails: ['AUTH-HATT-06'],
  },
  {
    id: 'authority-attested-name-ignored',
    says: 'the agent is what the Harness calls itself, whatever a vendor says',
    file: IDENTIFY,
    find: 'return { agent: { id: attested.id }',
    replace: 'return { agent: { id }',
    fails: ['AUTH-HATT-08'],
  },
]
