import type { Hono, MiddlewareHandler } from 'hono'
import { createAssertionSigner } from '../../spec/assertion.ts'
import { sha256 } from '../../spec/base64url.ts'
import { createAuthorityDiscovery } from '../../spec/discovery.ts'
import { createKeySets } from '../../spec/keys.ts'
import { createClientOf } from '../../spec/node/client.ts'
import type { Database } from '../../spec/node/database.ts'
import { createRate } from '../../spec/node/doors.ts'
import type { Exporting } from '../../spec/node/export/exports.ts'
import { type Effects, openMigrated, openParty, type Party } from '../../spec/node/party.ts'
import type { MasterKey } from '../../spec/node/secrets.ts'
import { sweepAll } from '../../spec/node/sweep.ts'
import { importKey } from '../../spec/node/verify.ts'
import { AuthorityForService, HardenedAuthorityForService } from '../../spec/wire/configuration.ts'
import { createService, createServiceManagement, type ServiceDeps } from '../app.ts'
import { checkAuthorization } from '../check/check.ts'
import { createIdentityHeaders } from '../gateway/identity.ts'
import type { Forward } from '../gateway/route.ts'
import { createHeldScope } from '../issue/held.ts'
import { endUnused } from '../redeem/initialize.ts'
import { validatePass } from '../redeem/validate.ts'
import { requirePermitted, type TrustDeps } from '../resolve/trust.ts'
import { closeAuthorization, closePinned } from '../revoke/close.ts'
import type { ServiceSettings } from '../settings.ts'
import { deleteCredentialsExpiredBefore } from '../store/credentials.ts'
import { deleteInitializationsExpiredBefore } from '../store/initializations.ts'
import { migrations } from '../store/migrations/all.ts'
import { deleteProofsExpiredBefore } from '../store/proofs.ts'
import type { ServiceTables } from '../store/schema.ts'
import { deleteEventsSeenBefore } from '../store/security-events.ts'
import { createGuard, type Guarded } from '../use/guard.ts'
import { createSessions } from '../use/session.ts'

export type ServiceOpening = {
  settings: ServiceSettings
  database: string
  masterKeys: [MasterKey, ...MasterKey[]]
  adminToken: string
  exporting?: Exporting
  effects: Effects
  forward: Forward
}
/** The two doors, and the guard for an app in this process that takes the Service's tokens itself. */
export type OpenService = { app: Hono; management: Hono; guard: MiddlewareHandler<Guarded>; stop: () => Promise<void> }

const KEEP_ENDED_SECONDS = 86_400

/** Opens a Service on its database and hands its two doors over; who mounts them is the caller's business. Throws Error with a sentence for people. */
export async function openService(opening: ServiceOpening): Promise<OpenService> {
  const db = await openMigrated<ServiceTables>(opening.database, migrations, opening.effects.now)
  const party = await openParty(db, opening)
  const deps = await serviceDeps(opening, party, party.guard(db))
  party.start([
    { name: 'unused initializations', everyMs: 1000, run: () => sweepAll((limit) => endUnused(deps, limit)) },
    { name: 'sweeping', everyMs: 60_000, run: () => sweep(deps) },
  ])
  return { app: createService(deps), management: createServiceManagement(deps), guard: createGuard(deps), stop: party.stop }
}

async function serviceDeps(
  { settings, adminToken, effects, forward }: ServiceOpening,
  party: Party,
  db: Database<ServiceTables>,
): Promise<ServiceDeps> {
  const { profile, service: origin, trust, scopes, lifetimes, limits, upstream, browser } = settings
  const { log, fetch } = effects
  const { now } = party
  const signAssertion = createAssertionSigner({
    ...effects,
    profile,
    kind: 'service-assertion',
    issuer: origin,
    signingKey: async () => party.keys.current(),
  })
  const discovery = createAuthorityDiscovery(
    { ...effects, profile, requireDnssec: settings.network.dnssec === 'required' },
    profile === 'hardened' ? HardenedAuthorityForService : AuthorityForService,
  )
  const trusting: TrustDeps = { trust, discoverEnterprise: discovery.enterprise, readPinned: discovery.pinned }
  const calling = { fetch, now, profile, signAssertion, log }
  const sessions = await createSessions({
    ...{ now, db, audit: party.audit, readPinned: discovery.pinned, checkSeconds: lifetimes.check_seconds },
    checkAuthorization: checkAuthorization.bind(undefined, calling),
  })
  return {
    ...effects,
    ...party,
    ...trusting,
    db,
    profile,
    importKey,
    origin,
    lifetimes,
    name: settings.name,
    securityEvents: settings.security_events,
    adminTokenDigest: await sha256(adminToken),
    jwks: party.keys.jwks,
    keySets: createKeySets({ ...effects, profile, importKey }),
    scopes: scopes.map(({ name, description }) => ({ name, ...(description !== undefined && { description }) })),
    heldScope: createHeldScope(
      scopes.map(({ name }) => name),
      settings.users,
    ),
    requirePermitted: (email, authority) => requirePermitted(trusting, email, authority),
    validatePass: validatePass.bind(undefined, calling),
    closeAuthorization: closeAuthorization.bind(undefined, calling),
    closePinned: closePinned.bind(undefined, { ...calling, readPinned: discovery.pinned }),
    destinations: { start: origin + browser.start, allowed: [origin, ...browser.destinations] },
    signOutActs: browser.sign_out,
    findSession: sessions.find,
    whyEnded: sessions.whyEnded,
    endSessions: sessions.end,
    doubtSessions: sessions.doubt,
    gatewayScopes: scopes.map(({ name, allows: acts }) => ({ name, acts })),
    identityHeaders: createIdentityHeaders({
      origin,
      audience: upstream.audience ?? new URL(upstream.url).origin,
      now,
      signingKey: party.keys.current,
    }),
    forward,
    clientOf: createClientOf(settings.client_address_header),
    turns: {
      resolution: createRate(limits.resolutions_per_minute, 60),
      scopes: createRate(limits.scope_requests_per_minute, 60),
      redemption: createRate(limits.redemptions_per_minute, 60),
      initialization: createRate(limits.redemptions_per_minute, 60),
      revocation: createRate(limits.redemptions_per_minute, 60), // each token that was had can be given back
      securityEvents: createRate(limits.security_events_per_minute, 60),
      refusedEvents: createRate(limits.redemptions_per_minute, 60), // to be believed takes an Authority; to be refused, anybody
    },
  }
}

async function sweep(d: ServiceDeps): Promise<void> {
  const at = d.now()
  await sweepAll((limit) => d.db.write((tx) => deleteProofsExpiredBefore(tx, at, limit)))
  await sweepAll((limit) => d.db.write((tx) => deleteCredentialsExpiredBefore(tx, at - KEEP_ENDED_SECONDS, limit)))
  await sweepAll((limit) => d.db.write((tx) => deleteInitializationsExpiredBefore(tx, at - KEEP_ENDED_SECONDS, limit)))
  await sweepAll((limit) => d.db.write((tx) => deleteEventsSeenBefore(tx, at - KEEP_ENDED_SECONDS, limit)))
}
