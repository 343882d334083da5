/** The trail proves itself: whoever changes a row is found out, and which row. */
import { createHash } from 'node:crypto'
import { exportJWK, generateKeyPair } from 'jose'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { type AuditTable, createAudit } from '../spec/node/audit.ts'
import { verifyAudit } from '../spec/node/audit-verify.ts'
import type { Database } from '../spec/node/database.ts'
import { createLog } from '../spec/node/log.ts'
import { APPROVING, authorityWorld } from './authority-rig.ts'

const KeySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) })
type Trail = Database<AuditTable>

/** The trail of an Authority that did something and stopped: ten rows, then a signed head, twice. */
async function ended() {
  const w = await authorityWorld(APPROVING)
  const { keys } = KeySet.parse(await (await w.call('GET', '/.well-known/jwks.json')).json())
  for (let i = 0; i < 5; i++) await w.requested()
  await w.authority.stop()
  const again = await w.another()
  for (let i = 0; i < 5; i++) await again.issue()
  await again.stop()
  const trail: Trail = w.database()
  return { w, trail, keys, verify: () => verifyAudit(trail.read, keys) }
}
const HEADS = [11, 22]

test('an untouched trail holds: every row numbered, every head signed, before and after a restart [AUTH-AUD-01]', async () => {
  const { trail, verify } = await ended()
  expect(await verify()).toEqual({ verified: 22, heads: 2, unnumbered: 0 })
  const rows = await trail.read.selectFrom('audit').select(['seq', 'event']).orderBy('seq').execute()
  expect(rows.filter(({ event }) => JSON.parse(event).event === 'audit_head').map(({ seq }) => seq)).toEqual(HEADS)
})

test('an Authority that did nothing signs nothing: no head over a head [AUTH-AUD-01]', async () => {
  const { w, verify } = await ended()
  for (let i = 0; i < 3; i++) await (await w.another()).stop()
  expect(await verify()).toEqual({ verified: 22, heads: 2, unnumbered: 0 })
})

/** Every hash anew from a row on, as a thief with the database would make them. */
async function rechain(trail: Trail, from: number) {
  const rows = await trail.read.selectFrom('audit').select(['id', 'seq', 'hash', 'event']).orderBy('seq').execute()
  let hash = rows.find(({ seq }) => seq === from - 1)?.hash ?? ''
  for (const { id, event } of rows.filter(({ seq }) => seq! >= from)) {
    hash = createHash('sha256').update(hash).update(event).digest('base64url')
    await trail.write((tx) => tx.updateTable('audit').set({ hash }).where('id', '=', id).execute())
  }
}
const change = (trail: Trail, seq: number, event: string) =>
  trail.write((tx) => tx.updateTable('audit').set({ event }).where('seq', '=', seq).execute())
const remove = (trail: Trail, seq: number) => trail.write((tx) => tx.deleteFrom('audit').where('seq', '=', seq).execute())
const eventAt = async (trail: Trail, seq: number) =>
  (await trail.read.selectFrom('audit').select('event').where('seq', '=', seq).executeTakeFirstOrThrow()).event

test.each<[string, number, (trail: Trail) => Promise<unknown>]>([
  ['a changed row', 4, async (t) => change(t, 4, (await eventAt(t, 4)).replace('approved', 'denied'))],
  ['a space more in a row', 7, async (t) => change(t, 7, `${await eventAt(t, 7)} `)],
  ['a row that is no JSON any more', 3, (t) => change(t, 3, 'gone')],
  ['a deleted row', 5, (t) => remove(t, 5)],
  ['the first row deleted', 1, (t) => remove(t, 1)],
  [
    'two rows exchanged',
    2,
    async (t) => {
      const [two, three] = [await eventAt(t, 2), await eventAt(t, 3)]
      await change(t, 2, three)
      await change(t, 3, two)
    },
  ],
  [
    'two numbers exchanged',
    2,
    (t) =>
      t.write(async (tx) => {
        for (const [from, to] of [
          [2, 99],
          [3, 2],
          [99, 3],
        ] as const)
          await tx.updateTable('audit').set({ seq: to }).where('seq', '=', from).execute()
      }),
  ],
  ['a row put in between', 13, (t) => insertAt(t, 13)],
  [
    'a changed row and all hashes after it made anew',
    11,
    async (t) => {
      await change(t, 4, '{"event":"decision","outcome":"denied"}')
      await rechain(t, 4)
    },
  ],
  [
    'a deleted row and all after it renumbered and made anew',
    10,
    async (t) => {
      await remove(t, 4)
      for (let seq = 5; seq <= 22; seq++)
        await t.write((tx) =>
          tx
            .updateTable('audit')
            .set({ seq: seq - 1 })
            .where('seq', '=', seq)
            .execute(),
        )
      await rechain(t, 4)
    },
  ],
  [
    'a head that names another row',
    11,
    async (t) => {
      await change(t, 11, (await eventAt(t, 11)).replace('"seq":10', '"seq":9'))
      await rechain(t, 11)
    },
  ],
  [
    'a head without its signature',
    11,
    async (t) => {
      await change(t, 11, (await eventAt(t, 11)).replace(/"signature":"[^"]+"/, '"signature":"x"'))
      await rechain(t, 11)
    },
  ],
])('%s is found out at row %i [AUTH-AUD-01]', async (_, seq, tamper) => {
  const { trail, verify } = await ended()
  await tamper(trail)
  expect(await verify()).toMatchObject({ verified: seq - 1, bad: { seq, why: expect.any(String) } })
})

async function insertAt(trail: Trail, seq: number) {
  for (let at = 22; at >= seq; at--)
    await trail.write((tx) =>
      tx
        .updateTable('audit')
        .set({ seq: at + 1 })
        .where('seq', '=', at)
        .execute(),
    )
  const { hash } = await trail.read
    .selectFrom('audit')
    .select('hash')
    .where('seq', '=', seq - 1)
    .executeTakeFirstOrThrow()
  await trail.write((tx) => tx.insertInto('audit').values({ event: '{"event":"decision"}', seq, hash }).execute())
}

test("a head signed with a key that is not the Authority's is no head [AUTH-AUD-01]", async () => {
  const { trail } = await ended()
  const { publicKey } = await generateKeyPair('ES256', { extractable: true })
  expect(await verifyAudit(trail.read, [await exportJWK(publicKey)])).toMatchObject({ bad: { seq: HEADS[0] } })
})

test('a trail that is longer than a page is verified to its end, and its bad row found there [AUTH-AUD-01]', async () => {
  const { trail, keys, w } = await ended()
  const audit = createAudit({ ...quiet(w.now), db: trail })
  for (let i = 0; i < 2500; i++) audit.note({ event: 'check', outcome: 'active', authorization_id: `${i}` })
  while ((await audit.number()) === 500);
  expect(await verifyAudit(trail.read, keys)).toEqual({ verified: 2522, heads: 2, unnumbered: 0 })
  await change(trail, 2400, '{}')
  expect(await verifyAudit(trail.read, keys)).toMatchObject({ bad: { seq: 2400 } })
})

test('rows that are not numbered yet are counted, not judged [AUTH-AUD-01]', async () => {
  const { trail, verify } = await ended()
  await trail.write((tx) => tx.insertInto('audit').values({ event: '{}' }).execute())
  expect(await verify()).toEqual({ verified: 22, heads: 2, unnumbered: 1 })
})

test('the head that was signed stands in the log too, where a thief of the database does not come [AUTH-AUD-01]', async () => {
  const { w, trail } = await ended()
  const heads = w.lines.map((line) => JSON.parse(line)).filter(({ event }) => event === 'audit_head')
  const rows = await trail.read.selectFrom('audit').select(['seq', 'hash']).where('seq', 'in', [10, 21]).orderBy('seq').execute()
  expect(heads.map(({ seq, hash }) => ({ seq, hash }))).toEqual(rows)
})

const quiet = (now: () => number) => ({
  now,
  log: createLog('test', 'silent'),
  count: () => {},
  signingKey: () => {
    throw new Error('nothing is signed here')
  },
})

test('two instances number one trail without a gap or a number twice [AUTH-AUD-01]', async () => {
  const { w, trail, keys } = await ended()
  const audits = [trail, w.database()].map((db) => createAudit({ ...quiet(w.now), db }))
  for (let round = 0; round < 10; round++) {
    for (const [i, audit] of audits.entries()) audit.note({ event: 'check', outcome: 'active', authorization_id: `${i}-${round}` })
    await Promise.all(audits.map((audit) => audit.number()))
  }
  expect(await verifyAudit(trail.read, keys)).toEqual({ verified: 42, heads: 2, unnumbered: 0 })
})

test('what was noted is kept while the trail cannot be written, and when too much waits everybody is refused [AUTH-AUD-01]', async () => {
  const { w, trail } = await ended()
  const audit = createAudit({ ...quiet(w.now), db: { ...trail, write: () => Promise.reject(new Error('disk full')) } })
  audit.note({ event: 'check', outcome: 'active', authorization_id: '0' })
  await expect(audit.number()).rejects.toThrow('disk full')
  for (let i = 1; i < 20_000; i++) audit.note({ event: 'check', outcome: 'active', authorization_id: `${i}` })
  expect(() => audit.note({ event: 'check', outcome: 'active' })).toThrow(expect.objectContaining({ code: 'overloaded', status: 503 }))
})
