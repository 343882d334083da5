import { getServers } from 'node:dns'
import { existsSync } from 'node:fs'
import { openPrivateFolder, type PrivateFolder } from './folder.ts'
import { listHeld } from './held.ts'
import type { Hops } from './hops.ts'
import { requireKey } from './key.ts'
import type { Network } from './network.ts'
import { loadSettings, type Settings, settingsFile } from './settings.ts'
import { type Opened, type Outside, stateFolder } from './trip.ts'

const PROBE = '.tmp-doctor' // named as what a write leaves behind, so that nobody takes it for more

/** Looks at what lies on this machine: settings, state, and the key where one is registered. Throws FailedHop. */
export async function examineMachine({ look }: Hops, o: Outside, config: string | undefined): Promise<Opened> {
  const file = settingsFile(o.environment, config)
  const settings = await look(
    'settings',
    async () => loadSettings(o.environment, config),
    (read) => `${existsSync(file) ? file : `there is no ${file}, so the defaults hold`}; ${describeSettings(read)}`,
  )
  const { folder } = await look(
    'state',
    () => examineFolder(o),
    ({ says }) => says,
  )
  const { holder_key: key } = settings
  if (key)
    await look(
      'holder key',
      () => requireKey(key.file),
      () => `${key.file} is a key for this user alone`,
    )
  return { settings, folder }
}

const describeSettings = ({ profile, harness_id, user = 'nobody unless --user says who' }: Settings): string =>
  `profile ${profile}, harness ${harness_id}, user ${user}`

/** Opens the state, keeps something there and removes it. */
async function examineFolder(o: Outside): Promise<{ folder: PrivateFolder; says: string }> {
  const folder = await openPrivateFolder(o, stateFolder(o.environment))
  await folder.write(PROBE, '')
  await folder.remove(PROBE)
  const { held, ignored } = await listHeld(folder, o.now())
  const untrusted = ignored.length === 0 ? '' : `; ${ignored.length} of its files are not trusted (agentpass status says why)`
  return { folder, says: `${folder.path} is for this user alone; tasks of which something is held: ${held.length}${untrusted}` }
}

/** Opens the way to peers, of which nobody is asked yet. Throws FailedHop. */
export const examineNetwork = ({ look }: Hops, o: Outside, { network }: Settings): Promise<Network> =>
  look(
    'network',
    async () => o.openNetwork(network),
    () => {
      const trusted = network.ca_file === undefined ? '' : `; ${network.ca_file} is trusted, too`
      const allowed = network.allow_private.length === 0 ? '' : `; private networks allowed: ${network.allow_private.join(', ')}`
      return `DNS servers ${serversOf(network)}${trusted}${allowed}`
    },
  )

/** The DNS servers that are asked: those of the settings, otherwise this machine's. */
export const serversOf = ({ dns_servers: servers = getServers() }: Settings['network']): string => servers.join(', ') || 'none'
