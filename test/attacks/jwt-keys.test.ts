/** Attacks J-22 to J-26: the keys that a signer publishes, or that a pass is bound to, are the attacker's: weak, private, too many, changing, or sought without end. */
import { createHash, createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { authorityWorld, HARNESS, message, refusal } from '../authority-rig.ts'
import { base64url, ecPair, edPair, jws, type Members, type Pair, rsaPair } from '../spec/jws-fixture.ts'
import { ASSERTED, type Door, expectRefused, expectSound, good, header, PROOF, replaceKeys, rows, TASK_ATTESTATION } from './jwt-doors.ts'

const EC = ecPair('P-256')
const RSA = rsaPair()
const secretOf = ({ privateKey }: Pair): Members => ({ ...privateKey.export({ format: 'jwk' }) })
const zeros = (bytes: number) => base64url(new Uint8Array(bytes))

/** With e = 1 anybody can sign: the signature is the padded digest itself (RFC 8017 §9.2). */
function withoutRoot(input: string): string {
  const digest = Buffer.concat([Buffer.from('3031300d060960864801650304020105000420', 'hex'), createHash('sha256').update(input).digest()])
  return base64url(Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(256 - 3 - digest.length, 0xff), Buffer.from([0]), digest]))
}
/** A modulus that is 1, and so a power of 65537, modulo every prime the fingerprint of CVE-2017-15361 looks at. */
const PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151,
  157, 163, 167,
]
const roca = PRIMES.reduce((product, p) => product * BigInt(p), 1n) * 2n ** 1840n + 1n
const LOW_ORDER = base64url(Uint8Array.of(1, ...new Uint8Array(31))) // the neutral point of Ed25519: under it one signature is good for everything

type Weak = { jwk: Members; alg: string; signer?: Pair; signature?: (input: string) => string }
const WEAK: Record<string, Weak> = {
  'RSA of 512 bits': weakRsa(512),
  'RSA of 1,024 bits': weakRsa(1024),
  'RSA of 2,040 bits': weakRsa(2040),
  'RSA with e = 1': { jwk: { ...RSA.jwk, e: 'AQ' }, alg: 'RS256', signature: withoutRoot },
  'RSA with an even e': { jwk: { ...RSA.jwk, e: 'Ag' }, alg: 'RS256', signer: RSA },
  'RSA of a flawed generator': {
    jwk: { kty: 'RSA', e: 'AQAB', n: base64url(Buffer.from(`0${roca.toString(16)}`.slice(-512), 'hex')) },
    alg: 'RS256',
    signer: RSA,
  },
  'a point off the curve': { jwk: { ...EC.jwk, y: EC.jwk.x }, alg: 'ES256', signer: EC },
  'the point at infinity': { jwk: { ...EC.jwk, x: zeros(32), y: zeros(32) }, alg: 'ES256', signature: () => zeros(64) },
  'a point of P-256 said to be of P-384': { jwk: { ...EC.jwk, crv: 'P-384' }, alg: 'ES384', signer: EC },
  'a point of order one': {
    jwk: { kty: 'OKP', crv: 'Ed25519', x: LOW_ORDER },
    alg: 'EdDSA',
    signature: () => base64url(Buffer.concat([Buffer.from(LOW_ORDER, 'base64url'), Buffer.alloc(32)])),
  },
  'a symmetric key': { jwk: { kty: 'oct', k: base64url('secret') }, alg: 'ES256', signer: EC },
  'a private EC key': { jwk: secretOf(EC), alg: 'ES256', signer: EC },
  'a private RSA key': { jwk: secretOf(RSA), alg: 'RS256', signer: RSA },
  'a private Ed25519 key': withSecret(edPair()),
  'an encryption key': { jwk: { ...EC.jwk, use: 'enc' }, alg: 'ES256', signer: EC },
  'a key that may only sign': { jwk: { ...EC.jwk, key_ops: ['sign'] }, alg: 'ES256', signer: EC },
}
function weakRsa(bits: number): Weak {
  const signer = rsaPair(bits)
  return { jwk: signer.jwk, alg: 'RS256', signer }
}
function withSecret(signer: Pair): Weak {
  return { jwk: secretOf(signer), alg: 'EdDSA', signer }
}
/** As well signed as such a key can sign. */
function weaklySigned(door: Door, { alg, signer, signature }: Weak, kid = door.kid): string {
  if (signer) return jws(header(door, { alg, kid }), door.claims(), { key: signer, algorithm: alg === 'ES384' ? 'ES256' : alg })
  const input = jws(header(door, { alg, kid }), door.claims(), { key: EC }).split('.', 2).join('.')
  return `${input}.${signature?.(input)}`
}

test.each(rows(ASSERTED, 'key'))(
  'J-22: at %s a key that is weak, private or not for verifying is no key, and spoils none beside it',
  async (_at, _id, place) => {
    const door = await place.open()
    const genuine = { ...door.key.jwk, kid: door.kid }
    for (const [name, weak] of Object.entries(WEAK)) {
      replaceKeys(door, { ...weak.jwk, kid: 'weak' }, genuine)
      expect(await refusal(await door.present(weaklySigned(door, weak, 'weak'))), name).toEqual(door.refusal)
      expect(await door.taken(good(door)), name).toBe(200)
    }
    const input = weaklySigned(door, { jwk: {}, alg: 'HS256', signature: () => '' }, 'weak').slice(0, -1)
    replaceKeys(door, { kty: 'oct', k: base64url('secret'), alg: 'HS256', kid: 'weak' }, genuine)
    await expectRefused(door, {
      'a MAC under a secret that was published': `${input}.${createHmac('sha256', 'secret').update(input).digest('base64url')}`,
    })
  },
)

test.each(Object.entries(WEAK))('J-22: a pass bound to %s is not a pass without a key: it buys nothing [SVC-HB-12]', async (_, weak) => {
  const door = await PROOF.open()
  replaceKeys(door, weak.jwk)
  expect(await refusal(await door.present(weaklySigned(door, weak)))).toEqual([502, 'authority_unavailable'])
  replaceKeys(door, door.key.jwk)
  await expectSound(door)
})

test.each(Object.entries(WEAK))('J-22: no request is bound to %s [AUTH-ISS-09]', async (_, weak) => {
  const door = await TASK_ATTESTATION.open()
  replaceKeys(door, weak.jwk)
  expect(await refusal(await door.present(weaklySigned(door, weak)))).toEqual([400, 'malformed_request'])
  replaceKeys(door, door.key.jwk)
  await expectSound(door)
})

test('J-23: a holder key that comes with its private part is refused, and that part is neither kept, logged nor told again [AUTH-ISS-09]', async () => {
  const w = await authorityWorld()
  const jwk = secretOf(EC)
  const answer = await w.issue(message({ harness: { id: HARNESS, cnf: { jwk } } }))
  const said = await answer.text()
  expect([answer.status, JSON.parse(said).error.code]).toEqual([400, 'malformed_request'])
  await w.authority.management.request('/ready') // writes what was noted
  const rows = await w.database().read.selectFrom('audit').select('event').execute()
  for (const place of [said, w.lines.join('\n'), JSON.stringify(rows)]) expect(place).not.toContain(String(jwk.d))
  expect((await w.issue(message({ harness: { id: HARNESS, cnf: { jwk: EC.jwk } } }))).status).toBe(202)
})

test('J-23: what else a holder key says of itself is kept and does nothing: a certificate is not its key [AUTH-VAL-11]', async () => {
  const w = await authorityWorld({ policy: { default: 'approve' } })
  const jwk = { ...EC.jwk, x5c: ['MIIB'], x5u: 'https://canary.example/cert', jku: 'https://canary.example/keys', ext: true, x_unknown: { d: 1 } }
  expect((await w.redeemed({ harness: { id: HARNESS, cnf: { jwk } } })).answer.cnf).toEqual({ jwk })
  expect(w.calls.filter(({ url }) => url.includes('canary'))).toEqual([])
})

const many = (count: number): Members[] => {
  const pairs = Array.from({ length: 30 }, () => ecPair('P-256').jwk)
  return Array.from({ length: count }, (_, i) => ({ ...pairs[i % pairs.length], kid: `other-${i}` }))
}
test.each(rows(ASSERTED, 'kid'))(
  'J-24: at %s a key set of ten thousand keys is not read, and of a thousand the first twenty count',
  async (_at, _id, place) => {
    const door = await place.open()
    const genuine = { ...door.key.jwk, kid: door.kid }
    replaceKeys(door, genuine, ...many(10_000)) // over 256 KiB
    expect([401, 502]).toContain((await door.present(good(door))).status)
    for (const [before, isTaken] of [
      [19, true],
      [20, false],
    ] as const) {
      replaceKeys(door, ...many(before), genuine, ...many(1000))
      expect((await door.taken(good(door))) === 200, `${before} keys before it`).toBe(isTaken)
    }
    replaceKeys(door, genuine)
    await expectSound(door)
  },
)

test.each(rows(ASSERTED, 'kid'))('J-24: at %s an object without a kid is tried with five keys and no sixth', async (_at, _id, place) => {
  const door = await place.open()
  for (const [before, isTaken] of [
    [4, true],
    [5, false],
  ] as const) {
    replaceKeys(door, ...many(before), { ...door.key.jwk, kid: door.kid })
    expect((await door.taken(good(door, {}, { kid: undefined }))) === 200, `${before} keys before it`).toBe(isTaken)
  }
  await expectSound(door) // with its kid it is found
})

test.each(rows(ASSERTED, 'kid'))(
  'J-25: at %s a rotation under load costs one fetch, lets nobody else in, and ends the old key%s',
  async (_at, _id, place) => {
    const door = await place.open()
    const [next, eve] = [ecPair('P-256'), ecPair('P-256')]
    const signedBy = (key: Pair, kid: string | undefined) => jws(header(door, { kid }), door.claims(), { key })
    expect(await door.taken(good(door))).toBe(200)
    const before = door.keyFetches()
    door.publish([{ ...next.jwk, kid: 'next' }])
    const during = await Promise.all(
      Array.from({ length: 30 }, () => [door.taken(good(door)), door.taken(signedBy(next, 'next')), door.taken(signedBy(eve, 'next'))]).flat(),
    )
    const by = (signer: number) => [...new Set(during.filter((_, i) => i % 3 === signer))]
    expect(by(0).every((status) => [200, 401].includes(status))).toBe(true) // until the set was read again the old key was in it
    expect([by(1), by(2)]).toEqual([[200], [401]])
    expect(door.keyFetches()).toBe(before + 1)
    expect((await door.present(good(door))).status).toBe(401)
    replaceKeys(door, { ...door.key.jwk, kid: door.kid })
    await expectSound(door)
  },
)

test.each(rows(ASSERTED, 'kid'))(
  'J-25: at %s a new key under the old kid counts when the set has aged, and the old one no longer%s',
  async (_at, _id, place) => {
    const door = await place.open()
    const next = ecPair('P-256')
    const byNext = () => jws(header(door), door.claims(), { key: next })
    expect(await door.taken(good(door))).toBe(200)
    door.publish([{ ...next.jwk, kid: door.kid }])
    expect([await door.taken(byNext()), await door.taken(good(door))]).toEqual([401, 200])
    door.pass(11)
    expect([await door.taken(byNext()), await door.taken(good(door))]).toEqual([200, 401])
    replaceKeys(door, { ...door.key.jwk, kid: door.kid })
    await expectSound(door)
  },
)

test.each(rows(ASSERTED, 'kid'))('J-26: at %s thousands of unknown kids cost the signer one fetch in thirty seconds%s', async (_at, _id, place) => {
  const door = await place.open()
  door.publish([{ ...door.key.jwk, kid: door.kid }], 300)
  door.pass(11)
  expect(await door.taken(good(door))).toBe(200)
  const fetched = door.keyFetches()
  for (const [round, seconds] of [0, 29, 1, 30].entries()) {
    door.pass(seconds)
    const claims = door.claims()
    const strangers = Array.from({ length: 500 }, (_, i) => jws(header(door, { kid: `stranger-${round}-${i}` }), claims, { key: EC }))
    expect(new Set((await Promise.all(strangers.map(door.present))).map(({ status }) => status))).toEqual(new Set([401]))
    expect(door.keyFetches() - fetched).toBe([1, 1, 2, 3][round])
  }
  await expectSound(door)
})
