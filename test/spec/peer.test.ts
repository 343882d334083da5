import { expect, test } from 'vitest'
import { z } from 'zod'
import { isSuccess, readAnswer, retryAfterSeconds } from '../../spec/peer.ts'
import { BrowserSessionGrant } from '../../spec/wire/redemption.ts'
import { ResolutionResponse } from '../../spec/wire/resolution.ts'
import { ValidationResponse } from '../../spec/wire/validation.ts'

const Answer = z.looseObject({ good: z.literal(true) })
const answer = (status: number, body: BodyInit | null = '{"good":true}') => new Response(body, { status })

test.each([200, 201, 202, 203, 299])('%i is success', async (status) => {
  expect(isSuccess(answer(status))).toBe(true)
  await expect(readAnswer(answer(status), Answer)).resolves.toEqual({ good: true })
})
test.each([206, 300, 301, 302, 303, 307, 400, 401, 404, 409, 410, 422, 429, 500, 502, 503])(
  '%i is no success, whatever its body says',
  async (status) => {
    expect(isSuccess(answer(status))).toBe(false)
    await expect(readAnswer(answer(status), Answer)).rejects.toThrow()
  },
)
test.each<[string, BodyInit | null]>([
  ['nothing', null],
  ['HTML', '<p>'],
  ['JSON with a tail', '{"good":true}{'],
  ['another message', '{"good":"true"}'],
  ['a list', '[{"good":true}]'],
  ['65,537 bytes', `{"good":true,"x":"${'x'.repeat(65_537)}"}`],
  ['no UTF-8', new Uint8Array([...Buffer.from('{"good":true,"x":"'), 0xff, ...Buffer.from('"}')])],
])('an answer of %s is refused', async (_, body) => {
  await expect(readAnswer(answer(200, body), Answer)).rejects.toThrow()
})
test('a limit of its own holds for a larger answer', async () => {
  const large = `{"good":true,"x":"${'x'.repeat(65_537)}"}`
  await expect(readAnswer(answer(200, large), Answer, 70_000)).resolves.toMatchObject({ good: true })
})

test.each<[string | undefined, number | undefined]>([
  ['7', 7],
  ['0', 0],
  ['3600', 3600],
  [undefined, undefined],
  ['', undefined],
  ['soon', undefined],
  ['-1', undefined],
  ['1.5', undefined],
  ['99999999999', undefined],
  ['Sat, 21 Nov 2026 22:00:00 GMT', undefined],
])('Retry-After %s is %s seconds', (value, seconds) => {
  expect(retryAfterSeconds(new Response(null, { headers: value === undefined ? {} : { 'retry-after': value } }))).toBe(seconds)
})

/* Answers with rules of their own */

const ONE = { authority: 'https://a.example', authority_configuration_url: 'https://a.example/a.json' }
test.each<[string, object, boolean]>([
  ['an Enterprise Authority', { enterprise_authority: ONE }, true],
  ['a Service Authority', { service_authority: ONE }, true],
  ['federated Authorities', { trusted_federated_authorities: [ONE, ONE] }, true],
  ['a Service Authority and federated ones', { service_authority: ONE, trusted_federated_authorities: [ONE] }, true],
  ['members nobody knows', { service_authority: ONE, more: 1 }, true],
  ['an Enterprise and a Service Authority', { enterprise_authority: ONE, service_authority: ONE }, false],
  ['an Enterprise Authority and federated ones', { enterprise_authority: ONE, trusted_federated_authorities: [ONE] }, false],
  ['an Enterprise Authority and an empty list', { enterprise_authority: ONE, trusted_federated_authorities: [] }, false],
  ['nothing', {}, false],
  ['an empty list', { trusted_federated_authorities: [] }, false],
  ['a Service Authority and an empty list', { service_authority: ONE, trusted_federated_authorities: [] }, false],
  ['null beside a Service Authority', { service_authority: ONE, enterprise_authority: null }, false],
  ['no URL', { service_authority: { authority: 'https://a.example' } }, false],
  ['http', { service_authority: { ...ONE, authority_configuration_url: 'http://a.example/a.json' } }, false],
  ['an identifier not in normal form', { service_authority: { ...ONE, authority: 'https://A.example' } }, false],
])('a resolution answer with %s is valid: %s %s [HAR-RES-07]', (_, body, valid) => {
  expect(ResolutionResponse.safeParse(body).success).toBe(valid)
})

const VALIDATION = { authorization_id: 'a', user: { email: 'ada@acme.example' }, agent: { id: 'runner' }, scope: ['a'], type: 'bearer_token' }
test.each<[string, object, boolean]>([
  ['what is required', {}, true],
  ['an expiry', { authorization_expires_at: '2027-01-15T08:00:00Z' }, true],
  ['an expiry with an offset', { authorization_expires_at: '2027-01-15T09:00:00.5+01:00' }, true],
  ['a destination with a fragment', { destination_url: 'https://desk.example/#x' }, true],
  ['an empty scope', { scope: [] }, true],
  ['no authorization_id', { authorization_id: undefined }, false],
  ['no user', { user: undefined }, false],
  ['an address that is none', { user: { email: 'a@b@c' } }, false],
  ['no agent', { agent: undefined }, false],
  ['no scope', { scope: undefined }, false],
  ['a scope of text', { scope: 'a b' }, false],
  ['no type', { type: undefined }, false],
  ['another type', { type: 'x' }, false],
  ['an expiry in seconds', { authorization_expires_at: 1_800_000_000 }, false],
  ['an expiry without a zone', { authorization_expires_at: '2027-01-15T08:00:00' }, false],
  ['a day that does not exist', { authorization_expires_at: '2027-02-30T08:00:00Z' }, false],
  ['a destination that is no https URL', { destination_url: 'javascript:alert(1)' }, false],
])('a validation answer with %s is valid: %s %s [SVC-RED-15]', (_, members, valid) => {
  expect(ValidationResponse.safeParse({ ...VALIDATION, ...members }).success).toBe(valid)
})
test.each([null, {}, 'x', { jwk: { kty: 'oct' } }])('cnf %j is kept as it came: it is judged where it is used, and never lost [SVC-HB-12]', (cnf) => {
  const parsed = ValidationResponse.parse({ ...VALIDATION, cnf })
  expect('cnf' in parsed).toBe(true)
  expect(parsed.cnf).toEqual(cnf)
})

test.each<[object, boolean]>([
  [{ initialization_url: 'https://desk.example/init' }, true],
  [{ initialization_url: 'https://desk.example/init#token' }, true],
  [
    {
      initialization_url: 'https://desk.example/init',
      expires_at: '2027-01-15T08:00:00Z',
      one_time: true,
      initialization_request: { method: 'POST', form_fields: { token: 't' } },
    },
    true,
  ],
  [{ initialization_url: 'https://desk.example/init', initialization_request: {} }, true],
  [{}, false],
  [{ initialization_url: 'http://desk.example/init' }, false],
  [{ initialization_url: 'javascript:alert(1)' }, false],
  [{ initialization_url: 'https://user@desk.example/init' }, false],
  [{ initialization_url: 'https://desk.example/init', initialization_request: { method: 'PUT' } }, false],
  [{ initialization_url: 'https://desk.example/init', initialization_request: { method: 'POST', form_fields: { token: 7 } } }, false],
])('a browser session grant %j is valid: %s [SVC-BRW-01 HAR-BRW-04]', (body, valid) => {
  expect(BrowserSessionGrant.safeParse(body).success).toBe(valid)
})
