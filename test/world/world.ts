import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRemoteJWKSet, customFetch } from 'jose'
import { z } from 'zod'
import { openAuthority } from '../../authority/node/open.ts'
import { AuthoritySettings } from '../../authority/settings.ts'
import { migrations as authorityMigrations } from '../../authority/store/migrations/all.ts'
import type { AcquireDeps } from '../../harness/acquire.ts'
import { openService } from '../../service/node/open.ts'
import { createForward } from '../../service/node/upstream.ts'
import { ServiceSettings } from '../../service/settings.ts'
import { migrations as serviceMigrations } from '../../service/store/migrations/all.ts'
import type { LogLevel } from '../../spec/node/log.ts'
import { openDoor } from '../../spec/node/serve.ts'
import { readSettings, systemNow, systemWait } from '../../spec/node/settings.ts'
import { createCertificateAuthority } from './ca.ts'
import { DESK_SCOPES } from './desk/caller.ts'
import { createDesk } from './desk.ts'
import { type Names, startNames } from './names.ts'
import { type Ground, prepare, reach, worldNetwork } from './premises.ts'
import type { Hop } from './tap.ts'

const DOMAIN = 'acme.localhost'
const AUTHORITY_HOST = 'authority.acme.localhost'
const DESK_HOST = 'desk.localhost'

export type WorldOptions = {
  /** The Authority's and the gateway's port; a free one unless given. */
  ports?: { authority?: number; service?: number }
  /** Settings of the Authority or the Service on top of the world's own, as in their YAML files. */
  authority?: object
  service?: object
  logLevel?: LogLevel
  /** Told of everything that goes over the wire between the parties. */
  onHop?: (hop: Hop) => void
}

/** Where everything is. Settings files work with `agentpass-authority --config` and `agentpass-service --config`. */
export type World = {
  authority: { identifier: string; settingsFile: string; management: { url: string; token: string } }
  service: { origin: string; settingsFile: string; management: { url: string; token: string } }
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
  /** Decides as an approver does, through the Authority's management door: on the newest request of that status. */
  decide: (verb: 'approve' | 'deny' | 'cancel' | 'revoke' | 'narrow', more?: { scope?: string[]; reason?: string }) => Promise<void>
  stop: () => Promise<void>
}

/** Starts the local world: DNS, CA, the enterprise Authority of `acme.localhost`, and the gateway of `desk.localhost` in front of its ticket desk, on loopback with real TLS. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'agentpass-world-'))
  const stops: (() => Promise<void>)[] = [async () => rmSync(folder, { recursive: true, force: true })]
  const stop = async () => {
    for (const undo of stops.splice(0).reverse()) await undo()
  }
  try {
    const names = await startNames()
    stops.push(names.stop)
    const ca = await createCertificateAuthority()
    const caFile = join(folder, 'ca.pem')
    writeFileSync(caFile, ca.pem)
    const ground: Ground = { folder, ca, caFile, resolver: names.address, logLevel: options.logLevel ?? 'silent', onHop: options.onHop ?? (() => {}) }
    const authority = await startAuthority(ground, options, stops)
    const service = await startService(ground, options, stops)
    names.publish(`_agentpass.${DOMAIN}`, `${authority.identifier}/.well-known/agentpass-authority`)
    names.publish(`_agentpass-service.${DESK_HOST}`, `${service.origin}/.well-known/agentpass-service`)
    const { effects, network } = reach(ground, 'harness')
    stops.push(network.close)
    const harness: AcquireDeps = { ...effects, wait: systemWait, harnessId: 'world-harness', chooseAuthority: chooseFirst, onProgress: () => {} }
    const user = `ada@${DOMAIN}`
    const env = {
      AGENTPASS_USER: user,
      AGENTPASS_RESOLVER: names.address,
      AGENTPASS_CA: caFile,
      AGENTPASS_ALLOW_PRIVATE: worldNetwork(ground).allow_private.join(','),
    }
    return { authority, service, user, resolver: names.address, names, caFile, harness, env, decide: createDecide(authority.management), stop }
  } catch (failure) {
    await stop()
    throw failure
  }
}

const chooseFirst: AcquireDeps['chooseAuthority'] = async ([first]) => {
  if (!first) throw new Error('no authority was offered')
  return first
}

async function startAuthority(ground: Ground, { ports, authority: more }: WorldOptions, stops: (() => Promise<void>)[]): Promise<World['authority']> {
  const premises = await prepare(ground, 'authority', {
    host: AUTHORITY_HOST,
    port: ports?.authority ?? 0,
    migrations: authorityMigrations,
    settings: (port) => ({ authority: `https://${AUTHORITY_HOST}:${port}`, domains: [DOMAIN], ...more }),
  })
  stops.push(premises.close)
  const settings = readSettings(premises.settingsFile, AuthoritySettings)
  const open = await openAuthority({ ...premises, settings, adminToken: premises.management.token })
  stops.push(open.stop)
  premises.protocolDoor.mount(open.app)
  premises.managementDoor.mount(open.management)
  return { identifier: settings.authority, settingsFile: premises.settingsFile, management: premises.management }
}

async function startService(ground: Ground, { ports, service: more }: WorldOptions, stops: (() => Promise<void>)[]): Promise<World['service']> {
  const appDoor = await openDoor({ host: '127.0.0.1', port: 0 })
  stops.push(appDoor.close)
  const upstream = { url: `http://127.0.0.1:${appDoor.port}`, audience: 'ticket-desk' }
  const premises = await prepare(ground, 'service', {
    host: DESK_HOST,
    port: ports?.service ?? 0,
    migrations: serviceMigrations,
    settings: (port) => ({
      service: `https://${DESK_HOST}:${port}`,
      name: 'Ticket desk',
      upstream,
      scopes: deskScopes(),
      lifetimes: { check_seconds: 1 },
      ...more,
    }),
  })
  stops.push(premises.close)
  const settings = readSettings(premises.settingsFile, ServiceSettings)
  const { forward, close } = createForward(upstream.url, settings.service)
  stops.push(close)
  const open = await openService({ ...premises, settings, adminToken: premises.management.token, forward })
  stops.push(open.stop)
  premises.protocolDoor.mount(open.app)
  premises.managementDoor.mount(open.management)
  const keys = createRemoteJWKSet(new URL(`${settings.service}/.well-known/agentpass-service/jwks.json`), {
    [customFetch]: (url) => premises.effects.fetch(url),
  })
  appDoor.mount(createDesk({ now: systemNow, keys, issuer: settings.service, audience: upstream.audience }))
  return { origin: settings.service, settingsFile: premises.settingsFile, management: premises.management }
}

/** What each scope of the ticket desk opens of its API and pages. */
function deskScopes() {
  const allows: Record<(typeof DESK_SCOPES)[number]['name'], string[]> = {
    'tickets:read': ['GET /', 'GET /style.css', 'GET /icon.svg', 'GET /tickets/*', 'GET /api/me', 'GET /api/tickets', 'GET /api/tickets/*'],
    'tickets:write': ['POST /tickets/**', 'POST /api/tickets', 'POST /api/tickets/*/comments', 'POST /api/tickets/*/close'],
    'tickets:admin': ['DELETE /api/tickets/*'],
  }
  return DESK_SCOPES.map((scope) => ({ ...scope, allows: allows[scope.name] }))
}

const Listed = z.object({ requests: z.array(z.object({ ref: z.string() })) })
const Shown = z.object({ digest: z.string() })

function createDecide({ url, token }: World['authority']['management']): World['decide'] {
  const ask = async (path: string, body?: object) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const response = await fetch(url + path, { headers, ...(body && { method: 'POST', body: JSON.stringify(body) }) })
    if (!response.ok) throw new Error(`the management door answered ${response.status}: ${await response.text()}`)
    return response.json()
  }
  return async (verb, more = {}) => {
    const status = verb === 'revoke' || verb === 'narrow' ? 'approved' : 'pending'
    const [newest] = Listed.parse(await ask(`/requests?status=${status}`)).requests
    if (!newest) throw new Error(`there is no ${status} request`)
    const { digest } = Shown.parse(await ask(`/requests/${newest.ref}`))
    await ask(`/requests/${newest.ref}/${verb}`, { digest, ...more })
  }
}
