/** The secrets of this user's broker, when they are first made. */
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { keep } from '../harness/node/broker/personal.ts'
import { openPrivateFolder } from '../harness/node/folder.ts'
import { systemNow, systemRandom } from '../spec/node/settings.ts'
import { homeOfBroker } from './broker-own-rig.ts'
import { temporaryFolder } from './harness-cli-rig.ts'

const open = (path: string) => openPrivateFolder({ now: systemNow, random: systemRandom }, path)

test('of many that make a secret at once one wins, and all have that one', async () => {
  const path = join(temporaryFolder(), 'broker')
  const folders = await Promise.all(Array.from({ length: 20 }, () => open(path)))
  const kept = await Promise.all(folders.map((folder, i) => keep(folder, 'master.key', () => `key ${i}`)))
  expect(new Set(kept).size).toBe(1)
  expect([readFileSync(join(path, 'master.key'), 'utf8'), readdirSync(path)]).toEqual([`${kept[0]}\n`, ['master.key']])
  expect((statSync(join(path, 'master.key')).mode & 0o777).toString(8)).toBe('600')
})

test('a secret that another process makes meanwhile stays, and is the one that is used', async () => {
  const path = join(temporaryFolder(), 'broker')
  const meanwhile = () => {
    writeFileSync(join(path, 'master.key'), 'theirs\n', { mode: 0o600 })
    return 'ours'
  }
  expect(await keep(await open(path), 'master.key', meanwhile)).toBe('theirs')
  expect(readFileSync(join(path, 'master.key'), 'utf8')).toBe('theirs\n')
})

test('a master key that cannot be used is named with the database that is sealed under it; one that is empty is not replaced', async () => {
  const h = homeOfBroker()
  await (await h.start()).stop()
  const hint = `or remove it and ${h.own}/broker.db: what the broker held is lost then`
  chmodSync(`${h.own}/master.key`, 0o644)
  await expect(h.start()).rejects.toThrow(`chmod 600, ${hint}`)
  chmodSync(`${h.own}/master.key`, 0o600)
  writeFileSync(`${h.own}/master.key`, '')
  await expect(h.start()).rejects.toThrow(hint)
  expect(readFileSync(`${h.own}/master.key`, 'utf8')).toBe('')
})
