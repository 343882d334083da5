import type { Hono } from 'hono'
import { createDoor, mountSteps } from '../spec/node/doors.ts'
import { createManagementDoor, type ManagementDeps } from '../spec/node/management.ts'
import type { AuthenticateAgent } from './broker/agents.ts'
import { type HttpDeps, httpRoutes } from './broker/http-route.ts'
import { type Hosts, keepPagesOut } from './broker/local.ts'
import { type OpenDeps, openRoutes } from './broker/open-route.ts'
import { type TaskRouteDeps, taskRoutes } from './broker/route.ts'
import { type McpDeps, mcpRoutes } from './mcp/route.ts'

export type BrokerDeps = ManagementDeps & TaskRouteDeps & HttpDeps & OpenDeps & McpDeps & { authenticate: AuthenticateAgent; isOwnHost: Hosts }

/**
 * A broker's door: it holds the keys and tokens of tasks, and lends agents the act alone. No web page gets an answer, whatever it knows; the one thing for a
 * browser, the page that begins a session, is mounted before that rule.
 */
export function createBroker(d: BrokerDeps): Hono {
  const door = createDoor({ name: 'broker', log: d.log })
  door.route('/', openRoutes(d))
  door.use(keepPagesOut(d.isOwnHost))
  return mountSteps(door, taskRoutes(d), httpRoutes(d), mcpRoutes(d))
}

/** A broker's management door: health, readiness and metrics. */
export const createBrokerManagement = (d: BrokerDeps): Hono => createManagementDoor(d)
