/** What the world shows of the wire: everything that teaches, and nothing that opens a door. */
import { expect, test } from 'vitest'
import type { Fetch } from '../spec/effects.ts'
import { NOT_SHOWN, type Shown } from './world/redact.ts'
import { type PartyName, tap } from './world/tap.ts'

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const SIGNATURE = 'c2lnbmF0dXJl'.repeat(7)
const jwt = (claims: object) => `${part({ alg: 'ES256', kid: 'k1', typ: 'JWT' })}.${part(claims)}.${SIGNATURE}`
const URL = 'https://desk.localhost:4430/agentpass/redeem/bearer-token'
const json = (body: unknown, headers?: object) => new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json', ...headers } })

type Told = { asked: string; request: Shown | undefined; answer: string; response: Shown | undefined }

/** A party whose every call gets this answer, and what was told of them. */
function watched(answer: () => Response | Promise<Response>, party: PartyName = 'harness') {
  const told: Promise<Told>[] = []
  const reach = { fetch: (async () => answer()) satisfies Fetch, resolveTxt: async () => ({ values: [], ttlSeconds: 1, authenticated: false }) }
  const { fetch } = tap({ party, name: party }, reach, {
    onHop: () => {},
    onAsk:
      ({ asked, request }) =>
      ({ answer, response }) =>
        void told.push(response.then((shown) => ({ asked, request, answer, response: shown }))),
  })
  return { fetch: fetch as Fetch, told: () => Promise.all(told) }
}
const post = (body: unknown, headers?: Record<string, string>): RequestInit => ({
  method: 'POST',
  body: JSON.stringify(body),
  ...(headers && { headers }),
})

const SECRETS: [string, string, RequestInit, unknown][] = [
  ['a pass in a redemption', URL, post({ agentpass: { type: 'bearer_token', value: 'S3CRET' } }), {}],
  ['the token it buys', URL, post({}), { bearer_token: 'S3CRET', expires_in: 60 }],
  ['a token in a header', 'https://desk.localhost/api/me', { headers: { authorization: 'Bearer S3CRET' } }, {}],
  ['a token in a header of no known scheme', 'https://desk.localhost/api/me', { headers: { authorization: 'S3CRET' } }, {}],
  ['a token in a form', 'https://desk.localhost/agentpass/revoke', { method: 'POST', body: new URLSearchParams({ token: 'S3CRET' }) }, {}],
  ['a request id', 'https://a.localhost/issuance', post({}), { id: 'S3CRET', links: { self: 'https://a.localhost/issuance/S3CRET' } }],
  ['a request id in a URL', 'https://a.localhost/issuance/S3CRET-S3CRET-S3CRET', {}, {}],
  ['a pass in a status', 'https://a.localhost/issuance', post({}), { agentpass: { type: 'bearer_token', value: 'S3CRET' } }],
  ['a one-time token in a form field', URL, post({}), { initialization_request: { method: 'POST', form_fields: { token: 'S3CRET' } } }],
  ['a one-time token in a URL', URL, post({}), { initialization_url: 'https://desk.localhost/start?token=S3CRET' }],
  ['a query', 'https://desk.localhost/start?token=S3CRET#S3CRET', {}, {}],
  ['a cookie', 'https://desk.localhost/', { headers: { cookie: 'session=S3CRET' } }, {}],
  ['a member nobody knows yet', URL, post({ later: { member: ['S3CRET'] } }), { later: 'S3CRET' }],
  ['a body that is no JSON', URL, { method: 'POST', body: 'S3CRET' }, 'S3CRET'],
  ['the private part of a key', URL, post({ jwk: { kty: 'EC', d: 'S3CRET', k: 'S3CRET' } }), {}],
]
test.each(SECRETS)('%s is not shown', async (_, url, init, answer) => {
  const { fetch, told } = watched(() => json(answer, { 'set-cookie': 'session=S3CRET' }))
  await fetch(url, init)
  const [shown] = await told()
  expect(JSON.stringify(shown)).not.toContain('S3CRET')
  expect(shown?.asked).toMatch(/^(GET|POST) https:/)
})

test('a JWT is shown as its header and claims, never with its signature, and nowhere but where one belongs', async () => {
  const claims = { iss: 'world-harness', aud: 'https://desk.localhost', htm: 'POST', secret: 'S3CRET', iat: 1, exp: 61 }
  const { fetch, told } = watched(() => json({ error: { code: 'replay', message: `seen before: ${jwt(claims)}` } }), 'service')
  await fetch(URL, post({ harness_proof: { jwt: jwt(claims) }, task: { id: jwt(claims) } }, { authorization: `Bearer ${jwt({ iss: 'them' })}` }))
  const [shown] = await told()
  const decoded = (inner: object) => ({ header: { alg: 'ES256', kid: 'k1', typ: 'JWT' }, claims: inner, signature: NOT_SHOWN })
  expect(shown).toMatchObject({
    request: {
      authorization: decoded({ iss: 'them' }),
      body: { harness_proof: { jwt: decoded({ ...claims, secret: NOT_SHOWN }) }, task: { id: NOT_SHOWN } },
    },
    response: { body: { error: { code: 'replay', message: NOT_SHOWN } } },
  })
  expect(JSON.stringify(shown)).not.toContain(SIGNATURE.slice(0, 20))
})

test('what teaches is shown', async () => {
  const body = {
    authorization_id: 'az-1',
    user: { email: 'ada@acme.localhost' },
    agent: { id: 'world-harness' },
    scope: ['tickets:read'],
    type: 'bearer_token',
  }
  const { fetch, told } = watched(() => json(body))
  await fetch(URL, post({ user: { email: 'ada@acme.localhost' } }))
  expect(await told()).toEqual([
    { asked: `POST ${URL}`, request: { body: { user: { email: 'ada@acme.localhost' } } }, answer: '200', response: { body } },
  ])
})

test('the party gets what it would have got: the bytes, the headers, the right to let go', async () => {
  const long = { keys: 'x'.repeat(100_000) }
  const answers = [() => json(long, { 'x-request-id': 'r1' }), () => json({ error: { code: 'untrusted_authority' } })]
  const { fetch, told } = watched(() => answers.shift()!())
  const response = await fetch(URL, post({}))
  expect([response.status, response.headers.get('x-request-id'), await response.json()]).toEqual([200, 'r1', long])
  const refused = await fetch(URL, post({}))
  await refused.body?.cancel()
  expect(await told()).toMatchObject([{ response: { body: NOT_SHOWN } }, { response: { body: { error: { code: 'untrusted_authority' } } } }])
})

test('an answer that is no JSON is not read: it may have no end', async () => {
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new TextEncoder().encode('data: {}\n\n')) }, { highWaterMark: 0 })
  const { fetch, told } = watched(() => new Response(endless, { headers: { 'content-type': 'text/event-stream' } }))
  const response = await fetch(URL)
  expect(await told()).toMatchObject([{ answer: '200', response: { 'content-type': 'text/event-stream' } }])
  const first = await response.body!.getReader().read()
  expect(new TextDecoder().decode(first.value)).toBe('data: {}\n\n')
})

test('who got no answer is told so, and the failure is the party’s own', async () => {
  const outage = new Error('no route to S3CRET')
  const { fetch, told } = watched(() => Promise.reject(outage))
  await expect(fetch(URL)).rejects.toBe(outage)
  expect(await told()).toEqual([{ asked: `GET ${URL}`, request: undefined, answer: 'failed', response: undefined }])
})
