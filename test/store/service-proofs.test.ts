import { expect, onTestFinished, test } from 'vitest'
import { migrations } from '../../service/store/migrations/all.ts'
import { consumeProof, deleteProofsExpiredBefore } from '../../service/store/proofs.ts'
import type { ServiceTables } from '../../service/store/schema.ts'
import { openDatabase } from '../../spec/node/open-database.ts'
import { openMigrated } from '../../spec/node/party.ts'
import { freshDatabase } from '../databases.ts'

const NOW = 1_700_000_000
const PROOF = { thumbprint: 'key', jti: 'one', expiresAt: NOW + 120 }

async function store() {
  const database = await freshDatabase()
  const first = await openMigrated<ServiceTables>(database, migrations, () => NOW)
  const second = openDatabase<ServiceTables>(database)
  onTestFinished(async () => {
    await first.close()
    await second.close()
  })
  const consume = (db = first, changed: Partial<typeof PROOF> = {}) => db.write((tx) => consumeProof(tx, { ...PROOF, ...changed }))
  const seen = async () => (await first.read.selectFrom('proof_seen').select('jti').orderBy('jti').execute()).map(({ jti }) => jti)
  return { database, first, second, consume, seen }
}

test('a proof is consumed once; the same jti of another key, and another of the same key, are others [SVC-HB-06] [SVC-HB-11]', async () => {
  const { consume } = await store()
  await consume()
  await expect(consume()).rejects.toMatchObject({ code: 'replay' })
  await expect(consume(undefined, { expiresAt: NOW + 9999 })).rejects.toMatchObject({ code: 'replay' })
  await consume(undefined, { thumbprint: 'other' })
  await consume(undefined, { jti: 'two' })
  await consume(undefined, { jti: 'ONE' })
})

test('of a hundred at once, over two connections, one wins [SVC-HB-09]', async () => {
  const { first, second, consume } = await store()
  for (let round = 0; round < 10; round++) {
    const outcomes = await Promise.allSettled(Array.from({ length: 100 }, (_, i) => consume(i % 2 ? first : second, { jti: `round ${round}` })))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'replay' })
  }
})

test('what is undone with its transaction was not consumed', async () => {
  const { first, consume } = await store()
  const undone = first.write(async (tx) => {
    await consumeProof(tx, PROOF)
    throw new Error('something else failed')
  })
  await expect(undone).rejects.toThrow('something else failed')
  await consume()
})

test('what is remembered outlives the process [SVC-HB-09]', async () => {
  const { database, first, second, consume } = await store()
  await consume()
  await first.close()
  await second.close()
  const third = openDatabase<ServiceTables>(database)
  await expect(third.write((tx) => consumeProof(tx, PROOF))).rejects.toMatchObject({ code: 'replay' })
  await third.close()
})

test('the swept are the expired alone, and no more at once than was said', async () => {
  const { first, consume, seen } = await store()
  for (const jti of ['a', 'b', 'c']) await consume(undefined, { jti, expiresAt: NOW - 1 })
  await consume(undefined, { jti: 'just', expiresAt: NOW })
  await consume(undefined, { jti: 'live' })
  const sweep = () => first.write((tx) => deleteProofsExpiredBefore(tx, NOW, 2))
  expect([await sweep(), await sweep(), await sweep()]).toEqual([2, 1, 0])
  expect(await seen()).toEqual(['just', 'live'])
})
