/** What a run of the conformance suite says when something goes away in the middle: what was known, and nothing that was not earned. */
import { expect, test } from 'vitest'
import type { Adapter } from '../conformance/adapter.ts'
import { isConforming, type Report } from '../conformance/report/report.ts'
import { run } from '../conformance/run.ts'
import { cuttableWay, type OwnParties, ownParties } from './conformance-rig.ts'

/** Cases of every kind: refused and still alive, and good ones. */
const CASES = ['SVC-RED-', 'SVC-SCP-', 'SVC-HB-', 'SVC-SCD-']
const BEFORE = 12

/** Runs those cases, and breaks something once some of them have ended. */
async function interrupted({ adapter, ground }: Pick<OwnParties, 'ground'> & { adapter: Adapter }, breakIt: () => unknown): Promise<Report> {
  let ended = 0
  return run(adapter, {
    ...{ ground, seed: 'outage', profile: 'core-0.1', only: CASES },
    onResult: () => void (++ended === BEFORE && breakIt()),
  })
}

function expectNothingUnearned(report: Report, why: RegExp): void {
  expect(report.aborted).toMatch(why)
  expect(report.results.filter(({ verdict }) => verdict === 'FAIL' || verdict === 'WARN')).toEqual([])
  const skipped = report.results.filter(({ verdict }) => verdict === 'SKIP')
  expect(skipped.length).toBeGreaterThan(0)
  expect(report.results.filter(({ verdict }) => verdict === 'PASS').length).toBeLessThanOrEqual(BEFORE + 6) // and those that had ended with it
  expect(isConforming(report)).toBe(false)
}

test('a peer that goes away leaves a report of what was known', async () => {
  const own = await ownParties('service')
  expectNothingUnearned(await interrupted(own, own.stopPeers), /the service does not work any more/)
})

test('so do the suite’s own DNS server and its hosts', async () => {
  for (const server of ['dns', 'hosts'] as const) {
    const own = await ownParties('service')
    expectNothingUnearned(await interrupted(own, () => own.ground[server].stop()), /the suite's own servers do not answer/)
  }
})

test.runIf(process.platform === 'linux')('and so does the network between them', async () => {
  const own = await ownParties('service')
  const url = new URL(own.adapter.service?.configuration_url ?? '')
  const way = await cuttableWay(Number(url.port))
  const hosts = { ...own.adapter.reach.hosts, [url.hostname]: way.address }
  const adapter = { ...own.adapter, reach: { ...own.adapter.reach, hosts } }
  expectNothingUnearned(await interrupted({ ...own, adapter }, way.cut), /the service does not work any more/)
})
