/** A party's own signing keys: published before they sign, signing at one moment, published as long as anybody may accept what they signed. */
import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { migrations } from '../authority/store/migrations/all.ts'
import { createAudit } from '../spec/node/audit.ts'
import { verifyAudit } from '../spec/node/audit-verify.ts'
import { listPublicKeys } from '../spec/node/keys.ts'
import { createLog } from '../spec/node/log.ts'
import { migrate } from '../spec/node/migrate.ts'
import { openDatabase } from '../spec/node/open-database.ts'
import { PUBLISHED_AFTER_SECONDS, PUBLISHED_BEFORE_SECONDS } from '../spec/node/rotation.ts'
import { freshDatabase } from './databases.ts'
import { internet } from './internet.ts'
import { keysOf, kidsOf, type MasterKeys, masterKey } from './keys-rig.ts'
import { initialised } from './parties.ts'

async function party() {
  const net = internet()
  const opening = await initialised(migrations, net)
  const keys = keysOf(net, opening)
  const running = await keys.opened()
  return { ...net, ...keys, opening, running, first: running.current().keyId }
}
/** What is published, and what signs. */
const seen = ({ running }: Awaited<ReturnType<typeof party>>) => [kidsOf(running.jwks()), running.current().keyId]

test('the next key is published before every cache of it can be older, signs, and the one before it leaves when nobody may accept its signatures', async () => {
  const p = await party()
  const second = await p.rotate()
  await p.running.refresh()
  p.pass(PUBLISHED_BEFORE_SECONDS - 1)
  expect(seen(p)).toEqual([[second, p.first], p.first])
  p.pass(1)
  expect(seen(p)).toEqual([[second, p.first], second])
  p.pass(PUBLISHED_AFTER_SECONDS - 1)
  expect(seen(p)).toEqual([[second, p.first], second])
  p.pass(1)
  expect(seen(p)).toEqual([[second], second])
  expect(seen({ ...p, running: await p.opened() })).toEqual([[second], second])
})

test('a rotation is refused while the next key does not sign yet, and is good again when it does', async () => {
  const p = await party()
  const second = await p.rotate()
  p.pass(PUBLISHED_BEFORE_SECONDS - 1)
  await expect(p.rotate()).rejects.toThrow(`a rotation is under way: the key ${second} `)
  expect(kidsOf((await p.opened()).jwks())).toEqual([second, p.first])
  p.pass(1)
  await p.rotate()
  expect((await p.opened()).current().keyId).toBe(second)
})

test('of many who rotate at once, one does', async () => {
  const p = await party()
  const all = await Promise.allSettled(Array.from({ length: 8 }, () => p.rotate('overlap', p.opening.masterKeys, p.open())))
  const made = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  expect(made).toHaveLength(1)
  expect(kidsOf((await p.opened()).jwks())).toEqual([made[0], p.first])
})

test('at once means that the new key signs and no other is published, one that was to be the next included', async () => {
  const p = await party()
  const next = await p.rotate()
  await p.running.refresh()
  const fresh = await p.rotate('now')
  await p.running.refresh()
  expect(seen(p)).toEqual([[fresh], fresh])
  p.pass(PUBLISHED_BEFORE_SECONDS)
  expect(seen(p)).toEqual([[fresh], fresh])
  expect(await p.audited()).toEqual([
    ['published', next],
    ['removed', next],
    ['removed', p.first],
    ['signing', fresh],
  ])
  const after = await p.rotate()
  expect(kidsOf((await p.opened()).jwks())).toEqual([after, fresh])
})

test('of many who rotate at once with all that signs replaced, the last one’s key is alone', async () => {
  const p = await party()
  const made = await Promise.all(Array.from({ length: 8 }, () => p.rotate('now', p.opening.masterKeys, p.open())))
  const [published, signing] = seen({ ...p, running: await p.opened() })
  expect(published).toEqual([signing])
  expect(made).toContain(signing)
})

test('however often keys are rotated, at most five are published', async () => {
  const p = await party()
  for (let i = 0; i < 4; i++) {
    await p.rotate()
    p.pass(PUBLISHED_BEFORE_SECONDS)
  }
  await expect(p.rotate()).rejects.toThrow('5 keys are published')
  expect((await p.opened()).jwks().keys).toHaveLength(5)
  p.pass(PUBLISHED_AFTER_SECONDS)
  await p.rotate()
  expect((await p.opened()).jwks().keys).toHaveLength(2)
})

test('a rotation that cannot be audited does not happen', async () => {
  const p = await party()
  await p.db.write((tx) => tx.schema.alterTable('audit').renameTo('elsewhere').execute())
  for (const kind of ['overlap', 'now'] as const) await expect(p.rotate(kind)).rejects.toThrow()
  expect(seen({ ...p, running: await p.opened() })).toEqual([[p.first], p.first])
  await p.db.write((tx) => tx.schema.alterTable('elsewhere').renameTo('audit').execute())
  const second = await p.rotate()
  expect(await p.audited()).toEqual([['published', second]])
})

test('heads of the audit trail verify for ever, whichever key signed them', async () => {
  const p = await party()
  const log = createLog('test', 'silent')
  const audit = createAudit({ db: p.db, now: p.now, log, signingKey: p.running.current, count: () => {} })
  const heads: unknown[] = []
  for (const kind of ['overlap', 'now', 'overlap'] as const) {
    await p.rotate(kind)
    await p.running.refresh()
    p.pass(PUBLISHED_BEFORE_SECONDS)
    await audit.signHead()
    heads.push(p.running.current().keyId)
  }
  p.pass(10 * PUBLISHED_AFTER_SECONDS)
  expect(new Set(heads).size).toBe(3)
  expect(await verifyAudit(p.db.read, await listPublicKeys(p.db.read))).toMatchObject({ heads: 3, unnumbered: 0 })
})

test('a rotation seals anew: when the old key signs no more, the master key of before is not needed', async () => {
  const p = await party()
  const fresh = masterKey()
  const both: MasterKeys = [fresh, ...p.opening.masterKeys]
  const second = await p.rotate('overlap', both)
  await expect(p.opened([fresh])).rejects.toThrow(
    `the signing key ${p.first}, sealed under the master key ${p.opening.masterKeys[0].id}, cannot be opened`,
  )
  await expect(p.opened()).rejects.toThrow(`the signing key ${second}, sealed under the master key ${fresh.id}, cannot be opened`)
  p.pass(PUBLISHED_BEFORE_SECONDS)
  expect((await p.opened([fresh])).current().keyId).toBe(second)
})

test('a party that cannot open the next key goes on with the one it has while that is published, and never with one that was removed', async () => {
  const p = await party()
  const second = await p.rotate('overlap', [masterKey()])
  await expect(p.running.refresh()).rejects.toThrow(`the signing key ${second}`)
  p.pass(PUBLISHED_BEFORE_SECONDS + PUBLISHED_AFTER_SECONDS - 1)
  expect(seen(p)).toEqual([[second, p.first], p.first])
  p.pass(1)
  expect(() => p.running.current()).toThrow(expect.objectContaining({ code: 'overloaded' }))
  const third = await p.rotate('now', [masterKey()])
  await expect(p.running.refresh()).rejects.toThrow(`the signing key ${third}`)
  expect([kidsOf(p.running.jwks()), p.running.isSigning()]).toEqual([[third], false])
  const mended = await p.rotate('now')
  await p.running.refresh()
  expect(seen(p)).toEqual([[mended], mended])
})

test.each([
  ['there is no key', 'there is no signing key', sql`delete from signing_key`],
  ['every key has ended', 'every signing key in the database has ended', sql`update signing_key set published_until = 1`],
  ['the clock is behind the first', 'no signing key signs yet', sql`update signing_key set signs_from = 4102444800`],
  [
    'its public part is of another key',
    'cannot be opened: its public part is of another key',
    sql`update signing_key set public_jwk = '{"kty":"EC"}'`,
  ],
  ['its public part is cut off', 'cannot be read', sql`update signing_key set public_jwk = '{"kty"'`],
  ['its private part is cut off', 'cannot be opened', sql`update signing_key set sealed_private_jwk = substr(sealed_private_jwk, 1, 40)`],
])('a party does not start when %s, and no key is made for it', async (_, why, spoil) => {
  const p = await party()
  await p.db.write((tx) => spoil.execute(tx))
  await expect(p.opened()).rejects.toThrow(why)
  expect(await p.db.read.selectFrom('signing_key').selectAll().execute()).toHaveLength(why.startsWith('there is no') ? 0 : 1)
})

test('keys that were taken away from a running party sign nothing, and nothing takes their place', async () => {
  const p = await party()
  await p.db.write((tx) => tx.deleteFrom('signing_key').execute())
  await expect(p.running.refresh()).rejects.toThrow('there is no signing key')
  expect(() => p.running.current()).toThrow(expect.objectContaining({ code: 'overloaded', status: 503 }))
  expect(p.running.jwks()).toEqual({ keys: [] })
  await expect(p.rotate('now')).rejects.toThrow('there is no signing key to rotate')
})

test('a key of before there were rotations signs before and after the migration, and is rotated like any other', async () => {
  const net = internet()
  const old = await initialised(migrations, net)
  const stored = await keysOf(net, old).db.read.selectFrom('signing_key').selectAll().executeTakeFirstOrThrow()
  const database = await freshDatabase()
  const db = openDatabase<Record<string, Record<string, unknown>>>(database)
  onTestFinished(db.close)
  await migrate(db, { '001-core': migrations['001-core']! }, net.now)
  const { signs_from, published_until, ...before } = stored
  await db.write((tx) => tx.insertInto('signing_key').values(before).execute())
  expect((await keysOf(net, { ...old, database }).opened()).current().keyId).toBe(stored.key_id)
  await migrate(db, migrations, net.now)
  const keys = keysOf(net, { ...old, database })
  const running = await keys.opened()
  expect(running.current().keyId).toBe(stored.key_id)
  const second = await keys.rotate()
  net.pass(PUBLISHED_BEFORE_SECONDS)
  await running.refresh()
  expect([running.current().keyId, kidsOf(running.jwks())]).toEqual([second, [second, stored.key_id]])
  net.pass(PUBLISHED_AFTER_SECONDS)
  expect(kidsOf(running.jwks())).toEqual([second])
})
