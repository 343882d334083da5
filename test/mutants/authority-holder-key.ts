import { ids } from './ids.ts'
import type { Mutant } from './mutant.ts'

const MESSAGE = 'spec/wire/issuance.js'
const ISSUE = 'authority/issue/issue.js'
const KEY = 'spec/jwk.js'
export const NO_KEYS = ids('AUTH-ISS-08', 'null', 'text', 'list', 'empty', 'jwk-null', 'jwk-text', 'jwk-empty', 'jkt')
export const BAD_KEYS = ids(
  'AUTH-ISS-09',
  ...['oct', 'unknown-kty', 'secp256k1', 'x25519', 'no-x', 'no-y', 'short-x', 'other-curve', 'rsa-512', 'rsa-1024', 'rsa-e1', 'rsa-roca'],
  ...['use-enc', 'key-ops-sign', 'alg-mac', 'alg-other', 'private-ec', 'private-rsa', 'private-ed25519'],
)

/** Faults in what an Authority takes for a holder key. */
export const authorityHolderKey: readonly Mutant[] = [
  {
    id: 'authority-key-unchecked',
    says: 'a holder key that cannot be read counts as none',
    file: MESSAGE,
    find: 'cnf: z.looseObject({ jwk: holderKey }).optional(),',
    replace: 'cnf: z.any().optional(),',
    fails: [...NO_KEYS, ...BAD_KEYS],
  },
  {
    id: 'authority-key-private',
    says: 'a private key is taken for a public one',
    file: KEY,
    find: '!data || PRIVATE_MEMBERS.some((member) => member in data)',
    replace: '!data',
    fails: ids('AUTH-ISS-09', 'private-ec', 'private-rsa', 'private-ed25519'),
  },
  {
    id: 'authority-key-for-other-use',
    says: 'what a key is for is not looked at',
    file: KEY,
    find: "if ((data.use ?? 'sig') !== 'sig' || !(data.key_ops ?? ['verify']).includes('verify'))",
    replace: 'if (false)',
    fails: ids('AUTH-ISS-09', 'use-enc', 'key-ops-sign'),
  },
  {
    id: 'authority-key-of-other-algorithm',
    says: 'the alg of a key is not looked at',
    file: KEY,
    find: 'data.alg === undefined ? suited : suited.filter((a) => a === data.alg)',
    replace: 'suited',
    fails: ids('AUTH-ISS-09', 'alg-mac', 'alg-other'),
  },
  {
    id: 'authority-key-of-few-bits',
    says: 'an RSA key may have as few bits as it likes',
    file: KEY,
    find: 'bits >= MIN_RSA_BITS && ',
    replace: '',
    fails: ids('AUTH-ISS-09', 'rsa-512', 'rsa-1024'),
  },
  {
    id: 'authority-key-of-flawed-generator',
    says: 'the fingerprint of a flawed generator is not looked for',
    file: KEY,
    find: ' && !hasRocaFingerprint(modulus)',
    replace: '',
    fails: ids('AUTH-ISS-09', 'rsa-roca'),
  },
  {
    id: 'authority-key-not-imported',
    says: 'a holder key is admitted before it is known to be one',
    file: ISSUE,
    find: 'await importKey(key, algorithm).catch((cause) => {',
    replace: 'await Promise.resolve().catch((cause) => {',
    fails: ids('AUTH-ISS-09', 'off-curve', 'infinity'),
  },
  {
    id: 'authority-key-p256-alone',
    says: 'of all elliptic curves it takes P-256 alone',
    file: KEY,
    find: "const curve = CURVES[jwk.crv ?? ''];",
    replace: "const curve = jwk.crv === 'P-256' ? CURVES[jwk.crv] : undefined;",
    fails: ids('AUTH-ISS-09', 'accepts-es384', 'accepts-es512', 'accepts-ed25519'),
  },
  {
    id: 'authority-key-no-rsa',
    says: 'it takes no RSA key',
    file: KEY,
    find: "return isSoundRsa(jwk.n ?? '', jwk.e ?? '') ? RSA_ALGORITHMS : [];",
    replace: 'return [];',
    fails: ids('AUTH-ISS-09', 'accepts-ps256'),
  },
  {
    id: 'authority-key-members-dropped',
    says: 'of a holder key only what it is made of is kept',
    file: 'authority/issue/record.js',
    find: 'JSON.stringify(request.harness.cnf)',
    replace:
      "JSON.stringify({ jwk: Object.fromEntries(Object.entries(request.harness.cnf.jwk).filter(([name]) => ['kty', 'crv', 'x', 'y', 'n', 'e'].includes(name))) })",
    fails: ids('AUTH-ISS-09', 'other-members'),
  },
]
