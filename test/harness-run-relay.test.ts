import { EventEmitter, once } from 'node:events'
import { expect, test } from 'vitest'
import { DESK, TOKEN } from './harness-rig.ts'
import { openRun, readAll } from './harness-run-rig.ts'

test('a connection that would become another is refused, and so is a tunnel in the tunnel', async () => {
  const run = await openRun()
  expect(await run.ask('GET /ws HTTP/1.1', 'Upgrade: websocket', 'Sec-WebSocket-Key: x')).toMatch(/^HTTP\/1\.1 501 .*Upgrade/s)
  expect(await run.ask('CONNECT desk.example:443 HTTP/1.1')).toMatch(/^HTTP\/1\.1 403 /)
  expect(await run.ask('TRACE / HTTP/1.1')).toMatch(/^HTTP\/1\.1 502 .*TRACE cannot be passed on/s)
  expect(await run.ask('GET / HTTP/1.1', 'Content-Length: 0')).toMatch(/^HTTP\/1\.1 200 /)
  expect(run.asked).toHaveLength(1)
})

test('requests follow each other on one connection, whatever their answers are like', async () => {
  const answers: Record<string, () => Response> = {
    '/nothing': () => new Response(null, { status: 204 }),
    '/same': () => new Response(null, { status: 304, headers: { etag: '"1"' } }),
    '/head': () => new Response(null, { headers: { 'content-length': '12345' } }),
    '/large': () => new Response(null, { status: 413 }),
  }
  const run = await openRun(({ url }) => answers[new URL(url).pathname]?.() ?? new Response('done'))
  const socket = await run.tunnel()
  const lines = (...all: string[]) => `${all.join('\r\n')}\r\nHost: desk.example\r\n`
  socket.write(`${lines('GET /nothing HTTP/1.1')}\r\n${lines('HEAD /head HTTP/1.1')}\r\n${lines('GET /same HTTP/1.1')}\r\n`)
  socket.write(`${lines('POST /large HTTP/1.1')}Content-Length: 100000\r\n\r\n${'x'.repeat(100_000)}`) // which nobody reads
  socket.write(`${lines('GET /last HTTP/1.1')}Connection: close\r\n\r\n`)
  const said = await readAll(socket)
  expect(said.match(/HTTP\/1\.1 \d+/g)).toEqual(['204', '200', '304', '413', '200'].map((status) => `HTTP/1.1 ${status}`))
  expect(said).toContain('content-length: 12345')
  expect(said).toMatch(/\r\n\r\n4\r\ndone\r\n0\r\n\r\n$/)
})

test('a body in chunks is passed on as it comes, after 100 Continue and without trailers, and the answer as it comes back', async () => {
  const run = await openRun(({ body }) => new Response(body))
  const socket = await run.tunnel()
  const heard = async (text: string) => {
    let said = ''
    while (!said.includes(text)) said += (await once(socket, 'data'))[0]
    return said
  }
  socket.write('POST /up HTTP/1.1\r\nHost: desk.example\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n')
  await heard('100 Continue')
  socket.write('3\r\none\r\n')
  expect(await heard('one')).toMatch(/^HTTP\/1\.1 200 /)
  socket.write('3\r\ntwo\r\n')
  await heard('two')
  socket.write('0\r\nx-sum: 1\r\n\r\n')
  await heard('0\r\n\r\n')
  expect(['expect', 'trailer', 'transfer-encoding', 'x-sum'].map((name) => run.asked[0]!.headers.has(name))).toEqual([false, false, false, false])
})

test('an asker that leaves takes the request along, and a service that breaks off breaks the answer', async () => {
  const slow = new EventEmitter()
  const breaking = () =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(Buffer.from('half')),
        pull: (controller) => controller.error(new Error('connection reset')),
      }),
    )
  const run = await openRun(({ url, signal }) => {
    if (url.endsWith('/half')) return breaking()
    slow.emit('asked')
    signal.addEventListener('abort', () => slow.emit('left'))
    return new Promise(() => {})
  })
  const socket = await run.tunnel()
  const asked = once(slow, 'asked')
  socket.write('GET /slow HTTP/1.1\r\nHost: desk.example\r\n\r\n')
  await asked
  const left = once(slow, 'left')
  socket.destroy()
  await left
  const said = await run.ask('GET /half HTTP/1.1')
  expect(said).toMatch(/^HTTP\/1\.1 200 /)
  expect(said).not.toMatch(/0\r\n\r\n$/)
})

test('a service that is down or sends the token back is 502 with words, and is told of when the run is over', async () => {
  const run = await openRun(({ url, headers }) => {
    if (url.endsWith('/echo')) return new Response(null, { headers: { 'x-echo': headers.get('authorization') ?? '' } })
    throw new TypeError('connection refused')
  })
  const now = { service: DESK, expiresAt: undefined, now: 0 }
  expect(await run.ask('GET /down HTTP/1.1')).toMatch(/^HTTP\/1\.1 502 .*connection refused/s)
  expect(run.notes.lines(now)).toEqual([expect.stringContaining('connection refused')])
  const said = await run.ask('GET /echo HTTP/1.1')
  expect(said).toMatch(/^HTTP\/1\.1 502 .*sent the token back/s)
  expect(said).not.toContain(TOKEN)
  expect(run.notes.lines(now)).toEqual([expect.stringContaining('sent the token back')])
})
