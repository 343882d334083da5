import { type Context, Hono } from 'hono'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { asProtocolError, errorResponse, ProtocolError } from '../error.ts'
import type { Log } from './log.ts'

/** What every answer of a door says of itself; a document that may be kept says otherwise of the first. */
export const DOOR_HEADERS = {
  'cache-control': 'no-store', // whatever carries or follows a secret
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
}

const JSON_HEADERS = { ...DOOR_HEADERS, 'content-type': 'application/json' }

/** An answer of a door: JSON with the headers that all of them have. Its headers are plain, because the web's kind costs as much as the rest of a poll. */
export const answer = (value: unknown, status = 200, headers?: Record<string, string>): Response =>
  new Response(JSON.stringify(value), { status, headers: headers ? { ...JSON_HEADERS, ...headers } : JSON_HEADERS })

/** A refusal of a door, as every error (protocol 11). */
function refuse(failure: unknown): Response {
  const response = errorResponse(failure)
  for (const [name, value] of Object.entries(DOOR_HEADERS)) response.headers.set(name, value)
  return response
}

type DoorDeps = {
  name: string
  log: Log
  /** Another form for a refusal than our error body, where the caller wants one: a page for a browser. */
  present?: (refusal: ProtocolError, request: Request) => Promise<Response | undefined>
}

/** A door: a Hono app with the error shape that all our doors share (protocol 1). Its routes answer with `answer`. */
export function createDoor(d: DoorDeps): Hono {
  const app = new Hono()
  app.notFound(async (c) => {
    const nothing = new ProtocolError('not_found', 'there is nothing at this address')
    return (await d.present?.(nothing, c.req.raw)) ?? refuse(nothing)
  })
  app.onError(async (failure, c) => {
    logRefusal(d, failure, c)
    return (await d.present?.(asProtocolError(failure), c.req.raw)) ?? refuse(failure)
  })
  return app
}

function logRefusal({ log, name }: DoorDeps, failure: unknown, c: Context): void {
  const e = asProtocolError(failure)
  const fields = { door: name, method: c.req.method, route: c.req.routePath, status: e.status, code: e.code, failure } // what was thrown, as its stack says where
  if (e.status >= 500) log[e.code === 'internal' ? 'error' : 'warn']('refused', fields)
  else log.debug('refused', fields)
}

/** Mounts the steps on a door, and answers `405` where a path exists but not for the method (protocol 11). */
export function mountSteps(door: Hono, ...steps: Hono[]): Hono {
  for (const step of steps) door.route('/', step)
  const allowed = new Map<string, Set<string>>()
  for (const step of steps)
    for (const { path, method } of step.routes) if (method !== 'ALL') allowed.set(path, (allowed.get(path) ?? new Set()).add(method))
  for (const [path, methods] of allowed) {
    door.all(path, () => {
      const response = refuse(new ProtocolError('method_not_allowed', `this address takes ${[...methods].join(' or ')}`))
      response.headers.set('allow', [...methods].join(', '))
      return response
    })
  }
  return door
}

/** Takes one from a caller's allowance. Throws rate_limited with `Retry-After`. */
export type TakeTurn = (caller: string) => Promise<void>

/** An allowance of so many turns in so many seconds for each caller, kept in this process. */
export function createRate(points: number, seconds: number): TakeTurn {
  const limiter = new RateLimiterMemory({ points, duration: seconds })
  return async (caller) => {
    try {
      await limiter.consume(caller)
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused
      throw new ProtocolError('rate_limited', 'too many requests: wait as long as Retry-After says', {
        retryAfterSeconds: Math.max(1, Math.ceil(refused.msBeforeNext / 1000)),
      })
    }
  }
}
