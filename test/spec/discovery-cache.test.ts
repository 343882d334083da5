import { expect, test } from 'vitest'
import { ACME_URL, AUTHORITY, codeOf, world } from './discovery-fixture.ts'
import { held, json } from './peer-fixture.ts'

test.each([0, 1, 60, 3600])('a TXT answer of TTL %i s is used as long as that and no longer [DISC-CACHE-01 CFG-X-06]', async (ttlSeconds) => {
  const w = world()
  w.dns.put('_agentpass.acme.example', [ACME_URL], { ttlSeconds })
  await w.enterprise('acme.example')
  w.dns.put('_agentpass.acme.example', ['none'])
  w.pass(ttlSeconds - 1)
  if (ttlSeconds > 0) expect(codeOf(await w.enterprise('acme.example'))).toBe('found')
  w.pass(1)
  expect(codeOf(await w.enterprise('acme.example'))).toBe('disabled')
})
test('a TXT answer is used for an hour at most', async () => {
  const w = world()
  w.dns.put('_agentpass.acme.example', [ACME_URL], { ttlSeconds: 86_400 })
  await w.enterprise('acme.example')
  w.dns.put('_agentpass.acme.example', ['none'])
  w.pass(3600)
  expect(codeOf(await w.enterprise('acme.example'))).toBe('disabled')
})
test('absence is kept for its TTL too, and then looked up anew', async () => {
  const w = world()
  w.dns.put('_agentpass.acme.example', [], { ttlSeconds: 30 })
  await w.enterprise('acme.example')
  w.dns.put('_agentpass.acme.example', [ACME_URL])
  w.pass(29)
  expect(codeOf(await w.enterprise('acme.example'))).toBe('absent')
  w.pass(1)
  expect(codeOf(await w.enterprise('acme.example'))).toBe('found')
})

test.each<[string, number]>([
  ['', 300],
  ['max-age=60', 60],
  ['public, max-age=60, must-revalidate', 60],
  ['max-age="60"', 60],
  ['MAX-AGE=60', 60],
  ['max-age=0', 10],
  ['max-age=9', 10],
  ['no-store', 10],
  ['no-cache, max-age=600', 10],
  ['max-age=3600', 3600],
  ['max-age=86400', 3600],
  ['max-age=99999999999999999999', 3600],
  ['s-maxage=60', 300],
  ['max-age=-1', 300],
  ['max-age=soon', 300],
])('a document with Cache-Control "%s" is kept %i s [CFG-X-05 CFG-X-06]', async (control, seconds) => {
  const w = world()
  w.dns.put('_agentpass.acme.example', [ACME_URL], { ttlSeconds: 3600 })
  w.peer.put(ACME_URL, json(AUTHORITY, control === '' ? {} : { 'cache-control': control }))
  await w.enterprise('acme.example')
  w.pass(seconds - 1)
  await w.enterprise('acme.example')
  expect(w.peer.asked).toHaveLength(1)
  w.pass(1)
  await w.enterprise('acme.example')
  expect(w.peer.asked).toHaveLength(2)
})

test('a failure of DNS or of a document is over after 5 s, and never becomes absence [DISC-ENT-09 DISC-ENT-12]', async () => {
  const w = world()
  w.dns.fail('_agentpass.acme.example')
  for (let i = 0; i < 3; i++) expect(codeOf(await w.enterprise('acme.example'))).toBe('discovery_failed')
  expect(w.dns.asked).toHaveLength(1)
  w.dns.put('_agentpass.acme.example', [ACME_URL])
  w.peer.drop(ACME_URL)
  w.pass(5)
  for (let i = 0; i < 3; i++) expect(codeOf(await w.enterprise('acme.example'))).toBe('discovery_failed')
  expect(w.peer.asked).toHaveLength(1)
  w.peer.put(ACME_URL, json(AUTHORITY))
  w.pass(5)
  expect(codeOf(await w.enterprise('acme.example'))).toBe('found')
})

test('a document is not used once it cannot be had any more', async () => {
  const w = world()
  await w.enterprise('acme.example')
  w.peer.drop(ACME_URL)
  w.pass(300)
  expect(codeOf(await w.enterprise('acme.example'))).toBe('discovery_failed')
})

test('all who ask at once share one look-up and one request', async () => {
  const w = world()
  const gate = held(json(AUTHORITY))
  w.peer.put(ACME_URL, gate.answer)
  const outcomes = Array.from({ length: 50 }, () => w.enterprise('acme.example'))
  gate.release()
  expect((await Promise.all(outcomes)).every((o) => o.outcome === 'found')).toBe(true)
  expect([w.dns.asked, w.peer.asked]).toEqual([['_agentpass.acme.example'], [ACME_URL]])
})
