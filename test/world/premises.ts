import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { createSigningKey } from '../../spec/node/keys.ts'
import { createLog, type LogLevel } from '../../spec/node/log.ts'
import type { Migration } from '../../spec/node/migrate.ts'
import { type Network, openNetwork } from '../../spec/node/network.ts'
import { type Effects, openMigrated, type PartyTables } from '../../spec/node/party.ts'
import { createSecrets, generateMasterKey, type MasterKey, readMasterKey } from '../../spec/node/secrets.ts'
import { type OpenDoor, openDoor } from '../../spec/node/serve.ts'
import { systemNow, systemRandom } from '../../spec/node/settings.ts'
import type { CertificateAuthority } from './ca.ts'
import type { Names } from './names.ts'
import { type Hop, type OnAsk, type PartyName, tap } from './tap.ts'

/** What the world's parties share: where they live, whom they trust, how they find each other, and what is undone at the end, the last first. */
export type Ground = {
  folder: string
  ca: CertificateAuthority
  caFile: string
  names: Names
  logLevel: LogLevel
  onLog: ((line: string) => void) | undefined
  onHop: (hop: Hop) => void
  onAsk: OnAsk | undefined
  stops: (() => Promise<void>)[]
}
export type Management = { url: string; token: string }
/** A server party's premises before it moves in: two open doors, its secrets and settings on disk, its database made. */
export type Premises = {
  settingsFile: string
  protocolDoor: OpenDoor
  managementDoor: OpenDoor
  management: Management
  database: string
  masterKeys: [MasterKey, ...MasterKey[]]
  effects: Effects
  close: () => Promise<void>
}

/** How everybody in the world reaches everybody: names from the world's server, loopback allowed, the world's CA trusted. */
export const worldNetwork = ({ names, caFile }: Pick<Ground, 'names' | 'caFile'>) => ({
  dns_servers: [names.address],
  allow_private: ['127.0.0.0/8'],
  ca_file: caFile,
})

/** Prepares a server party as `init` would: keys, secrets, database, settings file. `settings` are told the ports of the doors. */
export async function prepare(
  ground: Ground,
  party: Exclude<PartyName, 'harness'>,
  want: { host: string; port: number; migrations: Record<string, Migration>; settings: (port: number) => object },
): Promise<Premises> {
  const folder = join(ground.folder, want.host)
  mkdirSync(join(folder, 'secrets'), { recursive: true, mode: 0o700 })
  const masterKey = generateMasterKey()
  const token = systemRandom(32)
  writeSecret(folder, 'master.key', masterKey)
  writeSecret(folder, 'admin.token', token)
  const tls = await ground.ca.issue([want.host])
  const protocolDoor = await openDoor({ host: '127.0.0.1', port: want.port, tls })
  const managementDoor = await openDoor({ host: '127.0.0.1', port: 0 })
  const database = join(folder, `${party}.db`)
  const settingsFile = join(folder, `${party}.yaml`)
  const common = {
    listen: { port: protocolDoor.port },
    management: { listen: { port: managementDoor.port }, admin_token: { file: 'secrets/admin.token' } },
    database,
    master_keys: [{ file: 'secrets/master.key' }],
    network: worldNetwork(ground),
    log_level: ground.logLevel,
  }
  writeFileSync(settingsFile, stringify({ ...common, ...want.settings(protocolDoor.port) }))
  const masterKeys: [MasterKey] = [readMasterKey(masterKey)]
  await makeDatabase(database, want.migrations, masterKeys)
  const { effects, network } = reach(ground, party, want.host)
  const close = async () => {
    await Promise.all([protocolDoor.close(), managementDoor.close()])
    await network.close()
  }
  const management = { url: `http://127.0.0.1:${managementDoor.port}`, token }
  return { settingsFile, protocolDoor, managementDoor, management, database, masterKeys, effects, close }
}

const writeSecret = (folder: string, name: string, text: string) => writeFileSync(join(folder, 'secrets', name), text, { mode: 0o600 })

async function makeDatabase(database: string, migrations: Record<string, Migration>, masterKeys: [MasterKey]): Promise<void> {
  const db = await openMigrated<PartyTables>(database, migrations, systemNow)
  await createSigningKey(db, { now: systemNow, random: systemRandom, secrets: createSecrets(masterKeys) })
  await db.close()
}

/** A party's way to the others, watched. `name` is its host, where it has one. */
export function reach(ground: Ground, party: PartyName, name: string = party): { effects: Effects; network: Network } {
  const network = openNetwork(ground.caFile, { ...worldNetwork(ground), dnssec: 'off' })
  return {
    network,
    effects: { ...tap({ party, name }, network, ground), now: systemNow, random: systemRandom, log: createLog(party, ground.logLevel, ground.onLog) },
  }
}
