import { expect, test } from 'vitest'
import { ACME, ACME_URL, AUTHORITY, codeOf, codeThrown, DESK, DESK_URL, SERVICE, world } from './discovery-fixture.ts'
import { type Answer, json, status } from './peer-fixture.ts'

test('a document is asked for as JSON', async () => {
  const w = world()
  await w.enterprise('acme.example')
  expect(new Headers(w.peer.requests[0]?.headers).get('accept')).toBe('application/json, application/jwk-set+json;q=0.9, */*;q=0.1')
})

const text =
  (body: string | Uint8Array<ArrayBuffer>): Answer =>
  () =>
    new Response(body)
const AUTHORITY_TEXT = JSON.stringify(AUTHORITY)
test.each<[string, Answer | undefined, string]>([
  ['cannot be reached', undefined, 'discovery_failed'],
  ['is answered 404', status(404), 'discovery_failed'],
  ['is answered 500', () => Response.json(AUTHORITY, { status: 500 }), 'discovery_failed'],
  ['is answered 206', () => Response.json(AUTHORITY, { status: 206 }), 'discovery_failed'],
  ['is answered 302', () => Response.redirect(`${ACME}/other`), 'discovery_failed'],
  ['is answered 304', status(304), 'discovery_failed'],
  ['is empty', status(204), 'configuration_invalid'],
  ['is HTML', text('<!doctype html>'), 'configuration_invalid'],
  ['is cut', text(AUTHORITY_TEXT.slice(0, -1)), 'configuration_invalid'],
  ['has a tail', text(`${AUTHORITY_TEXT}x`), 'configuration_invalid'],
  ['has NaN', text(AUTHORITY_TEXT.replace('900', 'NaN')), 'configuration_invalid'],
  ['is UTF-16', text(new Uint8Array(Buffer.from(AUTHORITY_TEXT, 'utf16le'))), 'configuration_invalid'],
  [
    'is no UTF-8',
    text(new Uint8Array([...Buffer.from(AUTHORITY_TEXT.slice(0, -1)), ...Buffer.from(',"x":"'), 0xff, ...Buffer.from('"}')])),
    'configuration_invalid',
  ],
  ['is a list', json([AUTHORITY]), 'configuration_invalid'],
  ['is null', json(null), 'configuration_invalid'],
  ['is nested 50,000 deep', text(`{"version":"0.1","x":${'['.repeat(50_000)}`), 'configuration_invalid'],
  ['is over 64 KiB', json({ ...AUTHORITY, padding: 'x'.repeat(64 * 1024) }), 'configuration_invalid'],
])('a document that %s is refused: no authority, never absence [DISC-ENT-12 DISC-ENT-13 AUTH-ASRT-19]', async (_, answer, code) => {
  const w = world()
  if (answer) w.peer.put(ACME_URL, answer)
  else w.peer.drop(ACME_URL)
  expect(codeOf(await w.enterprise('acme.example'))).toBe(code)
  expect(await codeThrown(w.pinned({ authority: ACME, authority_configuration_url: ACME_URL }))).toBe(code)
  w.peer.put(ACME_URL, json(AUTHORITY))
  w.pass(5)
  expect(codeOf(await w.enterprise('acme.example'))).toBe('found')
})

test('a document of almost 64 KiB, with a byte order mark, in chunks or whatever its media type, is read in core-0.1', async () => {
  const encoded = new TextEncoder().encode(JSON.stringify({ ...AUTHORITY, padding: 'x'.repeat(63 * 1024) }))
  const chunked = new ReadableStream({
    start(controller) {
      for (let at = 0; at < encoded.length; at += 1000) controller.enqueue(encoded.subarray(at, at + 1000))
      controller.close()
    },
  })
  const answers: Answer[] = [
    text(encoded),
    text(`\ufeff${AUTHORITY_TEXT}`),
    () => new Response(chunked),
    () => new Response(AUTHORITY_TEXT, { headers: { 'content-type': 'text/html' } }),
  ]
  for (const answer of answers) {
    const w = world()
    w.peer.put(ACME_URL, answer)
    expect(codeOf(await w.enterprise('acme.example'))).toBe('found')
  }
})

test.each<[string | undefined, boolean]>([
  ['application/json', true],
  ['Application/JSON; charset=utf-8', true],
  ['application/json ;x=y', true],
  ['application/agentpass+json', true],
  ['text/plain', false],
  ['text/html', false],
  ['text/json', false],
  ['application/jsonp', false],
  ['application/json-seq', false],
  ['application/x-json', false],
  ['xapplication/json', false],
  ['', false],
  [undefined, false],
])('in hardened a document of media type %s is read: %s; in core-0.1 always', async (type, readable) => {
  for (const profile of ['core-0.1', 'hardened'] as const) {
    const w = world({ profile })
    w.peer.put(
      ACME_URL,
      () => new Response(new TextEncoder().encode(AUTHORITY_TEXT), { headers: type === undefined ? {} : { 'content-type': type } }),
    )
    expect(codeOf(await w.enterprise('acme.example'))).toBe(profile === 'core-0.1' || readable ? 'found' : 'configuration_invalid')
  }
})

const UNKNOWN = [
  '1.0',
  '2.5',
  '10.1',
  '00.1',
  '0.01',
  '0',
  '0.',
  '.1',
  '0.1.0',
  'v0.1',
  ' 0.1',
  '0.1 ',
  '0.1\n',
  '0,1',
  '0.x',
  '-0.1',
  '+0.1',
  '٠.1',
  '',
  0.1,
  0,
  1,
  null,
  true,
  ['0.1'],
  {},
  undefined,
]
test.each(UNKNOWN.map((version) => [version]))(
  'version %j is not a known version: the document is refused, by name [VER-01 VER-02 VER-03 VER-05 VER-06]',
  async (version) => {
    const w = world()
    w.peer.put(ACME_URL, json({ ...AUTHORITY, version }))
    w.peer.put(DESK_URL, json({ ...SERVICE, version }))
    const outcome = await w.enterprise('acme.example')
    expect(codeOf(outcome)).toBe('configuration_invalid')
    expect(outcome.outcome === 'failed' && outcome.error.message).toContain(version === undefined ? 'missing' : JSON.stringify(version))
    expect(await codeThrown(w.pinned({ authority: ACME, authority_configuration_url: ACME_URL }))).toBe('configuration_invalid')
    expect(await codeThrown(w.service(DESK))).toBe('configuration_invalid')
  },
)
test.each(['0.0', '0.1', '0.2', '0.9', '0.10', '0.99999'])('version %s works: the major is known [VER-04]', async (version) => {
  const w = world()
  w.peer.put(ACME_URL, json({ ...AUTHORITY, version }))
  w.peer.put(DESK_URL, json({ ...SERVICE, version }))
  expect(codeOf(await w.enterprise('acme.example'))).toBe('found')
  await expect(w.service(DESK)).resolves.toBeDefined()
})
test('a version of a megabyte is not repeated to whoever asks', async () => {
  const w = world()
  w.peer.put(ACME_URL, json({ ...AUTHORITY, version: '9'.repeat(60_000) }))
  const outcome = await w.enterprise('acme.example')
  expect(outcome.outcome === 'failed' && outcome.error.message.length).toBeLessThan(200)
})
