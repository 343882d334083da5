import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { ServiceConfiguration } from '../spec/wire/configuration.ts'
import { DESK } from './fake-authority.ts'
import { desk, okay, REDEEM, RESOLVE, REVOKE, refusal, SCOPES } from './service-rig.ts'

const DOCUMENT = '/.well-known/agentpass-service'
const KEYS = '/.well-known/agentpass-service/jwks.json'

test('the configuration document says who the Service is, whom it trusts and where its endpoints are [CFG-S-01] [CFG-S-02] [CFG-S-05]', async () => {
  const d = await desk({ trust: ['own', 'federated'] })
  const document = await okay(await d.request(DOCUMENT))
  expect(ServiceConfiguration.safeParse(document).success).toBe(true)
  expect(document).toEqual({
    version: '0.1',
    kind: 'service',
    service: { origin: DESK, name: 'Ticket desk' },
    jwks_uri: DESK + KEYS,
    trust: { trusted_federated_authorities: [d.federated.reference], service_authority: d.own.reference },
    endpoints: {
      resolve_authorities: DESK + RESOLVE,
      available_scopes: DESK + SCOPES,
      redeem_bearer_token: DESK + REDEEM,
      redeem_browser_session: `${DESK}/agentpass/redeem/browser-session`,
      security_events: `${DESK}/agentpass/security-events`,
      revoke: DESK + REVOKE,
    },
  })
})

test('a Service that trusts nobody but enterprises publishes an empty trust object, and no empty list [CFG-S-06]', async () => {
  const d = await desk()
  expect(await okay(await d.request(DOCUMENT))).toMatchObject({ trust: {} })
  expect(JSON.stringify(await okay(await d.request(DOCUMENT)))).not.toContain('trusted_federated')
})

test('the published origin is bare, and is the issuer and the audience of what is signed [CFG-S-03] [CFG-S-04]', async () => {
  const d = await desk()
  d.enterprise.publish('acme.example')
  const { service } = ServiceConfiguration.parse(await okay(await d.request(DOCUMENT)))
  expect(new URL(service.origin).origin).toBe(service.origin)
  await okay(await d.redeem())
  expect(d.enterprise.calls.find(({ path }) => path === '/validate')?.assertion?.claims.iss).toBe(service.origin)
  expect((await d.scopes(await d.enterprise.sign({ aud: service.origin }))).status).toBe(200)
  expect(await refusal(await d.scopes(await d.enterprise.sign({ aud: `${service.origin}/` })))).toEqual([401, 'invalid_assertion'])
})

test('the key set holds public keys alone, and what the Service signs verifies under it [CFG-S-07]', async () => {
  const d = await desk()
  d.enterprise.publish('acme.example')
  const keys = (await okay(await d.request(KEYS))) as JSONWebKeySet
  expect(keys.keys).toHaveLength(1)
  expect(Object.keys(keys.keys[0]!).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
  await okay(await d.redeem())
  const authorization = d.net.calls.find(({ url }) => url.endsWith('/validate'))?.headers.get('authorization') ?? ''
  const { payload } = await jwtVerify(authorization.replace('Bearer ', ''), createLocalJWKSet(keys), {
    issuer: DESK,
    audience: d.enterprise.identifier,
    algorithms: ['ES256'],
    requiredClaims: ['iat', 'exp', 'jti'],
    currentDate: new Date(d.now() * 1000),
  })
  expect(payload.exp! - payload.iat!).toBe(60)
})

test.each([DOCUMENT, KEYS])('%s may be cached for a finite time [CFG-S-08]', async (path) => {
  const d = await desk()
  const response = await d.request(path)
  expect(response.headers.get('cache-control')).toMatch(/^public, max-age=[1-9]\d{0,3}$/)
  expect(response.headers.get('content-type')).toMatch(/^application\/json/)
})

test.each([
  ['POST', DOCUMENT, 'GET'],
  ['DELETE', KEYS, 'GET'],
  ['GET', RESOLVE, 'POST'],
  ['PUT', SCOPES, 'POST'],
  ['GET', REDEEM, 'POST'],
  ['HEAD', REDEEM, 'POST'],
  ['GET', '/agentpass/redeem/browser-session', 'POST'],
  ['GET', REVOKE, 'POST'],
  ['GET', '/agentpass/security-events', 'POST'],
])('%s %s is a 405 that says what will do, with an error body [CFG-S-10] [CFG-X-01] [CFG-X-02]', async (method, path, allow) => {
  const d = await desk()
  const response = await d.request(path, { method })
  expect(response.headers.get('allow')).toBe(allow)
  expect(response.headers.get('content-type')).toMatch(/^application\/json/)
  if (method !== 'HEAD') expect(await refusal(response)).toEqual([405, 'method_not_allowed'])
  else expect(response.status).toBe(405)
})

test("an address that is no step of the protocol is the gateway's, and needs a token: an error body, never a page [CFG-S-09] [CFG-X-01]", async () => {
  const d = await desk()
  for (const path of ['/agentpass/nothing', '/.well-known/agentpass-service/nothing', '/nothing'])
    expect(await refusal(await d.request(path))).toEqual([401, 'invalid_token'])
  expect(
    await refusal(await d.service.management.request('/nothing', { headers: { authorization: `Bearer ${d.service.opening.adminToken}` } })),
  ).toEqual([404, 'not_found'])
})

test.each(['application/json', '*/*', 'text/csv, application/*;q=0.1'])('Accept: %s is never a reason to refuse [CFG-S-09]', async (accept) => {
  const d = await desk()
  expect((await d.request(DOCUMENT, { headers: { accept } })).status).toBe(200)
})

test('whatever Host and X-Forwarded headers say, the documents name the configured origin', async () => {
  const d = await desk()
  const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', forwarded: 'host=evil.example' }
  const spoofed = await d.service.app.request(`http://evil.example${DOCUMENT}`, { headers })
  expect(JSON.stringify(await okay(spoofed))).not.toContain('evil')
})
