import type { Hono } from 'hono'
import { createDoor, mountSteps } from '../spec/node/doors.ts'
import { createManagementDoor, type ManagementDeps } from '../spec/node/management.ts'
import type { ApproveDeps } from './approve/approve.ts'
import { decisionRoutes } from './approve/route.ts'
import type { CheckDeps } from './check/check.ts'
import type { LastChecks } from './check/last-checks.ts'
import { checkRoutes } from './check/route.ts'
import type { ConsoleDeps } from './console/console.ts'
import { presentRefusal } from './console/refusal.tsx'
import { consoleRoutes } from './console/route.tsx'
import type { AuthenticateService } from './discover/authenticate.ts'
import { type DiscoverDeps, discoverRoutes } from './discover/route.ts'
import { type IssueRouteDeps, issueRoutes } from './issue/route.ts'
import type { PolicyState } from './policy/current.ts'
import { policyRoutes } from './policy/route.ts'
import type { RedeemDeps } from './redeem/redeem.ts'
import { redeemRoutes } from './redeem/route.ts'
import type { RegisterDeps } from './register/register.ts'
import { registerRoutes } from './register/route.ts'
import type { CloseDeps } from './revoke/close.ts'
import type { RevokeDeps } from './revoke/revoke.ts'
import { closeRoutes, revocationRoutes } from './revoke/route.ts'

export type AuthorityDeps = ManagementDeps &
  DiscoverDeps &
  IssueRouteDeps &
  ApproveDeps &
  RedeemDeps &
  CheckDeps &
  CloseDeps &
  RevokeDeps &
  RegisterDeps & { authenticate: AuthenticateService; lastChecks: LastChecks; policyState: () => PolicyState; console: ConsoleDeps | undefined }

/** An Authority's protocol door: one group of routes a step, in the order of the protocol, and the console's pages where there are any. */
export function createAuthority(d: AuthorityDeps): Hono {
  const { console: pages } = d
  const door = createDoor({
    name: 'protocol',
    log: d.log,
    ...(pages && { present: (refusal, request) => presentRefusal(pages.frame(), refusal, request) }),
  })
  const steps = [discoverRoutes(d), issueRoutes(d), redeemRoutes(d), checkRoutes(d), closeRoutes(d)]
  return mountSteps(door, ...steps, ...(pages ? [consoleRoutes(pages)] : []))
}

/** An Authority's management door: health, metrics, decisions, revocations, registered keys and policy under the admin token. */
export const createAuthorityManagement = (d: AuthorityDeps): Hono =>
  mountSteps(createManagementDoor(d), decisionRoutes(d), revocationRoutes(d), registerRoutes(d), policyRoutes(d))
