/** Peers that nobody of the suite wrote: it passes them where they conform, and fails exactly the cases where they were left naive (`test/peers/README.md`). */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { run } from '../conformance/run.ts'
import naive from './peers/naive.json' with { type: 'json' }
import { peerAuthority, peerHarness, peerService, peersRig } from './peers-rig.ts'
import { isThorough } from './thorough.ts'

const PATIENCE_MS = 300_000
/** Beside what fails, what is judged in a run that is not thorough. */
const SAMPLE = {
  authority: ['AUTH-VAL', 'AUTH-CHK', 'AUTH-ISS-0', 'CFG-A'],
  service: ['SVC-RED', 'SVC-TOK', 'SVC-RES', 'SVC-HB'],
  harness: ['HAR-RED', 'HAR-DISC', 'HAR-ISS', 'HAR-RES-0'],
}

test.each([
  ['authority', peerAuthority],
  ['service', peerService],
  ['harness', peerHarness],
] as const)(
  'the %s in plain JavaScript fails where it was left naive, and nowhere else',
  async (party, start) => {
    const rig = await peersRig()
    const only = isThorough ? {} : { only: [...Object.keys(naive[party]), ...SAMPLE[party]] }
    const report = await run(await start(rig), { ground: rig.ground, seed: 'peers', profile: 'core-0.1', ...only })
    const failed = report.results.filter(({ verdict }) => verdict === 'FAIL')
    expect(report.aborted).toBeUndefined()
    expect(report.notices).toEqual([])
    expect(failed.map(({ id }) => id).sort()).toEqual(Object.keys(naive[party]).sort())
    expect(report.results.filter(({ verdict }) => verdict === 'PASS').length).toBeGreaterThan(failed.length * (isThorough ? 5 : 2))
  },
  PATIENCE_MS,
)

test.each([
  ['authority', peerAuthority, ['AUTH-VAL', 'AUTH-CHK', 'CFG-A', 'DISC-SVC-05']],
  ['service', peerService, ['SVC-RED-12', 'SVC-TOK', 'SVC-RES']],
  ['harness', peerHarness, ['HAR-RED', 'HAR-DISC-02', 'DISC-SVC-01']],
] as const)(
  'the %s gets every verdict that needs no DNS where the suite has fixed names, and no false one',
  async (party, start, only) => {
    const rig = await peersRig('static')
    const report = await run(await start(rig), { ground: rig.ground, seed: 'peers', profile: 'core-0.1', only: [...only] })
    const of = (wanted: string) => report.results.filter(({ verdict }) => verdict === wanted)
    expect(report.aborted).toBeUndefined()
    expect(of('FAIL').filter(({ id }) => !(id in naive[party]))).toEqual([])
    expect(of('PASS').length).toBeGreaterThan(5)
    expect(of('SKIP').length).toBeGreaterThan(0)
    for (const { remarks } of of('SKIP')) expect(remarks.join()).toMatch(/DNS|adapter|--browser/)
  },
  PATIENCE_MS,
)

test.each(['authority', 'service', 'harness'])('the %s imports nothing of ours, and has at most 300 lines', (party) => {
  const source = readFileSync(resolve(import.meta.dirname, 'peers', `${party}.mjs`), 'utf8')
  for (const [, from = ''] of source.matchAll(/\bfrom\s+['"]([^'"]+)['"]|\bimport\s*\(/g)) expect(from).toMatch(/^node:/)
  expect(source.split('\n').length - 1).toBeLessThanOrEqual(300)
})
