/** What an Authority keeps of a Service, for how long, and what makes it ask again. */
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { APPROVING, authorityWorld } from './authority-rig.ts'
import { configurationOf } from './fake-service.ts'
import { SERVICE } from './parties.ts'
import { ecPair, type Pair } from './spec/jws-fixture.ts'

const world = () => authorityWorld({ ...APPROVING, lifetimes: { pass_seconds: 3600 } })
const listed = (key: Pair, kid: string) => ({ ...key.jwk, kid })
const kept = (seconds: number) => ({ headers: { 'cache-control': `max-age=${seconds}` } })

test('the documents of a Service are read once for many calls, while they may be kept [CFG-X-06 DISC-CACHE-01]', async () => {
  const w = await world()
  for (let i = 0; i < 5; i++) {
    const { value } = await w.approved()
    expect((await w.validate(value, w.desk.bearer())).status).toBe(200)
  }
  expect([w.desk.fetches('configuration'), w.desk.fetches('keys'), w.lookups.length]).toEqual([1, 1, 1])
})

test('a record past its time to live is asked for again [DISC-CACHE-01]', async () => {
  const w = await world()
  await w.approved()
  w.pass(61) // the fake DNS gives every answer a minute
  await w.approved()
  expect(w.lookups).toHaveLength(2)
})

test('what a Service changes in its documents is seen when their time is up, and not kept for ever [CFG-X-05]', async () => {
  const w = await world()
  const { value } = await w.approved()
  const moved = ecPair('P-256')
  w.desk.pages.configuration = () => Response.json({ ...configurationOf(SERVICE), jwks_uri: 'https://keys.example/desk' })
  w.net.host(
    'https://keys.example',
    new Hono().get('/desk', (c) => c.json({ keys: [listed(moved, 'k1')] })),
  )
  w.pass(301)
  expect((await w.validate(value, w.desk.bearer({}, {}, { key: moved }))).status).toBe(200)
})

test.each([
  [60, 61],
  [1_000_000, 301],
  [0, 11],
])('a key set that may be kept for %i seconds is read again after %i at most: a removed key is dead then [CFG-X-05]', async (maxAge, after) => {
  const w = await world()
  w.desk.pages.keys = () => Response.json({ keys: [listed(w.desk.key, 'k1')] }, kept(maxAge))
  const first = await w.approved()
  const second = await w.approved()
  expect((await w.validate(first.value, w.desk.bearer())).status).toBe(200)
  const next = ecPair('P-256')
  w.desk.pages.keys = () => Response.json({ keys: [listed(next, 'k2')] })
  w.pass(after)
  expect((await w.validate(second.value, w.desk.bearer())).status).toBe(401)
  expect((await w.validate(second.value, w.desk.bearer({}, { kid: 'k2' }, { key: next }))).status).toBe(200)
})

test('a new key is taken at once: its unknown kid makes the Authority read the set again [AUTH-ASRT-17]', async () => {
  const w = await world()
  const first = await w.approved()
  await w.validate(first.value, w.desk.bearer())
  const next = ecPair('P-256')
  w.desk.pages.keys = () => Response.json({ keys: [listed(w.desk.key, 'k1'), listed(next, 'k2')] })
  const second = await w.approved()
  expect((await w.validate(second.value, w.desk.bearer({}, { kid: 'k2' }, { key: next }))).status).toBe(200)
})

test('any number of unknown kids makes at most one refresh in thirty seconds, and good assertions work meanwhile [AUTH-ASRT-17]', async () => {
  const w = await world()
  const { value } = await w.approved()
  const hammer = () => Promise.all(Array.from({ length: 100 }, (_, i) => w.validate(value, w.desk.bearer({}, { kid: `guess-${i}` }))))
  for (const answer of await hammer()) expect(answer.status).toBe(401)
  expect(w.desk.fetches('keys')).toBe(2)
  w.pass(29)
  await hammer()
  expect(w.desk.fetches('keys')).toBe(2)
  w.pass(2)
  await hammer()
  expect(w.desk.fetches('keys')).toBe(3)
  expect((await w.validate(value, w.desk.bearer())).status).toBe(200)
})

test('of several keys under one kid any may have signed [AUTH-ASRT-17]', async () => {
  const w = await world()
  w.desk.pages.keys = () => Response.json({ keys: [listed(ecPair('P-256'), 'k1'), listed(w.desk.key, 'k1')] })
  const { value } = await w.approved()
  expect((await w.validate(value, w.desk.bearer())).status).toBe(200)
})

test('a key set that cannot be refreshed stays in use [AUTH-ASRT-19]', async () => {
  const w = await world()
  const first = await w.approved()
  expect((await w.validate(first.value, w.desk.bearer())).status).toBe(200)
  w.desk.pages.keys = () => new Response(null, { status: 500 })
  expect((await w.validate('x', w.desk.bearer({}, { kid: 'k9' }))).status).toBe(401)
  const second = await w.approved()
  expect((await w.validate(second.value, w.desk.bearer())).status).toBe(200)
})
