import { generateKeyPair, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { ValidationResponse } from '../../spec/wire/validation.ts'
import { member } from '../actors/authority.ts'
import { expectAnswer, isSuccess } from '../actors/client.ts'
import { base64url, createKey, type PublicJwk } from '../actors/jws.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { changed, expectAdmitted, expectNotAdmitted, faulty } from './admission.ts'
import type { AuthorityStage } from './stage.ts'

/** Names of keys that are none: what is to be bound is then bound to nothing. */
const NO_KEYS: [slug: string, about: string, cnf: unknown][] = [
  ['null', 'harness.cnf is null', null],
  ['text', 'harness.cnf is text', 'key'],
  ['list', 'harness.cnf is a list', []],
  ['empty', 'harness.cnf is an empty object', {}],
  ['jwk-null', 'harness.cnf.jwk is null', { jwk: null }],
  ['jwk-text', 'harness.cnf.jwk is text', { jwk: 'x' }],
  ['jwk-empty', 'harness.cnf.jwk is an empty object', { jwk: {} }],
  ['jkt', 'harness.cnf has a thumbprint and no key', { jkt: base64url(randomBytes(32)) }],
]

const ec = (): PublicJwk => createKey().jwk
/** A public key of RSA as far as anybody can see: to find the primes of a real one takes longer than it may. */
const rsa = (bits: number): PublicJwk => {
  const n = randomBytes(bits / 8)
  n.writeUInt8(n.readUInt8(0) | 0x80, 0)
  n.writeUInt8(n.readUInt8(n.length - 1) | 1, n.length - 1)
  return { kty: 'RSA', e: 'AQAB', n: base64url(n) }
}
const numberOf = (text: string | undefined): bigint => BigInt(`0x${Buffer.from(text ?? '', 'base64url').toString('hex') || '0'}`)
const textOf = (value: bigint): string =>
  base64url(Buffer.from(value.toString(16).padStart(2 * Math.ceil(value.toString(16).length / 2), '0'), 'hex'))

/** Keys that cannot be a holder's. The last member says why to admit it breaks no MUST. */
const BAD_KEYS: [slug: string, about: string, jwk: () => object, lenient?: string][] = [
  ['oct', 'it is symmetric', () => ({ kty: 'oct', k: base64url(randomBytes(32)) })],
  ['unknown-kty', 'its kty is unknown', () => ({ ...ec(), kty: 'XYZ' })],
  [
    'secp256k1',
    'it is on a curve that nobody signs on here',
    () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' }),
  ],
  ['x25519', 'it is for key agreement', () => generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })],
  ['off-curve', 'its point is not on the curve', () => offCurve()],
  ['infinity', 'its point is at infinity', () => ({ ...ec(), x: base64url(Buffer.alloc(32)), y: base64url(Buffer.alloc(32)) })],
  ['no-x', 'it has no x', () => ({ ...ec(), x: undefined })],
  ['no-y', 'it has no y', () => ({ ...ec(), y: undefined })],
  ['short-x', 'its x is short of a byte', () => shortX()],
  ['other-curve', 'its crv is another curve than that of its point', () => ({ ...ec(), crv: 'P-384' })],
  ['rsa-512', 'it is of RSA with 512 bits', () => rsa(512)],
  ['rsa-1024', 'it is of RSA with 1024 bits', () => rsa(1024)],
  ['rsa-e1', 'it is of RSA with the exponent 1', () => ({ ...rsa(2048), e: 'AQ' }), 'a key that anybody can sign for is better refused'],
  [
    'rsa-roca',
    'its modulus has the fingerprint of CVE-2017-15361',
    () => ({ ...rsa(2048), n: rocaModulus() }),
    'a modulus with the fingerprint of CVE-2017-15361 is better refused',
  ],
  ['use-enc', 'its use is encryption', () => ({ ...ec(), use: 'enc' })],
  ['key-ops-sign', 'its key_ops rule out verifying', () => ({ ...ec(), key_ops: ['sign'] })],
  ['alg-mac', 'its alg is HS256', () => ({ ...ec(), alg: 'HS256' })],
  ['alg-other', 'its alg is of another kind of key', () => ({ ...ec(), alg: 'RS256' })],
]

function offCurve(): object {
  const jwk = ec()
  const y = Buffer.from(String(jwk.y), 'base64url')
  y.writeUInt8(y.readUInt8(31) ^ 1, 31)
  return { ...jwk, y: base64url(y) }
}

function shortX(): object {
  const jwk = ec()
  return { ...jwk, x: base64url(Buffer.from(String(jwk.x), 'base64url').subarray(1)) }
}

/** A number of 2048 bits that is a power of 65537 modulo every small prime. */
function rocaModulus(): string {
  const primes = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149,
    151, 157, 163, 167,
  ]
  const product = primes.reduce((all, p) => all * BigInt(p), 1n)
  const least = (1n << 2047n) / product
  const candidate = (least + 1n + numberOf(base64url(randomBytes(64)))) * product + (65537n ** 9n % product)
  return textOf(candidate % 2n === 1n ? candidate : candidate + product)
}

/** Private keys, with the members that give them away. */
const PRIVATE_KEYS: [slug: string, about: string, key: () => Promise<KeyObject>][] = [
  ['private-ec', 'it is a private key on P-256', async () => createKey().privateKey],
  ['private-ed25519', 'it is a private key on Ed25519', async () => createKey('Ed25519').privateKey],
  ['private-rsa', 'it is a private key of RSA', async () => (await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })).privateKey],
]
/** Keys that a holder may have. */
const GOOD_KEYS: [algorithm: string, jwk: () => PublicJwk][] = [
  ['ES384', () => createKey('ES384').jwk],
  ['ES512', () => createKey('ES512').jwk],
  ['Ed25519', () => createKey('Ed25519').jwk],
  ['PS256', () => rsa(2048)],
]

/** The holder key of a request (§3.1.1, App. A): a public key that can verify, or a refusal, and never a request that is bound to nothing. */
export const holderKey: Case<AuthorityStage>[] = [
  ...NO_KEYS.map(([slug, about, cnf]) => faulty({ id: `AUTH-ISS-08/${slug}`, about, at: 'harness.cnf', to: () => cnf })),
  ...BAD_KEYS.map(([slug, about, jwk, lenient]) =>
    faulty({
      id: `AUTH-ISS-09/${slug}`,
      about: `the holder key cannot be one: ${about}`,
      at: 'harness.cnf',
      to: () => ({ jwk: jwk() }),
      ...(lenient !== undefined && { lenient }),
    }),
  ),
  ...PRIVATE_KEYS.map(
    ([slug, about, key]): Case<AuthorityStage> => ({
      id: `AUTH-ISS-09/${slug}`,
      about: `the holder key cannot be one: ${about}`,
      negative: true,
      run: async (s) => {
        const right = s.message(s.service())
        const jwk = (await key()).export({ format: 'jwk' })
        const d = s.secret(jwk.d ?? '')
        const reply = await s.issue(changed(right, 'harness.cnf', { jwk }))
        expectThat(!reply.text.includes(d), 'an answer that does not repeat the private key', 'one that does')
        expectNotAdmitted(reply)
        expectAdmitted(await s.issue(right))
      },
    }),
  ),
  {
    id: 'AUTH-ISS-09/other-members',
    about: 'the holder key has members beside those that it is made of',
    run: async (s) => {
      const service = s.service()
      const jwk = { ...ec(), alg: 'ES256', use: 'sig', key_ops: ['verify'], ext: true, x5c: ['AAAA'], 'x-unknown': { a: [1] } }
      const { harness } = s.message(service)
      const { value } = await s.approved({ service, changed: { harness: { ...harness, cnf: { jwk } } } })
      const { cnf } = expectAnswer(await s.validate(value, service), ValidationResponse, 'the validation answer')
      const returned = member(cnf, 'jwk')
      expectEqual([member(returned, 'x'), member(returned, 'y')], [jwk.x, jwk.y], 'x and y of the holder key')
      if (Object.entries(jwk).some(([name, is]) => JSON.stringify(member(returned, name)) !== JSON.stringify(is)))
        s.warn('its other members are to be returned as they came')
    },
  },
  ...GOOD_KEYS.map(
    ([algorithm, jwk]): Case<AuthorityStage> => ({
      id: `AUTH-ISS-09/accepts-${algorithm.toLowerCase()}`,
      about: `the holder key is one for ${algorithm}`,
      run: async (s) => {
        const reply = await s.issue(changed(s.message(s.service()), 'harness.cnf', { jwk: jwk() }))
        if (!isSuccess(reply)) return s.warn(`a key for ${algorithm} is one that a holder may have, and the answer is ${reply.status}`)
        expectAdmitted(reply)
      },
    }),
  ),
]
