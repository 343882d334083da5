import { expect, test } from 'vitest'
import { desk, okay, RESOLVE, refusal } from './service-rig.ts'

const INVALID: unknown[] = [
  'x',
  '',
  '@acme.example',
  'ada@',
  'ada',
  'a@b@acme.example',
  '"a@b"@acme.example',
  '"ada"@acme.example',
  'ada(comment)@acme.example',
  'ada@(comment)acme.example',
  '<ada@acme.example>',
  'ada@acme.example,eve@evil.example',
  'ada@acme.example\r\nX: y',
  'ada@acme.example\n',
  ' ada@acme.example',
  'a da@acme.example',
  'ada@acme.example.',
  'ada@.acme.example',
  'ada@acme..example',
  'ada@127.0.0.1',
  'ada@[127.0.0.1]',
  'ada@[::1]',
  'ada@0x7f.1',
  'ada@2130706433',
  'ada@ac me.example',
  'ada@acme_corp.example',
  'ada@acme.example/path',
  'ada@acme.example:443',
  'ada@acme.example?q',
  'ada@acme.example#f',
  'ada@acme%2eexample',
  'ada@-acme.example',
  'ada@acme-.example',
  `ada@${'a'.repeat(64)}.example`,
  `ada@${'a.'.repeat(124)}example`,
  `${'a'.repeat(243)}@acme.example`,
  `${'a'.repeat(60_000)}@acme.example`,
  'ada@acme\u0000.example',
  'ada@acme\u202e.example',
  'ada\u0007@acme.example',
]

test.each(INVALID)('%j is no e-mail address: 400, and no question to DNS [SVC-RES-01] [DISC-ENT-01]', async (email) => {
  const d = await desk({ trust: ['own'] })
  expect(await refusal(await d.post(RESOLVE, { user: { email } }))).toEqual([400, 'invalid_email'])
  expect(await refusal(await d.redeem({ user: { email } }))).toEqual([400, 'invalid_email'])
  expect(d.net.lookups).toEqual([])
  expect(await okay(await d.resolve())).toEqual({ service_authority: d.own.reference })
})

test.each([
  {},
  { user: null },
  { user: {} },
  { user: { email: 5 } },
  { user: { email: null } },
  { user: ['ada@acme.example'] },
  [],
  null,
  'x',
  5,
  true,
])('%j is no resolution request: 400 [SVC-RES-01]', async (body) => {
  const d = await desk()
  expect(await refusal(await d.post(RESOLVE, body as object))).toEqual([400, 'malformed_request'])
  expect(d.net.lookups).toEqual([])
})

test.each(['{"user":{"email":"ada@acme.example"}', '{"user":{"email":"ada@acme.example"}} x', '[', '', '\u0000', '['.repeat(5000)])(
  '%j is no JSON: 400',
  async (body) => {
    const d = await desk()
    expect(await refusal(await d.post(RESOLVE, body))).toEqual([400, 'malformed_request'])
  },
)

test.each([
  ['text/plain', 415],
  ['application/x-www-form-urlencoded', 415],
  ['application/json; charset=latin1', 415],
  ['application/json; charset=UTF-8', 200],
  ['Application/JSON; x=y', 200],
])('a body of type %s is %i', async (type, status) => {
  const d = await desk({ trust: ['own'] })
  expect((await d.post(RESOLVE, { user: { email: 'ada@acme.example' } }, { 'content-type': type })).status).toBe(status)
})

test('a body over 64 KiB is 413, however its length is declared', async () => {
  const d = await desk({ trust: ['own'] })
  const body = JSON.stringify({ user: { email: 'ada@acme.example' }, x: 'x'.repeat(65_536) })
  expect(await refusal(await d.post(RESOLVE, body))).toEqual([413, 'too_large'])
  expect(await refusal(await d.post(RESOLVE, body, { 'content-length': '10' }))).toEqual([413, 'too_large'])
  expect(await refusal(await d.post(RESOLVE, '{}', { 'content-length': '70000' }))).toEqual([413, 'too_large'])
  expect(await okay(await d.resolve())).toEqual({ service_authority: d.own.reference })
})

test.each(['constructor', '__proto__', 'hasownproperty', 'tostring'])('a domain called %s is a domain like any other', async (label) => {
  const d = await desk({ trust: ['own'] })
  const response = await d.resolve(`ada@${label}.example`)
  if (label.includes('_')) expect(await refusal(response)).toEqual([400, 'invalid_email'])
  else expect(await okay(response)).toEqual({ service_authority: d.own.reference })
  if (!label.includes('_')) expect(await okay(await d.resolve(`ada@${label}`))).toEqual({ service_authority: d.own.reference })
})

test('unknown members at every level are ignored [VER-07]', async () => {
  const d = await desk()
  d.enterprise.publish('acme.example')
  Object.assign(d.enterprise.configuration, { x_unknown: 1, policy: { x_unknown: 1 }, approval: { x_unknown: 1 }, trust: 'for another reader' })
  const answer = await okay(await d.post(RESOLVE, { x_unknown: {}, user: { email: 'ada@acme.example', x_unknown: [] } }))
  expect(answer).toEqual({ enterprise_authority: d.enterprise.reference })
})

test('one caller has a bounded number of resolutions; more are 429 and ask nothing of DNS [SVC-RES-16]', async () => {
  const d = await desk({ trust: ['own'], settings: { limits: { resolutions_per_minute: 20 }, client_address_header: 'x-client' } })
  const from = (client: string, i: number) => d.post(RESOLVE, { user: { email: `ada@domain-${i}.example` } }, { 'x-client': client })
  const answers = await Promise.all(Array.from({ length: 1000 }, (_, i) => from('192.0.2.1', i)))
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(20)
  const refused = answers.at(-1)!
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await refusal(refused)).toEqual([429, 'rate_limited'])
  expect(d.net.lookups).toHaveLength(20)
  expect((await from('192.0.2.2', 0)).status).toBe(200)
  expect((await from('192.0.2.1, 192.0.2.3', 0)).status).toBe(200) // the last address is the proxy's word, the others are the caller's
  expect((await from('192.0.2.9, 192.0.2.1', 0)).status).toBe(429)
})
