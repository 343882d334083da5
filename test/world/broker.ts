import { join } from 'node:path'
import { BrokerSettings } from '../../harness/broker/settings.ts'
import { broker } from '../../harness/node/broker/fleet.ts'
import { migrations } from '../../harness/store/migrations/all.ts'
import { readSettings, systemRandom } from '../../spec/node/settings.ts'
import { type Ground, type Management, moveIn, prepare } from './premises.ts'

/** The world's broker, a fleet's with one agent. Its settings file works with `agentpass broker serve --config`. */
export type BrokerParty = {
  origin: string
  /** Where MCP clients connect. */
  mcp: string
  /** What the agent shows: `Authorization: Bearer`. */
  credential: string
  settingsFile: string
  management: Management
}

const AGENT = 'world-agent'

/** Starts a broker on a host of its own, for one agent that acts for one user unless it says otherwise. `settings` are those of its YAML file, on top of the world's. */
export async function startBroker(ground: Ground, want: { host: string; user: string; settings?: object }): Promise<BrokerParty> {
  const credential = systemRandom(32)
  const premises = await prepare(ground, 'broker', {
    host: want.host,
    port: 0,
    migrations,
    settings: (port) => ({
      broker: `https://${want.host}:${port}`,
      user: want.user,
      agents: [{ name: AGENT, credential: { file: join('secrets', AGENT) } }],
      ...want.settings,
    }),
    secrets: { [AGENT]: credential },
  })
  ground.stops.push(premises.close)
  const settings = readSettings(premises.settingsFile, BrokerSettings)
  const opening = { ...premises, settings, adminToken: premises.management.token, ownSecrets: { [AGENT]: credential } }
  await moveIn(ground, premises, () => broker.open(opening), {})
  const { broker: origin } = settings
  return { origin, mcp: `${origin}/mcp`, credential, settingsFile: premises.settingsFile, management: premises.management }
}
