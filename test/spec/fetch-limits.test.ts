import { getEventListeners } from 'node:events'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { discard } from '../../spec/peer.ts'
import { answer, guard, listen, NAME, peer } from './tls-fixture.ts'

const CAP = 10_000
const drip = (_: IncomingMessage, res: ServerResponse) => {
  const timer = setInterval(() => res.write('x'), 10)
  res.writeHead(200).on('close', () => clearInterval(timer))
}

test.each<[string, RequestListener]>([
  ['that are slow', () => {}],
  ['that never end', (_, res) => void res.socket?.write('HTTP/1.1 200 OK\r\nx: ')],
])('headers %s end by the deadline, and so does the connection', { timeout: 5_000 }, async (_, handler) => {
  const { url, allClosed } = await peer(handler)
  await expect(guard({ timeoutMs: 500 }).fetch(url)).rejects.toThrow('500 ms')
  await allClosed()
})

test('a body that drips ends by the deadline, read or not', { timeout: 5_000 }, async () => {
  const { url, allClosed } = await peer(drip)
  const { fetch } = guard({ timeoutMs: 500 })
  const [read] = await Promise.all([fetch(url), fetch(url)])
  await expect(read?.text()).rejects.toThrow('500 ms')
  await allClosed()
})

test('the deadline survives a garbage collection', { timeout: 5_000 }, async () => {
  setFlagsFromString('--expose_gc')
  const collect = runInNewContext('gc')
  const { url, allClosed } = await peer(drip)
  const response = await guard({ timeoutMs: 500 }).fetch(url, { signal: new AbortController().signal })
  const collecting = setInterval(collect, 20)
  onTestFinished(() => clearInterval(collecting))
  await expect(response.text()).rejects.toThrow('500 ms')
  await allClosed()
})

test('a handshake or a name that takes too long ends by the deadline', { timeout: 5_000 }, async () => {
  const mute = await listen(createServer((socket) => socket.resume()))
  await expect(guard({ timeoutMs: 500 }).fetch(`https://${NAME}:${mute.port}/`)).rejects.toThrow(/500 ?ms/)
  await mute.allClosed()
  await expect(guard({ timeoutMs: 500, resolveAddresses: () => new Promise(() => {}) }).fetch(`https://${NAME}/`)).rejects.toThrow(/500 ?ms/)
})

test('a body on its way out that stalls ends by the deadline, and its source is told', { timeout: 5_000 }, async () => {
  const { url, allClosed } = await peer((req) => void req.resume())
  let tell = () => {}
  const told = new Promise<void>((resolve) => {
    tell = resolve
  })
  const body = new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('x')), cancel: tell })
  await expect(guard({ timeoutMs: 500 }).fetch(url, { method: 'POST', body })).rejects.toThrow('500 ms')
  await Promise.all([told, allClosed()])
})

test('a body that cannot be sent at all is let go of', async () => {
  const told: unknown[] = []
  const body = new ReadableStream({ cancel: (reason) => void told.push(reason) })
  await expect(guard({ resolveAddresses: async () => [] }).fetch(`https://${NAME}/`, { method: 'POST', body })).rejects.toThrow('no address')
  expect(told).toHaveLength(1)
})

test('a body that is streamed goes out once, whatever is answered', async () => {
  const bodies: string[] = []
  const { url } = await peer(async (req, res) => {
    bodies.push(Buffer.concat(await req.toArray()).toString())
    res.writeHead(421).end()
  })
  await expect(guard().fetch(url, { method: 'POST', body: new Blob(['once']).stream() })).rejects.toThrow('sent again')
  expect(bodies).toEqual(['once'])
})

test('a caller that leaves takes the connection along', async () => {
  const { url, allClosed } = await peer(drip)
  const { fetch } = guard({ timeoutMs: 60_000 })
  const caller = new AbortController()
  const response = await fetch(url, { signal: caller.signal })
  caller.abort(new Error('gone'))
  await expect(response.text()).rejects.toThrow('gone')
  await expect(fetch(url, { signal: caller.signal })).rejects.toBe(caller.signal.reason)
  await allClosed()
  const pausing = await peer((_, res) => void res.writeHead(200).write('x'))
  const reader = (await fetch(pausing.url)).body?.getReader()
  await reader?.read()
  await reader?.cancel()
  await pausing.allClosed()
})

test('an exchange that is complete leaves nothing waiting', async () => {
  const full = await peer(answer('x'))
  const empty = await peer((_, res) => res.writeHead(204).end())
  const { signal } = new AbortController()
  await (await guard().fetch(full.url, { signal })).text()
  await guard().fetch(empty.url, { signal })
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

const endless = (chunk: Buffer, headers: Record<string, string | number>) => (_: IncomingMessage, res: ServerResponse) => {
  const more = () => {
    while (!res.destroyed && res.write(chunk));
  }
  res.writeHead(200, headers).on('drain', more)
  more()
}
const stored = Buffer.from([0, 0, 0, 0xff, 0xff]) // an empty block of deflate
const TOO_LONG = /over 10000 bytes|max size/

test.each<[string, RequestListener]>([
  ['of 200 MB', endless(Buffer.alloc(65_536), { 'content-length': 200_000_000 })],
  ['without end', endless(Buffer.alloc(65_536), {})],
  ['that decodes to nothing, without end', endless(Buffer.concat(Array(100).fill(stored)), { 'content-encoding': 'deflate' })],
])('a body %s stops at the cap, and its connection ends', async (_, handler) => {
  const { url, allClosed } = await peer(handler)
  const read = guard({ maxBytes: CAP })
    .fetch(url)
    .then((response) => response.text())
  await expect(read).rejects.toThrow(TOO_LONG)
  await allClosed()
})

const zeros = Buffer.alloc(20_000_000)
test.each<[string, RequestListener]>([
  ['one byte too long', answer(Buffer.alloc(CAP + 1), { 'transfer-encoding': 'chunked' })],
  ['that gzip blows up', answer(gzipSync(zeros), { 'content-encoding': 'gzip' })],
  ['that gzip blows up twice', answer(gzipSync(gzipSync(zeros)), { 'content-encoding': 'gzip, gzip' })],
  ['that brotli blows up', answer(brotliCompressSync(zeros), { 'content-encoding': 'br' })],
])('a body %s stops at the cap', async (_, handler) => {
  const { url } = await peer(handler)
  const response = await guard({ maxBytes: CAP }).fetch(url)
  let size = 0
  const read = async () => {
    for await (const chunk of response.body ?? []) size += chunk.length
  }
  await expect(read()).rejects.toThrow(TOO_LONG)
  expect(size).toBeLessThanOrEqual(CAP)
})

test('a body of just the cap arrives, and one whose declared length is over it is refused unread', async () => {
  const { url } = await peer(answer(Buffer.alloc(CAP), { 'content-length': CAP }))
  expect(await (await guard({ maxBytes: CAP }).fetch(url)).arrayBuffer()).toHaveProperty('byteLength', CAP)
  const tooLong = await guard({ maxBytes: CAP - 1 }).fetch(url)
  await expect(tooLong.text()).rejects.toThrow('over 9999 bytes')
})

test.each<[string, RequestListener]>([
  ['over the cap by its own word', endless(Buffer.alloc(65_536), { 'content-length': 200_000_000 })],
  ['without end', endless(Buffer.alloc(65_536), {})],
])('the status of an answer counts, though its body is %s: that is let go of, and its connection ends', async (_, handler) => {
  const { url, allClosed } = await peer(handler)
  const response = await guard({ maxBytes: CAP }).fetch(url)
  expect(response.status).toBe(200)
  await discard(response)
  await allClosed()
  const broken = await guard({ maxBytes: CAP }).fetch(url)
  await expect(broken.text()).rejects.toThrow(TOO_LONG)
  await discard(broken)
})

test('a content-length that lies gives what it names, or an error', async () => {
  const claiming: RequestListener = ({ url }, res) => void res.socket?.end(`HTTP/1.1 200 OK\r\ncontent-length: ${url?.slice(1)}\r\n\r\ntruthful`)
  const { url } = await peer(claiming)
  const read = async (length: number) => (await guard().fetch(url + length)).text()
  expect(await read('truth'.length)).toBe('truth')
  await expect(read('truthful'.length + 1)).rejects.toThrow('closed')
})
