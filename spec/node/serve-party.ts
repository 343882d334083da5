import { print } from './cli.ts'
import { createLog, type Log } from './log.ts'
import type { Network } from './network.ts'
import { requireMade } from './open-database.ts'
import { type OpenDoor, openDoor } from './serve.ts'
import { type Equipment, equip, type OpenServer, readPartySettings, type ServerParty } from './server-party.ts'
import { type ServerSettings, systemNow, systemRandom } from './settings.ts'
import { untilStopped } from './stop.ts'

type Running = { network: Network; doors: OpenDoor[]; server?: OpenServer }

/** Serves until a signal: prints one line when the doors are open, and stops gracefully. Throws OperatorError when it cannot start, with nothing left open. */
export async function serveParty<S extends ServerSettings>(party: ServerParty<S>, file: string, { json }: { json?: boolean }): Promise<void> {
  const settings = readPartySettings(party, file)
  const equipment = equip(party, file, settings)
  const log = createLog(party.name, settings.log_level)
  const stopped = untilStopped(log)
  const running: Running = { network: equipment.network, doors: [] }
  try {
    const [port, managementPort] = await open(party, { file, settings }, { equipment, log, running })
    const identity = party.identity(settings)
    print(
      json
        ? JSON.stringify({ [party.name]: identity, port, management_port: managementPort })
        : `${identity} is ready: protocol door on port ${port}, management door on port ${managementPort}`,
    )
    log.info('ready', { [party.name]: identity })
    await stopped
  } finally {
    await close(running)
  }
  log.info('stopped')
}

/** The doors first: a second server started by mistake finds its port in use before it touches the database. Until it is mounted, a door answers 503. */
async function open<S extends ServerSettings>(
  party: ServerParty<S>,
  { file, settings }: { file: string; settings: S },
  { equipment, log, running }: { equipment: Equipment; log: Log; running: Running },
): Promise<[number, number]> {
  const { database, masterKeys, adminToken, ownSecrets, exporting, doors, network } = equipment
  await requireMade(database)
  const protocol = await openDoor({ ...doors.protocol, ...(party.requestMs !== undefined && { requestMs: party.requestMs }) })
  running.doors.push(protocol)
  const management = await openDoor(doors.management)
  running.doors.push(management)
  const { fetch, resolveTxt } = network
  const effects = { now: systemNow, random: systemRandom, fetch, resolveTxt, log }
  running.server = await party.open({ settings, settingsFile: file, database, masterKeys, adminToken, ownSecrets, exporting, effects })
  protocol.mount(running.server.app)
  management.mount(running.server.management)
  return [protocol.port, management.port]
}

/** What came in is answered before that is closed which the answers need. */
async function close({ doors, server, network }: Running): Promise<void> {
  await Promise.all(doors.map((door) => door.close()))
  await server?.stop()
  await network.close()
}
