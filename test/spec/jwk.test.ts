import { expect, test } from 'vitest'
import { readVerificationJwk } from '../../spec/jwk.ts'
import { importKey as importNodeKey } from '../../spec/node/verify.ts'
import { importKey as importWebKey } from '../../spec/verify.ts'
import { base64url, ecPair, edPair, HOLDER, type Members, rsaPair } from './jws-fixture.ts'

const P256 = HOLDER.jwk
const P521 = ecPair('P-521').jwk
const ED = edPair().jwk
const RSA = rsaPair().jwk
const EVERY_RSA = ['PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512']

const algorithms = (candidate: unknown) => readVerificationJwk(candidate)?.algorithms
const integer = (value: bigint) =>
  base64url(Buffer.from(value.toString(16).padStart(value.toString(16).length + (value.toString(16).length % 2), '0'), 'hex'))
/** An odd number of exactly so many bits; nothing here needs its factors. */
const modulus = (bits: number) => integer((1n << BigInt(bits - 1)) + 12_345_677n)

test.each<[string, Members, string[]]>([
  ['P-256', P256, ['ES256']],
  ['P-384', ecPair('P-384').jwk, ['ES384']],
  ['P-521', P521, ['ES512']],
  ['Ed25519', ED, ['EdDSA', 'Ed25519']],
  ['RSA', RSA, EVERY_RSA],
])('a %s key needs no alg, use, key_ops or kid, and suits its algorithms [AUTH-ISS-09]', async (_, jwk, suited) => {
  const key = readVerificationJwk(jwk)
  expect(key).toMatchObject({ keyId: undefined, algorithms: suited })
  for (const algorithm of key!.algorithms)
    for (const importKey of [importWebKey, importNodeKey]) await expect(importKey(key!, algorithm)).resolves.toBeInstanceOf(Function)
})

test.each(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])(
  'a key with the private member %s is no verification key, whatever it holds [AUTH-ISS-09]',
  (member) => {
    for (const jwk of [P256, ED, RSA])
      for (const value of ['AQAB', '', null, []]) expect(readVerificationJwk({ ...jwk, [member]: value })).toBeUndefined()
    expect(readVerificationJwk(P256)).toBeDefined()
  },
)

test.each<[string, unknown]>([
  ['a symmetric key', { kty: 'oct', k: 'c2VjcmV0' }],
  ['a symmetric key without its value', { kty: 'oct' }],
  ['an unknown kty', { ...P256, kty: 'AKP' }],
  ['a kty in other letters', { ...P256, kty: 'ec' }],
  ['no kty', { ...P256, kty: undefined }],
  ['an EC key on the curve of Ed25519', { ...P256, crv: 'Ed25519' }],
  ['an OKP key on P-256', { ...ED, crv: 'P-256' }],
  ['X25519', { ...ED, crv: 'X25519' }],
  ['Ed448', { ...ED, crv: 'Ed448', x: base64url(Buffer.alloc(57, 1)) }],
  ['secp256k1', ecPair('secp256k1').jwk],
  ['a key of P-256 that says P-384', { ...P256, crv: 'P-384' }],
  ['no curve', { ...P256, crv: undefined }],
  ['a curve named constructor', { ...P256, crv: 'constructor' }],
  ['a curve named __proto__', { ...P256, crv: '__proto__' }],
  ['EC members under kty RSA', { ...P256, kty: 'RSA' }],
  ['null', null],
  ['text', JSON.stringify(P256)],
  ['a list', [P256]],
  ['nothing', {}],
])('%s is no verification key [AUTH-ISS-09]', (_, candidate) => {
  expect(readVerificationJwk(candidate)).toBeUndefined()
})

test.each<[string, Members]>([
  ['no x', { ...P256, x: undefined }],
  ['no y', { ...P256, y: undefined }],
  ['an empty x', { ...P256, x: '' }],
  ['a short x', { ...P256, x: base64url(Buffer.alloc(31, 1)) }],
  ['a long x', { ...P256, x: base64url(Buffer.concat([Buffer.of(0), Buffer.from(String(P256.x), 'base64url')])) }],
  ['a padded x', { ...P256, x: `${P256.x}=` }],
  ['an x of another type', { ...P256, x: 7 }],
  ['a y of another type', { ...P256, y: null }],
  ['a short x (P-521)', { ...P521, x: base64url(Buffer.alloc(65, 1)) }],
  ['no x (Ed25519)', { ...ED, x: undefined }],
  ['a short x (Ed25519)', { ...ED, x: base64url(Buffer.alloc(31, 1)) }],
])('a key with %s is no key [AUTH-ISS-09]', (_, candidate) => {
  expect(readVerificationJwk(candidate)).toBeUndefined()
})

const FIELD = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn
test.each<[string, Members]>([
  ['off the curve', { ...P256, y: P256.x }],
  ['at infinity', { ...P256, x: base64url(Buffer.alloc(32)), y: base64url(Buffer.alloc(32)) }],
  ['outside the field', { ...P256, x: integer(FIELD + 5n) }],
])('a point %s is refused when it is imported', async (_, candidate) => {
  const key = readVerificationJwk(candidate)
  for (const importKey of [importWebKey, importNodeKey]) await expect(importKey(key!, 'ES256')).rejects.toThrow()
})

test.each<[Members, boolean]>([
  [{ use: 'sig' }, true],
  [{ use: 'enc' }, false],
  [{ use: '' }, false],
  [{ use: null }, false],
  [{ use: 'SIG' }, false],
  [{ key_ops: ['verify'] }, true],
  [{ key_ops: ['sign', 'verify'] }, true],
  [{ key_ops: ['sign'] }, false],
  [{ key_ops: [] }, false],
  [{ key_ops: 'verify' }, false],
  [{ key_ops: ['verify', 7] }, false],
  [{ use: 'sig', key_ops: ['encrypt'] }, false],
  [{ use: 'enc', key_ops: ['verify'] }, false],
  [{ kid: 'k' }, true],
  [{ kid: 7 }, false],
  [{ alg: 'ES256' }, true],
  [{ alg: 'ES384' }, false],
  [{ alg: 'ECDH-ES' }, false],
  [{ alg: 'HS256' }, false],
  [{ alg: 'none' }, false],
  [{ alg: '' }, false],
  [{ alg: null }, false],
  [{ ext: false, x5c: ['MIIB'], x5u: 'https://evil.example', x5t: 'x', iat: 1, 'urn:x': {} }, true],
])('a key with %j may verify: %s. Members that are present must allow it, unknown ones are ignored [AUTH-ISS-09]', (members, allowed) => {
  expect(readVerificationJwk({ ...P256, ...members }) !== undefined).toBe(allowed)
})

test('the alg of a key narrows what it verifies to that one', () => {
  expect(algorithms({ ...RSA, alg: 'PS384' })).toEqual(['PS384'])
  expect(algorithms({ ...ED, alg: 'Ed25519' })).toEqual(['Ed25519'])
})

test('what is imported is the key and nothing else', () => {
  const { kty, crv, x, y } = P256
  expect(readVerificationJwk({ ...P256, kid: 'k', alg: 'ES256', key_ops: ['verify'], ext: false, x5c: [] })).toEqual({
    jwk: { kty, crv, x, y },
    keyId: 'k',
    algorithms: ['ES256'],
  })
})

test.each<[string, Members]>([
  ['1,024 bits', rsaPair(1024).jwk],
  ['2,047 bits', { n: modulus(2047) }],
  ['2,040 bits behind a zero byte', { n: base64url(Buffer.concat([Buffer.of(0), Buffer.from(modulus(2040), 'base64url')])) }],
  ['8,193 bits', { n: modulus(8193) }],
  ['a million bits', { n: 'A'.repeat(170_000) }],
  ['no modulus', { n: undefined }],
  ['an empty modulus', { n: '' }],
  ['a padded modulus', { n: `${RSA.n}==` }],
  ['an exponent of 0', { e: integer(0n) }],
  ['an exponent of 1', { e: integer(1n) }],
  ['an exponent of 2', { e: integer(2n) }],
  ['an even exponent', { e: integer(65536n) }],
  ['an empty exponent', { e: '' }],
  ['no exponent', { e: undefined }],
  ['an exponent that is a number', { e: 65537 }],
  ['the fingerprint of CVE-2017-15361', { n: integer(65537n ** 128n) }],
])('an RSA key with %s is no verification key [AUTH-ISS-09]', (_, members) => {
  expect(readVerificationJwk({ ...RSA, ...members })).toBeUndefined()
})
test.each([
  ['order 1', '0100000000000000000000000000000000000000000000000000000000000000'],
  ['order 1, the sign bit set', '0100000000000000000000000000000000000000000000000000000000000080'],
  ['order 1, its y over the field', 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
  ['order 2', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
  ['order 4', '0000000000000000000000000000000000000000000000000000000000000000'],
  ['order 4, the sign bit set', '0000000000000000000000000000000000000000000000000000000000000080'],
  ['order 4, its y over the field', 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
  ['order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
  ['order 8, the sign bit set', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85'],
  ['order 8, the other y', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
])('a point of Ed25519 of %s is no key: one signature would be good for everything [AUTH-ISS-09]', (_, hex) => {
  expect(readVerificationJwk({ ...ED, x: base64url(Buffer.from(hex, 'hex')) })).toBeUndefined()
  expect(algorithms(ED)).toEqual(['EdDSA', 'Ed25519'])
})

test('an RSA key of 2,048 to 8,192 bits and an odd exponent of 3 or more is one', () => {
  for (const members of [{}, { n: modulus(2048) }, { n: modulus(8192) }, { e: integer(3n) }])
    expect(algorithms({ ...RSA, ...members })).toEqual(EVERY_RSA)
})
