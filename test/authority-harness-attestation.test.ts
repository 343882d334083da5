/** The word of a vendor about a Harness: it counts from pinned issuers alone, and only for the key it names. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { APPROVING, type AuthorityWorld, authorityWorld, HARNESS, message, refusal, TASK } from './authority-rig.ts'
import { SERVICE, USER } from './parties.ts'
import { ecPair, edPair, jws, type Members, type Pair, rsaPair } from './spec/jws-fixture.ts'
import { attestationBy, attested, type Change, HOLDER, VENDOR, VENDOR_KEY } from './vendor.ts'

const pinning = (...keys: Members[]) => ({ attestation: { issuers: [{ issuer: VENDOR, keys: keys.length > 0 ? keys : [VENDOR_KEY.jwk] }] } })
const world = (changed: object = {}) => authorityWorld({ ...pinning(), ...changed })

async function trail(w: AuthorityWorld): Promise<Record<string, unknown>[]> {
  await w.manage('/ready') // writes what was noted
  const rows = await w.database().read.selectFrom('audit').select('event').orderBy('seq').execute()
  return rows.map(({ event }) => JSON.parse(event))
}
const REFUSED = {
  event: 'issuance',
  outcome: 'refused',
  code: 'invalid_attestation',
  user: USER,
  service: SERVICE,
  harness: HARNESS,
  task: TASK.id,
  address: 'unknown',
}

/** Refused, nobody asked, nothing recorded but the refusal; and the same Harness with a good attestation is admitted. */
async function expectRefused(change: (w: AuthorityWorld) => Change, settings: object = {}, good: Change = {}) {
  const w = await world(settings)
  expect(await refusal(await w.issue(message(attested(w, change(w)))))).toEqual([401, 'invalid_attestation'])
  expect([w.calls, w.lookups]).toEqual([[], []])
  expect(await (await w.manage('/requests')).json()).toEqual({ requests: [] })
  expect(await trail(w)).toEqual([{ at: w.now(), ...REFUSED }])
  expect((await w.show((await w.requested(attested(w, good))).id)).shown).toMatchObject({ harness: { tier: 'attested' } })
}

test('a Harness that a pinned issuer attests is attested, and approvers and the trail are told by whom [AUTH-HATT-01]', async () => {
  const w = await world(APPROVING)
  const { id, status } = await w.requested(attested(w))
  expect(status).toBe('approved')
  const since = new Date(w.now() * 1000).toISOString()
  const { harness } = (await w.show(id)).shown as { harness?: unknown }
  expect(harness).toEqual({ id: HARNESS, tier: 'attested', vouched: { by: VENDOR, since }, key_thumbprint: expect.stringMatching(/^[\w-]{43}$/) })
  const known = { tier: 'attested', vouched_by: VENDOR, key_thumbprint: (harness as { key_thumbprint: string }).key_thumbprint }
  expect(await trail(w)).toEqual([
    expect.objectContaining({ event: 'issuance', outcome: 'admitted', ...known }),
    expect.objectContaining({ event: 'decision', outcome: 'approved', ...known }),
  ])
})

test.each<[string, (w: AuthorityWorld) => Change]>([
  ['signed with another key [AUTH-HATT-01]', () => ({ signer: { key: ecPair('P-256') } })],
  ['signed with the holder key itself [AUTH-HATT-01]', () => ({ signer: { key: HOLDER } })],
  ['with a signature of another object [AUTH-HATT-01]', (w) => ({ harness: { attestation: { jwt: spliced(w) } } })],
  ['that names another key of the Harness [AUTH-HATT-02]', () => ({ claims: { cnf: { jwk: ecPair('P-256').jwk } } })],
  ["that names the vendor's key [AUTH-HATT-02]", () => ({ claims: { cnf: { jwk: VENDOR_KEY.jwk } } })],
  ['that names no key [AUTH-HATT-02]', () => ({ claims: { cnf: undefined } })],
  ['with an empty cnf [AUTH-HATT-02]', () => ({ claims: { cnf: {} } })],
  ['that names what is no key [AUTH-HATT-02]', () => ({ claims: { cnf: { jwk: {} } } })],
  ['that names a thumbprint alone [AUTH-HATT-02]', () => ({ claims: { cnf: { jkt: 'x' } } })],
  ['that names a private key [AUTH-HATT-02]', () => ({ claims: { cnf: { jwk: HOLDER.privateKey.export({ format: 'jwk' }) } } })],
  ['that has expired [AUTH-HATT-03]', (w) => ({ claims: { iat: w.now() - 400, exp: w.now() - 60 } })],
  ['without exp [AUTH-HATT-03]', () => ({ claims: { exp: undefined } })],
  ['with an exp that is text [AUTH-HATT-03]', (w) => ({ claims: { exp: String(w.now() + 300) } })],
  ['without iat [AUTH-HATT-09]', () => ({ claims: { iat: undefined } })],
  ['that is of tomorrow [AUTH-HATT-09]', (w) => ({ claims: { iat: w.now() + 86_400, exp: w.now() + 86_700 } })],
  ['that is of two minutes hence [AUTH-HATT-09]', (w) => ({ claims: { iat: w.now() + 120, exp: w.now() + 300 } })],
  ['that lives for more than a day [AUTH-HATT-09]', (w) => ({ claims: { exp: w.now() + 86_401 } })],
  ['that lives for ten years [AUTH-HATT-09]', (w) => ({ claims: { exp: w.now() + 315_360_000 } })],
  ['that is not valid yet [AUTH-HATT-09]', (w) => ({ claims: { nbf: w.now() + 120 } })],
  ['with alg none and a good signature [AUTH-HATT-10]', () => ({ header: { alg: 'none' } })],
  ['with alg HS256 [AUTH-HATT-10]', () => ({ header: { alg: 'HS256' } })],
  ['whose alg is not of the key [AUTH-HATT-10]', () => ({ header: { alg: 'ES384' } })],
  ['with crit [AUTH-HATT-10]', () => ({ header: { crit: ['x'], x: 1 } })],
  ['with an empty crit [AUTH-HATT-10]', () => ({ header: { crit: [] } })],
  ['with b64 [AUTH-HATT-10]', () => ({ header: { b64: false } })],
  ['under the typ of a proof [AUTH-HATT-10]', () => ({ header: { typ: 'agentpass-holder-proof+jwt' } })],
  ['under the typ of a task attestation [AUTH-HATT-10]', () => ({ header: { typ: 'application/AgentPass-Task-Attestation+JWT' } })],
  ['under the typ of a Service assertion [AUTH-HATT-10]', () => ({ header: { typ: 'agentpass-service-assertion+jwt' } })],
  ['with a claim of a proof [AUTH-HATT-10]', () => ({ claims: { htm: 'POST' } })],
  ['with a claim of a task attestation [AUTH-HATT-10]', () => ({ claims: { task_id: TASK.id } })],
  ["that is the Harness's own attestation of its task [AUTH-HATT-10]", (w) => ({ harness: { attestation: { jwt: taskAttestation(w) } } })],
  ['with an unknown kid where the pinned key has one of its own', () => ({ header: { kid: 'other' } })],
  ['without sub [AUTH-HATT-07]', () => ({ claims: { sub: undefined } })],
  ['with an empty sub [AUTH-HATT-07]', () => ({ claims: { sub: '' } })],
  ['with a sub that is no text [AUTH-HATT-07]', () => ({ claims: { sub: [HARNESS] } })],
  ['with a sub that no database can hold [AUTH-HATT-07]', () => ({ claims: { sub: 'a\u0000b' } })],
  ['with a sub over 1,024 characters [AUTH-HATT-07]', () => ({ claims: { sub: 'a'.repeat(1025) } })],
  ['that is no signed object [AUTH-HATT-07]', () => ({ harness: { attestation: { jwt: 'junk' } } })],
  ['of 17,000 characters [AUTH-HATT-07]', () => ({ claims: { x: 'x'.repeat(13_000) } })],
])('an attestation %s refuses the request', async (_, change) => {
  await expectRefused(change, pinning({ ...VENDOR_KEY.jwk, kid: 'v1' }))
})

function spliced(w: AuthorityWorld): string {
  const [header, payload] = attestationBy(w, { claims: { sub: 'trusted-runner' } }).split('.')
  return `${header}.${payload}.${attestationBy(w).split('.')[2]}`
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')
/** Signed with the vendor's own key even: what it is about is not who the Harness is. */
const taskAttestation = (w: AuthorityWorld) => {
  const claims = { iss: VENDOR, sub: HARNESS, task_id: TASK.id, task_description_hash: hashOf(TASK.description), iat: w.now(), exp: w.now() + 300 }
  return jws({ alg: 'ES256', typ: 'JWT' }, claims, { key: VENDOR_KEY })
}

test.each<unknown>([
  'https://evil.example',
  'http://169.254.169.254',
  'https://desk.example',
  'https://authority.acme.example',
  `${VENDOR}/`,
  `${VENDOR}:443`,
  'https://VENDOR.example',
  'HTTPS://vendor.example',
  ` ${VENDOR}`,
  `${VENDOR}\u0000`,
  'https://vendor.example.evil.example',
  'https://vendor.еxample',
  'https://vendor%2eexample',
  'vendor.example',
  [VENDOR],
  { toString: VENDOR },
  '__proto__',
  'constructor',
  HARNESS,
  '',
  null,
  undefined,
])('the iss %j is not the pinned issuer, and nobody is asked about it, whoever signed [AUTH-HATT-05 AUTH-HATT-07]', async (iss) => {
  await expectRefused(() => ({ claims: { iss } }))
})

test('a self-made issuer with keys of its own is refused, and its keys are not fetched [AUTH-HATT-05]', async () => {
  const own = ecPair('P-256')
  const headers: Members[] = [{}, { jwk: own.jwk }, { jku: 'https://evil.example/keys' }, { x5u: 'https://evil.example/cert', x5c: ['AAAA'] }]
  for (const header of headers)
    for (const iss of ['https://evil.example', VENDOR]) await expectRefused(() => ({ header, claims: { iss }, signer: { key: own } }))
})

test('what a header says of keys is not read: beside a good signature it is ignored, and nothing is fetched [AUTH-HATT-10]', async () => {
  const w = await world()
  const header = { jwk: ecPair('P-256').jwk, jku: 'https://evil.example/keys', x5u: 'https://evil.example/cert', x5c: ['AAAA'] }
  expect((await w.issue(message(attested(w, { header })))).status).toBe(202)
  expect(w.calls.filter(({ url }) => !url.startsWith(SERVICE))).toEqual([])
})

test('where no issuer is pinned, every attestation is refused [AUTH-HATT-05]', async () => {
  const w = await authorityWorld()
  expect(await refusal(await w.issue(message(attested(w))))).toEqual([401, 'invalid_attestation'])
  expect([w.calls, w.lookups]).toEqual([[], []])
  expect((await w.issue()).status).toBe(202)
})

test('each issuer signs with its own keys, and with no other pinned one’s [AUTH-HATT-01]', async () => {
  const other = ecPair('P-256')
  const { issuers } = pinning().attestation
  const settings = { attestation: { issuers: [...issuers, { issuer: 'https://other.example', keys: [other.jwk] }] } }
  await expectRefused(() => ({ signer: { key: other } }), settings)
  await expectRefused(() => ({ claims: { iss: 'https://other.example' } }), settings, {
    claims: { iss: 'https://other.example' },
    signer: { key: other },
  })
})

test.each<[string, unknown]>([
  ['an attestation without cnf', undefined],
  ['an attestation beside an empty cnf', {}],
])('%s is malformed, whoever signed it [AUTH-HATT-04]', async (_, cnf) => {
  const w = await world()
  expect(await refusal(await w.issue(message(attested(w, { harness: { cnf } }))))).toEqual([400, 'malformed_request'])
  expect([w.calls, await (await w.manage('/requests')).json()]).toEqual([[], { requests: [] }])
  expect((await w.issue(message(attested(w)))).status).toBe(202)
})

test.each([{}, '', { jwt: '' }, { jwt: null }, null, [], { jwt: ['x'] }])(
  'the attestation %j is malformed and not absent: nobody goes down a tier by it [AUTH-ISS-10]',
  async (attestation) => {
    const w = await world()
    expect(await refusal(await w.issue(message(attested(w, { harness: { attestation } }))))).toEqual([400, 'malformed_request'])
    expect(await (await w.manage('/requests')).json()).toEqual({ requests: [] })
    expect((await w.issue(message(attested(w)))).status).toBe(202)
  },
)

test('the key is the same whatever the order of its members and whatever is beside them, there or here [AUTH-HATT-02]', async () => {
  const w = await world()
  const { kty, crv, x, y } = HOLDER.jwk
  const decorated = { y, kid: 'mine', x, use: 'sig', crv, ext: true, kty, key_ops: ['verify'] }
  for (const change of [{ claims: { cnf: { jwk: decorated, jkt: 'x' } } }, { harness: { cnf: { jwk: decorated } } }])
    expect((await w.issue(message(attested(w, change)))).status).toBe(202)
})

test.each<[string, Pair, string]>([
  ['ES384', ecPair('P-384'), 'ES384'],
  ['EdDSA', edPair(), 'EdDSA'],
  ['PS256', rsaPair(), 'PS256'],
])('a vendor may sign by %s, with a kid or without, and say its kind [AUTH-HATT-01 AUTH-HATT-10]', async (alg, key, algorithm) => {
  const w = await world(pinning({ ...VENDOR_KEY.jwk, kid: 'v1' }, { ...key.jwk, kid: 'v2' }))
  for (const header of [{}, { kid: 'v2' }, { typ: 'agentpass-harness-attestation+jwt' }, { typ: undefined }])
    expect((await w.issue(message(attested(w, { header: { alg, ...header }, signer: { key, algorithm } })))).status).toBe(202)
  expect((await w.issue(message(attested(w, { header: { alg, kid: 'v1' }, signer: { key, algorithm } })))).status).toBe(401)
})

test('the times may be off by a minute, and a life of a day is not too long [AUTH-HATT-03 AUTH-HATT-09]', async () => {
  const w = await world()
  for (const claims of [{ iat: w.now() + 60, exp: w.now() + 300 }, { iat: w.now() - 300, exp: w.now() - 59 }, { exp: w.now() + 86_400 }])
    expect((await w.issue(message(attested(w, { claims })))).status).toBe(202)
})

const asked = (w: AuthorityWorld) => z.object({ agent: z.object({ id: z.string() }) }).parse(w.desk.asked.at(-1)!.body).agent.id

test('the agent is the verified sub, for the Service, the approver, validation and the trail, whatever the Harness calls itself [AUTH-HATT-08]', async () => {
  const w = await world(APPROVING)
  const named = attested(w, { claims: { sub: 'runner-7f3c' } })
  const { answer, id } = await w.redeemed(named)
  expect(answer).toMatchObject({ agent: { id: 'runner-7f3c' }, harness: { id: HARNESS } })
  expect([asked(w), (await w.show(id)).shown]).toMatchObject(['runner-7f3c', { agent: { id: 'runner-7f3c' }, harness: { id: HARNESS } }])
  const rows = await trail(w)
  expect(rows.map(({ event, agent, harness }) => [event, agent, harness])).toEqual(
    ['issuance', 'decision', 'validation'].map((event) => [event, 'runner-7f3c', HARNESS]),
  )
  expect((await w.redeemed()).answer.agent.id).toBe(HARNESS)
  expect(asked(w)).toBe(HARNESS)
})

test('an attestation and the attestation of a task stand beside each other; each must hold [AUTH-HATT-07]', async () => {
  const w = await world(APPROVING)
  const claims = { iss: HARNESS, task_id: TASK.id, task_description_hash: hashOf(TASK.description), iat: w.now(), exp: w.now() + 300 }
  const task = (key: Pair) => ({ ...TASK, attestation: { jwt: jws({ alg: 'ES256', typ: 'JWT' }, claims, { key }) } })
  expect((await w.redeemed({ ...attested(w), task: task(HOLDER) })).answer.task).toMatchObject({ attested: true })
  expect((await w.issue(message({ ...attested(w), task: task(VENDOR_KEY) }))).status).toBe(401)
  expect((await w.issue(message({ ...attested(w, { signer: { key: HOLDER } }), task: task(HOLDER) }))).status).toBe(401)
})
