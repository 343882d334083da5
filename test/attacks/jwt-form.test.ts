/** Attacks J-01 to J-09, J-12, J-13 and J-21, at every door where a signed object is verified: its form, its header, and how its key is named. */
import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { ALGORITHMS } from '../../spec/jwt.ts'
import { base64url, ecPair, edPair, jws, type Members, type Pair, rsaPair, sealed, signature } from '../spec/jws-fixture.ts'
import { ASSERTED, type Door, EVERYWHERE, expectRefused, expectSound, good, header, named, replaceKeys, rows } from './jwt-doors.ts'

const CANARY = 'https://canary.example'
const EVE = ecPair('P-256')
const RSA = rsaPair()

const listed = <T>(values: readonly T[], jwtOf: (value: T) => string): Record<string, string> =>
  Object.fromEntries(values.map((value, i) => [`${i}: ${String(JSON.stringify(value)).slice(0, 60)}`, jwtOf(value)]))
/** Signed by the genuine key, whatever the header says. */
const headed = (door: Door, head: Members) => good(door, {}, head)
const text = (members: Members) => JSON.stringify(members)
const input = (door: Door, head: Members) => `${base64url(text(header(door, head)))}.${base64url(text(door.claims()))}`

const NONE = ['none', 'None', 'NONE', 'nOnE', 'none ', '']
test.each(rows(EVERYWHERE, 'alg'))('J-01: at %s an object without a signature buys nothing, however alg spells none%s', async (_at, _id, place) => {
  const door = await place.open()
  await expectRefused(
    door,
    listed(NONE, (alg) => `${input(door, { alg })}.`),
  )
})

test.each(rows(EVERYWHERE, 'alg'))(
  'J-02: at %s a genuine signature is worth nothing under a header that names another alg%s',
  async (_at, _id, place) => {
    const door = await place.open()
    const others = [
      ...NONE,
      ...ALGORITHMS.filter((alg) => alg !== 'ES256'),
      'HS256',
      'HS384',
      'HS512',
      'ES256K',
      'es256',
      null,
      256,
      ['ES256'],
      undefined,
    ]
    await expectRefused(
      door,
      listed(others, (alg) => headed(door, { alg })),
    )
  },
)

const SECRETS: [string, (key: Pair) => string | Buffer][] = [
  ['PEM', ({ publicKey }) => publicKey.export({ type: 'spki', format: 'pem' })],
  ['DER', ({ publicKey }) => publicKey.export({ type: 'spki', format: 'der' })],
  ['JWK text', ({ jwk }) => text(jwk)],
]
test.each(rows(EVERYWHERE, 'alg'))(
  'J-03: at %s a MAC under the public key is no signature, in whatever form the key is the secret%s',
  async (_at, _id, place) => {
    const door = await place.open()
    const macs = (key: Pair) =>
      SECRETS.flatMap(([form, secretOf]) =>
        ['256', '384', '512'].map((size): [string, string] => {
          const signed = input(door, { alg: `HS${size}` })
          return [`HS${size}, ${form}`, `${signed}.${createHmac(`sha${size}`, secretOf(key)).update(signed).digest('base64url')}`]
        }),
      )
    await expectRefused(door, Object.fromEntries(macs(door.key)))
    replaceKeys(door, { ...RSA.jwk, kid: door.kid })
    for (const [name, jwt] of macs(RSA)) expect((await door.present(jwt)).status, `RSA, ${name}`).toBe(401)
    expect(await door.taken(jws(header(door, { alg: 'RS256' }), door.claims(), { key: RSA, algorithm: 'RS256' }))).toBeLessThan(300)
  },
)

const KEYS: [string, Pair, string[]][] = [
  ['P-256', ecPair('P-256'), ['ES256']],
  ['P-384', ecPair('P-384'), ['ES384']],
  ['P-521', ecPair('P-521'), ['ES512']],
  ['Ed25519', edPair(), ['EdDSA', 'Ed25519']],
  ['RSA', RSA, ['PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512']],
  ['secp256k1', ecPair('secp256k1'), []],
]
/** By the rules of the alg, as far as the key goes along with them. */
function signedAs(alg: string, key: Pair, signed: string): string {
  try {
    return `${signed}.${base64url(signature(alg === 'ES256K' ? 'ES256' : alg, key.privateKey, signed))}`
  } catch {
    return `${signed}.${base64url(new Uint8Array(64))}` // it cannot sign so at all
  }
}
test.each(rows(EVERYWHERE, 'alg'))('J-04: at %s an alg is taken with the key it is for and with no other%s', async (_at, _id, place) => {
  const door = await place.open()
  for (const [kind, key, suited] of KEYS) {
    replaceKeys(door, { ...key.jwk, kid: door.kid })
    for (const alg of [...ALGORITHMS, 'ES256K'].filter((alg) => !suited.includes(alg))) {
      const { status } = await door.present(signedAs(alg, key, input(door, { alg })))
      expect(kind === 'secp256k1' ? status >= 400 : status === 401, `${alg} by ${kind}: ${status}`).toBe(true)
    }
    for (const alg of suited) expect(await door.taken(signedAs(alg, key, input(door, { alg }))), `${alg} by ${kind}`).toBeLessThan(300)
  }
  expect(door.strays()).toEqual([])
})

const KIDS = [
  '../../dev/null',
  '/proc/self/environ',
  "' OR 1=1 --",
  `${CANARY}/keys`,
  'k1\0',
  'K1',
  ' k1',
  '__proto__',
  'constructor',
  '0',
  'k'.repeat(1024),
]
const NO_KIDS = [7, 0, null, true, ['k1'], { kid: 'k1' }, '', 'k'.repeat(1025)]
test.each(rows(EVERYWHERE, 'kid'))(
  'J-05: at %s a kid chooses among the genuine keys, and reads no file, row or address%s',
  async (_at, _id, place) => {
    const door = await place.open()
    await expectRefused(
      door,
      listed([...KIDS, door.kid], (kid) => jws(header(door, { kid }), door.claims(), { key: EVE })),
    )
    for (const jwt of Object.values(listed(NO_KIDS, (kid) => headed(door, { kid })))) expect((await door.present(jwt)).status).toBe(401)
    expect([401, 413]).toContain((await door.present(headed(door, { kid: 'k'.repeat(1024 * 1024) }))).status)
    for (const kid of KIDS) expect((await door.taken(headed(door, { kid }))) < 300, kid).toBe(place.named === 'cnf')
    expect(door.strays()).toEqual([])
  },
)

test.each(named(ASSERTED))('J-05: at %s two keys under one kid are tried, and no third gets in under it', async (_at, place) => {
  const door = await place.open()
  const { jwk } = ecPair('P-256')
  replaceKeys(door, { ...jwk, kid: 'twin' }, { ...door.key.jwk, kid: 'twin' })
  expect((await door.present(jws(header(door, { kid: 'twin' }), door.claims(), { key: EVE }))).status).toBe(401)
  expect(await door.taken(headed(door, { kid: 'twin' }))).toBe(200)
})

test.each(rows(EVERYWHERE, 'key'))(
  'J-06: at %s a key that comes with the object is no key, and where its header points nobody is asked%s',
  async (_at, _id, place) => {
    const door = await place.open()
    const brought: Members[] = [{ jku: `${CANARY}/keys` }, { x5u: `${CANARY}/cert` }, { jwk: EVE.jwk }, { x5c: ['MIIB'] }]
    brought.push(Object.assign({}, ...brought))
    const kids = [door.kid, undefined, 'eve']
    const heads = brought.flatMap((head) => kids.map((kid) => ({ ...head, kid })))
    await expectRefused(
      door,
      listed(heads, (head) => jws(header(door, head), door.claims(), { key: EVE })),
    )
    for (const head of brought) expect(await door.taken(headed(door, head)), text(head)).toBeLessThan(300) // the genuine key counts, not what stands beside it
    expect(door.strays()).toEqual([])
  },
)

test.each(rows(EVERYWHERE, 'crit'))('J-07: at %s crit is refused, whatever it lists%s', async (_at, _id, place) => {
  const door = await place.open()
  const crits: Members[] = [
    { crit: ['x'], x: 1 },
    { crit: ['x'] },
    { crit: [] },
    { crit: ['alg'] },
    { crit: ['exp'], exp: 1 },
    { crit: 'x' },
    { crit: null },
  ]
  await expectRefused(
    door,
    listed(crits, (head) => headed(door, head)),
  )
})

test.each(rows(EVERYWHERE, 'crit'))('J-08: at %s an unencoded payload is refused, with crit and without%s', async (_at, _id, place) => {
  const door = await place.open()
  const heads: Members[] = [{ b64: false }, { b64: false, crit: ['b64'] }, { b64: 'false' }]
  const raw = (head: Members) => sealed(`${base64url(text(header(door, head)))}.${text(door.claims())}`, door)
  await expectRefused(door, {
    ...listed(heads, (head) => headed(door, head)),
    'as it is, b64 false': raw({ b64: false }),
    'as it is, b64 false and crit': raw({ b64: false, crit: ['b64'] }),
    'as it is': raw({}),
  })
})

/** The text of an object with one member more, in front of all others. */
const doubled = (members: Members, member: string) => text(members).replace('{', `{${member},`)
const CLAIMS_AGAIN: [string, string][] = [
  ['iss', '"iss":"eve"'],
  ['aud', '"aud":"https://eve.example"'],
  ['iat', '"iat":1'],
  ['exp', '"exp":4000000000'],
  ['exp', '"\\u0065xp":4000000000'],
  ['exp', '"x":{"a":1,"a":2}'],
]
const HEADER_AGAIN = ['"alg":"none"', '"alg":"ES256"', '"\\u0061lg":"none"', '"typ":"JWT"']
test.each(named(EVERYWHERE))('J-09: at %s a member that stands there twice makes the object void, whichever of both is good', async (_at, place) => {
  const door = await place.open()
  const claims = door.claims()
  const again = CLAIMS_AGAIN.filter(([name]) => name in claims).map(([, member]) => member)
  await expectRefused(door, {
    ...listed(again, (member) => jws(header(door), doubled(claims, member), door)),
    ...listed([...HEADER_AGAIN, ...(door.kid ? ['"kid":"eve"'] : [])], (member) => jws(doubled(header(door), member), claims, door)),
  })
})

test.each(named(EVERYWHERE))('J-12: at %s an object beyond every measure is refused before a key is looked for', async (_at, place) => {
  const door = await place.open()
  const huge = { 'a header of 1 MB': headed(door, { x: 'x'.repeat(2 ** 20) }), 'a payload of 10 MB': good(door, { x: 'x'.repeat(10 * 2 ** 20) }) }
  const before = door.keyFetches()
  const objects = { ...huge, '100,000 dots': '.'.repeat(100_000), 'a signature of 1 MB': `${input(door, {})}.${'A'.repeat(2 ** 20)}` }
  for (const [name, jwt] of Object.entries(objects)) expect([401, 413], name).toContain((await door.present(jwt)).status)
  const within = { '16,385 characters': good(door, { x: 'x'.repeat(16_385) }), '10,000 dots': `${headed(door, {})}${'.'.repeat(10_000)}` }
  for (const [name, jwt] of Object.entries(within)) expect(await door.present(jwt).then(({ status }) => status), name).toBe(401)
  expect(door.keyFetches()).toBe(before)
  await expectSound(door)
})

test.each(named(EVERYWHERE))('J-13: at %s nesting without end is refused, and what a prototype is given are no claims', async (_at, place) => {
  const door = await place.open()
  const before = Object.getOwnPropertyNames(Object.prototype)
  const claims = text(door.claims())
  const payloads = {
    'arrays 5,000 deep': claims.replace('{', `{"x":${'['.repeat(5000)}${']'.repeat(5000)},`),
    'objects 1,000 deep': claims.replace('{', `{"x":${'{"x":'.repeat(1000)}1${'}'.repeat(1000)},`),
    'claims in __proto__': `{"__proto__":${claims}}`,
    'claims in constructor.prototype': `{"constructor":{"prototype":${claims}}}`,
    'a list of claims': `[${claims}]`,
    text: '"claims"',
    null: 'null',
  }
  await expectRefused(door, Object.fromEntries(Object.entries(payloads).map(([name, payload]) => [name, jws(header(door), payload, door)])))
  for (const polluting of ['{"__proto__":{"polluted":true},', '{"constructor":{"prototype":{"polluted":true}},'])
    expect(await door.taken(jws(header(door), text(door.claims()).replace('{', polluting), door)), polluting).toBeLessThan(300) // claims that nobody knows
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
})

test.each(named(EVERYWHERE))('J-21: at %s only a compact JWS is taken: nothing encrypted, nested, detached or in JSON', async (_at, place) => {
  const door = await place.open()
  const compact = good(door)
  const [protectedHeader = '', payload = '', signed = ''] = compact.split('.')
  const signatures = [{ protected: protectedHeader, signature: signed }]
  const jwe = [base64url('{"alg":"dir","enc":"A128GCM"}'), '', base64url('123456789012'), payload, base64url('1234567890123456')].join('.')
  await expectRefused(door, {
    'a JWE': jwe,
    'a nested JWS': jws({ ...header(door), cty: 'JWT' }, compact, door),
    'a detached payload': `${protectedHeader}..${signed}`,
    'five parts': `${compact}.e30.e30`,
    'two parts': `${protectedHeader}.${payload}`,
    'the flattened JSON form': text({ payload, protected: protectedHeader, signature: signed }),
    'the general JSON form': text({ payload, signatures }),
    padding: `${compact}=`,
    'another alphabet': `${protectedHeader}.${payload}.${signed.slice(0, -3)}+/A`,
  })
})
