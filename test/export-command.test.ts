/** `audit export`, as people run it: beside a running server, whole, in forms that a spreadsheet and a terminal bear. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { CSV_COLUMNS } from '../spec/node/export/csv.ts'
import { deciding } from './authority-cli-rig.ts'
import { initialised, run } from './cli-fixture.ts'
import { parseCsv, parseLines, trailOf } from './export-command-rig.ts'
import { temporaryFolder } from './folders.ts'

test('the whole trail of a running server comes out in its order, in each form', async () => {
  const { cli, ref, authority } = await deciding()
  await cli('deny', ref, '--yes', '--reason', 'no')
  await authority.management.request('/ready')
  const [event] = parseLines((await cli('audit', 'export', '--format', 'jsonl')).stdout)
  expect(event).toMatchObject({ seq: 1, event: 'decision', outcome: 'denied', source: 'https://authority.acme.example', reason: 'no' })
  const csv = parseCsv((await cli('audit', 'export', '--format', 'csv')).stdout)
  expect(csv).toHaveLength(1)
  expect(csv[0]).toMatchObject({
    seq: '1',
    id: `${event?.id}`.replace(/^-/, "'-"),
    event: 'decision',
    user: 'ada@acme.example',
    time: new Date(Number(event?.at) * 1000).toISOString(),
  })
  const [ocsf] = parseLines((await cli('audit', 'export', '--format', 'ocsf')).stdout)
  expect(ocsf).toMatchObject({ class_uid: 3005, type_uid: 300501, status_id: 2, metadata: { uid: event?.id, sequence: 1 } })
})

test('only numbered rows come, between since and until', async () => {
  const t = await trailOf(Array.from({ length: 5 }, () => ({})))
  const seqs = async (...args: string[]) => (await t.jsonl(...args)).map(({ seq }) => seq)
  expect(await seqs()).toEqual([1, 2, 3, 4, 5])
  expect(await seqs('--since', '2026-11-12')).toEqual([3, 4, 5])
  expect(await seqs('--since', '2026-11-12T12:00:00Z', '--until', '2026-11-13T12:00:00Z')).toEqual([3])
  expect(await seqs('--until', '2026-11-11T13:00:01+01:00')).toEqual([1, 2])
  expect(await seqs('--since', '0s')).toEqual([])
})

test('a trail that is longer than a page comes whole', async () => {
  const t = await trailOf(Array.from({ length: 2500 }, () => ({})))
  expect((await t.jsonl()).map(({ seq }) => seq)).toEqual(Array.from({ length: 2500 }, (_, i) => i + 1))
})

test('the columns of CSV are these', async () => {
  const t = await trailOf([])
  const columns =
    'seq,id,time,event,outcome,code,type,user,agent,harness,tier,service,authority,task,authorization_id,request_ref,scope,act,by,reason,address,vouched_by,key_thumbprint,key_name,kid,http_request,source,policy,policies,approvers,remembered,other'
  expect(await t.lines('--format', 'csv')).toBe(`${columns}\r\n`)
  expect(readFileSync('authority/README.md', 'utf8')).toContain(CSV_COLUMNS.map((column) => `\`${column}\``).join(', '))
})

test('a cell that a spreadsheet would run as a formula is none any more', async () => {
  const formulas = ['=HYPERLINK("https://evil.example")', '+1', '-1', '@SUM(1)', '\t=1', '\r=1', '\n=1', '＝1']
  const t = await trailOf(formulas.map((reason) => ({ reason, scope: [reason, 'x'] })))
  for (const { reason = '', scope = '' } of parseCsv(await t.lines('--format', 'csv'))) {
    expect(reason).toMatch(/^'/)
    expect(scope).toMatch(/^'/)
  }
})

test('nor is one where a semicolon ends a cell, as spreadsheets of some countries have it', async () => {
  const t = await trailOf([{ reason: 'a;=HYPERLINK("x");-1;b' }])
  expect(parseCsv(await t.lines('--format', 'csv'))[0]?.reason).toBe('a;\'=HYPERLINK("x");\'-1;b')
})

test('quotes, commas and what has no column are kept', async () => {
  const t = await trailOf([{ reason: 'she said "no", twice', passkey: { id: 'p' }, scope: ['a', 'b'] }])
  expect(parseCsv(await t.lines('--format', 'csv'))).toEqual([
    expect.objectContaining({ reason: 'she said "no", twice', scope: 'a b', other: '{"passkey":{"id":"p"}}', id: 'hash-1' }),
  ])
})

test('--output makes a file for its owner alone, and replaces nothing', async () => {
  const t = await trailOf([{}, {}])
  const path = `${temporaryFolder()}/audit.jsonl`
  expect(await t.lines('--format', 'jsonl', '--output', path)).toBe(`made ${path}: 2 events\n`)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const before = readFileSync(path, 'utf8')
  expect(parseLines(before)).toHaveLength(2)
  expect(await t.cli('--format', 'csv', '--output', path)).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining(`error: ${path} exists`),
  })
  expect(readFileSync(path, 'utf8')).toBe(before)
  expect(await t.cli('--format', 'csv', '--output', '/nowhere/x')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('hint: does its folder exist'),
  })
})

test('when, and in which form, is misuse where it is not said well', async () => {
  const t = await trailOf([])
  for (const args of [
    ['--since', 'yesterday'],
    ['--until', '2026-02-31'],
    ['--since', '7'],
  ])
    expect(await t.cli('--format', 'csv', ...args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('such as 7d, 12h or 30m') })
  expect(await t.cli()).toMatchObject({ code: 2, stderr: expect.stringContaining('--format') })
  expect(await t.cli('--format', 'xml')).toMatchObject({ code: 2, stderr: expect.stringContaining('csv, jsonl, ocsf') })
})

test.each(['authority', 'service'] as const)('the %s has the command, and it leaves a database that is not there alone', async (party) => {
  const { settingsFile } = await initialised(party)
  expect(await run(party, ['audit', 'export', '--format', 'ocsf', '--config', settingsFile])).toMatchObject({ code: 0, stdout: '', stderr: '' })
  mkdirSync(`${settingsFile}.d`)
  writeFileSync(`${settingsFile}.d/x.yaml`, readFileSync(settingsFile, 'utf8').replace(`./${party}.db`, './nowhere.db'))
  expect(await run(party, ['audit', 'export', '--format', 'csv', '--config', `${settingsFile}.d/x.yaml`])).toMatchObject({ code: 1, stdout: '' })
})
