/** Instances share a database server, and so its clock: one that differs is not sent requests. */
import { expect, onTestFinished, test } from 'vitest'
import { migrations } from '../../../authority/store/migrations/all.ts'
import { type ClockTable, createClockGuard } from '../../../spec/node/clock.ts'
import { openMigrated } from '../../../spec/node/party.ts'
import { systemNow } from '../../../spec/node/settings.ts'
import { authorityWorld } from '../../authority-rig.ts'
import { freshDatabase } from '../../databases.ts'

test.each([
  [0, true],
  [4, true],
  [-4, true],
  [7, false],
  [-7, false],
])('a clock %i seconds from the server’s is in step: %s', async (apart, inStep) => {
  const db = await openMigrated<ClockTable>(await freshDatabase(), migrations, systemNow)
  onTestFinished(db.close)
  const guard = createClockGuard(db, () => systemNow() + apart)
  await guard.check()
  expect(guard.isInStep()).toBe(inStep)
})

test('an Authority on a clock of its own says that it is not ready, and why', async () => {
  const w = await authorityWorld() // the tests’ clock stands years ago
  const ready = await w.manage('/ready')
  expect([ready.status, await ready.json()]).toEqual([
    503,
    { ready: false, why: 'the clocks of this server and of the database differ by more than five seconds' },
  ])
})
