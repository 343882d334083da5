import type { Hono } from 'hono'
import { createDoor, mountSteps } from '../spec/node/doors.ts'
import { createManagementDoor, type ManagementDeps } from '../spec/node/management.ts'
import { type DiscoverDeps, discoverRoutes } from './discover/route.ts'
import { type GatewayDeps, gatewayRoutes } from './gateway/route.ts'
import { type ScopesRouteDeps, scopesRoutes } from './issue/route.ts'
import { type RedeemRouteDeps, redeemRoutes } from './redeem/route.ts'
import { type ResolveDeps, resolveRoutes } from './resolve/route.ts'
import { type RevokeRouteDeps, revokeRoutes, type SecurityEventRouteDeps, securityEventRoutes } from './revoke/route.ts'
import { refuseWithPage } from './use/refusal.ts'
import { type SessionRouteDeps, sessionRoutes } from './use/route.ts'

export type ServiceDeps = ManagementDeps &
  DiscoverDeps &
  ResolveDeps &
  ScopesRouteDeps &
  RedeemRouteDeps &
  SessionRouteDeps &
  RevokeRouteDeps &
  SecurityEventRouteDeps &
  GatewayDeps

/** A Service's door: the steps of the protocol in their order, and behind everything else the gateway. */
export const createService = (d: ServiceDeps): Hono =>
  mountSteps(
    createDoor({ name: 'protocol', log: d.log, present: (refusal, request) => refuseWithPage(d.origin, refusal, request) }),
    discoverRoutes(d),
    resolveRoutes(d),
    scopesRoutes(d),
    redeemRoutes(d),
    sessionRoutes(d),
    revokeRoutes(d),
    ...(d.securityEvents ? [securityEventRoutes(d)] : []), // switched off, the address is the app's
  ).route('/', gatewayRoutes(d))

/** A Service's management door: health, readiness and metrics. */
export const createServiceManagement = (d: ServiceDeps): Hono => createManagementDoor(d)
