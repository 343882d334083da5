/** The keys of Harnesses that people registered: who asks with one is known by it, from then on and until it is removed. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { APPROVING, type AuthorityWorld, authorityWorld, HARNESS, message, refusal } from './authority-rig.ts'
import { AUTHORITY } from './parties.ts'
import { ecPair, type Members, rsaPair } from './spec/jws-fixture.ts'
import { attested, HOLDER, VENDOR, VENDOR_KEY } from './vendor.ts'

/** By RFC 7638 §3, by hand: the members the key is made of, in the order of their names. */
const thumbprintOf = ({ crv, kty, x, y }: Members) => createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
const THUMBPRINT = thumbprintOf(HOLDER.jwk)
const NAME = 'build farm'
const bound = (jwk: Members = HOLDER.jwk) => ({ harness: { id: HARNESS, cnf: { jwk } } })

const Row = z.strictObject({ thumbprint: z.string(), name: z.string(), added_by: z.string(), added_at: z.string() })
const listed = async (w: Pick<AuthorityWorld, 'manage'>) =>
  z.strictObject({ harness_keys: z.array(Row) }).parse(await (await w.manage('/harness-keys')).json()).harness_keys
const add = (w: Pick<AuthorityWorld, 'manage'>, key: object = { jwk: HOLDER.jwk }) => w.manage('/harness-keys', { name: NAME, ...key })
const remove = (w: AuthorityWorld, thumbprint = THUMBPRINT, authorization = `Bearer ${w.authority.opening.adminToken}`) =>
  w.authority.management.request(`${AUTHORITY}/harness-keys/${thumbprint}`, { method: 'DELETE', headers: { authorization } })
const tierOf = async (w: AuthorityWorld, more: object) => {
  const { shown } = await w.show((await w.requested(more)).id)
  return (shown as { harness?: { tier: string } }).harness?.tier
}

async function trail(w: AuthorityWorld): Promise<Record<string, unknown>[]> {
  await w.manage('/ready') // writes what was noted
  const rows = await w.database().read.selectFrom('audit').select('event').orderBy('seq').execute()
  return rows.map(({ event }) => JSON.parse(event)).filter(({ event }) => event !== 'audit_head')
}

test('a Harness whose key is registered is of that tier, and approvers and the trail are told by which name [AUTH-ISS-21]', async () => {
  const w = await authorityWorld({ ...APPROVING, minimum_tier: 'registered' })
  expect(await refusal(await w.issue(message(bound())))).toEqual([403, 'trust_tier_required'])
  const since = new Date(w.now() * 1000).toISOString()
  const added = await add(w)
  expect([added.status, await added.json()]).toEqual([201, { thumbprint: THUMBPRINT, name: NAME, added_by: 'admin token', added_at: since }])
  w.pass(60)
  const { id, status } = await w.requested(bound())
  expect(status).toBe('approved')
  const known = { id: HARNESS, tier: 'registered', vouched: { by: NAME, since }, key_thumbprint: THUMBPRINT }
  expect((await w.show(id)).shown).toMatchObject({ agent: { id: HARNESS }, harness: known })
  const told = { agent: HARNESS, tier: 'registered', vouched_by: NAME, key_thumbprint: THUMBPRINT }
  expect(await trail(w)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ event: 'issuance', outcome: 'refused', code: 'trust_tier_required' }),
      { at: w.now() - 60, event: 'registration', outcome: 'added', by: 'admin token', key_thumbprint: THUMBPRINT, key_name: NAME },
      expect.objectContaining({ event: 'issuance', outcome: 'admitted', ...told }),
      expect.objectContaining({ event: 'decision', outcome: 'approved', ...told }),
    ]),
  )
})

test('it is the key that is known, and no name: another key, or none, is of no higher tier [AUTH-ISS-21]', async () => {
  const w = await authorityWorld()
  await add(w)
  const { kty, crv, x, y } = HOLDER.jwk
  expect(await tierOf(w, bound({ y, kid: 'mine', x, ext: true, crv, kty }))).toBe('registered')
  expect(await tierOf(w, bound(ecPair('P-256').jwk))).toBe('unverified')
  expect(await tierOf(w, {})).toBe('unverified')
  expect(await tierOf(w, { harness: { id: NAME } })).toBe('unverified')
})

test('who has a key’s thumbprint alone registers that', async () => {
  const w = await authorityWorld()
  expect((await add(w, { thumbprint: THUMBPRINT })).status).toBe(201)
  expect(await tierOf(w, bound())).toBe('registered')
})

test('an attestation is worth more than a registration, and one that does not hold less: it refuses [AUTH-HATT-07]', async () => {
  const w = await authorityWorld({ attestation: { issuers: [{ issuer: VENDOR, keys: [VENDOR_KEY.jwk] }] } })
  await add(w)
  expect(await tierOf(w, attested(w))).toBe('attested')
  expect(await refusal(await w.issue(message(attested(w, { signer: { key: HOLDER } }))))).toEqual([401, 'invalid_attestation'])
  expect(await tierOf(w, bound())).toBe('registered')
})

test('a key that was removed counts no more; what was asked for with it before is shown as it was', async () => {
  const w = await authorityWorld()
  await add(w)
  const before = await w.requested(bound())
  const removed = await remove(w)
  expect([removed.status, Row.parse(await removed.json())]).toMatchObject([200, { thumbprint: THUMBPRINT, name: NAME }])
  expect([await listed(w), await tierOf(w, bound())]).toEqual([[], 'unverified'])
  expect((await w.show(before.id)).shown).toMatchObject({ harness: { tier: 'registered', vouched: { by: NAME } } })
  expect(await trail(w)).toContainEqual({
    ...{ at: w.now(), event: 'registration', outcome: 'removed', by: 'admin token' },
    ...{ key_thumbprint: THUMBPRINT, key_name: NAME },
  })
  expect((await add(w)).status).toBe(201)
})

test('a key is registered once, and removed once: the second time says so, changes nothing, and is told', async () => {
  const w = await authorityWorld()
  await add(w)
  expect(await refusal(await add(w, { thumbprint: THUMBPRINT, name: 'another name' }))).toEqual([422, 'unprocessable'])
  expect((await listed(w)).map(({ name }) => name)).toEqual([NAME])
  await remove(w)
  expect(await refusal(await remove(w))).toEqual([404, 'not_found'])
  const refused = { event: 'registration', outcome: 'refused', by: 'admin token', key_thumbprint: THUMBPRINT }
  const told = (await trail(w)).filter(({ outcome }) => outcome === 'refused')
  expect(told).toHaveLength(2)
  for (const code of ['unprocessable', 'not_found']) expect(told).toContainEqual(expect.objectContaining({ ...refused, code }))
})

test('of many who register one key at once, at two instances, exactly one does', async () => {
  const w = await authorityWorld()
  const instances = [w, await w.another()]
  const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => add(instances[i % 2]!, { thumbprint: THUMBPRINT, name: `n${i}` })))
  expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...Array(11).fill(422)])
  expect(await listed(w)).toHaveLength(1)
  expect((await trail(w)).filter(({ outcome }) => outcome === 'added')).toHaveLength(1)
})

test('a key that one instance registers or removes counts at every other at once', async () => {
  const w = await authorityWorld(APPROVING)
  const other = await w.another()
  const tier = async () => {
    const { id } = (await (await other.issue(message(bound()))).json()) as { id: string }
    return (await w.show(id)).shown
  }
  await add(w)
  expect(await tier()).toMatchObject({ harness: { tier: 'registered' } })
  await remove(w)
  expect(await tier()).toMatchObject({ harness: { tier: 'unverified' } })
})

test('the keys are listed, the newest first', async () => {
  const w = await authorityWorld()
  for (const name of ['first', 'second', 'third']) {
    await w.manage('/harness-keys', { name, jwk: ecPair('P-256').jwk })
    w.pass(1)
  }
  expect((await listed(w)).map(({ name }) => name)).toEqual(['third', 'second', 'first'])
})

const PRIVATE = HOLDER.privateKey.export({ format: 'jwk' })
test.each<[string, object]>([
  ['a private key', { jwk: PRIVATE }],
  ['a private RSA key', { jwk: rsaPair().privateKey.export({ format: 'jwk' }) }],
  ['a symmetric key', { jwk: { kty: 'oct', k: 'c2VjcmV0' } }],
  ['a weak key', { jwk: rsaPair(1024).jwk }],
  ['a key off its curve', { jwk: { ...HOLDER.jwk, y: HOLDER.jwk.x } }],
  ['a key for encryption', { jwk: { ...HOLDER.jwk, use: 'enc' } }],
  ['a key set', { jwk: { keys: [HOLDER.jwk] } }],
  ['no key', {}],
  ['a key and a thumbprint', { jwk: HOLDER.jwk, thumbprint: THUMBPRINT }],
  ['half a thumbprint', { thumbprint: THUMBPRINT.slice(0, 21) }],
  ['a thumbprint in hex', { thumbprint: Buffer.from(THUMBPRINT, 'base64url').toString('hex') }],
  ['a padded thumbprint', { thumbprint: `${THUMBPRINT}=` }],
  ['no name', { jwk: HOLDER.jwk, name: undefined }],
  ['an empty name', { jwk: HOLDER.jwk, name: '' }],
  ['a name that no database can hold', { jwk: HOLDER.jwk, name: 'a\u0000b' }],
  ['a name over 200 characters', { jwk: HOLDER.jwk, name: 'a'.repeat(201) }],
  ['a member that is none', { jwk: HOLDER.jwk, tier: 'attested' }],
])('%s is not registered', async (_, key) => {
  const w = await authorityWorld()
  expect(await refusal(await add(w, key))).toEqual([400, 'malformed_request'])
  expect(await listed(w)).toEqual([])
  expect((await add(w)).status).toBe(201)
})

test('no part of a private key comes back, or is written down', async () => {
  const w = await authorityWorld()
  expect(await (await add(w, { jwk: PRIVATE })).text()).not.toContain(PRIVATE.d)
  expect(w.lines.join('')).not.toContain(PRIVATE.d)
  expect(JSON.stringify(await trail(w))).not.toContain(PRIVATE.d)
})

test.each(['x', '%00', `${THUMBPRINT}%00`, 'a'.repeat(2000)])('%s is no thumbprint to remove', async (thumbprint) => {
  const w = await authorityWorld()
  await add(w)
  expect(await refusal(await remove(w, thumbprint))).toEqual([400, 'malformed_request'])
  expect(await listed(w)).toHaveLength(1)
})

test('only the admin token opens the register, and the protocol door has none', async () => {
  const w = await authorityWorld()
  await add(w)
  for (const authorization of ['', 'Bearer x', w.desk.bearer()]) {
    expect((await w.manage('/harness-keys', undefined, authorization)).status).toBe(401)
    expect((await w.manage('/harness-keys', { name: NAME, jwk: VENDOR_KEY.jwk }, authorization)).status).toBe(401)
    expect((await remove(w, THUMBPRINT, authorization)).status).toBe(401)
  }
  for (const method of ['GET', 'POST']) expect((await w.call(method, '/harness-keys')).status).toBe(404)
  expect(await listed(w)).toHaveLength(1)
})
