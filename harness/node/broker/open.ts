import { sha256 } from '../../../spec/base64url.ts'
import type { Wait } from '../../../spec/effects.ts'
import type { SigningKey } from '../../../spec/jwt.ts'
import { packageVersion } from '../../../spec/node/cli.ts'
import type { Database } from '../../../spec/node/database.ts'
import { createRate } from '../../../spec/node/doors.ts'
import type { Exporting } from '../../../spec/node/export/exports.ts'
import { type Effects, openMigrated, openParty, type Party } from '../../../spec/node/party.ts'
import type { MasterKey } from '../../../spec/node/secrets.ts'
import type { OpenServer } from '../../../spec/node/server-party.ts'
import type { Profile } from '../../../spec/profile.ts'
import { type BrokerDeps, createBroker, createBrokerManagement } from '../../app.ts'
import type { Attest } from '../../attest.ts'
import { type Agent, createAuthenticateAgent } from '../../broker/agents.ts'
import type { Hosts } from '../../broker/local.ts'
import { createOpenings } from '../../broker/openings.ts'
import { openTasks } from '../../broker/tasks.ts'
import type { McpServerDeps } from '../../mcp/server.ts'
import { createMcpSessions } from '../../mcp/sessions.ts'
import { migrations } from '../../store/migrations/all.ts'
import type { BrokerTables } from '../../store/schema.ts'
import type { Network } from '../network.ts'

/** What a broker is opened with; `harness` is what it is as a Harness. */
export type BrokerOpening = {
  harness: {
    harnessId: string
    holderKey?: SigningKey | undefined
    attest?: Attest | undefined
    authorities: Record<string, string>
    profile: Profile
    requireDnssec: boolean
    user: string | undefined
  }
  agents: Agent[]
  /** Where agents reach it, and by which hosts. */
  origin: string
  isOwnHost: Hosts
  limits: { live_tasks: number; starts_per_minute: number; mcp_sessions: number }
  network: Pick<Network, 'callService' | 'fetchEvents'>
  /** Whether a browser can load pages there; not from a Unix socket. */
  isBrowsable?: boolean
  /** Opens a page in a browser of the person whose machine this is. */
  showPage?: ((url: string) => Promise<void>) | undefined
  database: string
  masterKeys: [MasterKey, ...MasterKey[]]
  adminToken: string
  exporting?: Exporting
  effects: Effects & { wait: Wait }
}
/** A broker on its database, and what an MCP server in the same process stands on. */
export type OpenBroker = OpenServer & { deps: BrokerDeps & McpServerDeps & { version: string } }

/** Opens a broker on its database and hands its two doors over; who mounts them is the caller's business. Throws OperatorError. */
export async function openBroker(opening: BrokerOpening): Promise<OpenBroker> {
  const { effects } = opening
  const own = await openMigrated<BrokerTables>(opening.database, migrations, effects.now)
  const party = await openParty(own, opening)
  try {
    return await openOn(party, party.guard(own), opening)
  } catch (failure) {
    await party.stop()
    throw failure
  }
}

async function openOn(party: Party, db: Database<BrokerTables>, opening: BrokerOpening): Promise<OpenBroker> {
  const { effects, harness, network } = opening
  const common = { ...effects, ...party, db, callService: network.callService, openings: createOpenings({ now: party.now, random: effects.random }) }
  const tasks = await openTasks({
    ...common,
    acquiring: acquiringBy(opening),
    authorities: harness.authorities,
    runner: effects.random(16),
    mostLive: opening.limits.live_tasks,
    isBrowsable: opening.isBrowsable ?? true,
    turns: { start: createRate(opening.limits.starts_per_minute, 60) },
  })
  const serving = { ...common, tasks, origin: opening.origin, defaultUser: harness.user, showPage: opening.showPage, version: packageVersion() }
  const deps = {
    ...serving,
    isOwnHost: opening.isOwnHost,
    authenticate: createAuthenticateAgent(opening.agents),
    adminTokenDigest: await sha256(opening.adminToken),
    mcp: createMcpSessions({ ...serving, mostOfAgent: opening.limits.mcp_sessions }),
  }
  party.start([...tasks.chores, ...deps.mcp.chores])
  return {
    deps,
    app: createBroker(deps),
    management: createBrokerManagement(deps),
    async stop() {
      await deps.mcp.close()
      await tasks.stop()
      await party.stop()
    },
  }
}

function acquiringBy({ effects, harness, network }: BrokerOpening) {
  const { fetch, resolveTxt, now, random, wait } = effects
  const { harnessId, holderKey, attest, profile, requireDnssec } = harness
  return {
    ...{ fetch, resolveTxt, now, random, wait, harnessId, profile, requireDnssec, fetchEvents: network.fetchEvents },
    ...(holderKey && { holderKey }),
    ...(attest && { attest }),
  }
}
