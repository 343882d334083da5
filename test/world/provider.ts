import { createLog } from '../../spec/node/log.ts'
import { openDoor } from '../../spec/node/serve.ts'
import { systemRandom } from '../../spec/node/settings.ts'
import type { Ground } from './premises.ts'
import { createApp } from './provider/app.ts'
import { type Client, originsOf } from './provider/client.ts'
import { configure } from './provider/configuration.ts'
import { createKey } from './provider/key.ts'
import { Provider as Library } from './provider/library.ts'
import { createMemory } from './provider/memory.ts'
import { EMPLOYEES } from './provider/people.ts'
import { createRunner, type Runner } from './provider/runner.ts'

/** The enterprise's identity provider: OpenID Connect, with the code flow and PKCE; and tokens for a CI job. */
export type Provider = {
  issuer: string
  /** Who can sign in there, without a password. */
  people: typeof EMPLOYEES
  /** A CI job of the enterprise, which gets tokens of its own there. */
  runner: Runner
  /** Lets an application sign people in from now on. */
  addClient: (client: Client) => void
  /** Signs with a new key from now on, and publishes no other. Sessions go on. */
  rotateKeys: () => Promise<void>
}

/** Starts the identity provider on a host of its own. */
export async function startProvider(ground: Ground, want: { host: string; port?: number | undefined; clients?: Client[] }): Promise<Provider> {
  const door = await openDoor({ host: '127.0.0.1', port: want.port ?? 0, tls: await ground.ca.issue([want.host]) })
  ground.stops.push(door.close)
  const issuer = `https://${want.host}:${door.port}`
  const log = createLog('provider', ground.logLevel, ground.onLog)
  const clients = [...(want.clients ?? [])]
  const state = { cookieKey: systemRandom(32), memory: createMemory(Date.now) }
  const headers = () => pageHeaders(clients)
  let key = await createKey()
  const start = () => {
    const library = new Library(issuer, configure({ clients, keys: [{ ...key.jwk }], ...state }))
    library.on('server_error', (_, failure) => log.error('provider_failed', { failure }))
    library.silent = true // beyond that it prints only of readers that left
    library.use((ctx, next) => {
      ctx.set(headers())
      return next()
    })
    return library
  }
  let library = start()
  const { app, runner } = createRunner(issuer, () => key)
  door.mount(app.route('/', createApp({ provider: () => library, headers })))
  return {
    issuer,
    people: EMPLOYEES,
    runner,
    addClient: (client) => {
      clients.push(client)
      library = start()
    },
    rotateKeys: async () => {
      key = await createKey()
      library = start()
    },
  }
}

/** No script but what the library adds by its digest. A form's answer leads back to an application, which browsers count as the form's own target. */
function pageHeaders(clients: Client[]): Record<string, string> {
  const policy = `default-src 'none'; script-src; style-src 'self'; img-src 'self'; form-action ${["'self'", ...originsOf(clients)].join(' ')}; base-uri 'none'; frame-ancestors 'none'`
  return {
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
    'cache-control': 'no-store',
  }
}
