import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { type Asked, forward } from '../harness/forward.ts'
import { DESK, harnessRig, TOKEN } from './harness-rig.ts'
import { guard, peer } from './spec/tls-fixture.ts'

const CREDENTIAL = { service: DESK, token: TOKEN, scope: ['tickets:read'] }
const asked = (path: string, changed: Partial<Asked> = {}): Asked => ({ method: 'GET', path, headers: new Headers(), body: undefined, ...changed })
const bytes = (text: string) => new TextEncoder().encode(text)

/** A body that comes in these parts, and then no more. */
const stream = (...parts: (string | Uint8Array)[]) =>
  new ReadableStream<Uint8Array>({
    pull(controller) {
      const part = parts.shift()
      if (part === undefined) controller.close()
      else controller.enqueue(typeof part === 'string' ? bytes(part) : part)
    },
  })

/** What is sent to the Service, which answers as the test says. */
async function forwarded(request: Asked, response = new Response()) {
  const h = harnessRig()
  h.service.api = () => response
  const back = await forward(h, CREDENTIAL, request)
  return { back, sent: h.calls[0]!, h }
}
const answering = (body: BodyInit | null, headers: HeadersInit = {}, status = 200) =>
  forwarded(asked('/api/x'), new Response(body, { status, headers })).then(({ back }) => back)

/** A Service over real TLS. */
async function desk(handler: RequestListener, timeoutMs = 30_000) {
  const { url, port, allClosed } = await peer(handler)
  const { fetch } = guard({ maxBytes: 1024 ** 3, timeoutMs })
  const credential = { service: url.slice(0, -1), token: TOKEN, scope: undefined }
  return { port, allClosed, ask: (request: Asked) => forward({ fetch }, credential, request) }
}

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
  const almost = [TOKEN.slice(0, -1), `${TOKEN.slice(0, 3)}${TOKEN.slice(0, -1)}`, TOKEN.slice(1), TOKEN.slice(0, 9), '\u0000ÿ', '']
  expect(await (await answering(stream(...almost))).text()).toBe(almost.join(''))
  const body = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(bytes('data: 1\n\n')) })
  const reader = (await answering(body)).body!.getReader()
  expect((await reader.read()).value).toEqual(bytes('data: 1\n\n'))
})

test('a packed answer is unpacked and searched, and one that cannot be is refused', async () => {
  const packed: Record<string, Buffer> = { gzip: gzipSync('plain'), 'gzip, br': brotliCompressSync(gzipSync('plain')) }
  const { ask } = await desk(({ url, headers }, res) => {
    const coding = decodeURIComponent(url!.slice(1))
    if (coding === 'echo') return res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(`${headers.authorization}`))
    return res.writeHead(200, { 'content-encoding': coding }).end(packed[coding] ?? 'plain')
  })
  for (const coding of ['gzip', 'gzip, br', 'identity']) {
    const back = await ask(asked(`/${encodeURIComponent(coding)}`))
    expect([await back.text(), back.headers.get('content-length')]).toEqual(['plain', null])
  }
  await expect((await ask(asked('/echo'))).text()).rejects.toMatchObject({ message: expect.stringContaining('sent the token back') })
  for (const coding of ['compress', 'zstd', 'gzip, own'])
    await expect(ask(asked(`/${encodeURIComponent(coding)}`))).rejects.toMatchObject({ message: expect.stringContaining(`packed as ${coding}`) })
})

test('both bodies are streamed: the service answers what it has while more is being sent', async () => {
  const { ask } = await desk((req, res) => void req.on('data', (data) => res.write(`got ${data}`)).on('end', () => res.end('all')))
  let send: (text: string | undefined) => void = () => {}
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      send = (text) => (text === undefined ? controller.close() : controller.enqueue(bytes(text)))
    },
  })
  send('one')
  const back = await ask(asked('/', { method: 'POST', body }))
  const reader = back.body!.getReader()
  const read = async () => Buffer.from((await reader.read()).value ?? []).toString()
  expect(await read()).toBe('got one')
  send('two')
  expect(await read()).toBe('got two')
  send(undefined)
  expect(await read()).toBe('all')
})

test('a body of known length says so, one of another length is not sent whole, and one that breaks off never counts as whole', async () => {
  const arrived: string[] = []
  const handler = async (req: IncomingMessage, res: ServerResponse) => {
    const { 'content-length': length, 'transfer-encoding': coding } = req.headers
    const text = await req.toArray().then(
      (parts) => parts.join(''),
      () => 'broken off',
    )
    arrived.push(`${length} ${coding} ${text}`)
    res.end()
  }
  const { ask } = await desk(handler, 1000)
  const put = (length: string | undefined, body: ReadableStream<Uint8Array> | undefined) =>
    ask(asked('/', { method: 'PUT', headers: new Headers(length === undefined ? {} : { 'content-length': length }), body }))
  await put('5', stream('12', '345'))
  await put(undefined, stream('12', '345'))
  await put('5, 5', stream('12345'))
  await put('5', undefined)
  expect(arrived).toEqual(['5 undefined 12345', 'undefined chunked 12345', 'undefined chunked 12345', '0 undefined '])
  await expect(put('4', stream('12', '345'))).rejects.toMatchObject({ step: 'use' })
  await expect(put('6', stream('12', '345'))).rejects.toMatchObject({ step: 'use' })
  const broken = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(bytes('12')),
    pull: (controller) => controller.error(new Error('the asker broke off')),
  })
  await expect(put(undefined, broken)).rejects.toMatchObject({ step: 'use', message: expect.stringContaining('the asker broke off') })
  expect(arrived.slice(4).filter((each) => !each.endsWith('broken off'))).toEqual([])
})

test('whoever sends a body is told when nobody takes it any more', async () => {
  const { ask } = await desk((_, res) => void res.writeHead(413).end('too large'))
  let told: (reason: unknown) => void = () => {}
  const canceled = new Promise((resolve) => (told = resolve))
  const endless = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(bytes('x')), cancel: (reason) => told(reason) })
  const back = await ask(asked('/', { method: 'POST', body: endless }))
  expect([back.status, await back.text()]).toEqual([413, 'too large'])
  await canceled
})

test('a hundred megabytes each way need no memory of their own', { timeout: 60_000 }, async () => {
  const SIZE = 100_000_000
  const chunk = Buffer.alloc(65_536, 'to') // the beginning of the token, again and again
  setFlagsFromString('--expose_gc')
  const collect = runInNewContext('gc')
  const { ask } = await desk(async (req, res) => {
    let size = 0
    for await (const data of req) size += data.length
    res.write(`${size} `)
    for (let left = SIZE; left > 0; left -= chunk.length) if (!res.write(chunk)) await new Promise((resolve) => res.once('drain', resolve))
    res.end()
  })
  let left = SIZE
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new Uint8Array(Math.min(left, chunk.length)))
      left -= chunk.length
      if (left <= 0) controller.close()
    },
  })
  collect()
  const before = process.memoryUsage()
  const held = ({ heapUsed, arrayBuffers }: NodeJS.MemoryUsage) => heapUsed + arrayBuffers
  let [size, most, unseen] = [0, 0, 0]
  for await (const data of (await ask(asked('/', { method: 'POST', body }))).body!) {
    size += data.length
    unseen += data.length
    if (unseen < 5_000_000) continue
    unseen = 0
    collect()
    most = Math.max(most, held(process.memoryUsage()) - held(before))
  }
  expect(size).toBeGreaterThan(SIZE)
  expect(most).toBeLessThan(20_000_000)
})
