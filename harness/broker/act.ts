import type { Fetch } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import { discard } from '../../spec/peer.ts'
import { TripFailure } from '../failure.ts'
import { type Asked, forward } from '../forward.ts'
import { endByService, expireTasks } from '../store/endings.ts'
import type { TaskRow } from '../store/schema.ts'
import type { Credential } from '../use.ts'
import { recordTask } from './record.ts'
import { type Failure, scopeOf } from './task.ts'
import type { TripDeps } from './trip.ts'

export type ActDeps = Pick<TripDeps, 'db' | 'audit' | 'secrets' | 'now' | 'log'> & { callService: Fetch }
/** What a task holds, to be lent to one request. */
export type Ready = { row: TaskRow; credential: Credential }

/** What a task that is ready holds. Throws unprocessable while it is not ready yet, request_gone when it is over. */
export function requireReady(d: Pick<ActDeps, 'secrets' | 'now'>, row: TaskRow): Ready {
  if (row.type === 'browser_session') throw new ProtocolError('unprocessable', 'this task is for a browser session: the browser makes its requests')
  if (row.status === 'asking' || row.status === 'redeeming')
    throw new ProtocolError('unprocessable', `the task has no access yet: it is at step ${row.step}, with ${row.peer}`)
  const isLive = row.expires_at !== null && row.expires_at > d.now()
  if (row.status !== 'ready' || !isLive || row.sealed_token === null)
    throw new ProtocolError('request_gone', `the task is over (${isLive ? row.status : 'expired'}): start another one if it is not done`)
  return { row, credential: { service: row.service, token: d.secrets.unseal('tokens', row.sealed_token), scope: scopeOf(row) } }
}

/**
 * Lends what a task holds to one request at its Service (protocol 8, §3.4.2), at the Service's origin and nowhere else. What the Service answers is the caller's to
 * judge; with `401` it has ended the access, and the task with it. Throws service_unavailable, with a sentence that says what to do.
 */
export async function act(d: ActDeps, { row, credential }: Ready, asked: Asked): Promise<Response> {
  const address = asked.path.replace(/[?#].*$/, '')
  const audited = { event: 'call', type: row.type, task: row.id, agent: row.agent, user: row.user_email, service: row.service }
  d.audit.note({ ...audited, outcome: 'forwarded', act: `${asked.method} ${address}` }) // without its query, which may be secret
  try {
    const response = await forward({ fetch: d.callService }, credential, asked)
    if (response.status === 401) await endedByService(d, row)
    return response
  } catch (failure) {
    asked.signal?.throwIfAborted()
    d.log.info('call_failed', { service: row.service, failure })
    if (failure instanceof TripFailure) throw new ProtocolError('service_unavailable', `${failure.message}; ${failure.hint}`, { cause: failure })
    throw failure
  }
}

async function endedByService(d: ActDeps, row: TaskRow): Promise<void> {
  const failure: Failure = {
    ...{ step: 'use', peer: row.service, message: 'the service ended the access: it was revoked, narrowed or has expired' },
    hint: 'start another task if this one is not done',
  }
  await d.db.write(async (tx, announce) => {
    const ended = await endByService(tx, { id: row.id, at: d.now() }, JSON.stringify(failure))
    if (ended) await recordTask(d, tx, { row: ended, announce, outcome: 'ended', because: failure.message })
  })
}

/** Ends what has lived its time. Gives how many those were, at most `limit`. */
export function expire(d: Pick<ActDeps, 'db' | 'audit' | 'now'>, limit: number): Promise<number> {
  return d.db.write(async (tx, announce) => {
    const expired = await expireTasks(tx, d.now(), limit)
    for (const row of expired) await recordTask(d, tx, { row, announce, outcome: 'expired' })
    return expired.length
  })
}

/**
 * A redirect as the caller of a broker may follow it: one within the Service leads through the broker again, at `through`; one to another origin is refused,
 * because nothing there is this task's. Throws service_unavailable.
 */
export async function redirectThrough(
  response: Response,
  { service, path, through }: { service: string; path: string; through: string },
): Promise<Response> {
  const location = response.headers.get('location')
  if (response.status < 300 || response.status > 399 || location === null) return response
  const target = resolve(location, service + path)
  if (target?.origin === service) {
    response.headers.set('location', through + target.pathname + target.search)
    return response
  }
  await discard(response)
  throw new ProtocolError('service_unavailable', 'the service redirects to another origin, and this access is for its own alone')
}

function resolve(location: string, base: string): URL | undefined {
  try {
    return new URL(location, base)
  } catch {
    return undefined // it is no URL
  }
}
