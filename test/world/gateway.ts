import { createRemoteJWKSet, customFetch } from 'jose'
import { openService } from '../../service/node/open.ts'
import { createForward } from '../../service/node/upstream.ts'
import { ServiceSettings } from '../../service/settings.ts'
import { migrations } from '../../service/store/migrations/all.ts'
import { openDoor } from '../../spec/node/serve.ts'
import { readSettings, systemNow } from '../../spec/node/settings.ts'
import { DESK_SCOPES } from './desk/caller.ts'
import { createDesk } from './desk.ts'
import { type Ground, type Management, type MoveIn, moveIn, prepare, reach } from './premises.ts'

/** A Service of the world: a gateway. Its settings file works with `agentpass-service --config`. */
export type ServiceParty = { origin: string; settingsFile: string; management: Management; second?: string }

const AUDIENCE = 'ticket-desk'

type Wanted = MoveIn & { host: string; port?: number | undefined; settings: object }

/** Starts a gateway on a host of its own, in front of a ticket desk of its own, and publishes its record; with `second`, another instance of it at the address of that name. `settings` are those of its YAML file, on top of the world's. */
export async function startGateway(ground: Ground, want: Wanted): Promise<ServiceParty> {
  const appDoor = await openDoor({ host: '127.0.0.1', port: 0 })
  ground.stops.push(appDoor.close)
  const upstream = { url: `http://127.0.0.1:${appDoor.port}`, audience: AUDIENCE }
  const premises = await prepare(ground, 'service', {
    host: want.host,
    port: want.port ?? 0,
    migrations,
    settings: (port) => ({
      service: `https://${want.host}:${port}`,
      name: 'Ticket desk',
      upstream,
      scopes: deskScopes(),
      lifetimes: { check_seconds: 1 },
      ...want.settings,
    }),
  })
  ground.stops.push(premises.close)
  const settings = readSettings(premises.settingsFile, ServiceSettings)
  const { forward, close } = createForward(settings.upstream.url, settings.service)
  ground.stops.push(close)
  const openOne = () => openService({ ...premises, settings, adminToken: premises.management.token, forward })
  const second = await moveIn(ground, premises, openOne, want)
  const document = `${settings.service}/.well-known/agentpass-service`
  const { network: own } = reach({ ...ground, peers: undefined }, 'service', want.host) // the app is the world's, whoever the Service's peers are
  ground.stops.push(own.close)
  const keys = createRemoteJWKSet(new URL(`${document}/jwks.json`), { [customFetch]: (url) => own.fetch(url) })
  appDoor.mount(createDesk({ now: systemNow, keys, issuer: settings.service, audience: AUDIENCE }))
  ground.names.publish(`_agentpass-service.${want.host}`, document)
  return { origin: settings.service, settingsFile: premises.settingsFile, management: premises.management, ...second }
}

/** What each scope of the ticket desk opens of its API and pages. */
export function deskScopes() {
  const allows: Record<(typeof DESK_SCOPES)[number]['name'], string[]> = {
    'tickets:read': ['GET /', 'GET /style.css', 'GET /icon.svg', 'GET /tickets/*', 'GET /api/me', 'GET /api/tickets', 'GET /api/tickets/*'],
    'tickets:write': ['POST /tickets/**', 'POST /api/tickets', 'POST /api/tickets/*/comments', 'POST /api/tickets/*/close'],
    'tickets:admin': ['DELETE /api/tickets/*'],
  }
  return DESK_SCOPES.map((scope) => ({ ...scope, allows: allows[scope.name] }))
}
