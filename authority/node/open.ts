import { setTimeout as sleep } from 'node:timers/promises'
import type { Hono } from 'hono'
import { createAssertionSigner } from '../../spec/assertion.ts'
import { sha256 } from '../../spec/base64url.ts'
import { createServiceDiscovery } from '../../spec/discovery.ts'
import { createKeySets } from '../../spec/keys.ts'
import { createClientOf } from '../../spec/node/client.ts'
import type { Database } from '../../spec/node/database.ts'
import { createRate } from '../../spec/node/doors.ts'
import type { Exporting } from '../../spec/node/export/exports.ts'
import { addGauge } from '../../spec/node/metrics.ts'
import { type Effects, openMigrated, openParty, type Party } from '../../spec/node/party.ts'
import type { MasterKey } from '../../spec/node/secrets.ts'
import { importKey } from '../../spec/node/verify.ts'
import { ServiceForAuthority } from '../../spec/wire/configuration.ts'
import { type AuthorityDeps, createAuthority, createAuthorityManagement } from '../app.ts'
import { createAuthorizationIds } from '../approve/mint.ts'
import { createLastChecks } from '../check/last-checks.ts'
import { CONSOLE } from '../console/door.ts'
import { approvalNumber } from '../console/number.ts'
import { createAuthenticate } from '../discover/authenticate.ts'
import { createOutbox, type Outbox } from '../events/outbox.ts'
import { createVouching } from '../issue/issuers.ts'
import { askScopes } from '../issue/scopes.ts'
import { issuanceStatus, type StatusDeps } from '../issue/status.ts'
import { createMinimumTier } from '../issue/tier.ts'
import { createWatches } from '../issue/watch.ts'
import type { PolicyInForce } from '../policy/current.ts'
import type { RememberSettings } from '../policy/remember.ts'
import type { AuthoritySettings } from '../settings.ts'
import { findDecided } from '../store/decided.ts'
import { migrations } from '../store/migrations/all.ts'
import { beginReading } from '../store/notification-cursor.ts'
import { countEvents } from '../store/outbox.ts'
import { referenceOf } from '../store/reference.ts'
import type { AuthorityTables } from '../store/schema.ts'
import { chores } from './chores.ts'
import { consoleDeps, matchingOf } from './console.ts'
import { createNotifications } from './notifications.ts'
import { openPolicy } from './policy-file.ts'

export type AuthorityOpening = {
  settings: AuthoritySettings
  database: string
  masterKeys: [MasterKey, ...MasterKey[]]
  adminToken: string
  /** Where the settings are, when they name a policy file beside them. */
  settingsFile?: string
  /** The secrets that only an Authority's settings name, by member. */
  ownSecrets?: Record<string, string>
  exporting?: Exporting
  effects: Effects
}
export type OpenAuthority = { app: Hono; management: Hono; stop: () => Promise<void> }

const GRACE_MS = 10_000

/** Opens an Authority on its database and hands its two doors over; who mounts them is the caller's business. Throws Error with a sentence for people. */
export async function openAuthority(opening: AuthorityOpening): Promise<OpenAuthority> {
  const { settings, effects, ownSecrets = {} } = opening
  const db = await openMigrated<AuthorityTables>(opening.database, migrations, effects.now)
  const party = await openParty(db, opening)
  const policy = await policyOf(opening, party)
  const deps = await authorityDeps(opening, party, policy, party.guard(db))
  const notifications = createNotifications({ settings, secrets: ownSecrets, effects, party, db: party.guard(db) })
  if (notifications) await db.write(beginReading)
  party.start([...chores(settings, deps), { name: 'policy', everyMs: 1000, run: policy.look }, ...(notifications?.chores ?? [])])
  deps.console?.provider.warm().catch((failure) => effects.log.warn('identity_provider_unreachable', { failure }))
  addGauge(party.metrics, {
    name: 'agentpass_outbox_events',
    help: 'events that services are still to be told of',
    take: () => countEvents(db.read),
  })
  const stop = async () => {
    deps.watches.close()
    deps.console?.streams.close()
    await Promise.race([Promise.all([deps.outbox.stop(), notifications?.stop()]), sleep(GRACE_MS, undefined, { ref: false })])
    notifications?.close()
    await party.stop()
  }
  return { app: createAuthority(deps), management: createAuthorityManagement(deps), stop }
}

async function policyOf({ settings, settingsFile = '.', effects }: AuthorityOpening, { now, audit, stop }: Party): Promise<PolicyInForce> {
  try {
    return await openPolicy(settings, settingsFile, { slot: effects.random(9), now, audit, log: effects.log })
  } catch (failure) {
    await stop()
    throw failure
  }
}

async function authorityDeps(
  { settings, adminToken, effects, ownSecrets }: AuthorityOpening,
  party: Party,
  policy: PolicyInForce,
  db: Database<AuthorityTables>,
): Promise<AuthorityDeps & { outbox: Outbox }> {
  const { profile, authority, lifetimes, limits } = settings
  const keySets = createKeySets({ ...effects, profile, importKey })
  const discoverService = createServiceDiscovery({ ...effects, profile, requireDnssec: settings.network.dnssec === 'required' }, ServiceForAuthority)
  const signAssertion = createAssertionSigner({
    ...effects,
    profile,
    kind: 'authority-assertion',
    issuer: authority,
    signingKey: async () => party.keys.current(),
  })
  const outbox = createOutbox({ ...effects, ...party, db, authority, discoverService, signingKey: party.keys.current })
  const status = statusDeps(settings, party, db)
  const decisions = {
    ...{ now: party.now, random: effects.random, db, audit: party.audit, onDecided: status.onDecided, lifetimes },
    deliverSoon: () => void outbox.look().catch((failure) => effects.log.warn('push_failed', { failure })),
    authorizationId: createAuthorizationIds(effects),
    clientOf: createClientOf(settings.client_address_header),
  }
  return {
    ...effects,
    ...party,
    ...status,
    ...decisions,
    console: consoleDeps({ settings, clientSecret: ownSecrets?.client_secret, effects, party, db, decisions, policy }),
    lastChecks: createLastChecks(db),
    profile,
    importKey,
    authority,
    caps: limits,
    trustMode: settings.trust_mode,
    allowServiceAuthorities: settings.allow_service_authorities,
    domains: settings.domains,
    minimumTier: createMinimumTier(settings.minimum_tier, settings.minimum_tier_at),
    vouching: createVouching({ ...effects, keySets, importKey }, authority, settings.attestation),
    adminTokenDigest: await sha256(adminToken),
    jwks: party.keys.jwks,
    discoverService,
    authenticate: createAuthenticate({ ...effects, authority, jwks: party.keys.jwks, profile, discoverService, keySets }),
    askScopes: (service, about) => askScopes({ fetch: effects.fetch, signAssertion }, service, about),
    policy: policy.current,
    policyState: policy.state,
    remembering: rememberingOf(settings),
    outbox,
    turns: { issuance: createRate(limits.issuances_per_minute, 60), poll: createRate(limits.polls_per_second, 1) },
  }
}

function rememberingOf(settings: AuthoritySettings): RememberSettings | undefined {
  const { policy, console: pages } = settings
  if (policy.remember_days === 0 || !pages) return undefined
  return { days: policy.remember_days, roles: pages.roles, risks: pages.step_up.rules, matching: matchingOf(settings) }
}

/** How a request stands, and who watches it. */
function statusDeps(settings: AuthoritySettings, { now, secrets }: Party, db: Database<AuthorityTables>) {
  const { authority, limits } = settings
  const { origin } = new URL(authority)
  const matching = matchingOf(settings)
  const asked: StatusDeps = {
    db,
    now,
    statusUrl: (id) => `${origin}/issuance/${encodeURIComponent(id)}`,
    passValues: { currentKeyId: secrets.current, derive: (id, keyId) => secrets.derive('pass values', id, keyId) },
    approvalOf:
      settings.console &&
      ((request) => ({
        url: `${origin}${CONSOLE}/requests/${referenceOf(request.digest)}`,
        ...(matching !== 'off' && { number: approvalNumber(secrets, request) }),
      })),
  }
  const watches = createWatches({
    limits,
    status: (id) => issuanceStatus(asked, id),
    findDecided: (digests) => findDecided(db.read, db.dialect, { digests, at: now() }),
  })
  return { ...asked, watches, onDecided: watches.onDecided }
}
