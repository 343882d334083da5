import { Hono } from 'hono'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import { openAuthority } from '../authority/node/open.ts'
import { AuthoritySettings } from '../authority/settings.ts'
import { migrations as authorityMigrations } from '../authority/store/migrations/all.ts'
import { type AcquireDeps, acquire } from '../harness/acquire.ts'
import { openService } from '../service/node/open.ts'
import { ServiceSettings } from '../service/settings.ts'
import { migrations as serviceMigrations } from '../service/store/migrations/all.ts'
import { createSigningKey } from '../spec/node/keys.ts'
import { createLog } from '../spec/node/log.ts'
import type { Migration } from '../spec/node/migrate.ts'
import { type Effects, openMigrated, type PartyTables } from '../spec/node/party.ts'
import { createSecrets, generateMasterKey, readMasterKey } from '../spec/node/secrets.ts'
import { freshDatabase } from './databases.ts'
import { type Internet, internet } from './internet.ts'

export const AUTHORITY = 'https://authority.acme.example'
export const SERVICE = 'https://desk.example'
export const USER = 'ada@acme.example'
const ADMIN_TOKEN = 'admin-token-of-the-tests'
const JSON_BODY = { 'content-type': 'application/json' }

const common = {
  listen: { port: 0 },
  management: { listen: { port: 0 }, admin_token: { env: 'UNUSED' } },
  database: 'unused',
  master_keys: [{ env: 'UNUSED' }],
}
const DESK_SCOPES = [
  { name: 'tickets:read', description: 'Read tickets', allows: ['GET /api/**'] },
  { name: 'tickets:write', description: 'Write tickets', allows: ['POST /api/**'] },
]

/** Settings of the tests' Authority, with what a test changes. */
export const authoritySettings = (changed: object = {}) =>
  AuthoritySettings.parse({ ...common, authority: AUTHORITY, domains: ['acme.example'], ...changed })
export const serviceSettings = (changed: object = {}) =>
  ServiceSettings.parse({
    ...common,
    service: SERVICE,
    name: 'Ticket desk',
    upstream: { url: 'http://127.0.0.1:1' },
    scopes: DESK_SCOPES,
    ...changed,
  })

/** A database with a signing key, as `init` makes it; a fresh one unless a test has its own. */
export async function initialised(migrations: Record<string, Migration>, effects: Pick<Effects, 'now' | 'random'>, own?: string) {
  const database = own ?? (await freshDatabase())
  const masterKey = readMasterKey(generateMasterKey())
  const db = await openMigrated<PartyTables>(database, migrations, effects.now)
  await createSigningKey(db, { ...effects, secrets: createSecrets([masterKey]) })
  await db.close()
  const masterKeys: [typeof masterKey] = [masterKey]
  return { database, masterKeys, adminToken: ADMIN_TOKEN }
}

/** The app behind the gateway: tells what reached it. */
export const echoApp = new Hono().all('*', async (c) =>
  c.json({ method: c.req.method, path: c.req.path, headers: c.req.header(), body: await c.req.text() }, 200, { 'set-cookie': 'session=of-a-person' }),
)

/** The three real parties in one process on a fake internet, with the steps a test most often wants. */
export async function world(changed: { authority?: object; service?: object } = {}) {
  const net = internet()
  const effects = { ...net, log: createLog('test', 'silent') }
  const authority = await startAuthority(net, effects, changed.authority)
  const service = await startService(net, effects, changed.service)
  const harness: AcquireDeps = {
    ...net,
    harnessId: 'test-harness',
    chooseAuthority: async ([first]) => first ?? { authority: '', authority_configuration_url: '' },
    onProgress: () => {},
  }
  const manage = (path: string, body?: object) =>
    authority.management.request(path, {
      headers: { ...JSON_BODY, authorization: `Bearer ${ADMIN_TOKEN}` },
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    })
  const decisions = createDecisions(manage)
  return {
    ...net,
    authority,
    service,
    harness,
    manage,
    ...decisions,
    call: (path: string, token: string, init: RequestInit = {}) =>
      service.app.request(`${SERVICE}${path}`, {
        ...init,
        headers: { ...Object.fromEntries(new Headers(init.headers)), authorization: `Bearer ${token}` },
      }),
    /** Plays the whole trip; the one pending request is approved as it is shown, or with a part of its scope. */
    acquired: (want: { scope?: string[]; approve?: string[]; user?: string } = {}) => {
      const onProgress: AcquireDeps['onProgress'] = () => {}
      let decided: Promise<unknown> | undefined
      const wait: AcquireDeps['wait'] = async (ms, signal) => {
        await net.wait(ms, signal)
        decided ??= decisions.approvePending(want.approve)
        await decided
      }
      return acquire(
        { ...harness, onProgress, wait },
        { service: SERVICE, user: want.user ?? USER, task: 'Answer ticket 17', ...(want.scope && { scope: want.scope }) },
      )
    },
  }
}

export async function startAuthority(net: Internet, effects: Effects, changed: object = {}, ownSecrets: Record<string, string> = {}) {
  const settings = authoritySettings(changed)
  const opening = { settings, effects, ownSecrets, ...(await initialised(authorityMigrations, effects)) }
  const authority = await openAuthority(opening)
  onTestFinished(authority.stop)
  net.host(new URL(settings.authority).origin, authority.app)
  for (const domain of settings.domains ?? [])
    net.publish(`_agentpass.${domain}`, `${new URL(settings.authority).origin}/.well-known/agentpass-authority`)
  return { ...authority, opening }
}

export async function startService(net: Internet, effects: Effects, changed: object = {}) {
  const settings = serviceSettings(changed)
  const forward = (path: string, init: RequestInit) =>
    Promise.resolve(echoApp.request(`http://app${path}`, { ...init, ...(init.body ? { duplex: 'half' as const } : {}) }))
  const opening = { settings, effects, forward, ...(await initialised(serviceMigrations, effects)) }
  const service = await openService(opening)
  onTestFinished(service.stop)
  net.host(settings.service, service.app)
  net.publish(`_agentpass-service.${new URL(settings.service).hostname}`, `${settings.service}/.well-known/agentpass-service`)
  return { ...service, opening }
}

const Listed = z.object({ requests: z.array(z.object({ ref: z.string(), status: z.string() })) })
const ShownRequest = z.looseObject({
  ref: z.string(),
  status: z.string(),
  digest: z.string(),
  authorization: z.looseObject({ id: z.string(), state: z.string() }).optional(),
})

function createDecisions(manage: (path: string, body?: object) => Response | Promise<Response>) {
  const newest = async () => {
    const { requests } = Listed.parse(await (await manage('/requests')).json())
    return ShownRequest.parse(await (await manage(`/requests/${requests[0]?.ref}`)).json())
  }
  const act = async (verb: string, extra: object = {}) => {
    const { ref, digest } = await newest()
    return manage(`/requests/${ref}/${verb}`, { digest, ...extra })
  }
  return {
    newest,
    act,
    approvePending: (scope?: string[]) => act('approve', scope && { scope }),
    revoke: () => act('revoke', { reason: 'enough' }),
  }
}

/** The code of an error answer. */
export const codeOf = async (response: Response) =>
  z.object({ error: z.object({ code: z.string(), message: z.string() }) }).parse(await response.json()).error.code
