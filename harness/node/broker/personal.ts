import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '../../../spec/base64url.ts'
import { requireUnused } from '../../../spec/node/in-use.ts'
import { createSigningKey, readSigningKeys } from '../../../spec/node/keys.ts'
import { createLog, type Log } from '../../../spec/node/log.ts'
import { messageOf, OperatorError } from '../../../spec/node/operator-error.ts'
import { openMigrated, type PartyTables } from '../../../spec/node/party.ts'
import { createSecrets, generateMasterKey, type MasterKey, readMasterKey } from '../../../spec/node/secrets.ts'
import { type Listen, type OpenDoor, openDoor } from '../../../spec/node/serve.ts'
import type { Agent } from '../../broker/agents.ts'
import type { Hosts } from '../../broker/local.ts'
import { migrations } from '../../store/migrations/all.ts'
import { codeOf, type PrivateFolder } from '../folder.ts'
import type { Opened, Outside } from '../trip.ts'
import { closingWith, harnessOf } from './harness.ts'
import { type OpenBroker, openBroker } from './open.ts'
import { OWN_AGENT, OWN_FILES, openBrokerFolder, SOCKET_HOST } from './own.ts'

const TOKEN_BYTES = 32
const REQUEST_MS = 600_000
const LIMITS = { live_tasks: 1000, starts_per_minute: 600, mcp_sessions: 100 }

/** A broker of one person on their own machine: `url` is where agents reach it, `tokenFile` what they show. */
export type PersonalBroker = { url: string; tokenFile: string; close: () => Promise<void> }

/** Opens a broker for this user alone, and its door: on loopback, or on a Unix socket in a folder of this user's. Throws OperatorError. */
export async function openPersonalBroker(o: Outside, opened: Opened, listen: Listen): Promise<PersonalBroker> {
  const folder = await openBrokerFolder(o, opened)
  const token = await keep(folder, OWN_FILES.token, () => o.random(TOKEN_BYTES))
  const masterKey = readMasterKey(await keep(folder, OWN_FILES.masterKey, generateMasterKey))
  const log = createLog('broker', 'warn')
  const door = await openDoor({ ...listen, requestMs: REQUEST_MS })
  const doors = [door]
  try {
    const url = urlOf(listen, door.port)
    const isOwnHost: Hosts = (host) => host === SOCKET_HOST || LOOPBACK.some((name) => host === `${name}:${door.port}`)
    const agents = [{ name: OWN_AGENT, credentialDigest: await sha256(token) }]
    doors.push(await takeOwnSocket(folder))
    const broker = await openOwnBroker(o, opened, {
      folder: folder.path,
      masterKey,
      agents,
      url,
      isOwnHost,
      isBrowsable: listen.socket === undefined,
      log,
    })
    for (const each of doors) each.mount(broker.app)
    return { url, tokenFile: join(folder.path, OWN_FILES.token), close: () => closeAll(doors, broker) }
  } catch (failure) {
    await Promise.all(doors.map((each) => each.close()))
    throw failure
  }
}

/**
 * Opens the door by which other commands of this user reach the broker. Whoever has it works alone on what the broker keeps. Throws OperatorError where somebody
 * has it.
 */
export async function takeOwnSocket(folder: PrivateFolder): Promise<OpenDoor> {
  const socket = join(folder.path, OWN_FILES.socket)
  try {
    return await openDoor({ host: '', port: 0, socket, requestMs: REQUEST_MS })
  } catch (failure) {
    if (!(failure instanceof OperatorError && codeOf(failure.cause) === 'EADDRINUSE')) throw failure
    throw new OperatorError(`${folder.path} is in use: another broker of this user runs, or agentpass logout is ending what it left`, {
      cause: failure,
      hint: 'stop it, or wait for it, and try again',
    })
  }
}

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]']

const urlOf = ({ host, socket }: Listen, port: number): string =>
  socket === undefined ? `http://${host.includes(':') ? `[${host}]` : host}:${port}` : `http://${SOCKET_HOST}`

async function closeAll(doors: OpenDoor[], broker: OpenBroker): Promise<void> {
  await Promise.all(doors.map((door) => door.close()))
  await broker.stop()
}

/** Where an own broker keeps its state, and who may come. */
export type Own = { folder: string; masterKey: MasterKey; agents: Agent[]; url: string; isOwnHost: Hosts; isBrowsable?: boolean; log: Log }

/** Opens a broker with the settings of the command, on a database of its own in a folder. Its networks are closed when it stops. Throws OperatorError. */
export async function openOwnBroker(
  o: Outside,
  { settings }: Opened,
  { folder, masterKey, agents, url, isOwnHost, isBrowsable = true, log }: Own,
): Promise<OpenBroker> {
  const database = join(folder, OWN_FILES.database)
  await makeDatabase(o, database, masterKey)
  const network = o.openNetwork(settings.network)
  try {
    const { fetch, resolveTxt } = network
    const broker = await openBroker({
      ...{
        harness: await harnessOf(settings, network),
        agents,
        origin: url,
        isOwnHost,
        isBrowsable,
        limits: LIMITS,
        network,
        database,
        masterKeys: [masterKey],
        adminToken: o.random(TOKEN_BYTES),
      },
      effects: { now: o.now, random: o.random, wait: o.wait, fetch, resolveTxt, log },
      showPage: o.openBrowser,
    })
    return closingWith(network, broker)
  } catch (failure) {
    await network.close()
    throw failure
  }
}

/**
 * A secret of this user's in a file of the folder, made when it is first needed: of many that make it at once one wins, and all have that one. Throws OperatorError
 * where others may read it, or it is empty.
 */
export async function keep(folder: PrivateFolder, name: string, make: () => string): Promise<string> {
  const kept = await readSecret(folder, name)
  if (kept) return kept
  await folder.add(name, `${make()}\n`)
  const made = await readSecret(folder, name)
  if (made) return made
  throw new OperatorError(`${join(folder.path, name)} is empty`, { hint: `put back what was in it, or ${withoutIt(folder, name)}` })
}

/** The same, where it was made; undefined where it is missing. */
export async function readSecret(folder: PrivateFolder, name: string): Promise<string | undefined> {
  const text = await folder.read(name).catch((cause) => {
    throw new OperatorError(`${join(folder.path, name)} cannot be used: ${messageOf(cause)}`, {
      hint: `chmod 600, or ${withoutIt(folder, name)}`,
      cause,
    })
  })
  return text?.trim()
}

/** How to go on without a secret: what is sealed under a master key goes with that. */
const withoutIt = ({ path }: PrivateFolder, name: string): string =>
  name === OWN_FILES.masterKey
    ? `remove it and ${join(path, OWN_FILES.database)}: what the broker held is lost then`
    : 'remove it: another one is made then'

/** Makes the database where there is none, with a signing key for its audit trail. Throws OperatorError where another broker has it open. */
async function makeDatabase(o: Outside, database: string, masterKey: MasterKey): Promise<void> {
  if (existsSync(database)) await requireUnused(database)
  const db = await openMigrated<PartyTables>(database, migrations, o.now)
  try {
    if ((await readSigningKeys(db.read)).length === 0)
      await createSigningKey(db, { now: o.now, random: o.random, secrets: createSecrets([masterKey]) })
  } finally {
    await db.close()
  }
}
