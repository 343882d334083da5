/** The broker as the Harness that the suite judges: an agent that is none asks it, and every rule of a Harness holds. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { run } from '../conformance/run.ts'
import { startBroker } from './broker-process-rig.ts'
import { temporaryFolder } from './folders.ts'
import { peersRig } from './peers-rig.ts'
import { isThorough } from './thorough.ts'

/** Without what waits long for a peer. */
const SAMPLE = ['HAR-RED', 'HAR-DISC', 'HAR-RES-0', 'HAR-ISS', 'DISC-SVC']

test('the broker passes the Harness part of the suite', async () => {
  const { ground, common, reach } = await peersRig()
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'state'), { mode: 0o700 })
  const caFile = join(folder, 'suite-ca.pem')
  writeFileSync(caFile, ground.ca)
  const { dns_server: resolver } = common as { dns_server: string }
  const env = { AGENTPASS_RESOLVER: resolver, AGENTPASS_CA: caFile, AGENTPASS_ALLOW_PRIVATE: '127.0.0.0/8' }
  const broker = await startBroker({ folder, env: { PATH: process.env.PATH, ...env, HOME: folder, XDG_STATE_HOME: join(folder, 'state') } })
  const agent = [process.execPath, resolve(import.meta.dirname, 'broker-agent.mjs'), broker.origin, broker.tokenFile]
  const harness = {
    bearer: [...agent, '--user', '{user}', '--task', '{task}', '--call', '{url}'],
    options: { scope: ['--scope', '{scope}'], authority: ['--authority', '{authority}'] },
  }
  const report = await run(
    { suite: { zone: 'suite.localhost' }, reach, harness },
    { ground, seed: 'broker', profile: 'core-0.1', ...(!isThorough && { only: SAMPLE }) },
  )
  const of = (wanted: string) => report.results.filter(({ verdict }) => verdict === wanted)
  expect(of('FAIL').map(({ id, expected, actual }) => [id, expected, actual])).toEqual([])
  expect(report.aborted).toBeUndefined()
  for (const { remarks } of of('SKIP')) expect(remarks.join()).toMatch(/adapter|--browser/)
  expect(of('PASS').length).toBeGreaterThan(isThorough ? 90 : 30)
}, 300_000)
