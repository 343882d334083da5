/** Where an export stands: kept over restarts, held by one instance at a time, and never moved past what was not handed over. */
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { addCursor, advanceCursor, holdCursor, LEASE_SECONDS } from '../spec/node/export/cursor.ts'
import { usedPort } from './cli-fixture.ts'
import { distinct, eventually, exportingWorld, fileReceiver, idsOf, toFile, toSyslog } from './export-rig.ts'
import { listen } from './spec/tls-fixture.ts'

test('an export goes on where it stopped, and what happened meanwhile comes with it', async () => {
  const w = await exportingWorld()
  const { path, events } = fileReceiver()
  await w.happen()
  const first = await w.exporting([toFile(path)])
  await eventually(async () => expect(idsOf(events())).toEqual(await w.trail()))
  await first.stop()
  expect(await w.cursor('file')).toMatchObject({ seq: 7, holder: null, failing_since: null, last_error: null, succeeded_at: w.now() })
  await w.happen()
  await w.exporting([toFile(path)])
  await eventually(async () => expect(idsOf(events())).toEqual(await w.trail()))
  expect(first.told()).toEqual([])
})

test('an exporter that is new begins at the beginning, or with what comes after its start where the settings say now', async () => {
  const w = await exportingWorld()
  const [all, late] = [fileReceiver(), fileReceiver()]
  await w.happen()
  await w.exporting([toFile(all.path, { name: 'all' }), toFile(late.path, { name: 'late', from: 'now' })])
  await eventually(async () => expect(await w.cursor('late')).toMatchObject({ seq: 6 }))
  await w.happen()
  await eventually(async () => expect(idsOf(all.events())).toEqual(await w.trail()))
  await eventually(async () => expect(idsOf(late.events())).toEqual((await w.trail()).slice(6)))
})

test('an exporter keeps its place while it is not in the settings; one of another name has its own', async () => {
  const w = await exportingWorld()
  const { path, events } = fileReceiver()
  const other = fileReceiver()
  await w.happen()
  const first = await w.exporting([toFile(path)])
  await eventually(() => expect(events()).toHaveLength(6))
  await first.stop()
  const without = await w.exporting([toFile(other.path, { name: 'other' })])
  await w.happen(1)
  await eventually(async () => expect(idsOf(other.events())).toEqual(await w.trail()))
  await without.stop()
  await w.exporting([toFile(path)])
  await eventually(async () => expect(idsOf(events())).toEqual(await w.trail()))
})

test('of two instances one exports, each event once, and when it stops the other goes on', async () => {
  const w = await exportingWorld()
  const { path, events } = fileReceiver()
  await w.happen()
  const [first, second] = [await w.exporting([toFile(path)]), await w.exporting([toFile(path)])]
  await eventually(async () => expect(idsOf(events())).toEqual(await w.trail()))
  const before = await w.cursor('file')
  for (let round = 0; round < 3; round++) {
    await w.happen()
    w.pass(9)
    await eventually(async () => expect(idsOf(events())).toEqual(await w.trail()))
  }
  expect(await w.cursor('file')).toMatchObject({ holder: before?.holder })
  await first.stop()
  await w.happen()
  w.pass(6)
  await eventually(async () => expect(idsOf(events())).toEqual(await w.trail()))
  await second.stop()
  await w.exporting([toFile(path)])
  await w.happen()
  await eventually(async () => expect(idsOf(events())).toEqual(await w.trail()))
})

test('an instance that is gone without a word is succeeded after half a minute, and not before', async () => {
  const w = await exportingWorld()
  const [held, free] = [fileReceiver(), fileReceiver()]
  await w.happen()
  await w.db.write((tx) => addCursor(tx, 'held', 0))
  await w.db.write((tx) => holdCursor(tx, { name: 'held', holder: 'of a dead instance', at: w.now() }))
  await w.exporting([toFile(held.path, { name: 'held' }), toFile(free.path, { name: 'free' })])
  await eventually(async () => expect(idsOf(free.events())).toEqual(await w.trail()))
  w.pass(LEASE_SECONDS - 1)
  await w.happen()
  await eventually(async () => expect(idsOf(free.events())).toEqual(await w.trail()))
  expect(held.events()).toEqual([])
  w.pass(6)
  await eventually(async () => expect(idsOf(held.events())).toEqual(await w.trail()))
})

test('of many that want to export at once one does, and nobody else moves the cursor or renews the lease', async () => {
  const w = await exportingWorld()
  const at = w.now()
  await w.db.write((tx) => addCursor(tx, 'x', 3))
  await w.db.write((tx) => addCursor(tx, 'x', 99))
  const asked = Array.from({ length: 20 }, (_, i) => w.db.write((tx) => holdCursor(tx, { name: 'x', holder: `${i}`, at })))
  const [won, ...others] = (await Promise.all(asked)).filter((row) => row !== undefined)
  expect(others).toEqual([])
  expect(won).toMatchObject({ seq: 3, held_until: at + LEASE_SECONDS })
  const loser = { name: 'x', holder: won?.holder === '0' ? '1' : '0', at }
  expect(await w.db.write((tx) => advanceCursor(tx, loser, 5))).toBeUndefined()
  expect(await w.db.write((tx) => advanceCursor(tx, { ...loser, holder: won?.holder ?? '' }, 5))).toMatchObject({ seq: 5 })
  expect(await w.db.write((tx) => advanceCursor(tx, { ...loser, holder: won?.holder ?? '' }, 4)), 'back').toBeUndefined()
  expect(await w.db.write((tx) => holdCursor(tx, { ...loser, at: at + LEASE_SECONDS - 1 }))).toBeUndefined()
  expect(await w.db.write((tx) => holdCursor(tx, { ...loser, at: at + LEASE_SECONDS }))).toMatchObject({ holder: loser.holder })
})

test('a dead receiver stops only its own export: a live one beside it has everything, and the party goes on', async () => {
  const w = await exportingWorld()
  const { path, events } = fileReceiver()
  const dead = await usedPort()
  const x = await w.exporting([toSyslog(dead, { name: 'dead' }), toFile(path)])
  await w.happen()
  expect((await x.issue()).status).toBe(200)
  await x.manage('/ready')
  await eventually(async () => expect(idsOf(events())).toEqual(await w.trail()))
  await eventually(async () => expect(await w.cursor('dead')).toMatchObject({ seq: 0, failing_since: w.now(), last_error: expect.any(String) }))
  expect(await States.parse(await (await x.manage('/exports')).json()).exports).toEqual([
    {
      name: 'dead',
      to: 'syslog',
      handed_over_seq: 0,
      behind_events: 8,
      failing_since: w.now(),
      last_error: expect.any(String),
      last_succeeded_at: null,
    },
    { name: 'file', to: 'file', handed_over_seq: 8, behind_events: 0, failing_since: null, last_error: null, last_succeeded_at: w.now() },
  ])
  const metrics = await (await x.manage('/metrics')).text()
  for (const line of [
    'behind_events{exporter="dead"} 8',
    'behind_events{exporter="file"} 0',
    'failing{exporter="dead"} 1',
    'failing{exporter="file"} 0',
  ])
    expect(metrics).toContain(`agentpass_export_${line}\n`)
})

const States = z.object({ exports: z.array(z.looseObject({ name: z.string() })) })

test('how exports stand is for who has the admin token', async () => {
  const w = await exportingWorld()
  expect((await w.manage('/exports', undefined, 'Bearer wrong')).status).toBe(401)
  expect(await (await w.manage('/exports')).json()).toEqual({ exports: [] })
})

test('a receiver that fails again and again is told of once', async () => {
  const w = await exportingWorld()
  const { port, sockets } = await listen(
    createServer((socket) => socket.destroy()),
    0,
    '127.0.0.1',
  )
  const x = await w.exporting([toSyslog(port)])
  await w.happen()
  for (const tries of [1, 2, 3]) {
    await eventually(() => expect(sockets).toHaveLength(tries))
    await eventually(async () => expect(await w.cursor('syslog')).toMatchObject({ holder: null, last_error: expect.any(String) }))
    w.pass(60)
  }
  expect(x.told()).toEqual([{ event: 'export_failed', exporter: 'syslog', level: 'warn' }])
  expect(distinct(x.log.map(({ event }) => event))).not.toContain('chore_failed')
})
