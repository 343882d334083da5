import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { signTask, verifyTask } from '../../spec/attestation.ts'
import { ProtocolError } from '../../spec/error.ts'
import type { Profile } from '../../spec/profile.ts'
import { IssuanceRequest } from '../../spec/wire/issuance.ts'
import { ecPair, HARNESS, HEADER, HOLDER, jws, type Members, NOW, SERVICE } from './jws-fixture.ts'

const TASK = { id: 'task-4711', description: 'Answer the oldest ticket: „Drucker brennt“ 🔥\n' }
const sha256 = (text: string | Uint8Array) => createHash('sha256').update(text).digest('hex')
const CLAIMS = { iss: HARNESS, task_id: TASK.id, task_description_hash: sha256(TASK.description), iat: NOW, exp: NOW + 300 }
const attestation = (claims: Members = {}, key = HOLDER) => ({ jwt: jws(HEADER, { ...CLAIMS, ...claims }, { key }) })

const request = ({ harness = {}, task = {} }: { harness?: Members; task?: Members }) =>
  IssuanceRequest.parse({
    type: 'bearer_token',
    service: { origin: SERVICE },
    user: { email: 'ada@acme.example' },
    harness: { id: HARNESS, cnf: { jwk: HOLDER.jwk }, ...harness },
    task: { ...TASK, ...task },
  })

async function verdict(of: { harness?: Members; task?: Members }, profile: Profile = 'core-0.1'): Promise<unknown> {
  try {
    return await verifyTask(request(of), { now: NOW, profile })
  } catch (failure) {
    return failure instanceof ProtocolError ? failure.code : failure
  }
}

test('a task whose words the holder key signed is attested [AUTH-TATT-07 AUTH-TATT-08]', async () => {
  expect(await verdict({ task: { attestation: attestation() } })).toBe(true)
})
test('a task without an attestation is not attested [AUTH-TATT-07]', async () => {
  expect(await verdict({})).toBe(false)
  expect(await verdict({ harness: { cnf: undefined } })).toBe(false)
})
test('an attestation without a holder key is malformed [AUTH-TATT-01]', async () => {
  expect(await verdict({ task: { attestation: attestation() }, harness: { cnf: undefined } })).toBe('malformed_request')
})
test('an attestation under another key is refused [AUTH-TATT-02]', async () => {
  expect(await verdict({ task: { attestation: attestation({}, ecPair('P-256')) } })).toBe('invalid_attestation')
  expect(await verdict({ task: { attestation: attestation() }, harness: { cnf: { jwk: ecPair('P-256').jwk } } })).toBe('invalid_attestation')
  expect(await verdict({ task: { attestation: attestation() }, harness: { cnf: { jwk: ecPair('P-384').jwk } } })).toBe('invalid_attestation')
})
test('an attestation under a point off its curve is refused', async () => {
  expect(await verdict({ task: { attestation: attestation() }, harness: { cnf: { jwk: { ...HOLDER.jwk, y: HOLDER.jwk.x } } } })).toBe(
    'invalid_attestation',
  )
})
test.each([{ task_id: 'task-4712' }, { task_id: 'TASK-4711' }, { task_id: 4711 }, { task_id: undefined }, { task_id: null }])(
  'an attestation with %j is of another task [AUTH-TATT-03]',
  async (claims) => {
    expect(await verdict({ task: { attestation: attestation(claims) } })).toBe('invalid_attestation')
  },
)
test.each([{ iss: 'another' }, { iss: '' }, { iss: undefined }, { iss: [HARNESS] }])(
  'an attestation with %j is of another Harness [AUTH-TATT-05]',
  async (claims) => {
    expect(await verdict({ task: { attestation: attestation(claims) } })).toBe('invalid_attestation')
  },
)

test.each<[string, unknown]>([
  ['another description', sha256('another')],
  ['the description without its last line break', sha256(TASK.description.trimEnd())],
  ['the description in another encoding', sha256(Buffer.from(TASK.description, 'utf16le'))],
  ['the description, in base64url', createHash('sha256').update(TASK.description).digest('base64url')],
  ['the description, cut', CLAIMS.task_description_hash.slice(0, 63)],
  ['the description, and a space', `${CLAIMS.task_description_hash} `],
  ['nothing', ''],
  ['null', null],
  ['the description, in a list', [CLAIMS.task_description_hash]],
  ['none at all', undefined],
])('a hash of %s is refused [AUTH-TATT-04]', async (_, hash) => {
  expect(await verdict({ task: { attestation: attestation({ task_description_hash: hash }) } })).toBe('invalid_attestation')
})
test('the hash is read in hex of either case [AUTH-TATT-09]', async () => {
  const upper = CLAIMS.task_description_hash.toUpperCase()
  expect(upper).not.toBe(CLAIMS.task_description_hash)
  expect(await verdict({ task: { attestation: attestation({ task_description_hash: upper }) } })).toBe(true)
})
test('a description is hashed as sent: no Unicode normalisation makes two of them one [AUTH-TATT-04]', async () => {
  const [composed, decomposed] = ['caf\u00e9', 'cafe\u0301']
  const of = (description: string) => attestation({ task_description_hash: sha256(description) })
  expect(await verdict({ task: { description: composed, attestation: of(composed) } })).toBe(true)
  expect(await verdict({ task: { description: decomposed, attestation: of(composed) } })).toBe('invalid_attestation')
})
test('task.id and harness.id are compared to the letter', async () => {
  const [composed, decomposed] = ['caf\u00e9', 'cafe\u0301']
  expect(await verdict({ task: { id: decomposed, attestation: attestation({ task_id: composed }) } })).toBe('invalid_attestation')
  expect(await verdict({ harness: { id: decomposed }, task: { attestation: attestation({ iss: composed }) } })).toBe('invalid_attestation')
})

test.each<[string, Members]>([
  ['no exp', { exp: undefined }],
  ['an exp that is past', { iat: NOW - 200, exp: NOW - 100 }],
  ['no iat', { iat: undefined }],
  ['an iat to come', { iat: NOW + 100 }],
  ['a life of more than a day', { exp: NOW + 86_401 }],
  ['a claim of a proof', { htm: 'POST' }],
  ['a claim of a harness attestation', { cnf: { jwk: HOLDER.jwk } }],
])('an attestation with %s is refused [AUTH-TATT-06]', async (_, claims) => {
  expect(await verdict({ task: { attestation: attestation(claims) } })).toBe('invalid_attestation')
})

test.each(['junk', 'a.b.c'])('an attestation that is no signed object is refused', async (jwt) => {
  expect(await verdict({ task: { attestation: { jwt } } })).toBe('invalid_attestation')
})

test.each(['core-0.1', 'hardened'] as const)(
  'what our Harness signs in %s our Authority accepts, with the hash in lower case [HAR-ISS-07]',
  async (profile) => {
    const privateKey = await crypto.subtle.importKey(
      'jwk',
      HOLDER.privateKey.export({ format: 'jwk' }),
      { name: 'ECDSA', namedCurve: 'P-256' },
      false,
      ['sign'],
    )
    const jwt = await signTask({ now: () => NOW, profile }, { privateKey, algorithm: 'ES256', publicJwk: { kty: 'EC' } }, HARNESS, TASK)
    expect(JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())).toEqual(CLAIMS)
    expect(await verdict({ task: { attestation: { jwt } } }, profile)).toBe(true)
  },
)
