/** What an instance says of itself to those who route requests to it. A file has no clock of its own: only what was kept in it counts. */
import { expect, test } from 'vitest'
import { authorityWorld } from '../../authority-rig.ts'

test('an Authority whose clock was set back is not ready, says why, and is ready again when it has caught up', async () => {
  const w = await authorityWorld()
  expect((await w.manage('/ready')).status).toBe(200)
  w.pass(-3600)
  const ready = await w.manage('/ready')
  expect([ready.status, await ready.json()]).toEqual([503, { ready: false, why: 'the clock was set back' }])
  w.pass(3600)
  expect((await w.manage('/ready')).status).toBe(200)
})
