/** The trail by HTTPS: how much goes at once, and what is done where that is too much. */
import { expect, test } from 'vitest'
import { Batch, httpsReceiver } from './export-https-rig.ts'
import { distinct, eventually, exportingWorld } from './export-rig.ts'

test('a long trail goes in batches of a bounded size, in order', async () => {
  const w = await exportingWorld()
  const { batches, effects, exporter } = await httpsReceiver()
  for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 50 }, () => w.check('x'.repeat(900), w.desk.bearer())))
  await w.manage('/ready')
  await w.exporting([exporter], { effects })
  await eventually(async () => expect(await w.cursor('https')).toMatchObject({ seq: 500 }))
  expect(Math.max(...batches().map((batch) => batch.length))).toBeLessThanOrEqual(200)
  expect(batches().flatMap((batch) => batch.map(({ metadata }) => metadata.sequence))).toEqual(Array.from({ length: 500 }, (_, i) => i + 1))
})

test('a batch is bounded in bytes as it is sent, whatever characters are in it', async () => {
  const w = await exportingWorld()
  const { calls, batches, effects, exporter } = await httpsReceiver()
  await w.note(Array.from({ length: 60 }, () => ({ event: 'decision', outcome: 'refused', user: '漢'.repeat(1000) })))
  await w.exporting([exporter], { effects })
  await eventually(async () => expect(await w.cursor('https')).toMatchObject({ seq: 60 }))
  for (const { body } of calls) expect(body.length).toBeLessThanOrEqual(262_144 + 200)
  expect(batches().flatMap((batch) => batch.map(({ metadata }) => metadata.sequence))).toEqual(Array.from({ length: 60 }, (_, i) => i + 1))
})

test('a batch that is too large for the receiver is halved until it is taken, and the next are no larger', async () => {
  const w = await exportingWorld()
  const LIMIT = 8000
  const { calls, effects, exporter } = await httpsReceiver((_, asked) => ({ status: asked.length > LIMIT ? 413 : 200 }))
  await w.happen(20)
  const x = await w.exporting([exporter], { effects })
  await eventually(async () => expect(await w.cursor('https')).toMatchObject({ seq: 40, failing_since: null }))
  const taken = calls.filter(({ body }) => body.length <= LIMIT)
  expect(taken.flatMap(({ body }) => Batch.parse(JSON.parse(body)).map(({ metadata }) => metadata.uid))).toEqual(await w.trail())
  expect(calls.length - taken.length).toBeLessThan(taken.length)
  expect(new Set(calls.map(({ headers }) => headers['webhook-id'])).size).toBe(calls.length)
  expect(x.told()).toEqual([])
})

test('an event that is too large for the receiver even alone is kept, and comes again as it was', async () => {
  const w = await exportingWorld()
  const { calls, batches, effects, exporter } = await httpsReceiver((nth) => ({ status: nth === 1 ? 500 : nth <= 5 ? 413 : 200 }))
  await w.happen(2)
  const x = await w.exporting([exporter], { effects })
  const answered = (status: number) =>
    eventually(async () => expect(await w.cursor('https')).toMatchObject({ seq: 0, last_error: `the receiver answered ${status}`, holder: null }))
  await answered(500)
  w.pass(60)
  await answered(413)
  expect(batches().map((batch) => batch.length)).toEqual([4, 4, 2, 1])
  for (const tries of [5, 6]) {
    w.pass(60)
    await eventually(() => expect(calls.length).toBeGreaterThanOrEqual(tries))
    if (tries === 5) await answered(413)
  }
  await eventually(async () => expect(await w.cursor('https')).toMatchObject({ seq: 4, failing_since: null }))
  expect(distinct(calls.slice(3, 6).map(({ headers, body }) => headers['webhook-id'] + body))).toHaveLength(1)
  expect(x.told().map(({ event }) => event)).toEqual(['export_failed', 'export_recovered'])
})

test('a batch is handed over when the receiver says 200, however long its answer is', async () => {
  const w = await exportingWorld()
  const { calls, effects, exporter } = await httpsReceiver(() => ({
    ...{ status: 200, headers: { 'content-length': '300000' }, body: Buffer.alloc(300_000) },
  }))
  await w.happen()
  await w.exporting([exporter], { effects })
  await eventually(async () => expect(await w.cursor('https')).toMatchObject({ seq: 6, last_error: null }))
  expect(calls).toHaveLength(1)
})
