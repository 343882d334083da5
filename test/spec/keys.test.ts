import { expect, test, vi } from 'vitest'
import { ALGORITHMS, readCompact } from '../../spec/jwt.ts'
import { createKeySets, KeysUnavailable } from '../../spec/keys.ts'
import { CLAIMS, ecPair, genuine, HEADER, HOLDER, jws, type Members, type Pair, rsaPair } from './jws-fixture.ts'
import { type Answer, clock, held, json, status, web } from './peer-fixture.ts'

const URL_A = 'https://a.example/jwks.json'
const URL_B = 'https://b.example/jwks.json'
const OLD = HOLDER
const NEW = ecPair('P-256')

const named = (key: Pair, kid: string): Members => ({ ...key.jwk, kid })
const by = (key: Pair, kid?: string) => readCompact(jws(kid === undefined ? HEADER : { ...HEADER, kid }, CLAIMS, { key })).jws

/** One cache, before one key set at URL_A. */
function published(keys: Members[], headers?: Record<string, string>) {
  const time = clock()
  const peer = web({ [URL_A]: json({ keys }, headers) })
  return { ...time, ...peer, ...createKeySets({ fetch: peer.fetch, now: time.now, profile: 'core-0.1' }) }
}

test('a signature is verified under the key of its kid [AUTH-ASRT-17]', async () => {
  const { verify } = published([named(NEW, 'new'), named(OLD, 'old')])
  await expect(verify(URL_A, by(OLD, 'old'))).resolves.toBeUndefined()
  await expect(verify(URL_A, by(OLD, 'new'))).rejects.toThrow()
  await expect(verify(URL_A, by(NEW, 'old'))).rejects.toThrow()
})

test('all who need a key set at once share one request for it', async () => {
  const { verify, put, asked } = published([])
  const gate = held(json({ keys: [named(OLD, 'old')] }))
  put(URL_A, gate.answer)
  const verifications = Array.from({ length: 50 }, () => verify(URL_A, by(OLD, 'old')))
  gate.release()
  await expect(Promise.all(verifications)).resolves.toHaveLength(50)
  expect(asked).toEqual([URL_A])
})

test('a key set is asked for as JSON, or as a key set', async () => {
  const { verify, requests } = published([OLD.jwk])
  await verify(URL_A, by(OLD))
  expect(new Headers(requests[0]?.headers).get('accept')).toBe('application/json, application/jwk-set+json;q=0.9, */*;q=0.1')
})

test.each<[string, Record<string, string>, number]>([
  ['no header', {}, 300],
  ['max-age=100', { 'cache-control': 'public, max-age=100' }, 100],
  ['max-age=1', { 'cache-control': 'max-age=1' }, 10],
  ['max-age=0', { 'cache-control': 'max-age=0' }, 10],
  ['no-store', { 'cache-control': 'no-store, max-age=200' }, 10],
  ['max-age=86400', { 'cache-control': 'max-age=86400' }, 300],
  ['max-age=300 and an age of 200', { 'cache-control': 'max-age=300', age: '200' }, 100],
  ['max-age=300 and an age beyond it', { 'cache-control': 'max-age=300', age: '1000' }, 10],
  ['max-age=300 and an age that is none', { 'cache-control': 'max-age=300', age: '-50' }, 300],
])('with %s a key set is kept for its lifetime and no longer: %s, %i s [CFG-X-05 CFG-X-06]', async (_, headers, seconds) => {
  const { verify, pass, asked } = published([OLD.jwk], headers)
  await verify(URL_A, by(OLD))
  pass(seconds - 1)
  await verify(URL_A, by(OLD))
  expect(asked).toHaveLength(1)
  pass(1)
  await verify(URL_A, by(OLD))
  expect(asked).toHaveLength(2)
})

test('unknown kids refresh a key set once in 30 s, however many ask [AUTH-ASRT-17]', async () => {
  const { verify, pass, asked, put } = published([named(OLD, 'old')])
  await verify(URL_A, by(OLD, 'old'))
  const gate = held(json({ keys: [named(OLD, 'old'), named(NEW, 'new')] }))
  put(URL_A, gate.answer)
  const waiting = Array.from({ length: 50 }, () => verify(URL_A, by(NEW, 'new')))
  const strangers = Promise.allSettled(Array.from({ length: 50 }, (_, i) => verify(URL_A, by(NEW, `stranger ${i}`))))
  gate.release()
  await expect(Promise.all(waiting)).resolves.toHaveLength(50)
  expect((await strangers).every((s) => s.status === 'rejected')).toBe(true)
  expect(asked).toHaveLength(2)
  pass(29)
  await expect(verify(URL_A, by(NEW, 'stranger'))).rejects.toThrow()
  expect(asked).toHaveLength(2)
  pass(1)
  await expect(verify(URL_A, by(NEW, 'stranger'))).rejects.toThrow()
  expect(asked).toHaveLength(3)
})

test('unknown kids at one key set leave the refresh of another alone', async () => {
  const { verify, put, asked } = published([named(OLD, 'old')])
  put(URL_B, json({ keys: [named(OLD, 'old')] }))
  await expect(verify(URL_A, by(NEW, 'new'))).rejects.toThrow()
  await expect(verify(URL_B, by(NEW, 'new'))).rejects.toThrow()
  expect(asked).toEqual([URL_A, URL_A, URL_B, URL_B])
})

test.each<[string, Answer | undefined]>([
  ['cannot be reached', undefined],
  ['answers 500', status(500)],
  ['answers what is no key set', json({ keys: 'none' })],
])('where a refresh fails because the peer %s, the keys we have stay in use, and it is not tried again for 30 s', async (_, answer) => {
  const { verify, pass, asked, put, drop } = published([named(OLD, 'old')])
  await verify(URL_A, by(OLD, 'old'))
  if (answer) put(URL_A, answer)
  else drop(URL_A)
  const refused = verify(URL_A, by(NEW, 'new'))
  await expect(refused).rejects.toThrow()
  await expect(refused).rejects.not.toBeInstanceOf(KeysUnavailable)
  await expect(verify(URL_A, by(OLD, 'old'))).resolves.toBeUndefined()
  pass(29)
  await expect(verify(URL_A, by(NEW, 'new'))).rejects.toThrow()
  expect(asked).toHaveLength(2)
})

const big = (bytes: number): Answer => json({ keys: [OLD.jwk], padding: 'x'.repeat(bytes) })
test.each<[string, Answer | undefined]>([
  ['cannot be reached', undefined],
  ['answers 404', status(404)],
  ['answers 500', status(500)],
  ['answers 206', () => Response.json({ keys: [OLD.jwk] }, { status: 206 })],
  ['answers 204', status(204)],
  ['answers HTML', () => new Response('<!doctype html>')],
  ['answers JSON with a tail', () => new Response(`${JSON.stringify({ keys: [OLD.jwk] })} x`)],
  ['answers UTF-16', () => new Response(Buffer.from(JSON.stringify({ keys: [OLD.jwk] }), 'utf16le'))],
  ['answers 50,000 brackets', () => new Response(`{"keys":${'['.repeat(50_000)}`)],
  ['answers a list', json([OLD.jwk])],
  ['answers without keys', json({})],
  ['answers keys that are no list', json({ keys: OLD.jwk })],
  ['answers more than 256 KiB', big(256 * 1024)],
])('a key set that %s is an outage, not a verdict [AUTH-ASRT-19]', async (_, answer) => {
  const { verify, put, drop, pass } = published([])
  if (answer) put(URL_A, answer)
  else drop(URL_A)
  await expect(verify(URL_A, by(OLD))).rejects.toBeInstanceOf(KeysUnavailable)
  put(URL_A, json({ keys: [OLD.jwk] }))
  pass(5)
  await expect(verify(URL_A, by(OLD))).resolves.toBeUndefined()
})

test('an outage is remembered for a moment, so that a peer that is down is spared', async () => {
  const { verify, drop, asked } = published([])
  drop(URL_A)
  const all = await Promise.allSettled(Array.from({ length: 20 }, () => verify(URL_A, by(OLD))))
  expect(all.every((one) => one.status === 'rejected' && one.reason instanceof KeysUnavailable)).toBe(true)
  await expect(verify(URL_A, by(OLD))).rejects.toThrow()
  expect(asked).toHaveLength(1)
})

test('an outage after the lifetime is over ends the use of the keys', async () => {
  const { verify, drop, pass } = published([OLD.jwk])
  await verify(URL_A, by(OLD))
  drop(URL_A)
  pass(300)
  await expect(verify(URL_A, by(OLD))).rejects.toBeInstanceOf(KeysUnavailable)
})

test('a key set of almost 256 KiB is read', async () => {
  const { verify, put } = published([])
  put(URL_A, big(255 * 1024))
  await expect(verify(URL_A, by(OLD))).resolves.toBeUndefined()
})

test('a key that came is found at its first use; a key that went is refused once the set is read again [AUTH-ASRT-17 CFG-X-05]', async () => {
  const { verify, put, pass } = published([named(OLD, 'old')])
  await verify(URL_A, by(OLD, 'old'))
  put(URL_A, json({ keys: [named(NEW, 'new')] }))
  await expect(verify(URL_A, by(NEW, 'new'))).resolves.toBeUndefined()
  await expect(verify(URL_A, by(OLD, 'old'))).rejects.toThrow()
  pass(300)
  await expect(verify(URL_A, by(OLD, 'old'))).rejects.toThrow()
})

test('the lifetime of a key set counts from when it was asked for, however long the answer took [CFG-X-05]', async () => {
  const { verify, pass, put } = published([])
  const slow = held(json({ keys: [named(OLD, 'old')] }))
  put(URL_A, slow.answer)
  const first = verify(URL_A, by(OLD, 'old'))
  pass(5)
  slow.release()
  await first
  put(URL_A, json({ keys: [named(NEW, 'new')] }))
  pass(294)
  await expect(verify(URL_A, by(OLD, 'old'))).resolves.toBeUndefined()
  pass(1)
  await expect(verify(URL_A, by(OLD, 'old'))).rejects.toThrow()
  await expect(verify(URL_A, by(NEW, 'new'))).resolves.toBeUndefined()
})

test('a kid that changes its key is believed once the lifetime is over, and never with both', async () => {
  const { verify, put, pass } = published([named(OLD, 'k')])
  await verify(URL_A, by(OLD, 'k'))
  put(URL_A, json({ keys: [named(NEW, 'k')] }))
  await expect(verify(URL_A, by(NEW, 'k'))).rejects.toThrow()
  pass(300)
  await expect(verify(URL_A, by(NEW, 'k'))).resolves.toBeUndefined()
  await expect(verify(URL_A, by(OLD, 'k'))).rejects.toThrow()
})

test('of two keys with one kid either may have signed', async () => {
  const { verify } = published([named(OLD, 'k'), named(NEW, 'k')])
  await expect(verify(URL_A, by(OLD, 'k'))).resolves.toBeUndefined()
  await expect(verify(URL_A, by(NEW, 'k'))).resolves.toBeUndefined()
})

const STRANGERS = Array.from({ length: 5 }, () => ecPair('P-256').jwk)
const RSA = rsaPair()
test('where the keys carry no kid, five that suit the alg are tried and no sixth', async () => {
  const others = [RSA.jwk, ecPair('P-384').jwk]
  await expect(published([...others, ...STRANGERS.slice(1), OLD.jwk]).verify(URL_A, by(OLD, 'k'))).resolves.toBeUndefined()
  await expect(published([...others, ...STRANGERS, OLD.jwk]).verify(URL_A, by(OLD, 'k'))).rejects.toThrow()
})
test('where the object carries no kid, five that suit the alg are tried and no sixth', async () => {
  const kids = [...STRANGERS, OLD.jwk].map((jwk, i) => ({ ...jwk, kid: String(i) }))
  await expect(published(kids.slice(1)).verify(URL_A, by(OLD))).resolves.toBeUndefined()
  await expect(published(kids).verify(URL_A, by(OLD))).rejects.toThrow()
})
test('where some keys carry a kid, one that carries none is not tried for an object that does', async () => {
  await expect(published([named(NEW, 'new'), OLD.jwk]).verify(URL_A, by(OLD, 'old'))).rejects.toThrow()
})

test('keys after the twentieth are ignored', async () => {
  const filling = Array.from({ length: 20 }, (_, i) => named(NEW, String(i)))
  await expect(published([...filling.slice(1), named(OLD, 'old')]).verify(URL_A, by(OLD, 'old'))).resolves.toBeUndefined()
  await expect(published([...filling, named(OLD, 'old')]).verify(URL_A, by(OLD, 'old'))).rejects.toThrow()
  await expect(published(Array.from({ length: 1000 }, () => named(NEW, 'old'))).verify(URL_A, by(OLD, 'old'))).rejects.toThrow()
})

test('private, symmetric, weak, foreign and broken keys of a set are ignored beside a good one', async () => {
  const bad: unknown[] = [
    { ...OLD.jwk, d: 'AAAA' },
    { kty: 'oct', k: 'AAAA' },
    rsaPair(1024).jwk,
    { ...OLD.jwk, use: 'enc' },
    { ...OLD.jwk, y: OLD.jwk.x },
    null,
    'key',
    7,
  ]
  const { verify, put } = published([])
  put(URL_A, json({ keys: bad.map((key) => (typeof key === 'object' && key ? { ...key, kid: 'old' } : key)) }))
  await expect(verify(URL_A, by(OLD, 'old'))).rejects.toThrow()
  put(URL_B, json({ keys: [...bad, OLD.jwk] }))
  await expect(verify(URL_B, by(OLD))).resolves.toBeUndefined()
})

test('a key is imported once, however many sets list it and however often they are read', async () => {
  const imports = vi.spyOn(crypto.subtle, 'importKey')
  const { verify, put, pass } = published([named(NEW, 'once')])
  put(URL_B, json({ keys: [named(OLD, 'other'), named(NEW, 'once')] }))
  for (let round = 0; round < 3; round++) {
    await verify(URL_A, by(NEW, 'once'))
    await verify(URL_B, by(NEW, 'once'))
    pass(300)
  }
  expect(imports).toHaveBeenCalledTimes(1)
  imports.mockRestore()
})

test('every algorithm verifies under a key of the set that suits it', async () => {
  const { verify } = published([RSA.jwk])
  for (const algorithm of ALGORITHMS.filter((a) => /^[RP]S/.test(a))) {
    const { jws: signed } = readCompact(jws({ alg: algorithm }, CLAIMS, { key: RSA, algorithm }))
    await expect(verify(URL_A, signed)).resolves.toBeUndefined()
  }
  await expect(verify(URL_A, readCompact(genuine()).jws)).rejects.toThrow()
})
