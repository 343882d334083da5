/** A vendor whose keys are at a pinned URL: when they are fetched, how they rotate, and what an outage means. */
import { expect, test } from 'vitest'
import { type AuthorityWorld, authorityWorld, HARNESS, message, refusal } from './authority-rig.ts'
import { ecPair, type Members, type Pair } from './spec/jws-fixture.ts'
import { attested, type Change, HOLDER, KEY_SET, publishKeys, VENDOR, VENDOR_KEY } from './vendor.ts'

const PINNED = { attestation: { issuers: [{ issuer: VENDOR, jwks_uri: KEY_SET }] } }
const named = (key: Pair, kid: string): Members => ({ ...key.jwk, kid })
const OLD = named(VENDOR_KEY, 'old')
const next = ecPair('P-256')
const NEW = named(next, 'new')
const BY_OLD: Change = { header: { kid: 'old' } }
const BY_NEW: Change = { header: { kid: 'new' }, signer: { key: next } }

async function published(...keys: Members[]) {
  const w = await authorityWorld(PINNED)
  const statusOf = async (change: Change) => (await w.issue(message(attested(w, change)))).status
  return { ...w, ...publishKeys(w, ...keys), statusOf }
}
const requests = async (w: Pick<AuthorityWorld, 'manage'>) => (await (await w.manage('/requests')).json()) as { requests: unknown[] }

test('the keys of a pinned URL are fetched once for many attestations, and only they verify [AUTH-HATT-01]', async () => {
  const w = await published(OLD, NEW)
  expect([await w.statusOf(BY_OLD), await w.statusOf(BY_NEW), await w.statusOf({ ...BY_NEW, header: { kid: 'old' } })]).toEqual([202, 202, 401])
  expect(w.fetches()).toBe(1)
})

test("when the vendor's key rotates, the new one counts at once and the old one no more [AUTH-HATT-01]", async () => {
  const w = await published(OLD)
  expect(await w.statusOf(BY_OLD)).toBe(202)
  w.page.answer = () => Response.json({ keys: [NEW] })
  expect([await w.statusOf(BY_NEW), await w.statusOf(BY_OLD)]).toEqual([202, 401])
  expect(w.fetches()).toBe(2)
  w.pass(31)
  expect([await w.statusOf(BY_NEW), await w.statusOf(BY_OLD)]).toEqual([202, 401])
})

test('a flood of unknown kids costs the vendor one more fetch in half a minute', async () => {
  const w = await published(OLD)
  for (let i = 0; i < 20; i++) expect(await w.statusOf({ header: { kid: `k${i}` } })).toBe(401)
  expect(w.fetches()).toBe(2)
  expect(await w.statusOf(BY_OLD)).toBe(202)
})

test.each<[string, (w: AuthorityWorld) => Change]>([
  ['of another issuer [AUTH-HATT-05]', () => ({ claims: { iss: 'https://evil.example' } })],
  ['by a URL as its issuer that is the pinned one of keys [AUTH-HATT-05]', () => ({ claims: { iss: KEY_SET } })],
  ['that points to keys of its own [AUTH-HATT-05]', () => ({ claims: { iss: 'https://evil.example' }, header: { jku: KEY_SET } })],
  ['of another key [AUTH-HATT-02]', () => ({ claims: { cnf: { jwk: ecPair('P-256').jwk } } })],
  ['that has expired [AUTH-HATT-03]', (w) => ({ claims: { iat: w.now() - 400, exp: w.now() - 60 } })],
  ['of another kind [AUTH-HATT-10]', () => ({ header: { typ: 'agentpass-holder-proof+jwt' } })],
])('for an attestation %s no key is fetched', async (_, change) => {
  const w = await published(OLD)
  expect(await refusal(await w.issue(message(attested(w, change(w)))))).toEqual([401, 'invalid_attestation'])
  expect([w.calls, w.lookups]).toEqual([[], []])
  expect(await w.statusOf(BY_OLD)).toBe(202)
})

test.each<[string, () => Response]>([
  ['an error', () => new Response(null, { status: 500 })],
  ['a redirect', () => new Response(null, { status: 302, headers: { location: 'https://evil.example/keys' } })],
  ['no JSON', () => new Response('<h1>hello</h1>')],
  ['no key set', () => Response.json({ keys: 'none' })],
  ['an empty key set', () => Response.json({ keys: [] })],
  ['a key set without end', () => Response.json({ keys: [OLD], padding: 'x'.repeat(300_000) })],
  ['private keys', () => Response.json({ keys: [{ ...VENDOR_KEY.privateKey.export({ format: 'jwk' }), kid: 'old' }] })],
])('where the pinned URL answers with %s, attestations are refused until it is well again [AUTH-HATT-07]', async (_, answer) => {
  const w = await published(OLD)
  const { answer: good } = w.page
  w.page.answer = answer
  expect(await refusal(await w.issue(message(attested(w, BY_OLD))))).toEqual([401, 'invalid_attestation'])
  expect([w.desk.asked, await requests(w)]).toEqual([[], { requests: [] }])
  expect(await w.statusOf({ harness: { attestation: undefined } })).toBe(202) // the others go on
  w.page.answer = good
  w.pass(31)
  expect(await w.statusOf(BY_OLD)).toBe(202)
})

test('keys that cannot be fetched are 401 to the Harness, and the log says why [AUTH-HATT-07]', async () => {
  const w = await published(OLD)
  w.unplug(new URL(KEY_SET).origin)
  expect(await refusal(await w.issue(message(attested(w, BY_OLD))))).toEqual([401, 'invalid_attestation'])
  const warnings = w.lines.map((line) => JSON.parse(line)).filter(({ event }) => event === 'attestation_keys_unavailable')
  expect(warnings).toEqual([expect.objectContaining({ level: 'warn', reason: expect.stringContaining(KEY_SET) })])
  expect(w.lines.join('')).not.toContain('eyJ') // never the attestation itself
})

const HARDENED = { ...PINNED, profile: 'hardened' }
const TYP = { typ: 'agentpass-harness-attestation+jwt' }

test.each<[string, (w: AuthorityWorld) => Change]>([
  ['whose sub is not harness.id [AUTH-HATT-06]', () => ({ claims: { sub: 'runner-7f3c' } })],
  ['whose sub differs from harness.id by case [AUTH-HATT-06]', () => ({ claims: { sub: HARNESS.toUpperCase() } })],
  ['that lives for more than an hour [AUTH-HATT-09]', (w) => ({ claims: { exp: w.now() + 3601 } })],
  ['that does not say its kind [AUTH-HATT-10]', () => ({ header: { kid: 'old', typ: 'JWT' } })],
  ['without typ [AUTH-HATT-10]', () => ({ header: { kid: 'old', typ: undefined } })],
  ['that says another kind [AUTH-HATT-10]', () => ({ header: { kid: 'old', typ: 'agentpass-task-attestation+jwt' } })],
])('in hardened an attestation %s is refused, and no key is fetched for it', async (_, change) => {
  const w = await authorityWorld(HARDENED)
  publishKeys(w, OLD)
  const good = { header: { ...TYP, kid: 'old' } }
  expect(await refusal(await w.issue(message(attested(w, { ...good, ...change(w) }))))).toEqual([401, 'invalid_attestation'])
  expect([w.calls, await requests(w)]).toEqual([[], { requests: [] }])
  const claims = { exp: w.now() + 3600 }
  expect((await w.issue(message(attested(w, { ...good, claims })))).status).toBe(202)
})

test('in hardened a key set that is not served as JSON is none [AUTH-HATT-07]', async () => {
  const w = await authorityWorld(HARDENED)
  const { page } = publishKeys(w)
  const change = { header: { ...TYP, kid: 'old' } }
  page.answer = () => new Response(JSON.stringify({ keys: [OLD] }), { headers: { 'content-type': 'text/plain' } })
  expect((await w.issue(message(attested(w, change)))).status).toBe(401)
  page.answer = () => Response.json({ keys: [OLD] })
  w.pass(2)
  expect((await w.issue(message(attested(w, change)))).status).toBe(202)
})

test('an attested pass is bound to the key that was attested, and comes back with it [AUTH-HATT-02]', async () => {
  const w = await authorityWorld({ ...PINNED, policy: { default: 'approve' } })
  publishKeys(w, OLD)
  expect((await w.redeemed(attested(w, BY_OLD))).answer.cnf).toEqual({ jwk: HOLDER.jwk })
})
