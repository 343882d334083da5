import { expect, test } from 'vitest'
import { ACME, changed, codeThrown, DESK, DESK_URL, SERVICE, U, world } from './discovery-fixture.ts'
import { json } from './peer-fixture.ts'

test('a Service is looked up under its host without the port [DISC-SVC-01 DISC-SVC-02 DISC-SVC-07]', async () => {
  const w = world()
  w.peer.put(DESK_URL, json({ ...SERVICE, service: { origin: `${DESK}:8443` } }))
  await expect(w.service(`${DESK}:8443`)).resolves.toMatchObject({ kind: 'service' })
  expect(w.dns.asked).toEqual(['_agentpass-service.desk.example'])
})

test.each<[string, string[] | undefined, string]>([
  ['no record', undefined, 'unknown_service'],
  ['none', ['none'], 'discovery_failed'],
  ['http', ['http://desk.example/service.json'], 'discovery_failed'],
  ['two URLs', [DESK_URL, U], 'discovery_failed'],
  ['text', ['hello'], 'discovery_failed'],
])('a Service with %s is refused, and nothing is fetched: %s %s [DISC-SVC-03 DISC-SVC-04]', async (_, values, code) => {
  const w = world()
  w.dns.put('_agentpass-service.desk.example', values ?? [])
  expect(await codeThrown(w.service(DESK))).toBe(code)
  expect(w.peer.asked).toEqual([])
})

test('an outage of DNS at a Service is discovery_failed', async () => {
  const w = world()
  w.dns.fail('_agentpass-service.desk.example')
  expect(await codeThrown(w.service(DESK))).toBe('discovery_failed')
})

/** Invalid while it says so, and valid again when it has been read anew. */
async function expectInvalid(path: string, value: unknown): Promise<void> {
  const w = world()
  w.peer.put(DESK_URL, json(changed(SERVICE, path, value)))
  expect(await codeThrown(w.service(DESK))).toBe('configuration_invalid')
  w.peer.put(DESK_URL, json(SERVICE))
  w.pass(300)
  await expect(w.service(DESK)).resolves.toBeDefined()
}

test.each([undefined, 'https://desk.example/', 'https://desk.example:443', 'https://Desk.example', 'https://other.example', 'http://desk.example'])(
  'a Service document whose service.origin is %j, and not the origin looked up, is invalid at an Authority [DISC-SVC-05]',
  async (value) => {
    await expectInvalid('service.origin', value)
  },
)

test.each<[string, unknown]>([
  ['kind', undefined],
  ['kind', 'authority'],
  ['service', undefined],
  ['jwks_uri', undefined],
  ['jwks_uri', 'http://desk.example/jwks.json'],
  ['endpoints.available_scopes', undefined],
  ['endpoints.available_scopes', 'http://desk.example/scopes'],
])('a Service document with %s %j is invalid at an Authority', async (path, value) => {
  await expectInvalid(path, value)
})

test('an empty list of federated Authorities is read as none, a broken one is invalid where it is used [CFG-S-06]', async () => {
  const w = world()
  w.peer.put(DESK_URL, json(changed(SERVICE, 'trust', { trusted_federated_authorities: [] })))
  await expect(w.strictService(DESK)).resolves.toBeDefined()
  const other = world()
  other.peer.put(DESK_URL, json(changed(SERVICE, 'trust', { trusted_federated_authorities: [{ authority: ACME }] })))
  expect(await codeThrown(other.strictService(DESK))).toBe('configuration_invalid')
})
