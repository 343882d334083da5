import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { ProtocolError } from '../../spec/error.ts'
import type { Profile } from '../../spec/profile.ts'
import { type ProofExpectation, readProof, signProof, verifyProof } from '../../spec/proof.ts'
import { AUTHORITY, ecPair, edPair, HARNESS, HEADER, HOLDER, jws, type Members, NOW, type Pair, rsaPair, SERVICE } from './jws-fixture.ts'

const PASS = 'a pass that nobody can read'
const ENDPOINT = `${SERVICE}/agentpass/redeem/bearer-token`
const EXPECTED: ProofExpectation = { audience: SERVICE, endpoint: ENDPOINT, pass: PASS, now: NOW, profile: 'core-0.1' }
const APH = createHash('sha256').update(PASS).digest('base64url')
const PUBLISHED = { iss: HARNESS, aud: SERVICE, iat: NOW, exp: NOW + 60, jti: 'j-1' }
const FULL = { ...PUBLISHED, htm: 'POST', htu: ENDPOINT, aph: APH }
const CNF = { jwk: HOLDER.jwk }

const proof = (claims: Members = {}, key = HOLDER) => jws(HEADER, { ...FULL, ...claims }, { key })

/** Both halves of the check, as at redemption. */
async function check(
  jwt: string | undefined,
  { cnf = CNF, harnessId, ...expected }: Partial<ProofExpectation> & { cnf?: unknown; harnessId?: string } = {},
) {
  const read = await readProof(jwt === undefined ? undefined : { jwt }, { ...EXPECTED, ...expected })
  return verifyProof(cnf, read, harnessId)
}
async function refusal(call: Promise<unknown>): Promise<unknown> {
  const failure = await call.then(
    () => 'accepted',
    (thrown: unknown) => thrown,
  )
  return failure instanceof ProtocolError ? failure.code : failure
}

test('a proof under the holder key is good, and is spent by the thumbprint of the key and its jti', async () => {
  const { crv, kty, x, y } = HOLDER.jwk
  const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
  expect(await check(proof())).toEqual({ thumbprint, jti: 'j-1', expiresAt: NOW + 120 })
})

test('it must be remembered for as long as it would be accepted', async () => {
  const { expiresAt = 0 } = (await check(proof({ exp: NOW + 10 }))) ?? {}
  expect(await refusal(check(proof({ exp: NOW + 10 }), { now: expiresAt - 1 }))).toBe('accepted')
  expect(await refusal(check(proof({ exp: NOW + 10 }), { now: expiresAt }))).toBe('invalid_proof')
})

test('the thumbprint is of the key alone: other members of cnf.jwk, and what a proof says of itself, do not change it [SVC-HB-11]', async () => {
  const plain = await check(proof())
  const decorated = await check(proof({ iss: 'another harness' }), {
    cnf: { jwk: { ...HOLDER.jwk, kid: 'k', use: 'sig', key_ops: ['verify'], x5c: ['MIIB'] }, more: 1 },
  })
  expect(decorated?.thumbprint).toBe(plain?.thumbprint)
})

test('a pass without cnf needs no proof, and one that is sent is not judged by its signature [SVC-HB-03]', async () => {
  expect(await verifyProof(undefined, undefined, undefined)).toBeUndefined()
  expect(await verifyProof(undefined, await readProof({ jwt: proof({}, ecPair('P-256')) }, EXPECTED), HARNESS)).toBeUndefined()
})

test('a pass with cnf always needs a proof [SVC-HB-02]', async () => {
  expect(await refusal(check(undefined))).toBe('proof_required')
  expect(await refusal(check(undefined, { profile: 'hardened' }))).toBe('proof_required')
})

test('a proof of another key is refused [SVC-HB-01]', async () => {
  expect(await refusal(check(proof({}, ecPair('P-256'))))).toBe('invalid_proof')
  expect(await refusal(check(proof(), { cnf: { jwk: ecPair('P-256').jwk } }))).toBe('invalid_proof')
  expect(await refusal(check(proof()))).toBe('accepted')
})

test.each<[string, unknown]>([
  ['null', null],
  ['nothing', {}],
  ['no jwk but a thumbprint', { jkt: 'x' }],
  ['text', 'cnf'],
  ['a list', [CNF]],
  ['false', false],
  ['a jwk of null', { jwk: null }],
  ['an empty jwk', { jwk: {} }],
  ['a symmetric key', { jwk: { kty: 'oct', k: 'c2VjcmV0' } }],
  ['an unknown kty', { jwk: { kty: 'AKP', x: 'AA' } }],
  ['a private key', { jwk: HOLDER.privateKey.export({ format: 'jwk' }) }],
  ['a key for encryption', { jwk: { ...HOLDER.jwk, use: 'enc' } }],
  ['an RSA key of 1,024 bits', { jwk: rsaPair(1024).jwk }],
  ['a point off its curve', { jwk: { ...HOLDER.jwk, y: HOLDER.jwk.x } }],
])('a cnf of %s is an Authority that cannot be used, never an unbound pass [SVC-HB-12]', async (_, cnf) => {
  expect(await refusal(check(proof(), { cnf }))).toBe('authority_unavailable')
})
test('without a proof an unusable cnf is not taken for an unbound pass either [SVC-HB-12]', async () => {
  for (const cnf of [null, {}, { jwk: { kty: 'oct' } }]) expect(await refusal(check(undefined, { cnf }))).toBe('authority_unavailable')
})

test.each<[string, Pair, string]>([
  ['ES384', ecPair('P-384'), 'ES384'],
  ['ES512', ecPair('P-521'), 'ES512'],
  ['EdDSA', edPair(), 'EdDSA'],
  ['Ed25519', edPair(), 'Ed25519'],
  ['PS256', rsaPair(), 'PS256'],
  ['RS512', rsaPair(), 'RS512'],
])('a holder key may sign %s', async (_, key, algorithm) => {
  const signed = jws({ alg: algorithm }, FULL, { key, algorithm })
  expect(await refusal(check(signed, { cnf: { jwk: key.jwk } }))).toBe('accepted')
})

test('an alg that does not suit the holder key is refused [SVC-HB-13]', async () => {
  const key = rsaPair()
  const signed = jws({ alg: 'RS256' }, FULL, { key, algorithm: 'RS256' })
  expect(await refusal(check(signed, { cnf: { jwk: { ...key.jwk, alg: 'PS256' } } }))).toBe('invalid_proof')
  expect(await refusal(check(signed))).toBe('invalid_proof')
  expect(await refusal(check(signed, { cnf: { jwk: key.jwk } }))).toBe('accepted')
})

const PROFILES: Profile[] = ['core-0.1', 'hardened']
const typed = (claims: Members, profile: Profile) =>
  jws({ alg: 'ES256', typ: profile === 'hardened' ? 'agentpass-holder-proof+jwt' : 'JWT' }, claims, { key: HOLDER })

test.each<[string, string, Members]>([
  ['aud of the Authority', '[SVC-HB-04 SVC-RED-19]', { aud: AUTHORITY }],
  ['aud with a slash', '[SVC-HB-04 SVC-RED-19]', { aud: `${SERVICE}/` }],
  ['aud of several', '[SVC-HB-04 SVC-RED-19]', { aud: [SERVICE, AUTHORITY] }],
  ['no aud', '[SVC-HB-04 SVC-RED-19]', { aud: undefined }],
  ['no iss', '[SVC-HB-05 SVC-RED-19]', { iss: undefined }],
  ['an empty iss', '[SVC-HB-05 SVC-RED-19]', { iss: '' }],
  ['iss that is no text', '[SVC-HB-05 SVC-RED-19]', { iss: 7 }],
  ['no jti', '[SVC-HB-05 SVC-RED-19]', { jti: undefined }],
  ['an empty jti', '[SVC-HB-05 SVC-RED-19]', { jti: '' }],
  ['a jti that is no text', '[SVC-HB-05 SVC-RED-19]', { jti: 7 }],
  ['a jti of 1,025 characters', '[SVC-HB-05 SVC-RED-19]', { jti: 'x'.repeat(1025) }],
  ['no exp', '[SVC-HB-05 SVC-RED-19]', { exp: undefined }],
  ['no iat', '[SVC-HB-05 SVC-RED-19]', { iat: undefined }],
  ['an exp long past', '[SVC-HB-05 SVC-RED-19]', { iat: NOW - 200, exp: NOW - 100 }],
  ['an iat to come', '[SVC-HB-10 SVC-RED-19]', { iat: NOW + 61, exp: NOW + 90 }],
  ['an exp of 1e300', '[SVC-HB-10 SVC-RED-19]', { exp: 1e300 }],
  ['htm GET', '[SVC-HB-07 SVC-RED-19]', { htm: 'GET' }],
  ['htm in other letters', '[SVC-HB-07 SVC-RED-19]', { htm: 'post' }],
  ['an empty htm', '[SVC-HB-07 SVC-RED-19]', { htm: '' }],
  ['htm null', '[SVC-HB-07 SVC-RED-19]', { htm: null }],
  ['htm of several', '[SVC-HB-07 SVC-RED-19]', { htm: ['POST'] }],
  ['htu of the other endpoint', '[SVC-HB-07 SVC-RED-19]', { htu: `${SERVICE}/agentpass/redeem/browser-session` }],
  ['htu of another host', '[SVC-HB-07 SVC-RED-19]', { htu: ENDPOINT.replace('desk', 'evil') }],
  ['htu of another scheme', '[SVC-HB-07 SVC-RED-19]', { htu: ENDPOINT.replace('https', 'http') }],
  ['htu of another port', '[SVC-HB-07 SVC-RED-19]', { htu: ENDPOINT.replace('.example', '.example:8443') }],
  ['htu with userinfo', '[SVC-HB-07 SVC-RED-19]', { htu: ENDPOINT.replace('//', '//user@') }],
  ['htu with more path', '[SVC-HB-07 SVC-RED-19]', { htu: `${ENDPOINT}/x` }],
  ['htu with a slash at its end', '[SVC-HB-07 SVC-RED-19]', { htu: `${ENDPOINT}/` }],
  ['htu in other letters', '[SVC-HB-07 SVC-RED-19]', { htu: ENDPOINT.replace('redeem', 'Redeem') }],
  ['htu that is a path', '[SVC-HB-07 SVC-RED-19]', { htu: '/agentpass/redeem/bearer-token' }],
  ['an empty htu', '[SVC-HB-07 SVC-RED-19]', { htu: '' }],
  ['htu null', '[SVC-HB-07 SVC-RED-19]', { htu: null }],
  ['aph of another pass', '[SVC-HB-08 SVC-RED-19]', { aph: createHash('sha256').update('another').digest('base64url') }],
  ['aph in hex', '[SVC-HB-08 SVC-RED-19]', { aph: createHash('sha256').update(PASS).digest('hex') }],
  ['aph padded', '[SVC-HB-08 SVC-RED-19]', { aph: `${APH}=` }],
  ['an empty aph', '[SVC-HB-08 SVC-RED-19]', { aph: '' }],
  ['aph null', '[SVC-HB-08 SVC-RED-19]', { aph: null }],
  ['a claim of a task attestation', '[SVC-HB-13 SVC-RED-19]', { task_id: 't' }],
  ['a cnf', '[SVC-HB-13 SVC-RED-19]', { cnf: CNF }],
])('a proof with %s is invalid before the pass is spent, in both profiles %s', async (_, _ids, claims) => {
  for (const profile of PROFILES) {
    const expected = { ...EXPECTED, profile }
    expect(await refusal(readProof({ jwt: typed({ ...FULL, ...claims }, profile) }, expected))).toBe('invalid_proof')
    expect(await refusal(readProof({ jwt: typed(FULL, profile) }, expected))).toBe('accepted')
  }
})

test.each(['htm', 'htu', 'aph'])('%s is required in hardened, and may be absent in core-0.1 [SVC-HB-07 SVC-HB-08]', async (claim) => {
  const partial = (profile: Profile) => readProof({ jwt: typed({ ...FULL, [claim]: undefined }, profile) }, { ...EXPECTED, profile })
  expect(await refusal(partial('hardened'))).toBe('invalid_proof')
  expect(await refusal(partial('core-0.1'))).toBe('accepted')
  expect(await refusal(check(typed(PUBLISHED, 'core-0.1')))).toBe('accepted')
})

test.each([
  `${ENDPOINT}?x=1`,
  `${ENDPOINT}#x`,
  `${ENDPOINT}?`,
  ENDPOINT.replace('https://desk', 'HTTPS://Desk'),
  ENDPOINT.replace('.example', '.example:443'),
  ENDPOINT.replace('/redeem', '/./x/../redeem'),
])('htu %s is the endpoint: it is compared as a URL, without query and fragment [SVC-HB-14]', async (htu) => {
  expect(await refusal(check(proof({ htu })))).toBe('accepted')
})
test('an endpoint that is published with a query, or not in normal form, is still the one a proof names [SVC-HB-14]', async () => {
  for (const endpoint of [`${ENDPOINT}?tenant=1`, ENDPOINT.replace('.example', '.example:443')]) {
    expect(await refusal(check(proof({ htu: ENDPOINT }), { endpoint }))).toBe('accepted')
    expect(await refusal(check(proof({ htu: endpoint }), { endpoint }))).toBe('accepted')
    expect(await refusal(check(proof({ htu: `${ENDPOINT}/x` }), { endpoint }))).toBe('invalid_proof')
    expect(await refusal(check(jws(HEADER, PUBLISHED, { key: HOLDER }), { endpoint }))).toBe('accepted')
  }
})

test('iss is compared only where the Authority named the Harness [SVC-HB-11]', async () => {
  expect(await refusal(check(proof({ iss: 'another' }), { harnessId: HARNESS }))).toBe('invalid_proof')
  expect(await refusal(check(proof(), { harnessId: HARNESS }))).toBe('accepted')
  expect(await refusal(check(proof({ iss: 'another' })))).toBe('accepted')
})

test('iss and aph are compared to the letter: other forms of the same text are other texts', async () => {
  const [composed, decomposed] = ['r\u00fcnner', 'ru\u0308nner']
  expect(await refusal(check(proof({ iss: composed }), { harnessId: decomposed }))).toBe('invalid_proof')
  expect(await refusal(check(proof({ aph: createHash('sha256').update(composed).digest('base64url') }), { pass: decomposed }))).toBe('invalid_proof')
})

test.each(['', 'junk', 'a.b.c', 'x'.repeat(100_000)])('text that is no signed object is an invalid proof', async (jwt) => {
  expect(await refusal(readProof({ jwt }, EXPECTED))).toBe('invalid_proof')
})

test.each(PROFILES)('what our Harness signs in %s our Service accepts, and each proof is new [HAR-RED-04 HAR-RED-05]', async (profile) => {
  const privateKey = await crypto.subtle.importKey(
    'jwk',
    HOLDER.privateKey.export({ format: 'jwk' }),
    { name: 'ECDSA', namedCurve: 'P-256' },
    false,
    ['sign'],
  )
  let drawn = 0
  const d = { now: () => NOW, random: (bytes: number) => `${bytes}-${drawn++}`, profile }
  const sign = () =>
    signProof(
      d,
      { privateKey, algorithm: 'ES256', publicJwk: { kty: 'EC' } },
      { harnessId: HARNESS, audience: SERVICE, endpoint: ENDPOINT, pass: PASS },
    )
  const jwt = await readProof({ jwt: await sign() }, { ...EXPECTED, profile })
  expect(jwt?.claims).toEqual({ iss: HARNESS, aud: SERVICE, iat: NOW, exp: NOW + 60, jti: '16-0', htm: 'POST', htu: ENDPOINT, aph: APH })
  expect(await verifyProof(CNF, jwt, HARNESS)).toMatchObject({ jti: '16-0' })
  expect(await check(await sign(), { profile })).toMatchObject({ jti: '16-1' })
})
