/** What an issuance request must look like. Whatever is refused leaves no request behind, and the next good one is admitted. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { type AuthorityWorld, authorityWorld, HARNESS, message, refusal, TASK } from './authority-rig.ts'
import { SERVICE } from './parties.ts'

const LIMIT_BYTES = 64 * 1024
const ErrorBody = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

/** Refused with that status and code; nothing was asked of anybody, nothing is recorded, and a good request still works. */
async function expectRefused(send: (w: AuthorityWorld) => Promise<Response>, status: number, code: string) {
  const w = await authorityWorld()
  expect(await refusal(await send(w))).toEqual([status, code])
  expect(w.calls).toEqual([])
  expect(await (await w.manage('/requests')).json()).toEqual({ requests: [] })
  expect((await w.issue()).status).toBe(202)
}
const malformed = (body: unknown) => expectRefused((w) => w.issue(body), 400, 'malformed_request')

/** What no member of a message may be. */
const WRONG = [undefined, null, 5, true, '', [], {}]

test.each([...WRONG, 'x', 'BEARER_TOKEN', ['bearer_token']].map((type) => [type]))('type is one of two words, not %j [AUTH-ISS-03]', async (type) => {
  await malformed(message({ type }))
})

const MEMBERS = { service: '[AUTH-ISS-04]', user: '[AUTH-ISS-05]', harness: '[AUTH-ISS-06]', task: '[AUTH-ISS-07]' }
for (const [member, ids] of Object.entries(MEMBERS))
  test.each(WRONG.map((wrong) => [wrong]))(`a message with ${member} %j is malformed ${ids}`, async (wrong) => {
    await malformed(message({ [member]: wrong }))
  })

test.each([...WRONG, 'http://desk.example', 'desk.example', 'https://', 'javascript:alert(1)'].map((origin) => [origin]))(
  'service.origin is an https origin, not %j [AUTH-ISS-04]',
  async (origin) => {
    await malformed(message({ service: { origin } }))
  },
)

test.each([
  ['https://desk.example/', SERVICE],
  ['https://desk.example:443', SERVICE],
  ['https://DESK.example', SERVICE],
  ['HTTPS://desk.example', SERVICE],
  ['https://desk.example/app', SERVICE],
  ['https://desk.example?x', SERVICE],
  ['https://désk.example', 'https://xn--dsk-bma.example'],
  ['https://0x7f000001', 'https://127.0.0.1'],
])('service.origin %s is refused here, with the canonical form %s in the message [AUTH-ISS-25]', async (origin, canonical) => {
  await malformed(message({ service: { origin } }))
  const w = await authorityWorld()
  const { error } = ErrorBody.parse(await (await w.issue(message({ service: { origin } }))).json())
  expect(error.message).toBe(`service.origin is not in canonical form: use ${canonical}`)
})

test.each([null, 5, true, [], {}, undefined].map((email) => [email]))('user.email is text, not %j [AUTH-ISS-05]', async (email) => {
  await malformed(message({ user: { email } }))
})

test.each([
  ...['', 'nope', '@acme.example', 'ada@', 'a@b@acme.example', '"a@b"@acme.example', 'a(comment)@acme.example', 'ada@[127.0.0.1]', 'ada@127.0.0.1'],
  ...[
    '<ada@acme.example>',
    'ada@acme.example,eve@evil.example',
    'ada@acme.example\r\nbcc: eve@evil.example',
    'ada@acme.example.',
    'ada@.acme.example',
  ],
  ...['ada@acme..example', ' ada@acme.example', 'ada@acme.example ', 'ada lovelace@acme.example', 'ada@acme_x.example', 'ada@-acme.example'],
  ...[`ada@${'a'.repeat(64)}.example`, `${'a'.repeat(245)}@acme.example`, 'ada@acme.example\u0000', 'ada@acme%2eexample'],
])('user.email %j is no e-mail address [AUTH-ISS-05]', async (email) => {
  await expectRefused((w) => w.issue(message({ user: { email } })), 400, 'invalid_email')
})

const NAMES: [string, string, (wrong: unknown) => object][] = [
  ['harness.id', '[AUTH-ISS-06]', (id) => ({ harness: { id } })],
  ['task.id', '[AUTH-ISS-07]', (id) => ({ task: { ...TASK, id } })],
  ['task.description', '[AUTH-ISS-07]', (description) => ({ task: { ...TASK, description } })],
]
for (const [member, ids, changed] of NAMES)
  test.each(WRONG.map((wrong) => [wrong]))(`a message with ${member} %j is malformed ${ids}`, async (wrong) => {
    await malformed(message(changed(wrong)))
  })

test.each<[string, object]>([
  ['harness.id over 1,024 characters', { harness: { id: 'x'.repeat(1025) } }],
  ['task.id over 1,024 characters', { task: { ...TASK, id: 'x'.repeat(1025) } }],
  ['task.description over 16,384 characters', { task: { ...TASK, description: 'x'.repeat(16_385) } }],
])('a message with a %s is malformed [AUTH-ISS-24]', async (_, changed) => {
  await malformed(message(changed))
})

test.each<[string, object]>([
  ...[null, {}, { jwt: '' }, { jwt: null }, { jwt: 5 }, [], 'x.y.z'].flatMap((attestation): [string, object][] => [
    [`harness.attestation ${JSON.stringify(attestation)}`, { harness: { id: HARNESS, attestation } }],
    [`task.attestation ${JSON.stringify(attestation)}`, { task: { ...TASK, attestation } }],
  ]),
])('%s is malformed, not absent [AUTH-ISS-10]', async (_, changed) => {
  await malformed(message(changed))
})

test.each(
  [
    null,
    5,
    [],
    '',
    'javascript:alert(1)',
    'http://desk.example/',
    'data:text/html,x',
    '//desk.example',
    'https://x@desk.example/',
    'https:desk.example',
    ' https://desk.example/',
    'https://desk.example/\n',
  ].map((destination_url) => [destination_url]),
)('intent.destination_url is an https URL, not %j [AUTH-ISS-11]', async (destination_url) => {
  for (const type of ['browser_session', 'bearer_token']) await malformed(message({ type, intent: { destination_url } }))
})

const good = new TextEncoder().encode(JSON.stringify(message()))
test.each<[string, string | Uint8Array]>([
  ['half a message', '{'],
  ['null', 'null'],
  ['a list', '[]'],
  ['a list of a message', JSON.stringify([message()])],
  ['text', '"x"'],
  ['a number', '7'],
  ['nothing', new Uint8Array()],
  ['a message and more', `${JSON.stringify(message())}{}`],
  ['NaN', '{"type":NaN}'],
  ['invalid UTF-8', new Uint8Array([...good.slice(0, -1), 0x2c, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ['UTF-16', new Uint8Array(new Uint16Array([...JSON.stringify(message())].map((c) => c.charCodeAt(0))).buffer)],
  ['the envelope of the draft', JSON.stringify({ request: message() })],
  ['50,000 levels', `{"x":${'['.repeat(50_000)}${']'.repeat(50_000)}}`.slice(0, 60_000)],
  ['65 levels', JSON.stringify(message()).replace(/}$/, `,"x":${'['.repeat(64)}${']'.repeat(64)}}`)],
])('a body that is %s is malformed [AUTH-ISS-13 AUTH-ISS-24]', async (_, body) => {
  await malformed(body)
})

/** A good message, padded to so many bytes by a member nobody reads. */
const padded = (bytes: number) => {
  const text = JSON.stringify(message({ x_padding: '' }))
  return text.replace('"x_padding":""', `"x_padding":"${'x'.repeat(bytes - text.length)}"`)
}
test('a body of 64 KiB is read, one byte more is too large, and so is one that only says so [AUTH-ISS-24]', async () => {
  const w = await authorityWorld()
  expect((await w.issue(padded(LIMIT_BYTES))).status).toBe(202)
  await expectRefused((v) => v.issue(padded(LIMIT_BYTES + 1)), 413, 'too_large')
  await expectRefused((v) => v.issue(padded(10_000_000)), 413, 'too_large')
  await expectRefused((v) => v.issue(message(), { 'content-length': '65537' }), 413, 'too_large')
})

test.each([
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/jwt',
  'application/json; charset=utf-16',
  'application/json;charset="latin1"',
  'text/json',
])('a body of the media type %s is refused [CFG-X-01]', async (type) => {
  await expectRefused((w) => w.issue(message(), { 'content-type': type }), 415, 'unsupported_media_type')
})

test.each(['application/json', 'Application/JSON', 'application/json; charset=utf-8', 'application/json;charset="UTF-8"; x=y', undefined])(
  'a body of the media type %s is read [AUTH-ISS-01]',
  async (type) => {
    const w = await authorityWorld()
    const response = await w.call(
      'POST',
      '/issuance',
      type === undefined ? { body: good, headers: {} } : { body: good, headers: { 'content-type': type } },
    )
    expect(response.status).toBe(202)
  },
)
