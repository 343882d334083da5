import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { readAssertion } from '../../spec/assertion.ts'
import { verifyTask } from '../../spec/attestation.ts'
import { type Kind, readJwt } from '../../spec/jwt.ts'
import type { Profile } from '../../spec/profile.ts'
import { readProof, verifyProof } from '../../spec/proof.ts'
import { IssuanceRequest } from '../../spec/wire/issuance.ts'
import { AUTHORITY, genuine, HARNESS, HEADER, HOLDER, jws, type Members, NOW, SERVICE } from './jws-fixture.ts'
import { accept, expectUnreadable } from './jwt-fixture.ts'

const KINDS = ['service-assertion', 'authority-assertion', 'holder-proof', 'task-attestation', 'harness-attestation'] as const
const PROFILES = ['core-0.1', 'hardened'] as const
const TASK = { id: 'task-4711', description: 'Answer the oldest ticket' }
const PASS = 'a pass'
const ENDPOINT = `${SERVICE}/agentpass/redeem/bearer-token`

const digest = (text: string, encoding: 'hex' | 'base64url') => createHash('sha256').update(text).digest(encoding)
const TIMES = { iat: NOW, exp: NOW + 60 }
/** What an object of each kind says, all signed by one key: the attacker publishes it wherever keys are looked for. */
const NATURAL: Record<Kind, Members> = {
  'service-assertion': { iss: SERVICE, aud: AUTHORITY, ...TIMES, jti: 'j1' },
  'authority-assertion': { iss: AUTHORITY, aud: SERVICE, ...TIMES, jti: 'j2' },
  'holder-proof': { iss: HARNESS, aud: SERVICE, ...TIMES, jti: 'j3', htm: 'POST', htu: ENDPOINT, aph: digest(PASS, 'base64url') },
  'task-attestation': { iss: HARNESS, ...TIMES, task_id: TASK.id, task_description_hash: digest(TASK.description, 'hex') },
  'harness-attestation': { iss: 'https://vendor.example', sub: HARNESS, ...TIMES, cnf: { jwk: HOLDER.jwk } },
}
const typOf = (kind: Kind) => `agentpass-${kind}+jwt`
const signed = (typ: string | undefined, claims: Members) => jws({ alg: 'ES256', typ }, claims, { key: HOLDER })

/** The readers of the kinds; each rejects what is not its own. */
const READERS: Record<Exclude<Kind, 'harness-attestation'>, (jwt: string, profile: Profile) => Promise<unknown>> = {
  'service-assertion': async (jwt, profile) =>
    readAssertion(`Bearer ${jwt}`, { kind: 'service-assertion', audience: AUTHORITY, ownKeys: [], now: NOW, profile }),
  'authority-assertion': async (jwt, profile) =>
    readAssertion(`Bearer ${jwt}`, { kind: 'authority-assertion', audience: SERVICE, ownKeys: [], now: NOW, profile }),
  'holder-proof': async (jwt, profile) =>
    verifyProof({ jwk: HOLDER.jwk }, await readProof({ jwt }, { audience: SERVICE, endpoint: ENDPOINT, pass: PASS, now: NOW, profile }), HARNESS),
  'task-attestation': (jwt, profile) => verifyTask(attested(jwt), { now: NOW, profile }),
}
const attested = (jwt: string) =>
  IssuanceRequest.parse({
    type: 'bearer_token',
    service: { origin: SERVICE },
    user: { email: 'ada@acme.example' },
    harness: { id: HARNESS, cnf: { jwk: HOLDER.jwk } },
    task: { ...TASK, attestation: { jwt } },
  })

async function takers(jwt: string, profile: Profile): Promise<string[]> {
  const verdicts = Object.entries(READERS).map(async ([kind, read]) => {
    const taken = await read(jwt, profile).then(
      () => true,
      () => false,
    )
    return taken ? [kind] : []
  })
  return (await Promise.all(verdicts)).flat()
}
const readable = KINDS.filter((kind) => kind !== 'harness-attestation')

test.each(KINDS)('a %s under the typ of its kind is taken by its own reader and by no other [AUTH-ASRT-14 SVC-SCD-10 AUTH-HATT-10]', async (kind) => {
  const own = readable.filter((k) => k === kind)
  for (const profile of PROFILES) expect(await takers(signed(typOf(kind), NATURAL[kind]), profile)).toEqual(own)
})

test.each(KINDS)('a %s under the typ JWT is taken by no reader but its own: its claims tell it [AUTH-ASRT-14 SVC-SCD-10]', async (kind) => {
  const own = readable.filter((k) => k === kind)
  expect(await takers(signed('JWT', NATURAL[kind]), 'core-0.1')).toEqual(own)
  expect(await takers(signed('JWT', NATURAL[kind]), 'hardened')).toEqual([])
})

test('the token of a workload is taken by no reader of ours: it is for an Authority and a key, and they are for one or the other [AUTH-ASRT-14]', async () => {
  const claims = { iss: 'https://ci.example', sub: HARNESS, aud: `${AUTHORITY}#jkt=${digest('a key', 'base64url')}`, ...TIMES }
  for (const profile of PROFILES) for (const typ of ['JWT', undefined]) expect(await takers(signed(typ, claims), profile)).toEqual([])
})

test.each(KINDS)('a %s padded with the claims of every kind is taken by no other reader in hardened [AUTH-ASRT-14]', async (kind) => {
  for (const other of KINDS) {
    const padded = { ...NATURAL[kind], ...NATURAL[other] }
    expect([[], [kind]]).toContainEqual(await takers(signed(typOf(kind), padded), 'hardened'))
    expect(await takers(signed('JWT', padded), 'hardened')).toEqual([])
  }
})

test('an assertion reflected to a party that is both Service and Authority of one name is refused in hardened [AUTH-ASRT-14]', () => {
  const ours = signed(typOf('service-assertion'), { ...NATURAL['service-assertion'], iss: SERVICE, aud: SERVICE })
  const read = (kind: 'service-assertion' | 'authority-assertion') => () =>
    readAssertion(`Bearer ${ours}`, { kind, audience: SERVICE, ownKeys: [], now: NOW, profile: 'hardened' })
  expect(read('authority-assertion')).toThrow()
  expect(read('service-assertion')).not.toThrow()
})

test.each(KINDS)(
  '%s: in both profiles its own name is a good typ, without regard to case and with or without application/ [AUTH-HATT-10]',
  async (kind) => {
    for (const typ of [typOf(kind), typOf(kind).toUpperCase(), `application/${typOf(kind)}`, `Application/${typOf(kind)}`])
      for (const profile of PROFILES) expect(readJwt(signed(typ, NATURAL[kind]), kind, { now: NOW, profile })).toBeDefined()
  },
)

test.each(KINDS)('%s: the name of another kind is refused in both profiles, however it is written [AUTH-ASRT-14 SVC-HB-13]', async (kind) => {
  for (const other of KINDS.filter((k) => k !== kind))
    for (const typ of [typOf(other), typOf(other).toUpperCase(), `application/${typOf(other)}`])
      for (const profile of PROFILES) await expectUnreadable(signed(typ, NATURAL[kind]), { kind, profile })
})

test.each([undefined, 'JWT', 'jwt', 'application/jwt', 'at+jwt', '', 'JOSE', 'service-assertion+jwt'])(
  'typ %s is accepted in core-0.1 and refused in hardened [AUTH-HATT-10]',
  async (typ) => {
    for (const kind of KINDS) {
      await expect(accept(signed(typ, NATURAL[kind]), { kind })).resolves.toBeDefined()
      await expectUnreadable(signed(typ, NATURAL[kind]), { kind, profile: 'hardened' })
    }
  },
)

test.each([[7], [null], [['JWT']], [{}]])('typ %j is refused', async (typ) => {
  await expectUnreadable(genuine({}, { typ }))
})

const PROOF = ['htm', 'htu', 'aph']
test.each<[Kind, string[]]>([
  ['service-assertion', [...PROOF, 'task_description_hash']],
  ['authority-assertion', [...PROOF, 'task_description_hash']],
  ['holder-proof', ['task_id', 'task_description_hash', 'cnf']],
  ['task-attestation', [...PROOF, 'cnf']],
  ['harness-attestation', [...PROOF, 'task_id', 'task_description_hash']],
])('a %s with any of %j is refused in both profiles, whatever its value [AUTH-ASRT-14]', async (kind, foreign) => {
  for (const profile of PROFILES)
    for (const claim of foreign)
      for (const value of ['x', '', null, {}]) await expectUnreadable(signed(typOf(kind), { ...NATURAL[kind], [claim]: value }), { kind, profile })
})

test('other claims are ignored: an assertion may carry task_id, cnf and what nobody knows', async () => {
  const more = { task_id: 't', cnf: {}, sub: 's', azp: 1, nonce: null, 'https://acme.example/claim': [] }
  for (const kind of ['service-assertion', 'authority-assertion'] as const)
    await expect(accept(signed('JWT', { ...NATURAL[kind], ...more }), { kind })).resolves.toBeDefined()
})

const REST = JSON.stringify({ iss: SERVICE, aud: AUTHORITY }).slice(1, -1)
const NO_TIMES = ['"1800000030"', '""', 'null', 'true', 'false', '1e400', '-1e400', '{}', '[1800000030]', '-1', '0', '1e300', '9007199254740992']
test.each([undefined, ...NO_TIMES])('exp %s is refused [AUTH-ASRT-04 SVC-SCD-04 SVC-HB-05 AUTH-HATT-03]', async (exp) => {
  await expectUnreadable(jws(HEADER, `{${REST},"iat":${NOW}${exp === undefined ? '' : `,"exp":${exp}`}}`, { key: HOLDER }))
})
test.each([undefined, ...NO_TIMES])('iat %s is refused [AUTH-ASRT-05 SVC-SCD-05 SVC-HB-05 AUTH-HATT-09]', async (iat) => {
  await expectUnreadable(jws(HEADER, `{${REST},"exp":${NOW + 60}${iat === undefined ? '' : `,"iat":${iat}`}}`, { key: HOLDER }))
})
test.each(['"1800000000"', 'null', 'true', '1e400', '[]'])('nbf %s is refused', async (nbf) => {
  await expectUnreadable(jws(HEADER, `{${REST},"iat":${NOW},"exp":${NOW + 60},"nbf":${nbf}}`, { key: HOLDER }))
})
test('times may have fractions, and an nbf that has come changes nothing', async () => {
  await expect(accept(genuine({ iat: NOW - 0.5, exp: NOW + 59.25, nbf: NOW - 1 }))).resolves.toBeDefined()
})

test('clocks may differ by 60 s and no more [AUTH-ASRT-03 AUTH-ASRT-10 SVC-HB-10 SVC-SCD-04 SVC-SCD-05 AUTH-HATT-03 AUTH-HATT-09 AUTH-TATT-06]', async () => {
  for (const kind of KINDS)
    for (const profile of PROFILES) {
      const at = (times: Members) => signed(typOf(kind), { ...NATURAL[kind], ...times })
      await expect(accept(at({ iat: NOW - 100, exp: NOW - 59 }), { kind, profile })).resolves.toBeDefined()
      await expectUnreadable(at({ iat: NOW - 100, exp: NOW - 60 }), { kind, profile })
      await expect(accept(at({ iat: NOW + 60, exp: NOW + 120 }), { kind, profile })).resolves.toBeDefined()
      await expectUnreadable(at({ iat: NOW + 61, exp: NOW + 120 }), { kind, profile })
      await expect(accept(at({ nbf: NOW + 60 }), { kind, profile })).resolves.toBeDefined()
      await expectUnreadable(at({ nbf: NOW + 61 }), { kind, profile })
    }
})

test.each<[Kind, Profile, number]>([
  ['service-assertion', 'core-0.1', 3600],
  ['authority-assertion', 'core-0.1', 3600],
  ['holder-proof', 'core-0.1', 3600],
  ['task-attestation', 'core-0.1', 86_400],
  ['harness-attestation', 'core-0.1', 86_400],
  ['service-assertion', 'hardened', 300],
  ['authority-assertion', 'hardened', 300],
  ['holder-proof', 'hardened', 300],
  ['task-attestation', 'hardened', 3600],
  ['harness-attestation', 'hardened', 3600],
])('a %s in %s lives %i s at most [AUTH-ASRT-09 SVC-HB-10 AUTH-HATT-09]', async (kind, profile, cap) => {
  const lasting = (seconds: number) => signed(typOf(kind), { ...NATURAL[kind], exp: NOW + seconds })
  await expect(accept(lasting(cap), { kind, profile })).resolves.toBeDefined()
  await expectUnreadable(lasting(cap + 1), { kind, profile })
})

test('an object that ends before it begins is refused', async () => {
  await expectUnreadable(genuine({ iat: NOW + 50, exp: NOW + 49 }))
})
