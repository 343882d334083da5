import { once } from 'node:events'
import SQLite from 'better-sqlite3'
import { Hono } from 'hono'
import { compactVerify, importJWK, type JWK } from 'jose'
import { z } from 'zod'
import { type OpenAuthority, openAuthority } from '../../authority/node/open.ts'
import { AuthoritySettings } from '../../authority/settings.ts'
import { openBroker } from '../../harness/node/broker/open.ts'
import { openNetwork } from '../../harness/node/network.ts'
import { type OpenService, openService } from '../../service/node/open.ts'
import { ServiceSettings } from '../../service/settings.ts'
import { sha256 } from '../../spec/base64url.ts'
import { createLog } from '../../spec/node/log.ts'
import { readMasterKey } from '../../spec/node/secrets.ts'
import { openDoor } from '../../spec/node/serve.ts'
import { networkSettings, systemNow, systemRandom, systemWait } from '../../spec/node/settings.ts'
import { ADMIN_TOKEN, AUTHORITY, BROKER_AGENT, fakeAuthority, fakeProvider, fakeService, PROVIDER, reach, SCOPES, SERVICE } from './peers.ts'

// A server of the bench, alone in its process: `server.js KIND`. The first message tells it what it needs; it says where it listens, tells its CPU time when it is asked, and
// stops when it is told to.

type Served = { app: { fetch: (request: Request, env: object) => Response | Promise<Response> }; stop: () => Promise<void> }

const Jwk = z.looseObject({ kty: z.string() })
const Told = z.object({
  database: z.string(),
  masterKey: z.string().default(''),
  jwk: Jwk.optional(),
  /** Where a real Authority listens, or a real Service; without it one in this process does. */
  authority: z.string().optional(),
  service: z.string().optional(),
  port: z.int().default(0),
  /** What a desk's door speaks TLS with, and the CA that a broker trusts. */
  tls: z.object({ key: z.string(), cert: z.string() }).optional(),
  caFile: z.string().optional(),
  /** By which an Authority decides; without it, it approves everything. */
  policyFile: z.string().optional(),
  /** Whether a Service takes security events. */
  pushed: z.boolean().default(true),
})
type Told = z.infer<typeof Told>

const LARGE = 1_000_000_000
const common = { listen: { port: 0 }, management: { listen: { port: 0 }, admin_token: { env: 'X' } }, database: 'told', master_keys: [{ env: 'X' }] }

/** One raw commit into a file of its own; with `FULL` it is on disk before it is answered. */
function createCommit(file: string, synchronous: 'OFF' | 'FULL') {
  const connection = new SQLite(file)
  connection.pragma('journal_mode = WAL')
  connection.pragma(`synchronous = ${synchronous}`)
  connection.exec('create table if not exists row (id integer primary key, value text)')
  const insert = connection.prepare('insert into row (value) values (?)')
  return { commit: (value: string) => void insert.run(value), close: () => void connection.close() }
}

/** What everything is measured against: a bare route with one ES256 verification under a cached key and one raw commit, not durable but for `/durable`. */
async function floor({ database, jwk }: Told): Promise<Served> {
  const quick = createCommit(database, 'OFF')
  const durable = createCommit(`${database}-durable`, 'FULL')
  const key = await importJWK(jwk ?? {}, 'ES256')
  const verify = (assertion: string | undefined) => compactVerify((assertion ?? '').slice('Bearer '.length), key, { algorithms: ['ES256'] })
  const Holder = z.object({ jwk: Jwk, proof: z.string() })
  const app = new Hono()
    .get('/bare', (c) => c.json({ ok: true }))
    .post('/floor', async (c) => {
      await verify(c.req.header('authorization'))
      quick.commit(JSON.stringify(await c.req.json()))
      return c.json({ ok: true })
    })
    .post('/durable', async (c) => {
      await verify(c.req.header('authorization'))
      durable.commit(JSON.stringify(await c.req.json()))
      return c.json({ ok: true })
    })
    .post('/holder', async (c) => {
      await verify(c.req.header('authorization'))
      const { jwk: holder, proof } = Holder.parse(await c.req.json())
      await compactVerify(proof, await importJWK(holder satisfies JWK, 'ES256'), { algorithms: ['ES256'] })
      quick.commit(proof)
      quick.commit(proof)
      return c.json({ ok: true })
    })
  return {
    app,
    async stop() {
      quick.close()
      durable.close()
    },
  }
}

function authority({ database, masterKey, jwk, service: at, policyFile }: Told, more: object = {}): Promise<OpenAuthority> {
  const settings = AuthoritySettings.parse({
    ...common,
    ...more,
    authority: AUTHORITY,
    domains: ['acme.example'],
    policy: policyFile === undefined ? { default: 'approve' } : { file: policyFile },
    lifetimes: { decision_seconds: 86_400, pass_seconds: 3600, authorization_seconds: 86_400 },
    limits: { issuances_per_minute: LARGE, polls_per_second: LARGE },
  })
  const effects = {
    ...reach({ [SERVICE]: at ?? fakeService(jwk ?? {}), [PROVIDER]: fakeProvider() }),
    now: systemNow,
    random: systemRandom,
    log: createLog('authority', 'error'),
  }
  return openAuthority({ settings, database, masterKeys: [readMasterKey(masterKey)], adminToken: ADMIN_TOKEN, effects })
}

/** An Authority with a console, whose people are signed in already. */
const withConsole = (told: Told): Promise<Served> =>
  authority(told, {
    console: {
      sign_in: { issuer: PROVIDER, client_id: 'bench' },
      roles: [
        { role: 'approver', groups: ['desk-leads'], for: { groups: ['support'] } },
        { role: 'auditor', groups: ['security'] },
      ],
    },
  })

/** An Authority with both its doors in one: no address is in both. */
async function managed(told: Told): Promise<Served> {
  const { app, management, stop } = await authority(told)
  const isManagement = (request: Request) => new URL(request.url).pathname.startsWith('/requests/')
  return { app: { fetch: (request, env) => (isManagement(request) ? management : app).fetch(request, env) }, stop }
}

/** An app that takes the Service's tokens itself: the bare route of the floor behind the guard. */
async function guarded(told: Told): Promise<Served> {
  const { guard, stop } = await service(told)
  return { app: new Hono().get('/bare', guard, (c) => c.json({ ok: true })), stop }
}

function service({ database, masterKey, authority: at, pushed }: Told): Promise<OpenService> {
  const settings = ServiceSettings.parse({
    ...common,
    service: SERVICE,
    upstream: { url: 'http://127.0.0.1:1' },
    scopes: SCOPES.map((name) => ({ name, allows: ['GET /**'] })),
    security_events: pushed,
    lifetimes: { check_seconds: at === undefined ? 30 : 5 },
    limits: {
      resolutions_per_minute: LARGE,
      redemptions_per_minute: LARGE,
      scope_requests_per_minute: LARGE,
      security_events_per_minute: LARGE,
    },
  })
  const effects = { ...reach({ [AUTHORITY]: at ?? fakeAuthority() }), now: systemNow, random: systemRandom, log: createLog('service', 'error') }
  const forward = async () => new Response('{"ok":true}', { headers: { 'content-type': 'application/json' } })
  return openService({ settings, database, masterKeys: [readMasterKey(masterKey)], adminToken: ADMIN_TOKEN, effects, forward })
}

/** A Service's API as a broker meets it: a bare route, and an answer of as many bytes as are asked for. */
async function desk(): Promise<Served> {
  const part = new Uint8Array(64 * 1024)
  const app = new Hono()
    .get('/bare', (c) => c.json({ ok: true }))
    .get('/long/:bytes', (c) => {
      let left = Number(c.req.param('bytes'))
      const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
        controller.enqueue(part.subarray(0, Math.min(left, part.length)))
        left -= part.length
        if (left <= 0) controller.close()
      }
      return new Response(new ReadableStream({ pull }))
    })
    .get('/memory', (c) => c.json({ rss: process.memoryUsage.rss() }))
  return { app, stop: async () => {} }
}

/** A broker with one agent, that holds access at a desk already. Its memory is told where it tells how it is. */
async function broker({ database, masterKey, caFile }: Told): Promise<Served> {
  const network = openNetwork(networkSettings.parse({ allow_private: ['127.0.0.0/8'], ca_file: caFile }))
  const { fetch, resolveTxt } = network
  const opened = await openBroker({
    harness: { harnessId: 'bench', authorities: {}, profile: 'core-0.1', requireDnssec: false, user: undefined },
    agents: [{ name: BROKER_AGENT, credentialDigest: await sha256(ADMIN_TOKEN) }],
    ...{ origin: 'http://127.0.0.1', isOwnHost: () => true, limits: { live_tasks: LARGE, starts_per_minute: LARGE, mcp_sessions: LARGE } },
    ...{ network, database, masterKeys: [readMasterKey(masterKey)], adminToken: ADMIN_TOKEN },
    effects: { now: systemNow, random: systemRandom, wait: systemWait, fetch, resolveTxt, log: createLog('broker', 'error') },
  })
  const app = new Hono().get('/memory', (c) => c.json({ rss: process.memoryUsage.rss() })).route('/', opened.app)
  const stop = async () => {
    await opened.stop()
    await network.close()
  }
  return { app, stop }
}

const KINDS: Record<string, (told: Told) => Promise<Served>> = { floor, authority, managed, console: withConsole, service, guarded, desk, broker }

process.on('disconnect', () => process.exit()) // whoever measured is gone
const [, , kind = ''] = process.argv
const [told] = await once(process, 'message')
const { port, ...needs } = Told.parse(told)
const served = await KINDS[kind]?.({ ...needs, port })
if (!served) throw new Error(`there is no server of kind ${kind}`)
const door = await openDoor({ host: '127.0.0.1', port, tls: needs.tls })
door.mount(served.app)
process.on('message', async (message) => {
  if (message === 'cpu') {
    const { user, system } = process.cpuUsage()
    return process.send?.({ cpuMicros: user + system })
  }
  await door.close()
  await served.stop()
  process.exit()
})
process.send?.({ origin: `http${needs.tls ? 's' : ''}://127.0.0.1:${door.port}` })
