/** What is no token of a workload identity provider: what it did not sign, what is of another kind or form, and what a vendor signs. */
import { expect, test } from 'vitest'
import { APPROVING, authorityWorld, HARNESS, message, refusal } from './authority-rig.ts'
import { edPair, jws, rsaPair } from './spec/jws-fixture.ts'
import { HOLDER, VENDOR, VENDOR_KEY } from './vendor.ts'
import { audienceOf, CI, changed, expectRefused, GITHUB, KEYS, POD, pinning, tokenOf, workloadOf } from './workloads.ts'

test('what its provider did not sign is refused', () =>
  changed(() => {
    const [header, signer] = [
      { alg: 'ES256', kid: undefined },
      { key: HOLDER, algorithm: 'ES256' },
    ]
    return {
      ...{ other_key: { signer: { key: rsaPair(), algorithm: 'RS256' } }, holder: { header, signer }, cluster: { signer: POD.signer } },
      ...{ unknown_kid: { header: { kid: 'k2' } }, ed: { header: { alg: 'EdDSA' }, signer: { key: edPair(), algorithm: 'EdDSA' } } },
      ...{
        none: { header: { alg: 'none' } },
        mac: { header: { alg: 'HS256' } },
        other_alg: { header: { alg: 'PS256' } },
        curve: { header: { alg: 'ES256' } },
      },
      ...{ crit: { header: { crit: ['x'] } }, no_crit: { header: { crit: [] } }, b64: { header: { b64: false } } },
    }
  }))

test('keys that a header names are never used', () =>
  changed(() => {
    const stranger = rsaPair()
    const header = { jwk: stranger.jwk, jku: 'https://evil.example/keys', x5u: 'https://evil.example/cert', x5c: ['AAAA'] }
    return { all: { header, signer: { key: stranger, algorithm: 'RS256' } } }
  }))

const KINDS = ['service-assertion', 'authority-assertion', 'holder-proof', 'task-attestation', 'harness-attestation'].map(
  (kind) => `agentpass-${kind}+jwt`,
)
test('what says it is of another kind is no token of a workload, and neither is what has claims of our kinds', () =>
  changed(() => ({
    ...Object.fromEntries([...KINDS, 'secevent+jwt', 'at+jwt', 'logout+jwt', 'dpop+jwt', ''].map((typ) => [typ, { header: { typ } }])),
    ...Object.fromEntries(['htm', 'htu', 'aph', 'task_description_hash'].map((claim) => [claim, { claims: { [claim]: 'x' } }])),
    ...{ cnf: { claims: { cnf: { jwk: HOLDER.jwk } } }, empty_cnf: { claims: { cnf: {} } } },
  })))

test.each(['JWT', 'jwt', 'application/jwt', 'JOSE', undefined])('typ %s is what providers write', async (typ) => {
  const w = await authorityWorld(pinning())
  expect((await w.issue(message(workloadOf(w, CI, { header: { typ } })))).status).toBe(202)
})

test('a token with a member twice, encrypted, or in another form is refused', () =>
  expectRefused((w) => {
    const good = tokenOf(w, CI)
    const [header = '', payload = '', signature = ''] = good.split('.')
    const text = JSON.stringify(CI.claims(w.now()))
    const twice = (member: string) => jws(CI.header, `${text.slice(0, -1)},${member}}`, CI.signer)
    return {
      ...{ iss: twice(`"iss":"${GITHUB}"`), aud: twice(`"aud":"${audienceOf()}"`), sub: twice('"sub":"repo:acme/desk:ref:refs/heads/main"') },
      ...{ jwe: `${good}.x.y`, detached: `${header}..${signature}`, unsigned: `${header}.${payload}.`, padded: `${good}=`, line: `${good}\n` },
    }
  }))

test('a vendor and a provider stand beside each other, and neither speaks as the other', () => {
  const vendors = { issuers: [{ issuer: VENDOR, keys: [VENDOR_KEY.jwk] }] }
  const settings = { attestation: { ...vendors, ...pinning().attestation } }
  return expectRefused(
    (w) => {
      const times = { iat: w.now(), exp: w.now() + 300 }
      const [vendor, cnf] = [{ key: VENDOR_KEY, algorithm: 'ES256' }, { cnf: { jwk: HOLDER.jwk } }]
      return {
        'the provider, as vendors do': jws(CI.header, { iss: GITHUB, sub: HARNESS, ...cnf, ...times }, CI.signer),
        'the provider, in the name of the vendor': jws(CI.header, { iss: VENDOR, sub: HARNESS, ...cnf, ...times }, CI.signer),
        'the vendor, as providers do': jws({ alg: 'ES256', typ: 'JWT' }, { ...CI.claims(w.now()), iss: VENDOR }, vendor),
        'the vendor, in the name of the provider': jws({ alg: 'ES256', typ: 'JWT' }, CI.claims(w.now()), vendor),
        'another provider': tokenOf(w, CI, { signer: { key: KEYS.cluster, algorithm: 'RS256' } }),
      }
    },
    CI,
    settings,
  )
})

test('a token of a workload is no assertion of a Service, though its issuer would be one', async () => {
  const w = await authorityWorld({ ...APPROVING, ...pinning() })
  const { value } = await w.approved(workloadOf(w, CI))
  expect(await refusal(await w.validate(value, `Bearer ${tokenOf(w, CI)}`))).toEqual([401, 'invalid_assertion'])
  expect((await w.validate(value, w.desk.bearer())).status).toBe(200)
})
