import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { type Asked, forward } from '../harness/forward.ts'
import { asked, bytes, stream } from './harness-forward-rig.ts'
import { TOKEN } from './harness-rig.ts'
import { guard, peer } from './spec/tls-fixture.ts'

/** A Service over real TLS. */
async function desk(handler: RequestListener, timeoutMs = 30_000) {
  const { url, port, allClosed } = await peer(handler)
  const { fetch } = guard({ maxBytes: 1024 ** 3, timeoutMs })
  const credential = { service: url.slice(0, -1), token: TOKEN, scope: undefined }
  return { port, allClosed, ask: (request: Asked) => forward({ fetch }, credential, request) }
}

test('a packed answer is unpacked and searched, and one that cannot be is refused', async () => {
  const packed: Record<string, Buffer> = { gzip: gzipSync('plain'), 'gzip, br': brotliCompressSync(gzipSync('plain')) }
  const { ask } = await desk(({ url, headers }, res) => {
    const coding = decodeURIComponent(url!.slice(1))
    if (coding === 'echo') return res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(`${headers.authorization}`))
    const body = packed[coding] ?? 'plain'
    return res.writeHead(200, { 'content-encoding': coding, 'content-length': body.length }).end(body)
  })
  for (const coding of ['gzip', 'gzip, br', 'identity']) {
    const back = await ask(asked(`/${encodeURIComponent(coding)}`))
    expect([await back.text(), back.headers.get('content-length'), back.headers.get('content-encoding')]).toEqual(['plain', null, null])
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
