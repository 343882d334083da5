/** A clock that was set back must revive nothing: nothing is written while it is behind the latest time seen. */
import { expect, onTestFinished, test } from 'vitest'
import { migrations } from '../../authority/store/migrations/all.ts'
import { type ClockTable, createClockGuard } from '../../spec/node/clock.ts'
import { openMigrated } from '../../spec/node/party.ts'
import { APPROVING, authorityWorld, refusal } from '../authority-rig.ts'
import { freshDatabase } from '../databases.ts'

const NOW = 1_700_000_000
const HOUR = 3600

async function guards() {
  const db = await openMigrated<ClockTable>(await freshDatabase(), migrations, () => NOW)
  onTestFinished(db.close)
  const at = { time: NOW }
  return { at, another: (from = at) => createClockGuard(db, () => from.time), guard: createClockGuard(db, () => at.time) }
}

test('a clock that goes forward is trusted, and so is one a minute behind', async () => {
  const { at, guard } = await guards()
  await guard.check()
  at.time += HOUR
  await guard.check()
  expect(guard.isTrusted()).toBe(true)
  at.time -= 60
  await guard.check()
  expect(guard.isTrusted()).toBe(true)
})

test('a clock more than a minute behind what any instance kept is refused, at start already, until it has caught up', async () => {
  const { at, guard, another } = await guards()
  await guard.check()
  const late = { time: at.time - 61 }
  const restarted = another(late)
  await restarted.check()
  expect(restarted.isTrusted()).toBe(false)
  expect(() => restarted.requireTrusted()).toThrow(expect.objectContaining({ code: 'overloaded', status: 503, retryAfterSeconds: 60 }))
  late.time += 1
  expect(() => restarted.requireTrusted()).not.toThrow()
})

test('a clock that is set back under a running instance is noticed at the next write, not at the next minute', async () => {
  const { at, guard } = await guards()
  await guard.check()
  at.time += HOUR
  guard.requireTrusted()
  at.time -= HOUR
  expect(() => guard.requireTrusted()).toThrow(expect.objectContaining({ code: 'overloaded' }))
})

test('an instance behind does not pull back the time that was kept', async () => {
  const { at, guard, another } = await guards()
  await guard.check()
  await another({ time: at.time - HOUR }).check()
  await another({ time: at.time - 30 }).check()
  const restarted = another({ time: at.time - 61 })
  await restarted.check()
  expect(restarted.isTrusted()).toBe(false)
})

test.each([HOUR, 365 * 24 * HOUR])('an Authority set back by %i seconds revives no pass, and works again when it has caught up', async (back) => {
  const w = await authorityWorld(APPROVING)
  const used = await w.redeemed()
  const expired = await w.approved()
  const { id } = await w.approved()
  w.pass(121)
  expect((await w.issue()).status).toBe(200)
  const fresh = await w.approved()
  w.pass(-back)
  for (const { value } of [used, expired, fresh]) expect(await refusal(await w.validate(value, w.desk.bearer()))).toEqual([503, 'overloaded'])
  expect(await refusal(await w.issue())).toEqual([503, 'overloaded'])
  expect(await refusal(await w.manage(`/requests/${id}`))).toEqual([503, 'overloaded'])
  expect(await refusal(await w.check(used.authorizationId, w.desk.bearer()))).toEqual([503, 'overloaded'])
  expect(await refusal(await w.close(used.authorizationId, w.desk.bearer()))).toEqual([503, 'overloaded'])
  w.pass(back)
  expect(await refusal(await w.validate(used.value, w.desk.bearer()))).toEqual([409, 'already_consumed'])
  expect(await refusal(await w.validate(expired.value, w.desk.bearer()))).toEqual([410, 'agentpass_expired'])
  expect((await w.validate(fresh.value, w.desk.bearer())).status).toBe(200)
})

test('an Authority that starts on a clock set back starts, and writes nothing until it has caught up', async () => {
  const w = await authorityWorld(APPROVING)
  const { value } = await w.approved()
  w.pass(-HOUR)
  const late = await w.another()
  expect((await late.call('GET', '/.well-known/agentpass-authority')).status).toBe(200)
  expect(await refusal(await late.validate(value, w.desk.bearer()))).toEqual([503, 'overloaded'])
  w.pass(HOUR)
  expect((await late.validate(value, w.desk.bearer())).status).toBe(200)
})
