/** The gateway and the app behind it, on real sockets: what the app says comes back as it is, and what it cannot say is a 502. */
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:net'
import { gunzipSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { createForward } from '../service/node/upstream.ts'
import { gateway, read } from './gateway-rig.ts'
import { codeOf } from './parties.ts'
import { listen } from './spec/tls-fixture.ts'

test('an app that is down, hangs up or talks nonsense is 502, and says nothing of where it is', async () => {
  const nonsense = await listen(
    createServer((socket) => socket.end('no HTTP\r\n\r\n')),
    0,
    '127.0.0.1',
  )
  const hangup = await listen(
    createServer((socket) => socket.destroy()),
    0,
    '127.0.0.1',
  )
  const g = await gateway((_, response) => void response.end('ok'))
  for (const upstream of [nonsense.port, hangup.port, 1]) {
    const { forward, close } = createForward(`http://127.0.0.1:${upstream}`, 'https://desk.example')
    const broken = await g.d.another({ forward })
    const response = await broken.app.request('https://desk.example/x', { headers: { authorization: `Bearer ${g.token}` } })
    expect(await response.clone().text()).not.toMatch(/127\.0\.0\.1|ECONN|undici/)
    expect([response.status, await codeOf(response)]).toEqual([502, 'service_unavailable'])
    await close()
  }
  expect((await g.call('GET', '/x')).status).toBe(200)
})

test('a compressed body is passed as it is, both ways, and said to be', async () => {
  const packed = gzipSync('hello '.repeat(1000))
  const g = await gateway(async (request, response) => {
    expect(request.headers['accept-encoding']).toBe('gzip')
    expect(request.headers['content-encoding']).toBe('gzip')
    expect(await read(request)).toEqual(packed)
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length }).end(packed)
  })
  const answer = await g.call('POST', '/x', { 'content-encoding': 'gzip', 'accept-encoding': 'gzip' }, packed)
  expect(answer.headers).toMatchObject({ 'content-encoding': 'gzip', 'content-length': String(packed.length) })
  expect(answer.body).toEqual(packed)
  expect(gunzipSync(answer.body).length).toBe(6000)
})

test.each([200, 201, 202, 204, 205, 206, 301, 304, 400, 401, 404, 418, 429, 500, 503, 599])(
  'the app answers %i, and so does the gateway',
  async (status) => {
    const g = await gateway((_, response) => void response.writeHead(status, { 'x-app': 'yes' }).end(status === 205 ? 'not allowed here' : undefined))
    for (const method of ['GET', 'HEAD', 'POST'])
      expect(await g.call(method, '/x')).toMatchObject({ status, headers: expect.objectContaining({ 'x-app': 'yes' }) })
  },
)

test.each([600, 700, 999])('the app answers %i, which is no status: 502', async (status) => {
  const g = await gateway((request, response) => void response.writeHead(request.url === '/x' ? status : 200).end('x'))
  const { status: answered, body } = await g.call('GET', '/x')
  expect([answered, JSON.parse(String(body)).error.code]).toEqual([502, 'service_unavailable'])
  expect((await g.call('GET', '/next')).status).toBe(200)
})

test("redirects of the app are the agent's to follow; one to the app itself is told as one to the gateway", async () => {
  const g = await gateway((request, response) => void response.writeHead(302, { location: decodeURIComponent(request.url!.slice(2)) }).end())
  const location = async (to: string) => (await g.call('GET', `/?${encodeURIComponent(to)}`)).headers.location
  expect(await location('/tickets')).toBe('/tickets')
  expect(await location(`${g.appOrigin}/tickets?x=1`)).toBe('https://desk.example/tickets?x=1')
  expect(await location(g.appOrigin)).toBe('https://desk.example')
  expect(await location(`${g.appOrigin}0/tickets`)).toBe(`${g.appOrigin}0/tickets`)
  expect(await location(`${g.appOrigin}.evil.example/`)).toBe(`${g.appOrigin}.evil.example/`)
  expect(await location('https://elsewhere.example/')).toBe('https://elsewhere.example/')
})

test('HEAD has no body, a GET no length of one, and the app sees its own name as host', async () => {
  const seen: IncomingMessage['headers'][] = []
  const g = await gateway((request, response) => {
    seen.push(request.headers)
    response.writeHead(200, { 'content-length': 5 }).end(request.method === 'HEAD' ? undefined : 'hello')
  })
  expect(await g.call('HEAD', '/x')).toMatchObject({
    status: 200,
    body: Buffer.alloc(0),
    headers: expect.objectContaining({ 'content-length': '5' }),
  })
  expect(String((await g.call('GET', '/x', { 'content-length': 3 }, 'abc')).body)).toBe('hello')
  expect(String((await g.call('GET', '/x')).body)).toBe('hello')
  for (const headers of seen) expect(headers.host).toBe(g.appOrigin.replace('http://', ''))
})
