/** `audit export` where something is broken: a disk that is full, a reader that has gone, rows that somebody changed. */
import { existsSync } from 'node:fs'
import SQLite from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { inDatabase, initialised, run } from './cli-fixture.ts'
import { AT, DAY, parseCsv, parseLines, trailOf } from './export-command-rig.ts'
import { temporaryFolder } from './folders.ts'

test('what cannot be written is said, and is no success: stdout on a full disk', async () => {
  const t = await trailOf([{}])
  for (const format of ['csv', 'jsonl'])
    expect(t.inShell('"$@" > /dev/full', '--format', format)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('error: stdout cannot be written: ENOSPC'),
    })
})

test('who reads only the beginning is no failure', async () => {
  const t = await trailOf(Array.from({ length: 2500 }, () => ({ reason: 'x'.repeat(100) })))
  expect(t.inShell('{ "$@"; echo "ended with $?" >&2; } | head -c 100', '--format', 'jsonl')).toMatchObject({ stderr: 'ended with 0\n' })
})

test('a file that has no room even for the head of CSV is said, and nothing of it is left', async () => {
  const t = await trailOf([{}])
  const path = `${temporaryFolder()}/audit.csv`
  const server = new SQLite(t.database) // what a server has open is not made anew by who reads
  onTestFinished(() => void server.close())
  server.prepare('select 1 from audit').get()
  expect(t.inShell('ulimit -f 0; exec "$@"', '--format', 'csv', '--output', path)).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/error: .*audit\.csv cannot be written: EFBIG.*\n.*hint: is the disk full\? nothing is left of the file/),
  })
  expect(existsSync(path)).toBe(false)
})

test.each([10_000_000_000_000, -1, 1e300, 1.5])('a row whose time was changed to %f, which is none, comes as unreadable', async (at) => {
  const t = await trailOf([{ at }, {}])
  expect((await t.jsonl()).map(({ event, at: told }) => [event, told])).toEqual([
    ['unreadable', 0],
    ['issuance', AT + DAY],
  ])
  expect(parseCsv(await t.lines('--format', 'csv')).map(({ event, time }) => [event, time])).toEqual([
    ['unreadable', ''],
    ['issuance', '2026-11-11T12:00:00.000Z'],
  ])
})

test('a row that somebody changed into what is no event comes as unreadable, and no row behind it is missing', async () => {
  const { settingsFile, at } = await initialised('authority')
  inDatabase(
    at('authority.db'),
    "insert into audit (event, seq, hash) values ('gone', 1, 'a')",
    `insert into audit (event, seq, hash) values ('{"at":${AT},"event":"x","outcome":"y"}', 2, 'b')`,
  )
  const { stdout } = await run('authority', ['audit', 'export', '--format', 'jsonl', '--since', '2026-11-01', '--config', settingsFile])
  expect(parseLines(stdout)).toEqual([
    { at: 0, event: 'unreadable', outcome: 'unreadable', id: 'a', seq: 1, source: 'https://authority.acme.example' },
    { at: AT, event: 'x', outcome: 'y', id: 'b', seq: 2, source: 'https://authority.acme.example' },
  ])
})
