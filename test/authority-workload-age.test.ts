/** How old the token of a workload may be, what SPIFFE leaves out, what hardened asks, and when the keys of a provider are fetched. */
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { type AuthorityWorld, authorityWorld, HARNESS, message, refusal } from './authority-rig.ts'
import type { Members } from './spec/jws-fixture.ts'
import { audienceOf, CI, GITHUB, KEYS, POD, pinning, SVID, TRUST_DOMAIN, type Workload, workloadOf } from './workloads.ts'

const statusOf = async (w: AuthorityWorld, workload: Workload, claims: Members, more: Members = {}) =>
  (await w.issue(message(workloadOf(w, workload, { claims, harness: more })))).status

/** What each set of claims is answered, in turn, by one Authority. */
async function answers(workload: Workload, claims: (now: number) => Members[], settings: object = pinning()): Promise<number[]> {
  const w = await authorityWorld(settings)
  const statuses: number[] = []
  for (const each of claims(w.now())) statuses.push(await statusOf(w, workload, each))
  expect(await statusOf(w, workload, {})).toBe(202)
  return statuses
}

test('a token counts for five minutes after it was issued, and a minute of difference between clocks', async () => {
  const life = (now: number, age: number) => ({ iat: now - age, exp: now - age + 3600 })
  expect(await answers(CI, (now) => [life(now, 360), life(now, 361), life(now, -60), life(now, -61)])).toEqual([202, 401, 202, 401])
})

test('the settings may say another age', async () => {
  const life = (now: number, age: number) => ({ iat: now - age, exp: now - age + 3600 })
  const settings = pinning({ ...CI.pin, max_age_seconds: 60 })
  expect(await answers(CI, (now) => [life(now, 120), life(now, 121)], settings)).toEqual([202, 401])
})

test('a token ends when it says, lives for a day at most, and begins when it says', async () => {
  const ends = (now: number) => [{ iat: now - 300, exp: now - 59 }, { iat: now - 300, exp: now - 60 }, { exp: now + 86_400 }, { exp: now + 86_401 }]
  expect(await answers(CI, ends)).toEqual([202, 401, 202, 401])
  expect(await answers(CI, (now) => [{ nbf: now + 60 }, { nbf: now + 61 }, { nbf: undefined }, { exp: now - 1, iat: now }])).toEqual([
    202, 401, 202, 401,
  ])
})

test.each(['exp', 'iat', 'nbf'])('%s that is no number is refused', async (claim) => {
  const wrong = ['1800000000', null, true, [], {}].map((value) => ({ [claim]: value }))
  expect(await answers(CI, () => wrong)).toEqual(wrong.map(() => 401))
})

test('a token must say when it ends; when it was issued, all but a JWT-SVID must', async () => {
  expect(await answers(CI, () => [{ exp: undefined }, { iat: undefined }])).toEqual([401, 401])
  expect(await answers(POD, () => [{ iat: undefined }])).toEqual([401])
  expect(await answers(SVID, () => [{ exp: undefined }, { iat: undefined }])).toEqual([401, 202])
})

test('a JWT-SVID that does not say when it was issued must end as soon as if that were now', async () => {
  const without = (exp: number) => ({ iat: undefined, exp })
  expect(await answers(SVID, (now) => [without(now + 360), without(now + 361), without(now - 59), without(now - 60)])).toEqual([202, 401, 202, 401])
  const w = await authorityWorld(pinning())
  const { id } = await w.requested(workloadOf(w, SVID, { claims: { iat: undefined } }))
  expect((await w.show(id)).shown).toMatchObject({ harness: { vouched: { by: TRUST_DOMAIN, since: new Date(w.now() * 1000).toISOString() } } })
})

test('a JWT-SVID is of its trust domain, and its sub is a SPIFFE ID', async () => {
  const subs = [
    ...[
      'spiffe://evil.example/agent/build',
      'spiffe://acme.example',
      'spiffe://acme.example/',
      'spiffe://acme.example/agent',
      'spiffe://acme.example/agent/',
    ],
    ...[
      'spiffe://acme.example/agent/../admin',
      'spiffe://acme.example/agent/./build',
      'spiffe://acme.example/agent//build',
      'spiffe://acme.example/agent/a%2fb',
    ],
    ...[
      'spiffe://ACME.example/agent/build',
      'SPIFFE://acme.example/agent/build',
      'spiffe://acme.example:443/agent/build',
      'spiffe://u@acme.example/agent/build',
    ],
    ...['spiffe://acme.example/agent/build?x', 'spiffe://acme.example/agent/build#x', 'spiffe://acme.example/admin/build', 'agent/build', ''],
  ].map((sub) => ({ sub }))
  expect(await answers(SVID, () => subs)).toEqual(subs.map(() => 401))
})

test('a JWT-SVID with an issuer is pinned by that, and then nothing else finds it', async () => {
  const iss = 'https://oidc.acme.example'
  expect(await answers(SVID, () => [{ iss }, { iss: GITHUB }, { iss: TRUST_DOMAIN }])).toEqual([401, 401, 202])
  const w = await authorityWorld(pinning({ ...SVID.pin, issuer: iss }))
  expect([await statusOf(w, SVID, { iss }), await statusOf(w, SVID, {})]).toEqual([202, 401])
  expect(await statusOf(w, SVID, { iss, sub: 'spiffe://acme.example/agent/../admin' })).toBe(401)
})

const HARDENED = { ...pinning(), profile: 'hardened' }
test('in hardened the sub must be what the Harness calls itself, and the sentence says so', async () => {
  const w = await authorityWorld(HARDENED)
  const response = await w.issue(message(workloadOf(w, CI)))
  expect(response.status).toBe(401)
  expect(JSON.stringify(await response.json())).toContain('sub must be harness.id')
  expect(w.calls).toEqual([])
  expect(await statusOf(w, CI, {}, { id: CI.claims(0).sub })).toBe(202)
  expect(await statusOf(w, CI, {}, { id: CI.claims(0).sub.toUpperCase() })).toBe(401)
})

test('in hardened a token lives for an hour at most, and its typ is what providers write', async () => {
  const w = await authorityWorld(HARDENED)
  const named = { id: POD.claims(0).sub }
  expect(await statusOf(w, POD, { exp: w.now() + 3601 }, named)).toBe(401)
  expect(await statusOf(w, POD, { exp: w.now() + 3600 }, named)).toBe(202)
})

test('approvers read the name that the settings give a provider, and its issuer', async () => {
  const w = await authorityWorld(pinning({ ...CI.pin, name: 'GitHub Actions' }))
  const { id } = await w.requested(workloadOf(w, CI))
  expect((await w.show(id)).shown).toMatchObject({ harness: { id: HARNESS, vouched: { by: `GitHub Actions (${GITHUB})` } } })
})

const jwks_uri = `${GITHUB}/.well-known/jwks`
async function published() {
  const { keys, ...pin } = CI.pin
  const w = await authorityWorld(pinning({ ...pin, jwks_uri }))
  const page = { answer: () => Response.json({ keys }) }
  const serve = () =>
    w.net.host(
      GITHUB,
      new Hono().get('/.well-known/jwks', () => page.answer()),
    )
  serve()
  return { ...w, page, serve, fetches: () => w.calls.filter(({ url }) => url === jwks_uri).length }
}

test('the keys of a pinned URL are fetched once, and only for a token that holds but for its signature', async () => {
  const w = await published()
  const hostile = [
    { aud: audienceOf(KEYS.spire.jwk) },
    { sub: 'repo:evil/desk' },
    { exp: w.now() - 60 },
    { iss: 'https://evil.example' },
    { cnf: {} },
  ]
  for (const claims of hostile) expect(await statusOf(w, CI, claims)).toBe(401)
  expect([w.calls, w.lookups]).toEqual([[], []])
  expect([await statusOf(w, CI, {}), await statusOf(w, CI, {}), w.fetches()]).toEqual([202, 202, 1])
})

test('where the keys cannot be fetched, the token is refused and the log says why; it counts when they can', async () => {
  const w = await published()
  w.unplug(GITHUB)
  expect(await refusal(await w.issue(message(workloadOf(w, CI))))).toEqual([401, 'invalid_attestation'])
  const [warning] = w.lines.map((line) => JSON.parse(line)).filter(({ event }) => event === 'attestation_keys_unavailable')
  expect(warning).toMatchObject({ level: 'warn', reason: expect.stringContaining(jwks_uri) })
  expect(w.lines.join('')).not.toContain('eyJ') // never the token itself
  w.serve()
  w.pass(2)
  expect(await statusOf(w, CI, {})).toBe(202)
})
