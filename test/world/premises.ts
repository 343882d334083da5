import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { CertificateAuthority } from '../../spec/node/ca.ts'
import { isPostgres } from '../../spec/node/database.ts'
import { createSigningKey } from '../../spec/node/keys.ts'
import { createLog } from '../../spec/node/log.ts'
import type { LogLevel } from '../../spec/node/log-level.ts'
import type { Migration } from '../../spec/node/migrate.ts'
import { type Network, openNetwork } from '../../spec/node/network.ts'
import { type Effects, openMigrated, type PartyTables } from '../../spec/node/party.ts'
import { createSecrets, generateMasterKey, type MasterKey, readMasterKey } from '../../spec/node/secrets.ts'
import { type OpenDoor, openDoor } from '../../spec/node/serve.ts'
import { systemNow, systemRandom } from '../../spec/node/settings.ts'
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
  /** Whom the parties ask for names and whose certificates they trust, where that is not the world itself. */
  peers?: { dns_servers: string[]; ca_file: string } | undefined
  /** Names a database that is still to be made, for a party; a SQLite file of its own unless given. */
  newDatabase?: () => { url: string; create: () => Promise<void> }
  stops: (() => Promise<void>)[]
}
export type Management = { url: string; token: string }
/** A server party's premises before it moves in: two open doors, its secrets and settings on disk. Its database is made by `makeDatabase`. */
export type Premises = {
  settingsFile: string
  protocolDoor: OpenDoor
  managementDoor: OpenDoor
  management: Management
  database: string
  masterKeys: [MasterKey, ...MasterKey[]]
  effects: Effects
  tls: { key: string; cert: string }
  makeDatabase: () => Promise<void>
  close: () => Promise<void>
}
type Instance = { app: App; management: App; stop: () => Promise<void> }
type App = Parameters<OpenDoor['mount']>[0]

/** How everybody in the world reaches everybody: names from the world's server, loopback allowed, the world's CA trusted. */
export const worldNetwork = ({ names, caFile, peers }: Pick<Ground, 'names' | 'caFile' | 'peers'>) => ({
  dns_servers: peers?.dns_servers ?? [names.address],
  allow_private: ['127.0.0.0/8'],
  ca_file: peers?.ca_file ?? caFile,
})

type Plan = {
  host: string
  port: number
  migrations: Record<string, Migration>
  /** Told the port of the protocol door. */
  settings: (port: number) => object
  /** Secrets that the settings name besides, by the file's name in `secrets/`. */
  secrets?: Record<string, string> | undefined
}

/** Prepares a server party as `init` would: keys, secrets, database, settings file. */
export async function prepare(ground: Ground, party: 'authority' | 'service' | 'broker', want: Plan): Promise<Premises> {
  const folder = join(ground.folder, want.host)
  mkdirSync(join(folder, 'secrets'), { recursive: true, mode: 0o700 })
  const masterKey = generateMasterKey()
  const token = systemRandom(32)
  writeSecret(folder, 'master.key', masterKey)
  writeSecret(folder, 'admin.token', token)
  for (const [name, secret] of Object.entries(want.secrets ?? {})) writeSecret(folder, name, secret)
  const tls = await ground.ca.issue([want.host])
  const protocolDoor = await openDoor({ host: '127.0.0.1', port: want.port, tls })
  const managementDoor = await openDoor({ host: '127.0.0.1', port: 0 })
  const server = ground.newDatabase?.()
  const database = server?.url ?? join(folder, `${party}.db`)
  if (isPostgres(database)) writeSecret(folder, 'database.url', database)
  const settingsFile = join(folder, `${party}.yaml`)
  const common = {
    listen: { port: protocolDoor.port },
    management: { listen: { port: managementDoor.port }, admin_token: { file: 'secrets/admin.token' } },
    database: isPostgres(database) ? { file: 'secrets/database.url' } : database,
    master_keys: [{ file: 'secrets/master.key' }],
    network: worldNetwork(ground),
    log_level: ground.logLevel,
  }
  writeFileSync(settingsFile, stringify({ ...common, ...want.settings(protocolDoor.port) }, { aliasDuplicateObjects: false }))
  const masterKeys: [MasterKey] = [readMasterKey(masterKey)]
  const { effects, network } = reach(ground, party === 'broker' ? 'harness' : party, want.host)
  const close = async () => {
    await Promise.all([protocolDoor.close(), managementDoor.close()])
    await network.close()
  }
  const makeIt = async () => {
    await server?.create()
    await makeDatabase(database, want.migrations, masterKeys)
  }
  const management = { url: `http://127.0.0.1:${managementDoor.port}`, token }
  return { settingsFile, protocolDoor, managementDoor, management, database, masterKeys, effects, tls, makeDatabase: makeIt, close }
}

export type MoveIn = {
  /** Whether there is another instance of it, on the same database, opened when somebody first comes to it. */
  second?: boolean | undefined
  /** Whether it is opened only when somebody first comes to a door. */
  lazily?: boolean | undefined
}

/** Makes the database of a server party, opens it and mounts it at its doors. Gives the address of the second instance's protocol door, where there is one. */
export async function moveIn(
  ground: Ground,
  premises: Premises,
  open: () => Promise<Instance>,
  { second, lazily }: MoveIn,
): Promise<{ second?: string }> {
  const made = once(premises.makeDatabase)
  const instance = () =>
    once(async () => {
      await made()
      const opened = await open()
      ground.stops.push(opened.stop)
      return opened
    })
  const mount = (enter: () => Promise<Instance>, protocol: OpenDoor, management?: OpenDoor) => {
    protocol.mount({ fetch: async (request, env) => (await enter()).app.fetch(request, env) })
    management?.mount({ fetch: async (request, env) => (await enter()).management.fetch(request, env) })
  }
  const first = instance()
  if (!lazily) await first()
  mount(first, premises.protocolDoor, premises.managementDoor)
  if (!second) return {}
  const door = await openDoor({ host: '127.0.0.1', port: 0, tls: premises.tls })
  ground.stops.push(door.close)
  mount(instance(), door)
  return { second: `127.0.0.1:${door.port}` }
}

/** The same, however often it is asked for. */
function once<T>(act: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | undefined
  return () => {
    done ??= act()
    return done
  }
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
