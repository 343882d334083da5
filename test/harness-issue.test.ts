import { createHash, createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { expect, test } from 'vitest'
import { IssuanceRequest } from '../spec/wire/issuance.ts'
import { ACME, answer, authorityDocument, DESK, HARNESS, type HarnessRig, harnessRig, refusal, TASK, USER } from './harness-rig.ts'

const ISSUE = `${ACME}/some/where/issue`
const asked = (h: HarnessRig) => h.posted(ISSUE)

/** Whether a compact JWS is signed with the private half of a JWK, by `node:crypto` alone. */
function isSignedWith(jwk: JsonWebKey, jwt: string): boolean {
  const [header, payload, signature] = jwt.split('.')
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  return verify('sha256', Buffer.from(`${header}.${payload}`), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature!, 'base64url'))
}

test('the request goes to the issuance endpoint of the configuration, wherever that is [HAR-ISS-01]', async () => {
  const h = harnessRig()
  const endpoints = { ...authorityDocument(ACME).endpoints, issuance: 'https://elsewhere.example/some/where/issue?of=acme' }
  h.authority.configuration = answer(authorityDocument(ACME, { endpoints }))
  h.addAuthority('https://elsewhere.example')
  await h.acquire()
  expect(h.callsTo('https://elsewhere.example')).toEqual(['POST /some/where/issue?of=acme'])
  expect(h.callsTo(ACME)).toEqual(['GET /configuration', 'GET /some/where/requests/request-1'])
})

test('the request is schema-valid and says type, service, user, harness and task [HAR-ISS-02]', async () => {
  const h = harnessRig()
  const acquired = await h.acquire()
  const [body] = asked(h)
  expect(IssuanceRequest.parse(body)).toMatchObject({
    type: 'bearer_token',
    service: { origin: DESK },
    user: { email: USER },
    harness: { id: HARNESS },
    task: { id: acquired.task.id, description: TASK },
  })
})

test('the scope, a destination and a foreign attestation are not sent for a bearer token [HAR-ISS-05, HAR-ISS-08]', async () => {
  const h = harnessRig()
  await h.acquire({ scope: ['tickets:read'] })
  expect(Object.keys(asked(h)[0])).toEqual(['type', 'service', 'user', 'harness', 'task'])
  expect(Object.keys(asked(h)[0].harness)).toEqual(['id', 'cnf'])
})

test('every task has a key of its own, and only its public half is sent [HAR-ISS-03]', async () => {
  const h = harnessRig()
  await h.acquire()
  await h.acquire()
  const keys = asked(h).map((body) => body.harness.cnf.jwk)
  expect(keys[0]).toEqual({ kty: 'EC', crv: 'P-256', x: expect.any(String), y: expect.any(String) })
  expect(keys[0].x).not.toBe(keys[1].x)
  expect(h.calls.map(({ body }) => body).join()).not.toMatch(/"d":/)
})

test('every trip has a task id of its own, also for the same task and after a failure [HAR-ISS-06, HAR-RED-07]', async () => {
  const h = harnessRig()
  await h.acquire()
  h.service.redeem = refusal(409, 'already_consumed')
  await h.failure()
  h.authority.issue = refusal(403, 'policy_denied')
  await h.failure()
  const bodies = asked(h)
  expect(new Set(bodies.map((body) => body.task.id)).size).toBe(3)
  expect(new Set(bodies.map((body) => body.harness.cnf.jwk.x)).size).toBe(3)
})

test('the task is attested with the holder key [HAR-ISS-04]', async () => {
  const h = harnessRig()
  await h.acquire()
  const [{ task, harness }] = asked(h)
  expect(decodeProtectedHeader(task.attestation.jwt)).toEqual({ alg: 'ES256', typ: 'JWT' })
  expect(isSignedWith(harness.cnf.jwk, task.attestation.jwt)).toBe(true)
})

test('the attestation names harness and task, and the hash of the description in UTF-8 [HAR-ISS-07]', async () => {
  const h = harnessRig()
  const description = 'Répondre à la demande n° 17 – 票 🎫'
  await h.acquire({ task: description })
  const [{ task }] = asked(h)
  const hash = createHash('sha256').update(Buffer.from(description, 'utf8')).digest('hex')
  const iat = h.now() - 1 // one pause lies between
  expect(decodeJwt(task.attestation.jwt)).toEqual({ iss: HARNESS, task_id: task.id, task_description_hash: hash, iat, exp: iat + 300 })
})

test('the hardened profile names the kind of what is signed [HAR-ISS-04]', async () => {
  const h = harnessRig()
  await h.acquire({ profile: 'hardened' })
  expect(decodeProtectedHeader(asked(h)[0].task.attestation.jwt).typ).toBe('agentpass-task-attestation+jwt')
})

test('a refusal ends the trip with the sentence of the authority', async () => {
  const h = harnessRig()
  h.authority.issue = refusal(403, 'policy_denied', 'this service is not allowed')
  expect(await h.failure()).toMatchObject({ step: 'issue', peer: ACME, message: 'this service is not allowed (403 policy_denied)' })
  expect(h.callsTo(ACME)).toEqual(['GET /configuration', 'POST /some/where/issue'])
})

test('a refusal that quotes an attestation it was sent is told by its status alone', async () => {
  const h = harnessRig()
  const attest = async () => 'attestation-of-the-vendor'
  const quotes = [(body: any) => body.task.attestation.jwt, (body: any) => body.harness.attestation.jwt]
  for (const quote of quotes) {
    h.authority.issue = () => refusal(403, 'policy_denied', `not with ${quote(asked(h).at(-1))}`)()
    expect(await h.failure({ attest })).toMatchObject({ step: 'issue', message: 'answered 403' })
  }
})

test.each([
  ['no JSON', () => new Response('<html>'), 'it is not JSON'],
  ['a status without id', answer({ status: 'pending' }), 'id is missing or invalid'],
  ['too much', () => new Response('x'.repeat(70_000)), '65536 bytes'],
])('an answer that is %s ends the trip and is named', async (_, issue, message) => {
  const h = harnessRig()
  h.authority.issue = issue
  const failure = await h.failure()
  expect(failure).toMatchObject({ step: 'issue', peer: ACME })
  expect(failure.message).toContain(message)
})
