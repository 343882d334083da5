import { sha256 } from '../../../spec/base64url.ts'
import { OperatorError } from '../../../spec/node/operator-error.ts'
import type { OpenServer, PartyOpening, ServerParty } from '../../../spec/node/server-party.ts'
import { systemWait } from '../../../spec/node/settings.ts'
import type { Agent } from '../../broker/agents.ts'
import { BrokerSettings } from '../../broker/settings.ts'
import { migrations } from '../../store/migrations/all.ts'
import { openNetwork } from '../network.ts'
import { defaultHarnessId, placedBeside } from '../settings.ts'
import { closingWith, harnessOf } from './harness.ts'
import { openBroker } from './open.ts'

/** How long one forwarded request may take to come in. */
const REQUEST_MS = 600_000

/** A fleet's broker as its command line knows it. */
export const broker: ServerParty<BrokerSettings> = {
  name: 'broker',
  command: 'agentpass broker',
  schema: BrokerSettings,
  migrations,
  identity: (settings) => settings.broker,
  records: () => [],
  ownSecrets: ({ agents }) => Object.fromEntries(agents.map(({ name, credential }) => [name, credential])),
  requestMs: REQUEST_MS,
  open: openFleet,
}

async function openFleet(opening: PartyOpening<BrokerSettings>): Promise<OpenServer> {
  const settings = placedBeside(opening.settingsFile, opening.settings)
  const network = openNetwork(settings.network)
  try {
    const broker = await openBroker({
      ...opening,
      harness: await harnessOf({ ...settings, harness_id: settings.harness_id ?? defaultHarnessId('agentpass-broker') }, network),
      ...{ agents: await readAgents(opening), origin: settings.broker, limits: settings.limits, network },
      isOwnHost: (host) => host === new URL(settings.broker).host,
      effects: { ...opening.effects, wait: systemWait },
    })
    return closingWith(network, broker)
  } catch (failure) {
    await network.close()
    throw failure
  }
}

/** The agents of the settings with the digests of their credentials, each its own. Throws OperatorError. */
async function readAgents({ settings, ownSecrets }: PartyOpening<BrokerSettings>): Promise<Agent[]> {
  const credentials = settings.agents.map(({ name }) => ownSecrets[name] ?? '')
  for (const [i, credential] of credentials.entries()) {
    const name = settings.agents[i]?.name
    const hint = 'write a new random one there, such as of openssl rand -base64 32, and give it to that agent'
    if (!/^[\x21-\x7e]{32,}$/.test(credential))
      throw new OperatorError(`the credential of ${name} is not 32 or more characters without spaces`, { hint })
    if (credentials.indexOf(credential) !== i) throw new OperatorError(`the credential of ${name} is another agent's, too`, { hint })
  }
  return Promise.all(
    settings.agents.map(async ({ name, users, services }, i) => ({ name, users, services, credentialDigest: await sha256(credentials[i] ?? '') })),
  )
}
