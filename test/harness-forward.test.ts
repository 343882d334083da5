import { expect, test } from 'vitest'
import { type Asked, forward } from '../harness/forward.ts'
import { asked, bytes, stream } from './harness-forward-rig.ts'
import { DESK, harnessRig, TOKEN } from './harness-rig.ts'

const CREDENTIAL = { service: DESK, token: TOKEN, scope: ['tickets:read'] }

/** What is sent to the Service, which answers as the test says. */
async function forwarded(request: Asked, response = new Response()) {
  const h = harnessRig()
  h.service.api = () => response
  const back = await forward(h, CREDENTIAL, request)
  return { back, sent: h.calls[0]!, h }
}
const answering = (body: BodyInit | null, headers: HeadersInit = {}, status = 200) =>
  forwarded(asked('/api/x'), new Response(body, { status, headers })).then(({ back }) => back)

test('the token goes along as a bearer token, with method, path, query and what the asker wants [HAR-TOK-01]', async () => {
  const { sent } = await forwarded(asked('/api/tickets?a=%2F&b', { method: 'DELETE', headers: new Headers({ accept: 'text/csv', 'x-note': 'a' }) }))
  expect([sent.method, sent.url, sent.headers.get('authorization')]).toEqual(['DELETE', `${DESK}/api/tickets?a=%2F&b`, `Bearer ${TOKEN}`])
  expect([sent.headers.get('accept'), sent.headers.get('x-note')]).toEqual(['text/csv', 'a'])
})

test.each([
  '',
  'api',
  '@evil.example/',
  ':8443/',
  '.evil.example/',
  'https://evil.example/',
  '/a b',
  '/\\evil.example',
  '/a#b',
  '/a\r\nhost: evil',
  '/\t/',
])('%j is no path, and nothing is sent [HAR-TOK-01]', async (path) => {
  const h = harnessRig()
  await expect(forward(h, CREDENTIAL, asked(path))).rejects.toMatchObject({ name: 'TripFailure', step: 'use', peer: DESK })
  expect(h.calls).toEqual([])
})

test.each(['//evil.example/api', '/api/../../x', '/.//evil.example', '/https://evil.example/', '/%2e%2e/x', '/ä'])(
  '%s stays at the service [HAR-TOK-01]',
  async (path) => {
    const h = harnessRig()
    await forward(h, CREDENTIAL, asked(path))
    expect(h.calls.map(({ url }) => new URL(url).origin)).toEqual([DESK])
  },
)

const OURS =
  `host authorization cookie cookie2 proxy-authorization proxy-connection forwarded x-forwarded-for x_forwarded_host origin referer sec-fetch-site
  expect accept-encoding connection keep-alive te trailer transfer-encoding upgrade content-length`.split(/\s+/)
test.each(OURS)('what the asker says in %s ends here', async (name) => {
  const { sent } = await forwarded(asked('/api/x', { headers: new Headers({ [name]: 'evil' }) }))
  expect([...sent.headers].filter(([, value]) => value === 'evil')).toEqual([])
})

test('headers of the asker’s connection end here, and so do those of the service’s, with its cookies', async () => {
  const headers = new Headers({ connection: 'x-hop, Keep-Alive', 'x-hop': '1', 'x-end': '2' })
  const response = new Response('', {
    headers: [
      ['connection', 'x-back'],
      ['x-back', '1'],
      ['keep-alive', 'timeout=5'],
      ['transfer-encoding', 'chunked'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['etag', '"7"'],
    ],
  })
  const { sent, back } = await forwarded(asked('/api/x', { headers }), response)
  expect([sent.headers.has('x-hop'), sent.headers.get('x-end')]).toEqual([false, '2'])
  expect(Object.fromEntries(back.headers)).toEqual({ etag: '"7"', 'content-type': 'text/plain;charset=UTF-8' })
})

test.each([204, 301, 304, 307, 401, 403, 500])('%i is an answer for the asker, a redirect too, which is not followed', async (status) => {
  const { back, h } = await forwarded(asked('/api/x'), new Response(null, { status, headers: { location: 'https://evil.example/' } }))
  expect([back.status, back.headers.get('location'), back.body]).toEqual([status, 'https://evil.example/', null])
  expect(h.calls).toHaveLength(1)
})

test('the asker can leave, and learns of a service that is down', async () => {
  const h = harnessRig()
  h.unplug(DESK)
  await expect(forward(h, CREDENTIAL, asked('/api/x'))).rejects.toMatchObject({
    name: 'TripFailure',
    step: 'use',
    hint: expect.stringContaining('is up'),
  })
  const left = AbortSignal.abort(new Error('left'))
  await expect(forward(h, CREDENTIAL, asked('/api/x', { signal: left }))).rejects.toThrow('left')
})

test('an answer with the token in a header is refused, and its source is told', async () => {
  for (const headers of [{ 'x-echo': `Bearer ${TOKEN}` }, { location: `/?t=${TOKEN}` }, { [TOKEN]: '1' }]) {
    const told: unknown[] = []
    const body = new ReadableStream({ cancel: (reason) => void told.push(reason) })
    await expect(answering(body, headers)).rejects.toMatchObject({ step: 'use', message: expect.stringContaining('sent the token back') })
    expect(told).toHaveLength(1)
  }
  expect((await answering('', { 'x-echo': TOKEN.slice(1) })).headers.get('x-echo')).toBe(TOKEN.slice(1))
})

test('an answer breaks off before the token, wherever its parts are cut', async () => {
  const text = `before ${TOKEN.slice(0, 5)} ${TOKEN} after`
  for (let cut = 0; cut <= text.length; cut += 1) {
    let seen = ''
    const back = await answering(stream(text.slice(0, cut), text.slice(cut)))
    const read = async () => {
      for await (const part of back.body!) seen += Buffer.from(part)
    }
    await expect(read()).rejects.toMatchObject({ message: expect.stringContaining('sent the token back') })
    expect(text.slice(0, text.indexOf(TOKEN)).startsWith(seen)).toBe(true)
  }
  const byByte = await answering(stream(...[...bytes(text)].map((byte) => Uint8Array.of(byte))))
  await expect(byByte.text()).rejects.toMatchObject({ message: expect.stringContaining('sent the token back') })
})

test('what is not the token comes through, byte for byte, as soon as it cannot be its beginning', async () => {
  const almost = [
    TOKEN.slice(0, -1),
    `${TOKEN.slice(0, 3)}${TOKEN.slice(0, -1)}`,
    TOKEN.slice(1),
    TOKEN.slice(0, 9),
    '\u0000ÿ',
    '',
    TOKEN.slice(0, 9),
  ]
  expect(await (await answering(stream(...almost))).text()).toBe(almost.join(''))
  const body = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(bytes('data: 1\n\n')) })
  const reader = (await answering(body)).body!.getReader()
  expect((await reader.read()).value).toEqual(bytes('data: 1\n\n'))
})
