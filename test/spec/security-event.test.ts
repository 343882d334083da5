/** Security Event Tokens (protocol 10, RFC 8417): read strictly, and never taken for another signed object, nor another for one. */
import { generateKeyPair } from 'jose'
import { expect, test } from 'vitest'
import { type Kind, readJwt } from '../../spec/jwt.ts'
import { readSecurityEvent, signSecurityEvent } from '../../spec/security-event.ts'
import { AUTHORITY, genuine, HOLDER, jws, type Members, NOW, SERVICE } from './jws-fixture.ts'

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/'
const REVOKED = `${CAEP}session-revoked`
const NARROWED = `${CAEP}token-claims-change`
const HEADER = { alg: 'ES256', typ: 'secevent+jwt', kid: 'k1' }
const CLAIMS = {
  ...{ iss: AUTHORITY, aud: SERVICE, iat: NOW, jti: 'j1', sub_id: { format: 'opaque', id: 'authz-1' } },
  events: { [REVOKED]: { event_timestamp: NOW } },
}
const event = (claims: Members = {}, header: Members = {}) => jws({ ...HEADER, ...header }, { ...CLAIMS, ...claims }, { key: HOLDER })
const read = (compact: string) => readSecurityEvent(compact, { audience: SERVICE, now: NOW })
const READ = { issuer: AUTHORITY, jti: 'j1', authorizationId: 'authz-1', says: 'ended' }
const codeOf = (compact: string) => {
  try {
    return read(compact)
  } catch (refusal) {
    return (refusal as { code: string }).code
  }
}
const partsOf = (compact: string): Members[] =>
  compact
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))

/** Ours, signed with a key of its own. */
async function ours(left: 'nothing' | string[]): Promise<string> {
  const pair = await generateKeyPair('ES256')
  const key = { privateKey: pair.privateKey, algorithm: 'ES256' as const, keyId: 'k1', publicJwk: { kty: 'EC' } }
  return signSecurityEvent(key, { issuer: AUTHORITY, audience: SERVICE, jti: 'j1', authorizationId: 'authz-1', changedAt: NOW, left })
}

test('of an authorization that ended we say session-revoked, in a token of that type that has no expiry', async () => {
  expect(partsOf(await ours('nothing'))).toEqual([HEADER, CLAIMS])
})

test('of one that narrowed we say token-claims-change with what is left, where that is not long', async () => {
  const [, claims] = partsOf(await ours(['tickets:read']))
  expect(claims?.events).toEqual({ [NARROWED]: { event_timestamp: NOW, claims: { scope: ['tickets:read'] } } })
  const many = await ours(Array.from({ length: 1000 }, (_, i) => `${i}-`.padEnd(1024, 'ü')))
  expect(partsOf(many)[1]?.events).toEqual({ [NARROWED]: { event_timestamp: NOW, claims: {} } })
  expect(read(many)).toMatchObject({ says: 'narrowed' })
})

test('what we sign is read as what it says', async () => {
  expect(read(await ours('nothing'))).toMatchObject(READ)
  expect(read(await ours(['tickets:read']))).toMatchObject({ ...READ, says: 'narrowed' })
})

test.each<[string, Members, Members]>([
  ['of a year ago', { iat: NOW - 31_536_000 }, {}],
  ['of a clock a minute fast', { iat: NOW + 60 }, {}],
  ['for an array of just us', { aud: [SERVICE] }, {}],
  ['whose type is written out, in capitals', {}, { typ: 'APPLICATION/SecEvent+JWT' }],
  ['without a key id', {}, { kid: undefined }],
  ['with claims we do not know', { toe: NOW - 5, txn: 't', sub: 'somebody' }, {}],
  ['with more of its own to say', { events: { [REVOKED]: { initiating_entity: 'admin', reason_admin: { en: 'enough' } } } }, {}],
  ['that tells of other things too', { events: { 'https://other.example/event': {}, [NARROWED]: {}, [REVOKED]: {} } }, {}],
])('an event %s is read', (_, claims, header) => {
  expect(read(event(claims, header))).toMatchObject(READ)
})

test('an event of a type that we do not know tells nothing', () => {
  expect(read(event({ events: { [`${CAEP}credential-change`]: {} } }))).toMatchObject({ says: 'other' })
})

test.each<[string, Members, Members]>([
  ['from the future', { iat: NOW + 61 }, {}],
  ['that was not to be read any more', { exp: NOW - 60 }, {}],
  ['that is not to be read yet', { nbf: NOW + 61 }, {}],
  ['without an issuer', { iss: undefined }, {}],
  ['with an issuer of 2,049 characters', { iss: `https://${'a'.repeat(2041)}` }, {}],
  ['without iat', { iat: undefined }, {}],
  ['with a textual iat', { iat: '1' }, {}],
  ['without jti', { jti: undefined }, {}],
  ['with an empty jti', { jti: '' }, {}],
  ['with a jti of 1,025 characters', { jti: 'x'.repeat(1025) }, {}],
  ['with a NUL in its jti', { jti: 'x\0' }, {}],
  ['without a subject', { sub_id: undefined }, {}],
  ['with a subject of another format', { sub_id: { format: 'email', email: 'ada@acme.example' } }, {}],
  ['with a subject that is text', { sub_id: 'authz-1' }, {}],
  ['with a subject without id', { sub_id: { format: 'opaque' } }, {}],
  ['without events', { events: undefined }, {}],
  ['that tells of nothing', { events: {} }, {}],
  ['whose events are a list', { events: [REVOKED] }, {}],
  ['whose event is text', { events: { [REVOKED]: 'yes' } }, {}],
  ['over 16,384 characters', { x: 'x'.repeat(16_384) }, {}],
  ['of type JWT', {}, { typ: 'JWT' }],
  ['of no type', {}, { typ: undefined }],
  ['of the type of an assertion', {}, { typ: 'agentpass-authority-assertion+jwt' }],
  ['with crit', {}, { crit: ['exp'] }],
  ['signed with nothing', {}, { alg: 'none' }],
  ['signed with a secret', {}, { alg: 'HS256' }],
])('an event %s is none', (_, claims, header) => {
  expect(codeOf(event(claims, header))).toBe('malformed_request')
  expect(codeOf(event())).toMatchObject(READ)
})

test.each<[string, unknown]>([
  ['another Service', 'https://other.example'],
  ['us and another', [SERVICE, 'https://other.example']],
  ['us with a slash', `${SERVICE}/`],
  ['nobody', undefined],
  ['an empty list', []],
])('an event for %s is not for us', (_, aud) => {
  expect(codeOf(event({ aud }))).toBe('wrong_service')
})

test.each([
  ['claim', JSON.stringify(CLAIMS).replace('"jti":"j1"', '"jti":"j0","jti":"j1"'), JSON.stringify(HEADER)],
  ['event', JSON.stringify(CLAIMS).replace('"events":{', `"events":{"${REVOKED}":{},`), JSON.stringify(HEADER)],
  ['header', JSON.stringify(CLAIMS), JSON.stringify(HEADER).replace('{', '{"alg":"RS256",')],
])('an event with a %s that is there twice is none', (_, claims, header) => {
  expect(codeOf(jws(header, claims, { key: HOLDER }))).toBe('malformed_request')
})

const KINDS: Kind[] = ['service-assertion', 'authority-assertion', 'holder-proof', 'task-attestation', 'harness-attestation']
test.each(KINDS)('an event is never taken for a %s, whatever else it claims', (kind) => {
  const padded = { exp: NOW + 60, task_id: undefined }
  for (const profile of ['core-0.1', 'hardened'] as const) {
    expect(() => readJwt(event(padded), kind, { now: NOW, profile })).toThrow()
    expect(() => readJwt(event(padded, { typ: 'application/SECEVENT+jwt' }), kind, { now: NOW, profile })).toThrow()
  }
  expect(readJwt(event(padded, { typ: 'JWT' }), kind, { now: NOW, profile: 'core-0.1' }).claims.exp).toBe(NOW + 60)
})

test('an assertion is never taken for an event', () => {
  expect(codeOf(genuine({ iss: AUTHORITY, aud: SERVICE, sub_id: CLAIMS.sub_id, events: CLAIMS.events }))).toBe('malformed_request')
})
