/** Every party hands its trail over in the same way: a Service and a broker too. */
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { openService } from '../service/node/open.ts'
import { BROKER, brokerRig } from './broker-rig.ts'
import { eventually, exportingWorld, fileReceiver, toFile } from './export-rig.ts'
import { SERVICE, world } from './parties.ts'

const States = z.object({ exports: z.array(z.looseObject({ name: z.string(), behind_events: z.int() })) })

test('a Service exports what it audits, as itself', async () => {
  const w = await world()
  const receiver = fileReceiver(SERVICE)
  const exporting = { source: SERVICE, party: 'service', exporters: [toFile(receiver.path)] }
  const service = await openService({ ...w.service.opening, exporting })
  onTestFinished(service.stop)
  const { token } = await w.acquired()
  await w.call('/secret', token)
  await service.management.request('/ready')
  await eventually(() => expect(receiver.events().map(({ event, outcome }) => `${event} ${outcome}`)).toEqual(['redemption granted', 'use refused']))
  const asked = { headers: { authorization: `Bearer ${w.service.opening.adminToken}` } }
  const { exports } = States.parse(await (await service.management.request('/exports', asked)).json())
  expect(exports).toEqual([expect.objectContaining({ name: 'file', behind_events: 0 })])
})

test('a broker exports what it audits, as itself', async () => {
  const b = await brokerRig()
  const receiver = fileReceiver(BROKER)
  Object.assign(b.made, { exporting: { source: BROKER, party: 'broker', exporters: [toFile(receiver.path)] } })
  await b.reopen()
  const { id } = await b.ready()
  await b.call('builder', 'DELETE', `/tasks/${id}`)
  await b.trail()
  await eventually(() =>
    expect(receiver.events().map(({ event, outcome }) => `${event} ${outcome}`)).toEqual(
      expect.arrayContaining(['task started', 'task ready', 'task ended']),
    ),
  )
})

test('what was handed over, and not noted as that, is handed over again: nothing is missing, and ids tell what is there twice', async () => {
  const w = await exportingWorld()
  const { path, events } = fileReceiver()
  await w.happen()
  const first = await w.exporting([toFile(path)])
  await eventually(() => expect(events()).toHaveLength(6))
  await first.stop()
  await w.db.write((tx) => tx.updateTable('export_cursor').set({ seq: 4 }).execute())
  await w.exporting([toFile(path)])
  await eventually(async () => expect(events().map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 5, 6, 7]))
  const ids = events().map(({ id }) => id)
  expect(new Set(ids)).toEqual(new Set(await w.trail()))
})
