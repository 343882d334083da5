import { expect, test } from 'vitest'
import { MESSAGE_LIMIT_BYTES, readBody, readCapped } from '../../spec/body.ts'
import { ResolutionRequest } from '../../spec/wire/resolution.ts'
import { JSON_TYPE, post, refusal, verdict } from './body-fixture.ts'

const GOOD = { user: { email: 'ada@acme.example' } }
const read = async (request: Request) => (await refusal(readBody(request, ResolutionRequest)))?.code ?? 'read'

/* Media type */

test.each([
  'application/json',
  'Application/JSON',
  'application/json; charset=utf-8',
  'application/json;charset=UTF-8',
  'application/json; charset="utf-8"',
  'application/json ; charset=utf8',
  'application/json; profile="x"; charset=utf-8',
  'application/json;',
])('a body of %s is read', async (type) => {
  expect(await read(post(JSON.stringify(GOOD), { 'content-type': type }))).toBe('read')
})
test('a body without a media type is read in core-0.1', async () => {
  expect(await read(post(JSON.stringify(GOOD), {}))).toBe('read')
})
test.each([
  'text/plain',
  'text/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/jsonp',
  'application/jwt',
  'application/ld+json',
  'application/json, text/plain',
  'json',
  'application/json; charset=utf-16',
  'application/json; charset=iso-8859-1',
  'application/json; x=y; charset="latin1"',
  'application/json; charset=',
])('a body of %s is 415', async (type) => {
  const refused = await refusal(readBody(post(JSON.stringify(GOOD), { 'content-type': type }), ResolutionRequest))
  expect([refused?.code, refused?.status]).toEqual(['unsupported_media_type', 415])
})

/* Size */

const sized = (bytes: number) => {
  const text = JSON.stringify({ ...GOOD, x: '' })
  return text.replace('""', `"${'x'.repeat(bytes - text.length)}"`)
}
test('64 KiB is read and one byte more is 413, whatever length is declared [AUTH-ISS-24]', async () => {
  expect(MESSAGE_LIMIT_BYTES).toBe(65_536)
  expect(await read(post(sized(65_536)))).toBe('read')
  for (const headers of [JSON_TYPE, { ...JSON_TYPE, 'content-length': '10' }, { ...JSON_TYPE, 'content-length': 'many' }]) {
    const refused = await refusal(readBody(post(sized(65_537), headers), ResolutionRequest))
    expect([refused?.code, refused?.status]).toEqual(['too_large', 413])
  }
})
test('a limit counts bytes, not characters', async () => {
  const text = JSON.stringify({ ...GOOD, x: '€'.repeat(22_000) })
  expect(text.length).toBeLessThan(65_536)
  expect(await read(post(text))).toBe('too_large')
})
test.each([{}, { 'content-length': 'many' }, { 'content-length': '' }, { 'content-length': '10', 'transfer-encoding': 'chunked' }])(
  'a body that does not end is let go of once it is too large, with the headers %j',
  async (headers) => {
    let sent = 0
    let canceled = false
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 1024
        controller.enqueue(new Uint8Array(1024).fill(32))
      },
      cancel: () => {
        canceled = true
      },
    })
    expect(await read(post(endless, { ...JSON_TYPE, ...headers }))).toBe('too_large')
    expect(canceled).toBe(true)
    expect(sent).toBeLessThan(70 * 1024)
  },
)
test('a body arrives whole, in however many pieces', async () => {
  const bytes = new TextEncoder().encode(JSON.stringify({ ...GOOD, x: '€'.repeat(1000) }))
  for (const size of [1, 7, 1000, bytes.length]) {
    const pieces = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.subarray(at, at + size))
        controller.close()
      },
    })
    expect(await readCapped(pieces, 10_000)).toEqual(bytes)
  }
  expect(await readCapped(null, 10)).toEqual(new Uint8Array())
})

/* Text */

test.each<[string, BodyInit | null]>([
  ['nothing', null],
  ['no text', ''],
  ['white space', '  '],
  ['a word', 'hello'],
  ['a form', 'user.email=ada@acme.example'],
  ['cut JSON', '{"user":{"email":"ada@acme.example"}'],
  ['JSON with a tail', `${JSON.stringify(GOOD)} {}`],
  ['a list', JSON.stringify([GOOD])],
  ['text in JSON', JSON.stringify(JSON.stringify(GOOD))],
  ['null', 'null'],
  ['a number', '7'],
  ['true', 'true'],
  ['an envelope', JSON.stringify({ request: GOOD })],
  ['50,000 brackets', '['.repeat(50_000)],
  ['65 levels', JSON.stringify(GOOD).replace('}}', `},"x":${'['.repeat(64)}${']'.repeat(64)}}`)],
  ['UTF-16', new Uint8Array(Buffer.from(JSON.stringify(GOOD), 'utf16le'))],
  ['bytes that are no UTF-8', new Uint8Array([...Buffer.from('{"user":{"email":"ada@acme.example"},"x":"'), 0xff, ...Buffer.from('"}')])],
  ['what a gzip file begins with', new Uint8Array([0x1f, 0x8b, 8, 0])],
])('%s is 400 malformed_request [AUTH-ISS-13 AUTH-ISS-24]', async (_, body) => {
  const refused = await refusal(readBody(post(body), ResolutionRequest))
  expect([refused?.code, refused?.status]).toEqual(['malformed_request', 400])
})
test('unknown members are ignored at every level, those named like a prototype too [VER-07]', async () => {
  const text =
    '{"user":{"email":"ada@acme.example","role":"admin","__proto__":{"x":1}},"status":"approved","__proto__":{"user":1},"constructor":null}'
  const body = await readBody(post(text), ResolutionRequest)
  expect(body.user.email).toBe('ada@acme.example')
  expect(Object.getPrototypeOf(body)).toBe(Object.prototype)
  expect(Object.hasOwn(Object.prototype, 'x')).toBe(false)
})

/* Addresses and names in refusals */

test.each(['', 'ada', 'a@b@c', '"a"@b', 'a@127.0.0.1', 'a@b.', 'a@b_c', `${'a'.repeat(254)}@acme.example`, `a@${'b'.repeat(60_000)}`])(
  'user.email %j is invalid_email [DISC-ENT-01 DISC-ENT-02 SVC-RES-01 AUTH-ISS-05]',
  async (email) => {
    const refused = await refusal(readBody(post(JSON.stringify({ user: { email } })), ResolutionRequest))
    expect([refused?.code, refused?.status]).toEqual(['invalid_email', 400])
    expect(refused?.message.length).toBeLessThan(200)
  },
)
test.each([
  {},
  { user: {} },
  { user: null },
  { user: 'ada@acme.example' },
  { user: { email: null } },
  { user: { email: 7 } },
  { user: { email: ['ada@acme.example'] } },
  { email: 'ada@acme.example' },
])('%j has no user.email: malformed_request [SVC-RES-01]', async (body) => {
  expect(await verdict(ResolutionRequest, body)).toEqual(['malformed_request', expect.stringMatching(/^user/)])
})
