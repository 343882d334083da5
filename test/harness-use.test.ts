import { expect, test } from 'vitest'
import { callService, explainRefusal } from '../harness/use.ts'
import { DESK, harnessRig, refusal, TOKEN } from './harness-rig.ts'

const CREDENTIAL = { service: DESK, token: TOKEN, scope: ['tickets:read'] }
const call = (url: string, changed: object = {}) => ({ url, method: 'GET', headers: new Headers(), body: undefined, ...changed })
const refused = (status: number, challenge?: string) =>
  new Response(null, { status, ...(challenge !== undefined && { headers: { 'www-authenticate': challenge } }) })
const NOTHING = new Uint8Array()

test('the token is sent as a bearer token, as it is [HAR-TOK-01]', async () => {
  const h = harnessRig()
  const response = await callService(h, CREDENTIAL, call(`${DESK}/api/tickets`, { headers: new Headers({ accept: 'text/csv' }) }))
  expect(response.status).toBe(200)
  expect(h.calls[0]!.headers.get('authorization')).toBe(`Bearer ${TOKEN}`)
  expect(h.calls[0]!.headers.get('accept')).toBe('text/csv')
})

test('nothing that the caller says of authorization or host replaces ours [HAR-TOK-01]', async () => {
  const h = harnessRig()
  const headers = new Headers({ authorization: 'Basic x', host: 'evil.example' })
  await callService(h, CREDENTIAL, call(`${DESK}/api/tickets`, { headers }))
  expect(h.calls[0]!.headers.get('authorization')).toBe(`Bearer ${TOKEN}`)
  expect(h.calls[0]!.headers.has('host')).toBe(false)
})

test.each([
  'https://other.example/api',
  'https://desk.example.evil.example/',
  'https://desk.example:8443/api',
  'http://desk.example/api',
  'https://desk.example@evil.example/',
  '//evil.example/',
  'no URL',
])('a token is never sent to %s [HAR-TOK-01]', async (url) => {
  const h = harnessRig()
  await expect(callService(h, CREDENTIAL, call(url))).rejects.toMatchObject({ name: 'TripFailure', step: 'use', peer: DESK })
  expect(h.calls).toEqual([])
})

test('a redirect is not followed', async () => {
  const h = harnessRig()
  const modes: (RequestRedirect | undefined)[] = []
  h.service.api = () => new Response(null, { status: 302, headers: { location: 'https://evil.example/' } })
  const fetch: typeof h.fetch = (url, init) => {
    modes.push(init?.redirect)
    return h.fetch(url, init)
  }
  await expect(callService({ fetch }, CREDENTIAL, call(`${DESK}/api/tickets`))).rejects.toMatchObject({ step: 'use', peer: DESK })
  expect(modes).toEqual(['error'])
  expect(h.calls.map(({ url }) => url)).toEqual([`${DESK}/api/tickets`])
})

test('a call that is called off says so', async () => {
  const off = new AbortController()
  const fetch = async () => {
    off.abort(new Error('called off'))
    throw new TypeError('aborted')
  }
  await expect(callService({ fetch }, CREDENTIAL, call(`${DESK}/api`, { signal: off.signal }))).rejects.toThrow('called off')
})

test('401 means that the token was ended, whatever the body says', async () => {
  const { failure, isTokenEnded } = await explainRefusal(refused(401), NOTHING, CREDENTIAL)
  expect(isTokenEnded).toBe(true)
  expect(failure).toMatchObject({ step: 'use', peer: DESK, message: 'answered 401' })
  expect(failure.hint).toContain('ended')
})

test.each([
  ['Bearer error="insufficient_scope", scope="tickets:read tickets:write"', 'tickets:write'],
  ['bearer realm="desk, the", error_description="needs scope=other", error=insufficient_scope, scope=tickets:write', 'tickets:write'],
  ['Bearer error="insufficient_scope", scope="a\\"b"', 'a"b'],
])('403 names the scope that the token lacks: %s', async (challenge, missing) => {
  const { failure, isTokenEnded } = await explainRefusal(refused(403, challenge), NOTHING, CREDENTIAL)
  expect(isTokenEnded).toBe(false)
  expect(failure.hint).toBe(`the token lacks the scope ${missing}: ask for it with a new token`)
})

test.each([
  [403, undefined],
  [403, 'Bearer error="insufficient_scope"'],
  [403, 'Bearer error="insufficient_scope", scope="tickets:read"'],
  [403, 'Bearer error="invalid_token", scope="tickets:write"'],
  [404, 'Bearer error="insufficient_scope", scope="tickets:write"'],
])('%i with %s is a refusal like others', async (status, challenge) => {
  const { failure, isTokenEnded } = await explainRefusal(refused(status, challenge), NOTHING, CREDENTIAL)
  expect(isTokenEnded).toBe(false)
  expect(failure.hint).not.toContain('lacks')
})

test('the service’s own sentence is read from the beginning of its answer', async () => {
  const response = await refusal(403, 'insufficient_scope', 'this needs \u001b[1mmore')()
  const beginning = new Uint8Array(await response.clone().arrayBuffer())
  const { failure } = await explainRefusal(response, beginning, CREDENTIAL)
  expect(failure.message).toBe('this needs ·[1mmore (403 insufficient_scope)')
  const page = new TextEncoder().encode('<html>')
  expect((await explainRefusal(new Response(null, { status: 404 }), page, CREDENTIAL)).failure.message).toBe('answered 404')
})

test('a sentence with the token in it is not told, however JSON writes it', async () => {
  const beginning = new TextEncoder().encode(`{"error":{"code":"forbidden","message":"not with \\u0074${TOKEN.slice(1)}"}}`)
  expect(TOKEN[0]).toBe('\u0074')
  expect((await explainRefusal(refused(403), beginning, CREDENTIAL)).failure.message).toBe('answered 403')
})
