/** What an agent asks of a broker reaches the Service of its task, and nothing else. */
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { brokerRig } from './broker-rig.ts'
import { answer, DESK, TOKEN } from './harness-rig.ts'

const EVIL = 'https://evil.example'

async function usable() {
  const b = await brokerRig()
  const heard: string[] = []
  b.host(
    EVIL,
    new Hono().all('*', (c) => c.text(`got ${heard.push(c.req.url)}`)),
  )
  const { id } = await b.ready()
  const before = b.calls.length
  const act = (path: string, init: RequestInit = {}) => b.call('builder', init.method ?? 'GET', `/tasks/${id}/http${path}`, init)
  return { ...b, id, act, heard, sent: () => b.calls.slice(before) }
}

test.each([
  '//evil.example/x',
  '/%2f%2fevil.example/x',
  '/..//evil.example/x',
  '/.%2e//evil.example/x',
  '/https://evil.example/x',
  '/@evil.example/x',
  '/:443@evil.example/x',
  '/\\evil.example/x',
  '/%5c%5cevil.example/x',
  '/%00@evil.example',
  '/api/tickets?next=https://evil.example/',
])('a path that tries to leave the origin leads to the Service or nowhere: %s', async (path) => {
  const w = await usable()
  await w.act(path)
  expect(w.heard).toEqual([])
  for (const { url } of w.sent()) expect(new URL(url).origin).toBe(DESK)
  expect((await w.act('/api/tickets')).status).toBe(200)
})

test.each(['', '.evil.example/x', '@evil.example/x', ':80@evil.example/'])(
  'what stands where the path should begin makes no other host: %s',
  async (path) => {
    const w = await usable()
    const { status } = await w.act(path)
    expect(status).toBeGreaterThanOrEqual(400)
    for (const { url } of w.sent()) expect(new URL(url).origin).toBe(DESK)
    expect(w.heard).toEqual([])
  },
)

test('what an agent says of itself and of the way does not reach the Service, and the token replaces its credential', async () => {
  const w = await usable()
  const headers = {
    'x-forwarded-host': 'evil.example',
    forwarded: 'host=evil.example',
    cookie: 'a=b',
    connection: 'x-private',
    'x-private': '1',
    accept: 'text/csv',
  }
  await w.act('/api/tickets', { method: 'POST', body: 'id,text', headers: { ...headers, 'content-type': 'text/csv' } })
  const [sent] = w.sent()
  expect(Object.fromEntries(sent!.headers)).toEqual({ accept: 'text/csv', 'content-type': 'text/csv', authorization: `Bearer ${TOKEN}` })
})

test('a redirect within the Service leads through the broker again', async () => {
  const w = await usable()
  w.service.api = () => new Response(null, { status: 303, headers: { location: '/api/tickets/18?new=1' } })
  const moved = await w.act('/api/tickets', { method: 'POST' })
  expect([moved.status, moved.headers.get('location')]).toEqual([303, `/tasks/${w.id}/http/api/tickets/18?new=1`])
})

test.each([`${EVIL}/x`, '//evil.example/x', 'http://desk.example/x', 'https://desk.example:8443/x'])(
  'a redirect to another origin is refused: %s',
  async (location) => {
    const w = await usable()
    w.service.api = () => new Response('secret of the desk', { status: 302, headers: { location } })
    const refused = await w.act('/api/tickets')
    expect([refused.status, await refused.json()]).toEqual([
      502,
      { error: { code: 'service_unavailable', message: expect.stringContaining('redirects to another origin') } },
    ])
    expect(w.heard).toEqual([])
  },
)

test('an answer that has the token in it breaks off before it, whatever the Service is up to', async () => {
  const w = await usable()
  w.service.api = answer({ your_headers: { authorization: `Bearer ${TOKEN}` } })
  const said = await (await w.act('/api/echo')).text().catch((failure) => String(failure))
  expect(said).not.toContain(TOKEN)
  w.service.api = () => new Response('', { headers: { 'x-echo': TOKEN } })
  const refused = await w.act('/api/echo')
  expect([refused.status, JSON.stringify([...refused.headers])]).toEqual([502, expect.not.stringContaining(TOKEN)])
})

test('a Service that cannot be reached is an answer that says so, and the task stays', async () => {
  const w = await usable()
  w.unplug(DESK)
  const refused = await w.act('/api/tickets')
  expect([refused.status, (await refused.json()).error.message]).toEqual([502, expect.stringContaining('check that the service is up')])
  expect(await w.show(w.id)).toMatchObject({ status: 'ready' })
})

test('both bodies are streams: what is asked arrives while it is still being asked, and an answer without an end is read as long as it is wanted', async () => {
  const w = await usable()
  let canceled = false
  w.service.api = () =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024)),
        cancel() {
          canceled = true
        },
      }),
    )
  const reader = (await w.act('/api/export')).body!.getReader()
  for (let read = 0; read < 5_000_000; ) read += (await reader.read()).value!.length
  await reader.cancel()
  expect(canceled).toBe(true)
})
