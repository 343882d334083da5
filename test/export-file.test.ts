/** The trail in a file: whole lines, on disk before the cursor moves, and by no name but its own. */
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmdirSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createFileSink } from '../spec/node/export/file.ts'
import { eventually, exportingWorld, fileReceiver, idsOf, readEvents, toFile } from './export-rig.ts'

test('every event is a line of JSON in the order of the trail, with its id, its number and whose it is', async () => {
  const w = await exportingWorld()
  const { path, events } = fileReceiver()
  await w.happen()
  await w.exporting([toFile(path)])
  await eventually(async () => expect(idsOf(events())).toEqual(await w.trail()))
  expect(events()[0]).toMatchObject({ seq: 1, event: 'issuance', outcome: 'admitted', at: w.now(), user: 'ada@acme.example' })
  expect(events().map(({ seq }) => seq)).toEqual(events().map((_, i) => i + 1))
  expect(statSync(path).mode & 0o777).toBe(0o600)
  await w.happen()
  await eventually(async () => expect(idsOf(events())).toEqual(await w.trail()))
})

test('a signed head is exported with the number and hash that it signs, beside its own', async () => {
  const w = await exportingWorld()
  const { path, events } = fileReceiver()
  await w.happen(1)
  await w.authority.stop()
  await w.exporting([toFile(path)])
  await eventually(() => expect(events()).toHaveLength(3))
  const [, second, head] = events()
  expect(head).toMatchObject({ event: 'audit_head', seq: 3, signed_seq: 2, signed_hash: second?.id, signature: expect.any(String) })
})

test('what is audited just before a party stops, and the head that it signs then, are handed over before it is gone', async () => {
  const w = await exportingWorld()
  const { path, events } = fileReceiver()
  const x = await w.exporting([toFile(path)])
  await w.happen()
  await eventually(() => expect(events()).toHaveLength(6))
  await x.issue()
  await x.stop()
  expect(events().map(({ event }) => event)).toEqual([...Array(4).fill(['issuance', 'decision']).flat(), 'audit_head'])
  expect(idsOf(events())).toEqual(await w.trail())
  expect(await w.cursor('file')).toMatchObject({ seq: 9, holder: null })
})

test.each([['renamed, and not made anew', false] as const, ['renamed and made anew, as logrotate does', true] as const])(
  'a file that is %s is left as it is, and the next event is in the new one',
  async (_, create) => {
    const w = await exportingWorld()
    const { path, events } = fileReceiver()
    await w.happen()
    await w.exporting([toFile(path)])
    await eventually(async () => expect(idsOf(events())).toEqual(await w.trail()))
    const before = await w.trail()
    renameSync(path, `${path}.1`)
    if (create) writeFileSync(path, '', { mode: 0o640 })
    await w.happen()
    await eventually(async () => expect([...before, ...idsOf(events())]).toEqual(await w.trail()))
    expect(idsOf(readEvents(`${path}.1`))).toEqual(before)
    expect(statSync(path).mode & 0o777).toBe(create ? 0o640 : 0o600)
  },
)

test('what a crash left of a line is taken away before the next one', async () => {
  const w = await exportingWorld()
  const { path, events } = fileReceiver()
  await w.happen()
  const first = await w.exporting([toFile(path)])
  await eventually(async () => expect(idsOf(events())).toEqual(await w.trail()))
  await first.stop()
  appendFileSync(path, '{"at":17000000')
  await w.happen()
  await w.exporting([toFile(path)])
  await eventually(async () => expect(idsOf(events())).toEqual(await w.trail()))
})

test.each<[string, string]>([
  ['is taken away again', ''],
  ['stays where somebody else has appended behind it', 'a line of somebody else\n'],
])('what a disk took without keeping it %s', async (_, theirs) => {
  const { path } = fileReceiver()
  const sink = createFileSink(path)
  onTestFinished(sink.close)
  await sink.open(0)
  await sink.send([{ seq: 1, text: '{"at":1}\n' }])
  const handle = await open(path)
  onTestFinished(() => handle.close())
  const sync = vi.spyOn(Object.getPrototypeOf(handle), 'sync').mockImplementationOnce(async () => {
    appendFileSync(path, theirs)
    throw new Error('the disk is broken')
  })
  onTestFinished(() => void sync.mockRestore())
  await expect(sink.send([{ seq: 2, text: '{"at":2}\n' }])).rejects.toThrow('the disk is broken')
  expect(readFileSync(path, 'utf8')).toBe(theirs === '' ? '{"at":1}\n' : `{"at":1}\n{"at":2}\n${theirs}`)
})

test('a file that was emptied in its place goes on', async () => {
  const w = await exportingWorld()
  const { path, events } = fileReceiver()
  await w.happen()
  await w.exporting([toFile(path)])
  await eventually(() => expect(events()).toHaveLength(6))
  truncateSync(path)
  await w.happen(1)
  await eventually(() => expect(events().map(({ seq }) => seq)).toEqual([7, 8]))
})

test('what is no file is not written to, and said to be none', async () => {
  const w = await exportingWorld()
  const { path, events } = fileReceiver()
  mkdirSync(path)
  await w.happen()
  await w.exporting([toFile(path)])
  await eventually(async () =>
    expect(await w.cursor('file')).toMatchObject({ seq: 0, failing_since: w.now(), last_error: expect.stringContaining('EISDIR') }),
  )
  rmdirSync(path)
  w.pass(60)
  await eventually(async () => expect(idsOf(events())).toEqual(await w.trail()))
})

test.each([
  ['of a line without an end', 'x'.repeat(1_100_000)],
  ['with a key in it', 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ'],
  ['whose last line has no end', '{"at":1}\nroot:x:0:0'],
])('a file of somebody else, %s, is left alone', async (_, text) => {
  const w = await exportingWorld()
  const { path } = fileReceiver()
  writeFileSync(path, text)
  await w.happen()
  await w.exporting([toFile(path)])
  await eventually(async () => expect(await w.cursor('file')).toMatchObject({ last_error: expect.stringContaining('none of ours') }))
  expect(readFileSync(path, 'utf8')).toBe(text)
})
