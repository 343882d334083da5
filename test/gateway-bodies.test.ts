/** Bodies through the gateway, on real sockets both ways: whole, as they come, never kept; and what becomes of those that break off. */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { createForward } from '../service/node/upstream.ts'
import { gateway, read } from './gateway-rig.ts'

const LARGE = randomBytes(20 * 1024 * 1024)
const PART = Buffer.alloc(64 * 1024, 'x')
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** A promise and the way to keep it. */
function occasion<T>() {
  let happen: (value: T) => void = () => {}
  const happened = new Promise<T>((resolve) => {
    happen = resolve
  })
  return { happened, happen }
}
const ok = (_: IncomingMessage, response: ServerResponse) => void response.end('ok')

test('twenty megabytes go up whole, with their length or in chunks', async () => {
  const seen: { length: string | undefined; digest: string }[] = []
  const g = await gateway(async (request, response) => {
    seen.push({ length: request.headers['content-length'], digest: sha256(await read(request)) })
    response.end('ok')
  })
  expect((await g.call('PUT', '/upload', {}, LARGE)).status).toBe(200)
  expect((await g.call('PUT', '/upload', { 'transfer-encoding': 'chunked' }, LARGE)).status).toBe(200)
  expect(seen).toEqual([
    { length: String(LARGE.length), digest: sha256(LARGE) },
    { length: undefined, digest: sha256(LARGE) },
  ])
})

test('twenty megabytes come down whole, with their length or in chunks', async () => {
  const g = await gateway((request, response) => {
    if (request.url === '/chunks') response.setHeader('transfer-encoding', 'chunked')
    response.end(LARGE)
  })
  for (const path of ['/length', '/chunks']) {
    const { status, body, headers } = await g.call('GET', path)
    expect([status, sha256(body)]).toEqual([200, sha256(LARGE)])
    expect(headers['content-length']).toBe(path === '/length' ? String(LARGE.length) : undefined)
  }
})

test('a body goes up while it is being sent', async () => {
  const { happened, happen } = occasion<number>()
  const g = await gateway(async (request, response) => {
    request.once('data', (chunk: Buffer) => happen(chunk.length))
    response.end(String((await read(request)).length))
  })
  const sent = g.start('POST', '/upload', { 'content-length': 2 * PART.length })
  sent.write(PART)
  expect(await happened).toBeGreaterThan(0) // and the second half has not been sent
  sent.end(PART)
  const [response] = await once(sent, 'response')
  expect(String(await read(response))).toBe(String(2 * PART.length))
})

test('an answer comes down while it is being sent', async () => {
  const { happened, happen } = occasion<void>()
  const g = await gateway(async (_, response) => {
    response.write('first')
    await happened
    response.end('second')
  })
  const sent = g.start('GET', '/events')
  sent.end()
  const [response]: IncomingMessage[] = await once(sent, 'response')
  const [first] = await once(response!, 'data')
  expect(String(first)).toBe('first')
  happen()
  expect(String(await read(response!))).toBe('second')
})

test('nothing is read ahead of a client that does not read: the app is held back', async () => {
  const total = 1024 // parts, 64 MB
  let written = 0
  const g = await gateway((request, response) => {
    if (request.url !== '/large') return ok(request, response)
    const write = () => {
      for (let room = true; room && written < total; written++) room = response.write(PART)
      if (written === total) response.end()
    }
    response.on('drain', write)
    write()
  })
  const sent = g.start('GET', '/large')
  sent.end()
  const [response]: IncomingMessage[] = await once(sent, 'response')
  for (let i = 0; i < 20; i++) expect((await g.call('GET', '/meanwhile')).status).toBe(200)
  expect(written).toBeLessThan(total / 2) // only what sockets hold
  expect((await read(response!)).length).toBe(total * PART.length)
})

test('a client that goes away while the app answers ends the request at the app, and the next one is served', async () => {
  const { happened, happen } = occasion<boolean>()
  const g = await gateway((request, response) => {
    if (request.url !== '/slow') return ok(request, response)
    response.write('first')
    response.on('close', () => happen(response.writableFinished))
  })
  const sent = g.start('GET', '/slow')
  sent.on('error', () => {}).end()
  const [response]: IncomingMessage[] = await once(sent, 'response')
  response!.on('error', () => {})
  await once(response!, 'data')
  sent.destroy()
  expect(await happened).toBe(false)
  expect((await g.call('GET', '/next')).status).toBe(200)
})

test('a client that goes away before the app answers ends the request at the app', async () => {
  const [arrived, closed] = [occasion<void>(), occasion<void>()]
  const g = await gateway((request, response) => {
    if (request.url !== '/slow') return ok(request, response)
    arrived.happen()
    response.on('close', () => closed.happen())
  })
  const sent = g.start('GET', '/slow')
  sent.on('error', () => {}).end()
  await arrived.happened
  sent.destroy()
  await closed.happened
  expect((await g.call('GET', '/next')).status).toBe(200)
})

test('a client that goes away in the middle of an upload leaves the app with a broken request, not a short one', async () => {
  const [arrived, ended] = [occasion<void>(), occasion<string>()]
  const g = await gateway((request, response) => {
    if (request.url !== '/upload') return ok(request, response)
    request.once('data', () => arrived.happen())
    request.on('end', () => ended.happen('end')).on('error', () => ended.happen('error'))
  })
  for (const headers of [{ 'content-length': LARGE.length }, { 'transfer-encoding': 'chunked' }]) {
    const sent = g.start('POST', '/upload', headers)
    sent.on('error', () => {}).write(PART)
    await arrived.happened
    sent.destroy()
    expect(await ended.happened).toBe('error')
  }
  expect((await g.call('GET', '/next')).status).toBe(200)
})

test('an app that answers before it has the whole body is heard, and sends nobody into waiting', async () => {
  const g = await gateway((request, response) => (request.url === '/upload' ? void response.writeHead(413).end('too large') : ok(request, response)))
  const sent = g.start('POST', '/upload', { 'content-length': LARGE.length })
  sent.on('error', () => {}).write(PART) // and the rest is never sent
  const [response]: IncomingMessage[] = await once(sent, 'response')
  expect([response!.statusCode, String(await read(response!))]).toEqual([413, 'too large'])
  sent.destroy()
  expect((await g.call('GET', '/next')).status).toBe(200)
})

test('an answer that nobody wants to read to its end is ended at the app', async () => {
  const { happened, happen } = occasion<boolean>()
  const g = await gateway((_, response) => {
    response.write('first')
    response.on('close', () => happen(response.writableFinished))
  })
  const { forward, close } = createForward(g.appOrigin, 'https://desk.example')
  const response = await forward('/', { method: 'GET', headers: new Headers(), body: null, signal: new AbortController().signal })
  await response.body?.cancel()
  expect(await happened).toBe(false)
  await close()
})

test('a body that nobody takes is let go of: its source is told', async () => {
  const { happened, happen } = occasion<void>()
  const g = await gateway((_, response) => void response.writeHead(413).end())
  const { forward, close } = createForward(g.appOrigin, 'https://desk.example')
  const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(PART), cancel: () => happen() })
  const response = await forward('/', { method: 'POST', headers: new Headers(), body, signal: new AbortController().signal })
  expect(response.status).toBe(413)
  await response.body?.cancel()
  await happened
  await close()
})

test('an app that breaks off leaves the client with a broken answer, not a short one', async () => {
  const g = await gateway((request, response) => {
    if (request.url === '/next') return ok(request, response)
    response.write('first', () => response.destroy())
  })
  await expect(g.call('GET', '/broken')).rejects.toThrow()
  expect((await g.call('GET', '/next')).status).toBe(200)
})
