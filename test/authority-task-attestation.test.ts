/** The task signed with the holder key: it must hold where it is sent, and is worth nothing where it is not. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { APPROVING, type AuthorityWorld, authorityWorld, HARNESS, message, refusal, TASK } from './authority-rig.ts'
import { ecPair, edPair, jws, type Members, type Pair, rsaPair } from './spec/jws-fixture.ts'

const HOLDER = ecPair('P-256')
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')

type Change = { claims?: Members; header?: Members; signer?: { key: Pair; algorithm?: string }; holder?: Pair; task?: typeof TASK }
const attestation = (w: AuthorityWorld, { claims, header, signer = { key: HOLDER }, task = TASK }: Change) =>
  jws(
    { alg: 'ES256', typ: 'JWT', ...header },
    { iss: HARNESS, task_id: task.id, task_description_hash: hashOf(task.description), iat: w.now(), exp: w.now() + 300, ...claims },
    signer,
  )
const attested = (w: AuthorityWorld, change: Change = {}) => ({
  harness: { id: HARNESS, cnf: { jwk: (change.holder ?? HOLDER).jwk } },
  task: { ...(change.task ?? TASK), attestation: { jwt: attestation(w, change) } },
})

/** Refused, nothing asked, nothing recorded; and the same task with a good attestation is admitted. */
async function expectRefused(change: (w: AuthorityWorld) => Change) {
  const w = await authorityWorld()
  expect(await refusal(await w.issue(message(attested(w, change(w)))))).toEqual([401, 'invalid_attestation'])
  expect(w.calls).toEqual([])
  expect(await (await w.manage('/requests')).json()).toEqual({ requests: [] })
  expect((await w.issue(message(attested(w)))).status).toBe(202)
}

test('a task is attested at validation when its attestation was verified, and is not when there was none [AUTH-TATT-07 AUTH-TATT-08]', async () => {
  const w = await authorityWorld(APPROVING)
  expect((await w.redeemed(attested(w))).answer.task).toEqual({ ...TASK, attested: true })
  expect((await w.redeemed({ harness: { id: HARNESS, cnf: { jwk: HOLDER.jwk } } })).answer.task).toEqual({ ...TASK, attested: false })
})

test('an attestation without a holder key is malformed [AUTH-TATT-01]', async () => {
  const w = await authorityWorld()
  const { task } = attested(w)
  expect(await refusal(await w.issue(message({ task })))).toEqual([400, 'malformed_request'])
  expect((await w.issue(message(attested(w)))).status).toBe(202)
})

test.each<[string, (w: AuthorityWorld) => Change]>([
  ['signed with another key [AUTH-TATT-02]', () => ({ signer: { key: ecPair('P-256') } })],
  ['signed with a key its header names [AUTH-TATT-02]', () => ownKey()],
  [
    'in which the signature is of another alg than the key [AUTH-TATT-02]',
    () => ({ header: { alg: 'RS256' }, signer: { key: rsaPair(), algorithm: 'RS256' } }),
  ],
  ['without a signature [AUTH-TATT-02]', () => ({ header: { alg: 'none' } })],
  ['of another task [AUTH-TATT-03]', () => ({ claims: { task_id: 'task-18' } })],
  ['of a task id that is no text [AUTH-TATT-03]', () => ({ claims: { task_id: [TASK.id] } })],
  ['of no task [AUTH-TATT-03]', () => ({ claims: { task_id: undefined } })],
  ['of another description [AUTH-TATT-04]', () => ({ claims: { task_description_hash: hashOf('Delete everything') } })],
  ['of no description [AUTH-TATT-04]', () => ({ claims: { task_description_hash: undefined } })],
  [
    'with the hash in base64url [AUTH-TATT-04]',
    () => ({ claims: { task_description_hash: createHash('sha256').update(TASK.description).digest('base64url') } }),
  ],
  ['with the description in place of its hash [AUTH-TATT-04]', () => ({ claims: { task_description_hash: TASK.description } })],
  ['of another Harness [AUTH-TATT-05]', () => ({ claims: { iss: 'other-harness' } })],
  ['of no Harness [AUTH-TATT-05]', () => ({ claims: { iss: undefined } })],
  ['that has expired [AUTH-TATT-06]', (w) => ({ claims: { iat: w.now() - 400, exp: w.now() - 61 } })],
  ['without exp [AUTH-TATT-06]', () => ({ claims: { exp: undefined } })],
  ['without iat', () => ({ claims: { iat: undefined } })],
  ['that lives for more than a day', (w) => ({ claims: { exp: w.now() + 86_401 } })],
  ['that is of tomorrow', (w) => ({ claims: { iat: w.now() + 86_400, exp: w.now() + 86_460 } })],
  ['that is a holder proof', () => ({ claims: { htm: 'POST', aph: 'x' } })],
  ['that is a harness attestation', () => ({ claims: { cnf: { jwk: HOLDER.jwk } } })],
  ['under the typ of a proof', () => ({ header: { typ: 'agentpass-holder-proof+jwt' } })],
  ['with crit', () => ({ header: { crit: ['x'], x: 1 } })],
])('an attestation %s refuses the request', async (_, change) => {
  await expectRefused(change)
})

function ownKey(): Change {
  const own = ecPair('P-256')
  return { header: { jwk: own.jwk }, signer: { key: own } }
}

test('the description is compared as the bytes that were sent: two spellings of one letter are two texts [AUTH-TATT-04]', async () => {
  const composed = { id: TASK.id, description: 'Antworte Zoë' }
  const decomposed = { id: TASK.id, description: 'Antworte Zoe\u0308' }
  await expectRefused(() => ({ task: composed, claims: { task_description_hash: hashOf(decomposed.description) } }))
  const w = await authorityWorld(APPROVING)
  for (const task of [composed, decomposed]) expect((await w.redeemed(attested(w, { task }))).answer.task).toEqual({ ...task, attested: true })
})

test('the hash is good in either case, and the object in either form of its typ [AUTH-TATT-09]', async () => {
  const w = await authorityWorld(APPROVING)
  const upper = { task_description_hash: hashOf(TASK.description).toUpperCase() }
  for (const change of [
    { claims: upper },
    { header: { typ: 'agentpass-task-attestation+jwt' } },
    { header: { typ: undefined } },
    { claims: { sub: 'x' } },
  ])
    expect((await w.redeemed(attested(w, change))).answer.task).toMatchObject({ attested: true })
})

test.each<[string, Pair, string]>([
  ['ES384', ecPair('P-384'), 'ES384'],
  ['EdDSA', edPair(), 'EdDSA'],
  ['RS256', rsaPair(), 'RS256'],
])('an attestation by %s holds where that is what the holder key does [AUTH-TATT-02]', async (alg, holder, algorithm) => {
  const w = await authorityWorld(APPROVING)
  const { answer } = await w.redeemed(attested(w, { holder, header: { alg }, signer: { key: holder, algorithm } }))
  expect(answer.task).toMatchObject({ attested: true })
})

test('an approver sees whether the task is attested [AUTH-TATT-07]', async () => {
  const w = await authorityWorld()
  const shown = async (more: object) => (await w.show((await w.requested(more)).id)).shown.task
  expect([await shown(attested(w)), await shown({})]).toEqual([
    { ...TASK, attested: true },
    { ...TASK, attested: false },
  ])
})

test('the attestation of a Harness by an issuer that no setting pins is refused, and its iss is asked nothing [AUTH-HATT-05 AUTH-HATT-07]', async () => {
  const w = await authorityWorld()
  for (const iss of ['https://vendor.example', 'http://169.254.169.254', 'https://desk.example']) {
    const claims = { iss, sub: HARNESS, cnf: { jwk: HOLDER.jwk }, iat: w.now(), exp: w.now() + 300 }
    const harness = { id: HARNESS, cnf: { jwk: HOLDER.jwk }, attestation: { jwt: jws({ alg: 'ES256', typ: 'JWT' }, claims, { key: HOLDER }) } }
    expect(await refusal(await w.issue(message({ harness })))).toEqual([401, 'invalid_attestation'])
  }
  expect([w.calls, w.lookups]).toEqual([[], []])
  expect(await (await w.manage('/requests')).json()).toEqual({ requests: [] })
})

test('the attestation of a Harness without a holder key is malformed, whoever signed it [AUTH-HATT-04]', async () => {
  const w = await authorityWorld()
  const claims = { iss: 'https://vendor.example', sub: HARNESS, cnf: { jwk: HOLDER.jwk }, iat: w.now(), exp: w.now() + 300 }
  const attestation = { jwt: jws({ alg: 'ES256', typ: 'JWT' }, claims, { key: HOLDER }) }
  expect(await refusal(await w.issue(message({ harness: { id: HARNESS, attestation } })))).toEqual([400, 'malformed_request'])
  expect(await refusal(await w.issue(message({ harness: { id: HARNESS, attestation, cnf: {} } })))).toEqual([400, 'malformed_request'])
  expect(w.calls).toEqual([])
  expect(await (await w.manage('/requests')).json()).toEqual({ requests: [] })
})
