/** One real Authority between a Harness and Services that are played by hand, on the fake internet. */
import SQLite from 'better-sqlite3'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import { type OpenAuthority, openAuthority } from '../authority/node/open.ts'
import { createLog } from '../spec/node/log.ts'
import { openDatabase } from '../spec/node/open-database.ts'
import type { PartyTables } from '../spec/node/party.ts'
import { IssuanceStatus } from '../spec/wire/issuance.ts'
import { ValidationResponse } from '../spec/wire/validation.ts'
import { fakeService } from './fake-service.ts'
import { internet } from './internet.ts'
import { AUTHORITY, SERVICE, startAuthority, USER } from './parties.ts'

export const HARNESS = 'test-harness'
export const TASK = { id: 'task-17', description: 'Answer ticket 17' }
/** Policy that approves whatever is offered: a pass in one call. */
export const APPROVING = { policy: { default: 'approve' } }
const UNHURRIED = { issuances_per_minute: 100_000, polls_per_second: 100_000 }

/** A good issuance request, but for the members given. */
export const message = (changed: object = {}) => ({
  type: 'bearer_token',
  service: { origin: SERVICE },
  user: { email: USER },
  harness: { id: HARNESS },
  task: TASK,
  ...changed,
})

type Init = { body?: unknown; authorization?: string | undefined; headers?: Record<string, string> }
/** The calls that Harness, Service and admin make, at one instance. A body that is no text or bytes is written as JSON; bytes go without a media type. */
export function callers({ app, management }: Pick<OpenAuthority, 'app' | 'management'>, adminToken: string) {
  const send = async (door: OpenAuthority['app'], method: string, path: string, { body, authorization, headers }: Init) => {
    const bytes = body === undefined || body instanceof Uint8Array
    return door.request(`${AUTHORITY}${path}`, {
      method,
      headers: { ...(!bytes && { 'content-type': 'application/json' }), ...(authorization && { authorization }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' || body instanceof Uint8Array ? (body as BodyInit) : JSON.stringify(body) }),
    })
  }
  const call = (method: string, path: string, init: Init = {}) => send(app, method, path, init)
  const manage = (path: string, body?: unknown, authorization = `Bearer ${adminToken}`) =>
    send(management, body === undefined ? 'GET' : 'POST', path, { body, authorization })
  const show = async (id: string) => ShownRequest.parse(await (await manage(`/requests/${id}`)).json())
  return {
    call,
    issue: (body: unknown = message(), headers: Record<string, string> = {}) => call('POST', '/issuance', { body, headers }),
    status: (id: string) => call('GET', `/issuance/${id}`),
    cancel: (id: string) => call('DELETE', `/issuance/${id}`),
    validate: (value: unknown, authorization?: string) => call('POST', '/validate', { body: { agentpass: { value } }, authorization }),
    check: (id: unknown, authorization?: string) => call('POST', '/authorization/check', { body: { authorization_id: id }, authorization }),
    close: (id: unknown, authorization?: string, action: unknown = 'complete', more: object = {}) =>
      call('POST', '/authorization/close', { body: { authorization_id: id, action, ...more }, authorization }),
    manage,
    show,
    /** Acts on a request as somebody who has just looked at it. */
    act: async (verb: string, id: string, more: object = {}) => manage(`/requests/${id}/${verb}`, { digest: (await show(id)).digest, ...more }),
  }
}
export type Callers = ReturnType<typeof callers>

const ShownRequest = z.looseObject({
  ref: z.string(),
  status: z.string(),
  digest: z.string(),
  reason: z.string().optional(),
  shown: z.looseObject({ scopes: z.array(z.looseObject({ name: z.string() })), reasons: z.array(z.string()) }),
  authorization: z.looseObject({ id: z.string(), state: z.string(), scope: z.array(z.string()) }).optional(),
})

/** The Authority with settings of the test, a Service, and the steps up to a pass and an authorization. `lines` is all it ever logged. */
export async function authorityWorld(changed: object = {}, ownSecrets: Record<string, string> = {}) {
  const net = internet()
  const lines: string[] = []
  const effects = { ...net, log: createLog('test', 'debug', (line) => void lines.push(line)) }
  const authority = await startAuthority(net, effects, { limits: UNHURRIED, ...changed }, ownSecrets)
  const desk = fakeService(net)
  const here = callers(authority, authority.opening.adminToken)
  const requested = async (more: object = {}) => IssuanceStatus.parse(await (await here.issue(message(more))).json())
  const approved = async (more: object = {}, scope?: string[]) => {
    const { id, status } = await requested(more)
    if (status === 'pending') await here.act('approve', id, scope && { scope })
    const { agentpass } = IssuanceStatus.parse(await (await here.status(id)).json())
    if (!agentpass) throw new Error('there is no pass')
    return { id, value: agentpass.value }
  }
  return {
    ...net,
    ...here,
    net,
    lines,
    authority,
    desk,
    requested,
    approved,
    redeemed: async (more: object = {}, scope?: string[]) => {
      const pass = await approved(more, scope)
      const answer = ValidationResponse.parse(await (await here.validate(pass.value, desk.bearer())).json())
      return { ...pass, answer, authorizationId: answer.authorization_id }
    },
    /** Another instance on the same database. */
    another: async () => {
      const second = await openAuthority(authority.opening)
      onTestFinished(second.stop)
      return { ...callers(second, authority.opening.adminToken), stop: second.stop }
    },
    /** Another instance, whose clock is so many seconds behind. */
    behind: async (seconds: number) => {
      const late = { ...authority.opening.effects, now: () => net.now() - seconds }
      const second = await openAuthority({ ...authority.opening, effects: late })
      onTestFinished(second.stop)
      return callers(second, authority.opening.adminToken)
    },
    /** Holds the database's write lock, as another process would. */
    lock: () => holdLock(authority.opening.database),
    /** The database, opened beside the Authority. */
    database: <T = PartyTables>() => {
      const db = openDatabase<T>(authority.opening.database)
      onTestFinished(db.close)
      return db
    },
  }
}
export type AuthorityWorld = Awaited<ReturnType<typeof authorityWorld>>

/** Holds a database file's write lock until it is released. */
export function holdLock(file: string) {
  const connection = new SQLite(file)
  onTestFinished(() => void connection.close())
  connection.exec('begin immediate')
  return { release: () => void connection.exec('commit') }
}

/** Lets others go first, so many turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** Status and code of an answer, which has the shape of every error. */
export async function refusal(response: Response): Promise<[number, string]> {
  const { error } = z.object({ error: z.object({ code: z.string().min(1), message: z.string() }) }).parse(await response.json())
  return [response.status, error.code]
}
