/** Both doors of an Authority against what nobody should send: each is refused as its kind, and the next good request is served. */
import { expect, test } from 'vitest'
import { ErrorResponse } from '../spec/wire/error.ts'
import { APPROVING, type AuthorityWorld, authorityWorld, message, refusal } from './authority-rig.ts'

const MAX_BYTES = 64 * 1024
type Door = 'protocol' | 'management'
/** Every address, with the methods it takes. */
const ADDRESSES: [Door, string, string[]][] = [
  ['protocol', '/.well-known/agentpass-authority', ['GET']],
  ['protocol', '/.well-known/jwks.json', ['GET']],
  ['protocol', '/issuance', ['POST']],
  ['protocol', '/issuance/x', ['GET', 'DELETE']],
  ['protocol', '/validate', ['POST']],
  ['protocol', '/authorization/check', ['POST']],
  ['protocol', '/authorization/close', ['POST']],
  ['management', '/requests', ['GET']],
  ['management', '/requests/x', ['GET']],
  ...['approve', 'deny', 'cancel', 'revoke', 'narrow'].map((verb): [Door, string, string[]] => ['management', `/requests/x/${verb}`, ['POST']]),
]
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY']

const at = (w: AuthorityWorld, door: Door) => {
  const app = door === 'protocol' ? w.authority.app : w.authority.management
  const authorization = door === 'protocol' ? w.desk.bearer() : `Bearer ${w.authority.opening.adminToken}`
  return async (method: string, path: string, init: RequestInit = {}) =>
    app.request(`https://authority.acme.example${path}`, { ...init, method, headers: { authorization, ...(init.headers as Record<string, string>) } })
}
/** The whole of a trip still works. */
async function expectServing(w: AuthorityWorld) {
  const { authorizationId } = await w.redeemed()
  expect((await w.check(authorizationId, w.desk.bearer())).status).toBe(200)
}

test.each(ADDRESSES)('the %s door at %s takes %j, and says so to every other method [CFG-X-01 CFG-X-02]', async (door, path, methods) => {
  const w = await authorityWorld(APPROVING)
  for (const method of METHODS.filter((m) => !methods.includes(m))) {
    const response = await at(w, door)(method, path)
    expect([response.headers.get('allow'), response.headers.get('content-type')]).toEqual([methods.join(', '), 'application/json'])
    expect(await refusal(response)).toEqual([405, 'method_not_allowed'])
  }
  await expectServing(w)
})

test.each<[Door, string]>([
  ...['/', '/validate/', '//validate', '/VALIDATE', '/validate/x', '/authorization', '/issuance/x/y', '/.well-known'].map((path): [Door, string] => [
    'protocol',
    path,
  ]),
  ...['/', '/requests/x/burn', '/requests/x/approve/y', '/validate', '/issuance'].map((path): [Door, string] => ['management', path]),
])('there is nothing at %s %s, in the shape of every error [CFG-X-01]', async (door, path) => {
  const w = await authorityWorld(APPROVING)
  for (const method of ['GET', 'POST']) {
    const response = await at(w, door)(method, path)
    expect([response.status, response.headers.get('cache-control')]).toEqual([404, 'no-store'])
    expect(ErrorResponse.safeParse(await response.json()).success).toBe(true)
  }
  await expectServing(w)
})

/** A good body for every address that takes one. */
const BODIES: [Door, string, object][] = [
  ['protocol', '/issuance', message()],
  ['protocol', '/validate', { agentpass: { value: 'x' } }],
  ['protocol', '/authorization/check', { authorization_id: 'x' }],
  ['protocol', '/authorization/close', { authorization_id: 'x', action: 'revoke' }],
  ...['approve', 'deny', 'cancel', 'revoke'].map((verb): [Door, string, object] => ['management', `/requests/x/${verb}`, { digest: 'x' }]),
  ['management', '/requests/x/narrow', { digest: 'x', scope: ['tickets:read'] }],
]
const HOSTILE: [number, string, BodyInit, Record<string, string>?][] = [
  [415, 'unsupported_media_type', '{}', { 'content-type': 'text/plain' }],
  [415, 'unsupported_media_type', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }],
  [415, 'unsupported_media_type', '{}', { 'content-type': 'application/json; charset=utf-16' }],
  [413, 'too_large', `{"x":"${'x'.repeat(MAX_BYTES)}"}`],
  [413, 'too_large', `{"x":"${'x'.repeat(5_000_000)}"}`],
  [413, 'too_large', '{}', { 'content-length': '9999999' }],
  [400, 'malformed_request', ''],
  [400, 'malformed_request', '{'],
  [400, 'malformed_request', 'null'],
  [400, 'malformed_request', '[]'],
  [400, 'malformed_request', '"x"'],
  [400, 'malformed_request', '{}'],
  [400, 'malformed_request', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
  [400, 'malformed_request', '{"__proto__":{"agentpass":{"value":"x"},"authorization_id":"x","digest":"x"}}'],
  [400, 'malformed_request', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
]
test.each(BODIES)(
  'the %s door at %s refuses every bad body by its kind, and serves on [CFG-X-01 AUTH-ISS-13 AUTH-ISS-24 AUTH-VAL-16]',
  async (door, path, good) => {
    const w = await authorityWorld(APPROVING)
    const send = (body: BodyInit, headers: Record<string, string> = {}) =>
      at(w, door)('POST', path, { body, headers: { 'content-type': 'application/json', ...headers } })
    for (const [status, code, body, headers] of HOSTILE) expect(await refusal(await send(body, headers))).toEqual([status, code])
    for (const [member, value] of Object.entries(good))
      for (const wrong of [null, 5, true, '', [], {}])
        if (typeof value !== typeof wrong || wrong === null || wrong === '' || Array.isArray(wrong) || value === 'x')
          expect((await send(JSON.stringify({ ...good, [member]: wrong }))).status, `${member}: ${JSON.stringify(wrong)}`).toBe(400)
    expect([200, 404]).toContain((await send(JSON.stringify(good))).status)
    expect({}).not.toHaveProperty('agentpass')
    await expectServing(w)
  },
)

test('a body that breaks off or fails while it is read harms nobody else [AUTH-ISS-13]', async () => {
  const w = await authorityWorld(APPROVING)
  const broken = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{"type":')),
    pull: (controller) => controller.error(new Error('connection reset')),
  })
  const init = { body: broken, duplex: 'half', headers: { 'content-type': 'application/json' } } as RequestInit
  expect((await at(w, 'protocol')('POST', '/issuance', init)).status).toBeGreaterThanOrEqual(400)
  await expectServing(w)
})

test.each<Door>(['protocol', 'management'])(
  'no answer of the %s door may be framed, sniffed, or read by a page of another origin [CFG-X-02]',
  async (door) => {
    const w = await authorityWorld(APPROVING)
    const path = door === 'protocol' ? '/.well-known/jwks.json' : '/requests'
    const { headers } = await at(w, door)('GET', path, { headers: { origin: 'https://evil.example' } })
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
  },
)

test('health says alive to anybody; readiness says whether work can be done; metrics count decisions under the token alone', async () => {
  const w = await authorityWorld(APPROVING)
  const ask = async (path: string, authorization = '') => w.manage(path, undefined, authorization)
  expect(await (await ask('/health')).json()).toEqual({ status: 'alive' })
  expect(await (await ask('/ready')).json()).toEqual({ ready: true })
  expect((await ask('/metrics')).status).toBe(401)
  await w.redeemed()
  await w.validate('x', w.desk.bearer())
  const metrics = await (await w.manage('/metrics')).text()
  expect(metrics).toContain('agentpass_decisions_total{event="validation",outcome="consumed",code=""} 1')
  expect(metrics).toContain('agentpass_decisions_total{event="validation",outcome="refused",code="unknown_agentpass"} 1')
})

test('while the database cannot be written the Authority is not ready, and says why; then it is again', async () => {
  const w = await authorityWorld(APPROVING)
  const db = w.database<Record<string, Record<string, unknown>>>()
  const rename = (from: string, to: string) => db.write((tx) => tx.schema.alterTable(from).renameTo(to).execute())
  await rename('audit', 'gone')
  const ready = await w.manage('/ready')
  expect([ready.status, await ready.json()]).toEqual([503, { ready: false, why: 'the database cannot be written' }])
  await rename('gone', 'audit')
  expect((await w.manage('/ready')).status).toBe(200)
})
