import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { ALGORITHMS, readCompact, signJwt } from '../../spec/jwt.ts'
import { base64url, CLAIMS, ecPair, edPair, genuine, HEADER, HOLDER, jws, type Pair, rsaPair, signature } from './jws-fixture.ts'
import { accept, expectRefused, expectUnreadable, GOOD_HEADER, GOOD_PAYLOAD, GOOD_SIGNATURE, KEY_SET, signed } from './jwt-fixture.ts'

const RSA = rsaPair()
const PAIRS: Record<string, Pair> = {
  'P-256': HOLDER,
  'P-384': ecPair('P-384'),
  'P-521': ecPair('P-521'),
  Ed25519: edPair(),
  RSA,
  secp256k1: ecPair('secp256k1'),
}
const EVERY_RSA = ['PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512']

const withSignature = (bytes: Uint8Array) => `${GOOD_HEADER}.${GOOD_PAYLOAD}.${base64url(bytes)}`

test('a genuine object is accepted, and its claims are what was signed', async () => {
  expect((await accept(genuine())).claims).toEqual(CLAIMS)
})

test.each(['none', 'None', 'NONE', 'nOnE', 'none ', ' none', '', 'null'])(
  'alg "%s" is refused, unsigned and signed [AUTH-ASRT-12 SVC-HB-13 AUTH-HATT-10]',
  async (alg) => {
    await expectUnreadable(`${base64url(JSON.stringify({ alg }))}.${GOOD_PAYLOAD}.`)
    await expectUnreadable(`${base64url(JSON.stringify({ alg }))}.${GOOD_PAYLOAD}.${GOOD_SIGNATURE}`)
    await expectUnreadable(signed({ alg, typ: 'JWT' }))
  },
)

test.each([[{}], [{ alg: null }], [{ alg: 256 }], [{ alg: ['ES256'] }], [{ alg: 'es256' }], [{ alg: 'ES256 ' }], [{ ALG: 'ES256' }]])(
  'header %j is refused: alg is one exact name [AUTH-ASRT-12]',
  async (header) => {
    await expectUnreadable(signed(header))
  },
)

const SECRETS: [string, (key: Pair) => string | Buffer][] = [
  ['PEM', ({ publicKey }) => publicKey.export({ type: 'spki', format: 'pem' })],
  ['PEM without its last line break', ({ publicKey }) => String(publicKey.export({ type: 'spki', format: 'pem' })).trimEnd()],
  ['DER', ({ publicKey }) => publicKey.export({ type: 'spki', format: 'der' })],
  ['JWK text', ({ jwk }) => JSON.stringify(jwk)],
]
test.each(SECRETS)('a MAC under the public key, taken as a secret in the form of %s, is refused [AUTH-ASRT-12 SVC-HB-13]', async (_, secretOf) => {
  for (const key of [HOLDER, RSA])
    for (const size of ['256', '384', '512']) {
      const input = `${base64url(JSON.stringify({ alg: `HS${size}`, typ: 'JWT' }))}.${GOOD_PAYLOAD}`
      const mac = createHmac(`sha${size}`, secretOf(key)).update(input).digest()
      await expectUnreadable(`${input}.${base64url(mac)}`)
      await expectRefused(`${input}.${base64url(mac)}`, { keys: [{ ...key.jwk, alg: `HS${size}` }] })
    }
})

test.each<[string, string[]]>([
  ['P-256', ['ES256']],
  ['P-384', ['ES384']],
  ['P-521', ['ES512']],
  ['Ed25519', ['EdDSA', 'Ed25519']],
  ['RSA', EVERY_RSA],
  ['secp256k1', []],
])('a %s key verifies %j and nothing else [AUTH-ASRT-12 SVC-HB-13 AUTH-HATT-10]', async (name, suited) => {
  const key = PAIRS[name]!
  const verified = [...ALGORITHMS, 'ES256K', 'Ed448', 'RS1', 'HS256'].map(async (algorithm) => {
    const input = `${base64url(JSON.stringify({ alg: algorithm }))}.${GOOD_PAYLOAD}`
    const theirs = signatures(key, input, algorithm).map((bytes) => `${input}.${base64url(bytes)}`)
    const verdicts = await Promise.allSettled(theirs.map((compact) => accept(compact, { keys: [key.jwk] })))
    return verdicts.some((v) => v.status === 'fulfilled') ? [algorithm] : []
  })
  expect((await Promise.all(verified)).flat().sort()).toEqual([...suited].sort())
})

/** Every signature a key can make over a text: by the rules of that algorithm where it can, and of every other. */
function signatures(key: Pair, input: string, algorithm: string): Buffer[] {
  return [algorithm, ...ALGORITHMS].flatMap((name) => {
    try {
      return [signature(name, key.privateKey, input)]
    } catch {
      return [] // this kind of key cannot
    }
  })
}

test('the alg of a JWK narrows what its key verifies [AUTH-ASRT-12]', async () => {
  const compact = jws({ alg: 'RS256' }, CLAIMS, { key: RSA, algorithm: 'RS256' })
  await expectRefused(compact, { keys: [{ ...RSA.jwk, alg: 'PS256' }] })
  await expect(accept(compact, { keys: [{ ...RSA.jwk, alg: 'RS256' }] })).resolves.toBeDefined()
})

const ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
const ZERO = Buffer.alloc(32)
const SIGNATURE = Buffer.from(GOOD_SIGNATURE, 'base64url')
const [R, S] = [SIGNATURE.subarray(0, 32), SIGNATURE.subarray(32)]
test.each<[string, Buffer[]]>([
  ['r = 0', [ZERO, S]],
  ['s = 0', [R, ZERO]],
  ['r = s = 0', [ZERO, ZERO]],
  ['r = n', [ORDER, S]],
  ['s = n', [R, ORDER]],
  ['r = s = n', [ORDER, ORDER]],
  ['r = n, s = 0', [ORDER, ZERO]],
  ['r and s exchanged', [S, R]],
  ['a leading zero in each half', [Buffer.of(0), R, Buffer.of(0), S]],
  ['a trailing zero', [SIGNATURE, ZERO.subarray(0, 1)]],
  ['its last byte gone', [SIGNATURE.subarray(0, -1)]],
  ['only r', [R]],
  ['one bit turned', [Buffer.of(SIGNATURE.readUInt8(0) ^ 1), SIGNATURE.subarray(1)]],
])('a signature with %s is refused', async (_, bytes) => {
  await expectRefused(withSignature(Buffer.concat(bytes)))
})

test('a signature in DER is refused', async () => {
  const half = (n: Buffer) => Buffer.concat([Buffer.of(2, n.readUInt8(0) > 127 ? 33 : 32), ...(n.readUInt8(0) > 127 ? [Buffer.of(0)] : []), n])
  const body = Buffer.concat([half(R), half(S)])
  await expectRefused(withSignature(Buffer.concat([Buffer.of(0x30, body.length), body])))
})

test('a signature covers header and payload, and is of one key', async () => {
  await expectRefused(`${base64url(JSON.stringify({ ...HEADER, x: 1 }))}.${GOOD_PAYLOAD}.${GOOD_SIGNATURE}`)
  await expectRefused(`${GOOD_HEADER}.${base64url(JSON.stringify({ ...CLAIMS, iss: 'https://other.example' }))}.${GOOD_SIGNATURE}`)
  await expectRefused(genuine(), { keys: [ecPair('P-256').jwk] })
})

const THIEF = ecPair('P-256')
test.each<[string, unknown]>([
  ['jwk', THIEF.jwk],
  ['jku', 'https://evil.example/jwks.json'],
  ['x5u', 'https://evil.example/cert.pem'],
  ['x5c', ['MIIB']],
])('a key in the header (%s) is never used, and nothing is fetched for it [AUTH-ASRT-13]', async (member, value) => {
  const header = { ...HEADER, kid: 'k', [member]: value }
  const asked: string[] = []
  await expectRefused(jws(header, CLAIMS, { key: THIEF }), { asked, keys: [{ ...HOLDER.jwk, kid: 'k' }] })
  await expect(accept(jws(header, CLAIMS, { key: HOLDER }), { asked, keys: [{ ...HOLDER.jwk, kid: 'k' }] })).resolves.toBeDefined()
  expect(new Set(asked)).toEqual(new Set([KEY_SET]))
})

test.each([['../../dev/null'], ["' OR 1=1 --"], ['https://evil.example/k'], ['k\0'], ['K'], [' k'], ['constructor'], ['__proto__']])(
  'kid %j names no key but its own: it is compared as text [AUTH-ASRT-17]',
  async (kid) => {
    const asked: string[] = []
    await expectRefused(genuine({}, { kid }), { asked, keys: [{ ...HOLDER.jwk, kid: 'k' }] })
    await expect(accept(genuine({}, { kid }), { asked, keys: [{ ...HOLDER.jwk, kid }] })).resolves.toBeDefined()
    expect(new Set(asked)).toEqual(new Set([KEY_SET]))
  },
)
test.each([[7], [null], [['k']], [{}], [''], ['k'.repeat(1025)]])('kid %j is refused', async (kid) => {
  await expectUnreadable(genuine({}, { kid }))
})

test('what we sign says its alg, its key and, in hardened, its kind', async () => {
  const privateKey = await crypto.subtle.importKey(
    'jwk',
    HOLDER.privateKey.export({ format: 'jwk' }),
    { name: 'ECDSA', namedCurve: 'P-256' },
    false,
    ['sign'],
  )
  const key = { privateKey, algorithm: 'ES256', keyId: 'k', publicJwk: { kty: 'EC' } } as const
  const core = await signJwt('holder-proof', CLAIMS, key, 'core-0.1')
  const hardened = await signJwt('holder-proof', CLAIMS, key, 'hardened')
  expect(readCompact(core)).toMatchObject({ jws: { algorithm: 'ES256', keyId: 'k' }, typ: 'JWT' })
  expect(readCompact(hardened).typ).toBe('agentpass-holder-proof+jwt')
  await expect(accept(core, { kind: 'holder-proof', keys: [{ ...HOLDER.jwk, kid: 'k' }] })).resolves.toMatchObject({ claims: CLAIMS })
  await expect(accept(hardened, { kind: 'holder-proof', profile: 'hardened', keys: [{ ...HOLDER.jwk, kid: 'k' }] })).resolves.toBeDefined()
})
