import { deskScopes, type ServiceParty, startGateway } from '../gateway.ts'
import type { Ground, MoveIn } from '../premises.ts'
import { startProcess } from './process.ts'
import { pinAt, type Suite } from './suite.ts'

const UNHURRIED = { resolutions_per_minute: 1_000_000, scope_requests_per_minute: 1_000_000, redemptions_per_minute: 1_000_000 }
const SCOPES = ['tickets:read', 'tickets:write', 'tickets:admin']
const LIFETIMES = { check_seconds: 1, initialization_seconds: 60 }
const DOMAINS = 60
/** Where no app is: what is judged of that Service is its memory. */
const NOWHERE = 'http://127.0.0.1:9'

/** Starts the Services that a suite judges, and says how: the `service` part of its adapter. */
export async function startServices(ground: Ground, suite: Suite, logFile: string) {
  const people = `people.${suite.zone}`
  const domains = Array.from({ length: DOMAINS }, (_, i) => `people-${i + 1}.${suite.zone}`)
  const lacking = `bob@${people}`
  const common = {
    profile: suite.profile,
    limits: UNHURRIED,
    lifetimes: LIFETIMES,
    users: [
      { user: lacking, scopes: ['tickets:read', 'tickets:write'] },
      ...[people, ...domains].map((domain) => ({ user: `@${domain}`, scopes: SCOPES })),
    ],
  }
  const federated = [pinAt(suite, 'federated'), pinAt(suite, 'federated-2')]
  const own = { service_authority: pinAt(suite, 'own') }
  const start = (name: string, settings: object, how: MoveIn = { lazily: true }) =>
    startGateway(ground, { host: `${name}.service.localhost`, settings: { ...common, ...settings }, ...how })
  const [main, own_accepted, own_preferred, own_required, both, closed, limited, short] = await Promise.all([
    start('main', { trust: { federated } }, { second: true }),
    start('accepted', { trust: { federated, ...own } }),
    start('preferred', { trust: { federated, ...own, own: 'prefer' } }),
    start('required', { trust: { ...own, own: 'require' } }),
    start('both', { trust: { federated, ...own, offer_both: true } }),
    start('closed', {}),
    start('limited', { trust: { federated }, limits: { ...UNHURRIED, resolutions_per_minute: 30 } }),
    start('short', { trust: { federated }, lifetimes: { ...LIFETIMES, initialization_seconds: 5 } }),
  ])
  const settings = { ...common, upstream: { url: NOWHERE }, scopes: deskScopes(), trust: { federated } }
  const durable = await startProcess(ground, { party: 'service', host: 'durable.service.localhost', settings })
  const variants = { own_accepted, own_preferred, own_required, both, closed, limited }
  return {
    ...instanceOf(main),
    users: { all: `ada@${people}`, lacking, domains },
    scopes: { all: SCOPES, lacked: 'tickets:admin' },
    protected: {
      'tickets:read': `${main.origin}/api/tickets`,
      'tickets:write': { method: 'POST', url: `${main.origin}/api/tickets/1002/comments`, json: { body: 'From the conformance suite' } },
      'tickets:admin': { method: 'DELETE', url: `${main.origin}/api/tickets/0` },
    },
    whoami: `${main.origin}/`,
    destination: `${main.origin}/tickets/1002`,
    end_session: { url: `${main.origin}/agentpass/session/end` },
    ...LIFETIMES,
    logs: [logFile],
    variants: {
      ...Object.fromEntries(Object.entries(variants).map(([name, party]) => [name, instanceOf(party)])),
      short: { ...instanceOf(short), initialization_seconds: 5 },
      durable: { configuration_url: `${durable.identifier}/.well-known/agentpass-service`, restart: durable.restart },
    },
  }
}

const instanceOf = ({ origin, second }: ServiceParty) => ({
  configuration_url: `${origin}/.well-known/agentpass-service`,
  ...(second !== undefined && { second }),
})
