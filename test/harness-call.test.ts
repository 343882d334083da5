import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandLine, TOKEN_LINE } from './harness-cli-rig.ts'
import { ACME, answer, DESK, refusal, TASK, TOKEN, USER } from './harness-rig.ts'

const TICKET = `${DESK}/api/tickets/17`
const held = async () => {
  const c = commandLine()
  await c.run(...TOKEN_LINE)
  return c
}
const apiCalls = (c: Awaited<ReturnType<typeof held>>) => c.calls.filter(({ url }) => url.includes('/api/'))

test('call uses the token that is held, and prints the body as it is [HAR-TOK-01]', async () => {
  const c = await held()
  const before = c.calls.length
  expect(await c.run('call', 'get', `${TICKET}?a=b#c`)).toMatchObject({ code: 0, out: '{"id":17,"subject":"The door sticks"}', err: '' })
  expect(c.calls.slice(before).map(({ method, url }) => `${method} ${url}`)).toEqual([`GET ${TICKET}?a=b`])
  expect(c.calls.at(-1)!.headers.get('authorization')).toBe(`Bearer ${TOKEN}`)
  expect(c.leftOpen()).toBe(0)
})

test('call gets a token where none is held and user and task are given, and uses it again', async () => {
  const c = commandLine()
  const line = ['call', 'GET', TICKET, '--user', USER, '--task', TASK, '--scope', 'tickets:read']
  expect((await c.run(...line)).code).toBe(0)
  expect((await c.run(...line)).code).toBe(0)
  expect(c.posted(`${DESK}/redeem/bearer`).map((body) => body.requested_scope)).toEqual([['tickets:read']])
  expect(apiCalls(c)).toHaveLength(2)
})

test.each(['https://other.example/api', `${DESK}:8443/api`, 'https://desk.example.evil.example/api'])(
  'a token that is held is never sent to %s [HAR-TOK-01]',
  async (url) => {
    const c = await held()
    const before = c.calls.length
    const { code, err } = await c.run('call', 'GET', url)
    expect(code).toBe(1)
    expect(err).toContain('no live token is held for')
    expect(c.calls.length).toBe(before)
  },
)

test('a redirect is not followed', async () => {
  const c = await held()
  c.addAuthority('https://evil.example')
  c.service.api = () => new Response(null, { status: 307, headers: { location: 'https://evil.example/configuration' } })
  const { code, err } = await c.run('call', 'GET', TICKET)
  expect(code).toBe(1)
  expect(err).toContain(`at step use, ${DESK}`)
  expect(c.callsTo('https://evil.example')).toEqual([])
})

test('header and body are sent; JSON is called so', async () => {
  const c = await held()
  writeFileSync(join(c.home, 'body'), 'a,b\n')
  await c.run('call', 'POST', TICKET, '--data', '{"text":"Try oil."}')
  await c.run('call', 'PUT', TICKET, '--data', `@${join(c.home, 'body')}`)
  await c.runAs({ input: 'from input' }, 'call', 'PATCH', TICKET, '-d', '-', '-H', 'content-type: text/csv', '--header', 'X-Note:  a: b')
  const sent = apiCalls(c).map(({ method, headers }) => [method, headers.get('content-type'), headers.get('x-note')])
  expect(sent).toEqual([
    ['POST', 'application/json', null],
    ['PUT', 'application/octet-stream', null],
    ['PATCH', 'text/csv', 'a: b'],
  ])
})

test('the body that is sent is the one that was given, byte for byte', async () => {
  const c = await held()
  const bodies: string[] = []
  c.h.net.host(DESK, {
    request: async (_url, init) => {
      bodies.push(Buffer.from(await new Response(init?.body ?? null).arrayBuffer()).toString('latin1'))
      return new Response()
    },
  })
  writeFileSync(join(c.home, 'body'), Buffer.from([0, 255, 10]))
  await c.run('call', 'POST', TICKET, '--data', `@${join(c.home, 'body')}`)
  await c.runAs({ input: 'ä' }, 'call', 'POST', TICKET, '--data', '-')
  expect(bodies).toEqual(['\u0000\u00ff\n', 'Ã¤'])
})

test('a large body is streamed, part by part', async () => {
  const c = await held()
  let pulled = 0
  const pulledWhenPrinted: number[] = []
  c.service.api = () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          if (pulled++ < 100) controller.enqueue(new Uint8Array(100_000))
          else controller.close()
        },
      }),
    )
  let size = 0
  const out = async (data: string | Uint8Array) => {
    size += data.length
    pulledWhenPrinted.push(pulled)
  }
  expect((await c.runAs({ out }, 'call', 'GET', TICKET)).code).toBe(0)
  expect(size).toBe(10_000_000)
  expect(pulledWhenPrinted[0]).toBeLessThan(5)
})

test('an answer that breaks off is a failure, and its source is let go when nobody reads any more', async () => {
  const c = await held()
  c.service.api = () =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode('half')),
        pull: (controller) => controller.error(new Error('connection reset')),
      }),
    )
  expect(await c.run('call', 'GET', TICKET)).toMatchObject({ code: 1, out: 'half', err: expect.stringContaining('the answer is not whole') })

  let canceled = false
  const endless = {
    pull: (controller: ReadableStreamDefaultController) => controller.enqueue(new Uint8Array(10)),
    cancel: () => {
      canceled = true
    },
  }
  c.service.api = () => new Response(new ReadableStream(endless))
  const out = () => Promise.reject(Object.assign(new Error('gone'), { code: 'EPIPE' }))
  expect(await c.runAs({ out }, 'call', 'GET', TICKET)).toMatchObject({ code: 1, err: '' })
  expect(canceled).toBe(true)
})

test('--include prints status and headers before the body', async () => {
  const c = await held()
  c.service.api = answer({ ok: true }, 201, { 'x-note': 'here' })
  expect((await c.run('call', 'GET', TICKET, '-i')).out).toBe('HTTP 201\ncontent-type: application/json\nx-note: here\n\n{"ok":true}')
})

test('--json prints status, headers and body, as value, text or bytes', async () => {
  const c = await held()
  const json = async () => (await c.run('call', 'GET', TICKET, '--json')).json
  expect(await json()).toEqual({ status: 200, headers: { 'content-type': 'application/json' }, body: { id: 17, subject: 'The door sticks' } })
  c.service.api = () => new Response('{"a"', { headers: { 'content-type': 'application/problem+json' } })
  expect(await json()).toMatchObject({ body: '{"a"' })
  c.service.api = () =>
    new Response('{"a":1}', {
      headers: [
        ['content-type', 'text/plain'],
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ],
    })
  expect(await json()).toMatchObject({ body: '{"a":1}', headers: { 'set-cookie': ['a=1', 'b=2'] } })
  c.service.api = () => new Response(new Uint8Array([255, 0]), { status: 203 })
  expect(await json()).toMatchObject({ status: 203, body: null, body_base64: '/wA=' })
  c.service.api = () => new Response(null, { status: 204 })
  expect(await json()).toMatchObject({ status: 204, body: '' })
})

test.each([{ options: [] }, { options: ['--include'] }, { options: ['--json'] }])(
  'a service that sends the token back shows it to nobody: $options',
  async ({ options }) => {
    const c = await held()
    const said = () => `${c.calls.at(-1)!.headers.get('authorization')}`
    const echoes: [status: number, echo: () => Response][] = [
      [200, () => new Response(`you sent ${said()}`)],
      [200, () => new Response('', { headers: { 'x-echo': said() } })],
      [200, () => new Response('', { headers: { 'set-cookie': `token=${said()}` } })],
      [403, () => Response.json({ error: { code: 'forbidden', message: `not with ${said()}` } }, { status: 403 })],
    ]
    for (const [status, echo] of echoes) {
      c.service.api = echo
      const { code, out, err } = await c.run('call', 'GET', TICKET, ...options)
      expect([status, code, err]).toEqual([status, 1, expect.stringContaining(`at step use, ${DESK}: the service sent the token back in its answer`)])
      expect(out + err).not.toContain(TOKEN)
    }
  },
)

test('401 says that the token was ended, and it is forgotten', async () => {
  const c = await held()
  c.service.api = refusal(401, 'invalid_token', 'this token was revoked')
  const { code, out, err } = await c.run('call', 'GET', TICKET)
  expect(code).toBe(1)
  expect(JSON.parse(out).error.code).toBe('invalid_token')
  expect(err).toContain(`agentpass: error: at step use, ${DESK}: this token was revoked (401 invalid_token)\nagentpass: hint: the token was ended`)
  expect(c.files()).toEqual([])
})

test('403 names the missing scope, and the token stays', async () => {
  const c = await held()
  const challenge = { 'www-authenticate': 'Bearer error="insufficient_scope", scope="tickets:read tickets:delete"' }
  c.service.api = answer({ error: { code: 'insufficient_scope', message: 'no' } }, 403, challenge)
  const { code, json, err } = await c.run('call', 'DELETE', TICKET, '--json')
  expect(code).toBe(1)
  expect(json).toMatchObject({ status: 403, body: { error: { code: 'insufficient_scope' } }, error: { step: 'use', peer: DESK } })
  expect(json.error.hint).toContain('lacks the scope tickets:delete:')
  expect(err).toContain(json.error.hint)
  expect(existsSync(join(c.state, c.files()[0]!))).toBe(true)
})

test.each([304, 404, 500])('%i is exit 1, with the answer printed', async (status) => {
  const c = await held()
  c.service.api = () => new Response(status === 304 ? null : 'page', { status })
  expect(await c.run('call', 'GET', TICKET)).toMatchObject({ code: 1, out: status === 304 ? '' : 'page' })
  expect(c.files()).toHaveLength(1)
})

test('a call that is canceled is exit 130', async () => {
  const c = await held()
  const off = new AbortController()
  const pull = (controller: ReadableStreamDefaultController) => {
    off.abort()
    controller.error(new Error('aborted'))
  }
  c.service.api = () => new Response(new ReadableStream({ pull }))
  expect(await c.runAs({ signal: off.signal }, 'call', 'GET', TICKET)).toMatchObject({ code: 130, err: 'agentpass: canceled\n' })
  expect(c.callsTo(ACME)).not.toContain('DELETE /some/where/requests/request-1')
})
