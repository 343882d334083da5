import { expect, test } from 'vitest'
import { ACME, ACME_URL, AUTHORITY, changed, codeOf, codeThrown, DESK, U, world } from './discovery-fixture.ts'
import { json } from './peer-fixture.ts'

/* The four outcomes */

test('an enterprise document that its domain names is found [DISC-ENT-01]', async () => {
  const w = world()
  expect(await w.enterprise('acme.example')).toMatchObject({ outcome: 'found', url: ACME_URL, document: { authority: ACME } })
  expect(w.dns.asked).toEqual(['_agentpass.acme.example'])
  expect(w.peer.asked).toEqual([ACME_URL])
})

test('a name without records is absent, and nothing is fetched [DISC-ENT-08]', async () => {
  const w = world()
  expect(await w.enterprise('nobody.example')).toEqual({ outcome: 'absent' })
  expect(w.peer.asked).toEqual([])
})

test('none is disabled, and nothing is fetched [DISC-ENT-04]', async () => {
  const w = world()
  w.dns.put('_agentpass.acme.example', ['none'])
  expect(await w.enterprise('acme.example')).toEqual({ outcome: 'disabled' })
  expect(w.peer.asked).toEqual([])
})

test('an outage of DNS is failed, never absent, and nothing is fetched [DISC-ENT-09]', async () => {
  const w = world()
  w.dns.fail('_agentpass.acme.example')
  expect(codeOf(await w.enterprise('acme.example'))).toBe('discovery_failed')
  expect(w.peer.asked).toEqual([])
})

test.each([[['hello']], [['NONE']], [['http://agents.acme.example/']], [['none', U]], [['https://u:p@agents.acme.example/']]])(
  'the records %j are failed, and nothing is fetched [DISC-ENT-03 DISC-ENT-05 DISC-ENT-07 DISC-ENT-11]',
  async (values) => {
    const w = world()
    w.dns.put('_agentpass.acme.example', values)
    expect(codeOf(await w.enterprise('acme.example'))).toBe('discovery_failed')
    expect(w.peer.asked).toEqual([])
  },
)

/* Binding a document to its source */

test.each(['federated', 'service'])('a %s Authority found through enterprise DNS is refused in both profiles [DISC-ENT-14]', async (mode) => {
  for (const profile of ['core-0.1', 'hardened'] as const) {
    const w = world({ profile })
    w.peer.put(ACME_URL, json({ ...AUTHORITY, trust_mode: mode }))
    expect(codeOf(await w.enterprise('acme.example'))).toBe('configuration_invalid')
    await expect(w.pinned({ authority: ACME, authority_configuration_url: ACME_URL })).resolves.toBeDefined()
  }
})

test.each(['https://bank.example', 'https://agents.acme.example:8443', 'https://acme.example', 'https://agents.acme.example.evil.example'])(
  'a document that DNS leads to and that speaks for %s is refused in both profiles [DISC-ENT-15]',
  async (authority) => {
    for (const profile of ['core-0.1', 'hardened'] as const) {
      const w = world({ profile })
      w.peer.put(ACME_URL, json({ ...AUTHORITY, authority }))
      expect(codeOf(await w.enterprise('acme.example'))).toBe('configuration_invalid')
    }
  },
)
test('an identifier with a path is of the origin of its host [DISC-ENT-15]', async () => {
  const w = world({ profile: 'hardened' })
  w.peer.put(ACME_URL, json({ ...AUTHORITY, authority: `${ACME}/tenants/1` }))
  expect(codeOf(await w.enterprise('acme.example'))).toBe('found')
})

test.each(['jwks_uri', 'endpoints.issuance', 'endpoints.validate', 'endpoints.authorization_check', 'endpoints.authorization_close'])(
  'in hardened %s of an Authority found through DNS is of the origin that DNS names; in core-0.1 it may be elsewhere [SVC-RED-21]',
  async (path) => {
    for (const [value, core] of [
      ['https://cdn.example/x', 'found'],
      ['https://agents.acme.example:8443/x', 'found'],
      [path === 'endpoints.issuance' ? 'nowhere' : 'https://cdn.example/x', 'found'],
    ]) {
      const [lax, strict] = [world(), world({ profile: 'hardened' })]
      for (const w of [lax, strict]) w.peer.put(ACME_URL, json(changed(AUTHORITY, path, value)))
      expect(codeOf(await lax.enterprise('acme.example'))).toBe(core)
      expect(codeOf(await strict.enterprise('acme.example'))).toBe('configuration_invalid')
      await expect(strict.pinned({ authority: ACME, authority_configuration_url: ACME_URL })).resolves.toBeDefined()
    }
  },
)

test.each(['https://agents.acme.example/', 'https://agents.acme.example/x', 'https://other.example'])(
  'at a pin the identifier is that of the pin, byte for byte: %s is another [HAR-RES-08]',
  async (authority) => {
    const w = world()
    const pin = { authority: ACME, authority_configuration_url: ACME_URL }
    w.peer.put(ACME_URL, json({ ...AUTHORITY, authority }))
    expect(await codeThrown(w.pinned(pin))).toBe('configuration_invalid')
    expect(await codeThrown(w.forHarness.pinned(pin))).toBe('configuration_invalid')
    await expect(w.pinned({ ...pin, authority })).resolves.toBeDefined()
    expect(w.dns.asked).toEqual([])
  },
)

test('in hardened too, an endpoint that nobody knows may be anything [VER-07]', async () => {
  const w = world({ profile: 'hardened' })
  w.peer.put(ACME_URL, json({ ...AUTHORITY, endpoints: { ...AUTHORITY.endpoints, x_unknown: 'unknown', x_other: 'https://elsewhere.example/' } }))
  expect(codeOf(await w.enterprise('acme.example'))).toBe('found')
})

test('the binding is checked for each fetch anew', async () => {
  const w = world()
  expect(codeOf(await w.enterprise('acme.example'))).toBe('found')
  w.peer.put(ACME_URL, json({ ...AUTHORITY, authority: 'https://bank.example' }))
  w.pass(300)
  expect(codeOf(await w.enterprise('acme.example'))).toBe('configuration_invalid')
})

/* DNSSEC */

test('where DNSSEC is demanded, an answer without it is failed: a record and absence alike [DISC-ENT-17]', async () => {
  const w = world({ requireDnssec: true })
  expect(codeOf(await w.enterprise('acme.example'))).toBe('discovery_failed')
  expect(codeOf(await w.enterprise('nobody.example'))).toBe('discovery_failed')
  expect(await codeThrown(w.service(DESK))).toBe('discovery_failed')
  expect(w.peer.asked).toEqual([])
})
test('where DNSSEC is demanded, an authenticated answer is good', async () => {
  const w = world({ requireDnssec: true })
  w.dns.put('_agentpass.acme.example', [ACME_URL], { authenticated: true })
  w.dns.put('_agentpass.nobody.example', [], { authenticated: true })
  expect(codeOf(await w.enterprise('acme.example'))).toBe('found')
  expect(codeOf(await w.enterprise('nobody.example'))).toBe('absent')
})
