/** An exporter whose receiver does not let go: nothing of ours waits for it, and another instance may try. */
import { expect, test } from 'vitest'
import { exportedEvent } from '../spec/node/export/event.ts'
import { createExporter } from '../spec/node/export/exporter.ts'
import type { Sink } from '../spec/node/export/sink.ts'
import { createLog } from '../spec/node/log.ts'
import { eventually, exportingWorld } from './export-rig.ts'
import { AUTHORITY } from './parties.ts'

const never = () => new Promise<never>(() => {})
const broken = () => Promise.reject(new Error('it is broken'))

/** An exporter to a receiver of the test's own, with events to hand over. */
async function exporterTo(sink: Partial<Sink>) {
  const w = await exportingWorld()
  await w.happen(1)
  const { random } = w.authority.opening.effects
  const exporter = createExporter({
    ...{ name: 'x', from: 'beginning', db: w.db, now: w.now, random, log: createLog('test', 'silent') },
    sink: { form: () => 'x', open: async (after) => after, send: async () => {}, handedOver: () => 0, close: async () => {}, ...sink },
    present: (row) => exportedEvent(row, AUTHORITY),
  })
  return { exporter, cursor: () => w.cursor('x') }
}

const CLOSINGS: [string, Sink['close']][] = [
  ['never comes back from being closed', never],
  ['cannot be closed', broken],
]

test.each(CLOSINGS)('a receiver that %s is left to others all the same, when it failed', async (_, close) => {
  const { exporter, cursor } = await exporterTo({ send: broken, close })
  await exporter.look()
  await eventually(async () => expect(await cursor()).toMatchObject({ last_error: 'it is broken', holder: null }))
})

test.each(CLOSINGS)('a receiver that %s is left to others all the same, when the party stops', async (_, close) => {
  const { exporter, cursor } = await exporterTo({ handedOver: () => 99, close })
  await exporter.look()
  await eventually(async () => expect(await cursor()).toMatchObject({ seq: 99, holder: expect.any(String) }))
  await exporter.lookLast()
  await exporter.stop()
  expect(await cursor()).toMatchObject({ holder: null })
})

test('what a receiver says after the stop comes too late: nothing more is noted', async () => {
  let taken = () => {}
  let asked = 0
  const sending = new Promise<void>((resolve) => {
    taken = resolve
  })
  const handedOver = () => {
    asked += 1
    return 1
  }
  const { exporter, cursor } = await exporterTo({ send: () => sending, handedOver })
  await exporter.look()
  await eventually(async () => expect(await cursor()).toMatchObject({ holder: expect.any(String) }))
  await exporter.stop()
  taken()
  await sending
  await new Promise(setImmediate)
  expect(asked).toBe(0)
  expect(await cursor()).toMatchObject({ seq: 0, holder: null })
})
