/** `audit export` over a trail of a test's own, and readers of what comes out. */
import { spawnSync } from 'node:child_process'
import { expect } from 'vitest'
import { asciiJson } from '../spec/node/export/event.ts'
import { inDatabase, initialised, run } from './cli-fixture.ts'
import { compiled } from './compiled.ts'

export const AT = Date.parse('2026-11-10T12:00:00Z') / 1000
export const DAY = 86_400
type Told = Record<string, unknown>

/** An Authority that does not run, with these events in its trail, one a day, and one that has no number yet. */
export async function trailOf(events: Told[]) {
  const { settingsFile, at } = await initialised('authority')
  const database = at('authority.db')
  const rows = events.map((event, i) => {
    const text = asciiJson({ at: AT + i * DAY, outcome: 'admitted', event: 'issuance', ...event })
    return `insert into audit (event, seq, hash) values ('${text.replaceAll("'", "''")}', ${i + 1}, 'hash-${i + 1}')`
  })
  inDatabase(database, ...rows, `insert into audit (event) values ('{"at":${AT},"event":"issuance","outcome":"not numbered"}')`)
  const cli = (...args: string[]) => run('authority', ['audit', 'export', ...args, '--config', settingsFile])
  const lines = async (...args: string[]) => {
    const { code, stdout, stderr } = await cli(...args)
    expect([code, stderr]).toEqual([0, ''])
    return stdout
  }
  /** The command in a line of sh, where it is "$@". */
  const inShell = (line: string, ...args: string[]) =>
    spawnSync('sh', ['-c', line, 'sh', process.execPath, compiled('authority/main.js'), 'audit', 'export', ...args, '--config', settingsFile], {
      encoding: 'utf8',
    })
  return { database, cli, lines, inShell, jsonl: async (...args: string[]) => parseLines(await lines('--format', 'jsonl', ...args)) }
}

export const parseLines = (text: string): Told[] =>
  text
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

/** CSV as RFC 4180 §2 has it, where no cell has a line's end in it. */
export function parseCsv(text: string): Record<string, string>[] {
  expect(text).toMatch(/^(?:[^\r\n]*\r\n)*$/)
  const rows = text.split('\r\n').slice(0, -1)
  const cells = rows.map((row) =>
    [...row.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? ''),
  )
  const [head = [], ...rest] = cells
  for (const row of rest) expect(row).toHaveLength(head.length)
  return rest.map((row) => Object.fromEntries(row.map((cell, i) => [head[i], cell])))
}
