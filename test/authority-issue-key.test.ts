/** Which holder keys an Authority binds a pass to, and how the key comes back. */
import { expect, test } from 'vitest'
import { APPROVING, authorityWorld, HARNESS, message, refusal } from './authority-rig.ts'
import { base64url, ecPair, edPair, type Members, rsaPair } from './spec/jws-fixture.ts'

const EC = ecPair('P-256')
const RSA = rsaPair()
const binding = (cnf: unknown) => message({ harness: { id: HARNESS, cnf } })

/** Refused as malformed; the same request with a good key is admitted. */
async function expectRefused(cnf: unknown) {
  const w = await authorityWorld()
  expect(await refusal(await w.issue(binding(cnf)))).toEqual([400, 'malformed_request'])
  expect(await (await w.manage('/requests')).json()).toEqual({ requests: [] })
  expect((await w.issue(binding({ jwk: EC.jwk }))).status).toBe(202)
}

test.each([
  [null],
  [{}],
  [[]],
  ['x'],
  [{ jwk: null }],
  [{ jwk: 'x' }],
  [{ jwk: [] }],
  [{ jwk: {} }],
  [{ jkt: 'x' }],
  [{ jwk: { kty: 7 } }],
  [EC.jwk],
])('cnf %j has no key, and is malformed [AUTH-ISS-08]', async (cnf) => {
  await expectRefused(cnf)
})

test.each<[string, Members]>([
  ['with its private part', { ...EC.privateKey.export({ format: 'jwk' }) }],
  ['with an empty private part', { ...EC.jwk, d: '' }],
  ['with a private part that is null', { ...EC.jwk, d: null }],
  ['with a member of a private RSA key', { ...RSA.jwk, qi: 'AQAB' }],
  ['that is symmetric', { kty: 'oct', k: 'c2VjcmV0' }],
  ['of an unknown kty', { ...EC.jwk, kty: 'AKP' }],
  ['on secp256k1', ecPair('secp256k1').jwk],
  ['for key agreement', { kty: 'OKP', crv: 'X25519', x: base64url(Buffer.alloc(32, 9)) }],
  ['of RSA with 1024 bits', rsaPair(1024).jwk],
  ['of RSA with the exponent 1', { ...RSA.jwk, e: 'AQ' }],
  ['off its curve', { ...EC.jwk, y: base64url(Buffer.alloc(32, 7)) }],
  ['at the origin', { ...EC.jwk, x: base64url(Buffer.alloc(32)), y: base64url(Buffer.alloc(32)) }],
  ['of P-256 that says P-384', { ...EC.jwk, crv: 'P-384' }],
  ['with one coordinate', { ...EC.jwk, y: undefined }],
  ['with padding', { ...EC.jwk, x: `${EC.jwk.x}=` }],
  ['for encryption', { ...EC.jwk, use: 'enc' }],
  ['for signing alone', { ...EC.jwk, key_ops: ['sign'] }],
  ['for an algorithm of another kind', { ...EC.jwk, alg: 'RS256' }],
  ['for key agreement by its alg', { ...EC.jwk, alg: 'ECDH-ES' }],
  ['for a MAC by its alg', { ...EC.jwk, alg: 'HS256' }],
])('a holder key %s is refused [AUTH-ISS-09]', async (_, jwk) => {
  await expectRefused({ jwk })
})

test.each<[string, Members]>([
  ['P-256', EC.jwk],
  ['P-384', ecPair('P-384').jwk],
  ['P-521', ecPair('P-521').jwk],
  ['Ed25519', edPair().jwk],
  ['RSA', RSA.jwk],
])('a holder key of %s is bound and comes back as it was sent [AUTH-ISS-09 AUTH-VAL-11]', async (_, jwk) => {
  const w = await authorityWorld(APPROVING)
  expect((await w.redeemed({ harness: { id: HARNESS, cnf: { jwk } } })).answer.cnf).toEqual({ jwk })
})

test('members that are none of ours are kept and come back, of the key and beside it [AUTH-VAL-11]', async () => {
  const w = await authorityWorld(APPROVING)
  const jwk = { ...EC.jwk, kid: 'mine', use: 'sig', alg: 'ES256', key_ops: ['verify'], ext: true, x5c: ['AAAA'], x_deep: { a: [null, 1, 'é'] } }
  const cnf = { jwk, jkt: 'whatever', 'x-other': [] }
  expect((await w.redeemed({ harness: { id: HARNESS, cnf } })).answer.cnf).toEqual(cnf)
})

test('no member of a refused private key is written down anywhere [AUTH-ISS-09]', async () => {
  const w = await authorityWorld()
  const jwk = EC.privateKey.export({ format: 'jwk' })
  const response = await w.issue(binding({ jwk }))
  expect(await response.text()).not.toContain(jwk.d)
  await w.authority.stop()
  const { readFileSync } = await import('node:fs')
  expect(readFileSync(w.authority.opening.database).includes(jwk.d!)).toBe(false)
  expect(w.lines.join('')).not.toContain(jwk.d)
})

test('without a holder key there is none in the answer; a second request is not bound to the key of the first [AUTH-VAL-10]', async () => {
  const w = await authorityWorld(APPROVING)
  expect((await w.redeemed({ harness: { id: HARNESS, cnf: { jwk: EC.jwk } } })).answer).toHaveProperty('cnf')
  expect((await w.redeemed()).answer).not.toHaveProperty('cnf')
})

test('an approver is shown the thumbprint of the holder key, and that nobody vouches for the Harness [AUTH-ISS-01]', async () => {
  const w = await authorityWorld()
  const bound = await w.requested({ harness: { id: HARNESS, cnf: { jwk: { ...EC.jwk, kid: 'mine' } } } })
  const harness = (await w.show(bound.id)).shown.harness
  expect(harness).toMatchObject({ id: HARNESS, tier: 'unverified', key_thumbprint: expect.stringMatching(/^[\w-]{43}$/) })
  expect((await w.show((await w.requested()).id)).shown.harness).not.toHaveProperty('key_thumbprint')
})
