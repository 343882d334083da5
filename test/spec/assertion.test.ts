import { expect, test } from 'vitest'
import { createAssertionSigner, readAssertion } from '../../spec/assertion.ts'
import { ProtocolError } from '../../spec/error.ts'
import { readCompact, type SigningKey } from '../../spec/jwt.ts'
import { createKeySets } from '../../spec/keys.ts'
import { AUTHORITY, base64url, CLAIMS, genuine, HOLDER, type Members, NOW, SERVICE } from './jws-fixture.ts'
import { clock, json, web } from './peer-fixture.ts'

const EXPECTED = { kind: 'service-assertion', audience: AUTHORITY, ownKeys: [{ kid: 'our key' }], now: NOW, profile: 'core-0.1' } as const
const read = (header: string | null | undefined) => readAssertion(header, EXPECTED)

function thrown(call: () => unknown): ProtocolError | undefined {
  try {
    call()
    return undefined
  } catch (failure) {
    if (failure instanceof ProtocolError) return failure
    throw failure
  }
}
function codeOf(call: () => unknown): unknown {
  const refusal = thrown(call)
  return refusal ? [refusal.code, refusal.status] : 'accepted'
}
const REFUSED = ['invalid_assertion', 401]

test("an assertion is read for what it claims; whether that is true is the signature's business", () => {
  expect(read(`Bearer ${genuine()}`)).toMatchObject({
    issuer: SERVICE,
    jti: CLAIMS.jti,
    expiresAt: NOW + 60,
    jwt: { algorithm: 'ES256', claims: CLAIMS },
  })
})

test('an assertion of our own that came back is refused, also where the other party has our name; the same name under another key is not ours [AUTH-ASRT-14]', () => {
  const named = (kid: string | undefined) => codeOf(() => read(`Bearer ${genuine({ iss: AUTHORITY }, { kid })}`))
  expect(named('our key')).toEqual(REFUSED)
  expect([named('another key'), named(undefined)]).toEqual(['accepted', 'accepted'])
  expect(codeOf(() => read(`Bearer ${genuine({}, { kid: 'our key' })}`))).toBe('accepted') // a kid is a name, and others may use it
})

test.each<[string, string | null | undefined]>([
  ['no header', undefined],
  ['a header that is absent', null],
  ['an empty header', ''],
  ['the scheme alone', 'Bearer'],
  ['the scheme and a space', 'Bearer '],
  ['no scheme', genuine()],
  ['another scheme', `Basic ${genuine()}`],
  ['a scheme that only ends like ours', `XBearer ${genuine()}`],
  ['a colon', `Bearer: ${genuine()}`],
  ['a tab for a space', `Bearer\t${genuine()}`],
  ['a leading space', ` Bearer ${genuine()}`],
  ['a trailing space', `Bearer ${genuine()} `],
  ['two assertions', `Bearer ${genuine()} ${genuine()}`],
  ['two headers joined', `Bearer ${genuine()}, Bearer ${genuine()}`],
  ['a line break', `Bearer ${genuine()}\n`],
  ['junk', 'Bearer junk'],
  ['100 KB of spaces', `Bearer ${' '.repeat(100_000)}`],
])('%s instead of a bearer assertion is 401 [AUTH-ASRT-01 SVC-SCD-01 AUTH-CHK-04]', (_, header) => {
  expect(codeOf(() => read(header))).toEqual(REFUSED)
})

test.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('the scheme %s is read without regard to case [AUTH-ASRT-15]', (scheme) => {
  expect(read(`${scheme} ${genuine()}`).issuer).toBe(SERVICE)
  expect(read(`${scheme}   ${genuine()}`).issuer).toBe(SERVICE)
})

test.each([[AUTHORITY], [[AUTHORITY]]])('aud %j is this party [AUTH-ASRT-06 AUTH-ASRT-07 SVC-SCD-03]', (aud) => {
  expect(codeOf(() => read(`Bearer ${genuine({ aud })}`))).toBe('accepted')
})
test.each<[unknown]>([
  [undefined],
  [null],
  [''],
  [[]],
  [`${AUTHORITY}/`],
  [AUTHORITY.toUpperCase()],
  [AUTHORITY.slice(0, -1)],
  [`${AUTHORITY}.evil.example`],
  [`${AUTHORITY}:443`],
  [` ${AUTHORITY}`],
  [`${AUTHORITY}\n`],
  ['agents.acme.example'],
  ['https://other.example'],
  [SERVICE],
  ['*'],
  [[AUTHORITY, AUTHORITY]],
  [[AUTHORITY, 'https://other.example']],
  [['https://other.example', AUTHORITY]],
  [['https://other.example']],
  [[[AUTHORITY]]],
  [[null]],
  [{ 0: AUTHORITY, length: 1 }],
  [{ aud: AUTHORITY }],
  [7],
  [true],
])('aud %j is another [AUTH-ASRT-06 AUTH-ASRT-07 SVC-SCD-03]', (aud) => {
  expect(codeOf(() => read(`Bearer ${genuine({ aud })}`))).toEqual(REFUSED)
})

test.each<[Members]>([
  [{ iss: undefined }],
  [{ iss: null }],
  [{ iss: '' }],
  [{ iss: 7 }],
  [{ iss: [SERVICE] }],
  [{ iss: 'x'.repeat(2049) }],
  [{ jti: '' }],
  [{ jti: 7 }],
  [{ jti: null }],
  [{ jti: 'x'.repeat(1025) }],
])('an assertion with %j is refused', (claims) => {
  expect(codeOf(() => read(`Bearer ${genuine(claims)}`))).toEqual(REFUSED)
})

test.each([
  `${SERVICE}/`,
  `${SERVICE}:443`,
  'https://Desk.example',
  'https://desk.example/path',
  'https://user@desk.example',
  'https://desk\u3002example',
])('iss %s is handed on as it was written: it is never made into another [AUTH-ASRT-08]', (iss) => {
  expect(read(`Bearer ${genuine({ iss })}`).issuer).toBe(iss)
})

test('an assertion may do without jti', () => {
  expect(read(`Bearer ${genuine({ jti: undefined })}`).jti).toBeUndefined()
})

test.each<[string, string, Members]>([
  ['that has expired', '[AUTH-ASRT-03 AUTH-CHK-05]', { iat: NOW - 120, exp: NOW - 60 }],
  ['without exp', '[AUTH-ASRT-04]', { exp: undefined }],
  ['without iat', '[AUTH-ASRT-05]', { iat: undefined }],
  ['from the future', '[AUTH-ASRT-10]', { iat: NOW + 61, exp: NOW + 100 }],
  ['that lives too long', '[AUTH-ASRT-09]', { exp: NOW + 3601 }],
  ['with a claim of a proof', '[AUTH-ASRT-14]', { htm: 'POST' }],
])('an assertion %s is 401 %s', (_, _ids, claims) => {
  expect(codeOf(() => read(`Bearer ${genuine(claims)}`))).toEqual(REFUSED)
})

test('one sentence answers every refusal, and it says nothing of the cause', () => {
  const headers = [null, 'Bearer junk', `Bearer ${genuine({ aud: 'x' })}`, `Bearer ${genuine({ exp: 1 })}`, `Bearer ${base64url('{}')}.a.b`]
  expect(new Set(headers.map((header) => thrown(() => read(header))?.message)).size).toBe(1)
})

const importKey = () =>
  crypto.subtle.importKey('jwk', HOLDER.privateKey.export({ format: 'jwk' }), { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])

test.each(['core-0.1', 'hardened'] as const)(
  'what one party signs in %s the other reads: iss, aud, iat, exp a minute later, and a jti of its own [SVC-RED-08 AUTH-ISS-18]',
  async (profile) => {
    const time = clock()
    const { fetch } = web({ 'https://desk.example/jwks': json({ keys: [{ ...HOLDER.jwk, kid: 'desk-1' }] }) })
    const keySets = createKeySets({ ...time, fetch, profile })
    const key: SigningKey = { privateKey: await importKey(), algorithm: 'ES256', keyId: 'desk-1', publicJwk: { kty: 'EC' } }
    let drawn = 0
    const sign = createAssertionSigner({
      ...time,
      random: (bytes) => `${bytes}-${drawn++}`,
      profile,
      kind: 'service-assertion',
      issuer: SERVICE,
      signingKey: async () => key,
    })
    const first = readAssertion(`Bearer ${await sign(AUTHORITY)}`, { ...EXPECTED, profile })
    expect(first.jwt.claims).toEqual({ iss: SERVICE, aud: AUTHORITY, iat: NOW, exp: NOW + 60, jti: '16-0' })
    expect(readCompact(first.jwt.compact).jws.keyId).toBe('desk-1')
    await expect(keySets.verify('https://desk.example/jwks', first.jwt)).resolves.toBeUndefined()
    time.pass(30)
    const second = readAssertion(`Bearer ${await sign(AUTHORITY)}`, { ...EXPECTED, profile })
    expect([second.jti, second.expiresAt]).toEqual(['16-1', NOW + 90])
  },
)
