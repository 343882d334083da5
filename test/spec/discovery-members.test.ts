import { expect, test } from 'vitest'
import { ACME, ACME_URL, AUTHORITY, changed, codeOf, codeThrown, DESK, DESK_URL, SERVICE, U, world } from './discovery-fixture.ts'
import type { Members } from './jws-fixture.ts'
import { json } from './peer-fixture.ts'

const without = (document: Members, path: string): Members => changed(document, path, undefined)

test.each<[string, unknown]>([
  ['authority', undefined],
  ['authority', 7],
  ['authority', 'http://agents.acme.example'],
  ['authority', 'https://Agents.acme.example'],
  ['authority', 'https://agents.acme.example:443'],
  ['authority', 'https://agents.acme.example/a/../b'],
  ['authority', 'https://agents.acme.example/#x'],
  ['trust_mode', undefined],
  ['trust_mode', 'Enterprise'],
  ['trust_mode', 'other'],
  ['trust_mode', ['enterprise']],
  ['jwks_uri', undefined],
  ['jwks_uri', 'http://agents.acme.example/jwks.json'],
  ['jwks_uri', null],
  ['endpoints', undefined],
  ['endpoints', []],
  ['endpoints.validate', undefined],
  ['endpoints.validate', 'http://agents.acme.example/validate'],
  ['endpoints.validate', '/validate'],
  ['endpoints.authorization_check', undefined],
  ['endpoints.authorization_check', 7],
  ['endpoints.authorization_close', null],
  ['endpoints.authorization_close', 'http://agents.acme.example/close'],
  ['policy', []],
  ['policy', 'none'],
  ['policy.allow_service_authorities', 'false'],
  ['policy.allow_service_authorities', 0],
  ['policy.allow_service_authorities', null],
])(
  'an Authority document with %s %j is invalid at a Service: a wrong type never stands for a default [DISC-ENT-13 SVC-RES-06]',
  async (path, value) => {
    const w = world()
    w.peer.put(ACME_URL, json(changed(AUTHORITY, path, value)))
    expect(codeOf(await w.enterprise('acme.example'))).toBe('configuration_invalid')
  },
)

test.each([
  'endpoints.issuance',
  'endpoints.issuance_status',
  'endpoints.authorization_close',
  'policy',
  'policy.allow_service_authorities',
  'approval',
  'approval.modes',
])('a Service needs no %s of an Authority document', async (path) => {
  const w = world()
  w.peer.put(ACME_URL, json(without(AUTHORITY, path)))
  expect(codeOf(await w.enterprise('acme.example'))).toBe('found')
})

test('a defect in what a party does not use is no reason to refuse', async () => {
  const w = world()
  const odd = { ...AUTHORITY, approval: 'call me', endpoints: { ...AUTHORITY.endpoints, issuance: 7, issuance_status: 'http://x', extra: null } }
  w.peer.put(ACME_URL, json(odd))
  expect(codeOf(await w.enterprise('acme.example'))).toBe('found')
  w.peer.put(U, json({ ...AUTHORITY, jwks_uri: 7, policy: 7, endpoints: { ...AUTHORITY.endpoints, validate: 7 } }))
  await expect(w.forHarness.pinned({ authority: ACME, authority_configuration_url: U })).resolves.toBeDefined()
  w.peer.put(DESK_URL, json({ ...SERVICE, trust: { service_authority: 7 }, endpoints: { available_scopes: `${DESK}/scopes`, revoke: 7 } }))
  await expect(w.service(DESK)).resolves.toBeDefined()
})

test('unknown members of a document are ignored, at every level [VER-07]', async () => {
  const w = world()
  const more = { 'x-new': [1], __proto__x: {} }
  w.peer.put(ACME_URL, json({ ...AUTHORITY, ...more, endpoints: { ...AUTHORITY.endpoints, ...more }, policy: { ...AUTHORITY.policy, ...more } }))
  expect(codeOf(await w.enterprise('acme.example'))).toBe('found')
})

test.each<[string, unknown]>([
  ['endpoints.issuance', undefined],
  ['endpoints.issuance', 'http://agents.acme.example/requests'],
  ['endpoints.issuance_status', `${ACME}/requests/id`],
  ['endpoints.issuance_status', 'http://agents.acme.example/requests/{id}'],
  ['endpoints.issuance_status', '{id}'],
  ['endpoints.issuance_status', `${ACME}/requests/{id}#x`],
  ['endpoints.issuance_status', `https://user@agents.acme.example/{id}`],
])('an Authority document with %s %j is invalid at a Harness', async (path, value) => {
  const w = world()
  w.peer.put(ACME_URL, json(changed(AUTHORITY, path, value)))
  expect(await codeThrown(w.forHarness.pinned({ authority: ACME, authority_configuration_url: ACME_URL }))).toBe('configuration_invalid')
})

test.each<[string, unknown]>([
  ['approval.modes', ['push']],
  ['approval.default_ttl_seconds', 0],
  ['approval.default_ttl_seconds', 1.5],
])('an Authority document with %s %j is invalid as a whole [CFG-A-11]', async (path, value) => {
  const w = world()
  w.peer.put(ACME_URL, json(changed(AUTHORITY, path, value)))
  expect(codeOf(await w.strict.enterprise('acme.example'))).toBe('configuration_invalid')
  expect(codeOf(await w.enterprise('acme.example'))).toBe('found')
})
