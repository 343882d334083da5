import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AcquireDeps } from '../../harness/acquire.ts'
import { type Network as HarnessNetwork, openNetwork as openHarnessNetwork } from '../../harness/node/network.ts'
import type { LogLevel } from '../../spec/node/log-level.ts'
import { systemWait } from '../../spec/node/settings.ts'
import { type Agent, connectAgent } from './agent.ts'
import { type AuthorityParty, documentUrl, startAuthority } from './authority.ts'
import { type BrokerParty, startBroker } from './broker.ts'
import { createCertificateAuthority } from './ca.ts'
import { planConsole } from './console.ts'
import { type Decision, decideAt, type OnDecision, type Verb } from './decide.ts'
import { type ServiceParty, startGateway } from './gateway.ts'
import { type Names, startNames } from './names.ts'
import { type Neighbours, startNeighbours } from './neighbours.ts'
import { type Ground, reach, worldNetwork } from './premises.ts'
import type { Provider } from './provider.ts'
import { type Hop, type OnAsk, tap } from './tap.ts'

const DOMAIN = 'acme.localhost'
const AUTHORITY_HOST = 'authority.acme.localhost'
const DESK_HOST = 'desk.localhost'
const BROKER_HOST = 'broker.acme.localhost'

export type WorldOptions = {
  /** The Authority's and the gateway's port; a free one unless given. */
  ports?: { authority?: number; service?: number }
  /** Settings of the Authorities or the Service on top of the world's own, as in their YAML files. */
  authority?: object
  service?: object
  /** Starts the enterprise's identity provider too, and gives its Authority a console where people sign in with it (`console.ts`); an object's
   *  members are its `console` settings, instead of the world's. */
  console?: boolean | object
  /** Starts the other Authorities too, whom the Service trusts besides the enterprises, and gives their people their domains (`neighbours.ts`). */
  neighbours?: boolean
  /** Starts a broker too, for an agent that is no Harness itself; an object's members are its settings, on top of the world's. */
  broker?: boolean | object
  logLevel?: LogLevel
  /** Where the parties' log lines go instead of stderr. */
  onLog?: (line: string) => void
  /** Told of everything that goes over the wire between the parties. */
  onHop?: (hop: Hop) => void
  /** Told of it as it happens, with what was said, redacted. */
  onAsk?: OnAsk
  /** Told of what an approver has decided through `decide`. */
  onDecision?: OnDecision
}

/** Where everything is. */
export type World = {
  /** The enterprise's Authority. */
  authority: AuthorityParty
  service: ServiceParty
  /** The enterprise's identity provider, where a console was asked for. */
  provider: Provider | undefined
  /** The others, where they were asked for. */
  neighbours: Neighbours | undefined
  /** The broker, where one was asked for, and an agent that comes to it. */
  broker: BrokerParty | undefined
  connectAgent: () => Promise<Agent>
  /** Somebody whose domain has the enterprise Authority. */
  user: string
  /** The world's DNS server, `127.0.0.1:port`. */
  resolver: string
  names: Names
  caFile: string
  /** What `acquire` needs to play the Harness here. */
  harness: AcquireDeps
  /** What the harness's command line needs, as environment variables. */
  env: Record<string, string>
  /** Decides as an approver does, through an Authority's management door: on the newest request of that status. */
  decide: (verb: Verb, more?: Decision) => Promise<void>
  /** Starts another gateway in front of a ticket desk of its own, such as one that trusts others. */
  addService: (host: string, settings: object) => Promise<ServiceParty>
  stop: () => Promise<void>
}

/** Starts the local world: DNS, CA, the enterprise Authority of `acme.localhost`, and the gateway of `desk.localhost` in front of its ticket desk, on loopback with real TLS. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'agentpass-world-'))
  const stops: Ground['stops'] = [async () => rmSync(folder, { recursive: true, force: true })]
  const stop = async () => {
    for (const undo of stops.splice(0).reverse()) await undo()
  }
  try {
    const ground = await prepareGround(folder, stops, options)
    return { ...(await inhabit(ground, options)), stop }
  } catch (failure) {
    await stop()
    throw failure
  }
}

async function prepareGround(
  folder: string,
  stops: Ground['stops'],
  { logLevel = 'silent', onLog, onHop = () => {}, onAsk }: WorldOptions,
): Promise<Ground> {
  const names = await startNames()
  stops.push(names.stop)
  const ca = await createCertificateAuthority()
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, ca.pem)
  return { folder, ca, caFile, names, logLevel, onLog, onHop, onAsk, stops }
}

async function inhabit(ground: Ground, { ports, neighbours: wanted, ...more }: WorldOptions): Promise<Omit<World, 'stop'>> {
  const { names, caFile } = ground
  const plan = more.console ? await planConsole(ground, more.console === true ? {} : more.console) : undefined
  const settings = { domains: [DOMAIN], ...plan?.settings, ...more.authority }
  const authority = await startAuthority(ground, { host: AUTHORITY_HOST, port: ports?.authority, settings, secrets: plan?.secrets })
  plan?.register(authority)
  names.publish(`_agentpass.${DOMAIN}`, documentUrl(authority))
  const neighbours = wanted ? await startNeighbours(ground, authority, more.authority) : undefined
  const trust = neighbours && { trust: neighbours.trust }
  const service = await startGateway(ground, { host: DESK_HOST, port: ports?.service, settings: { ...trust, ...more.service } })
  const { effects, network } = reach(ground, 'harness')
  ground.stops.push(network.close)
  const patient = openPatient(ground)
  const user = `ada@${DOMAIN}`
  const broker = more.broker
    ? await startBroker(ground, { host: BROKER_HOST, user, ...(more.broker !== true && { settings: more.broker }) })
    : undefined
  return {
    ...{ authority, service, provider: plan?.provider, neighbours, broker, user, names, caFile, resolver: names.address },
    harness: {
      ...effects,
      fetchEvents: tap({ party: 'harness', name: 'harness' }, { fetch: patient.fetchEvents, resolveTxt: patient.resolveTxt }, ground).fetch,
      wait: systemWait,
      harnessId: 'world-harness',
      chooseAuthority: chooseFirst,
      onProgress: () => {},
    },
    env: {
      AGENTPASS_USER: user,
      AGENTPASS_RESOLVER: names.address,
      AGENTPASS_CA: caFile,
      AGENTPASS_ALLOW_PRIVATE: worldNetwork(ground).allow_private.join(','),
    },
    decide: async (verb, { at = authority, ...decision } = {}) => {
      await decideAt(at, verb, decision)
      more.onDecision?.({ at, verb, ...decision })
    },
    connectAgent: async () => connectAgent(requireBroker(broker), patient.callService),
    addService: (host, settings) => startGateway(ground, { host, settings }),
  }
}

/** The way to what takes as long as a decision does, such as an Authority's events. */
function openPatient(ground: Ground): HarnessNetwork {
  const network = openHarnessNetwork({ ...worldNetwork(ground), dnssec: 'off' })
  ground.stops.push(network.close)
  return network
}

function requireBroker(broker: BrokerParty | undefined): BrokerParty {
  if (!broker) throw new Error('this world has no broker: start it with one')
  return broker
}

const chooseFirst: AcquireDeps['chooseAuthority'] = async ([first]) => {
  if (!first) throw new Error('no authority was offered')
  return first
}
