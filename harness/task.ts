import { readCapped } from '../spec/body.ts'
import type { Fetch } from '../spec/effects.ts'
import { type Access, type AcquireDeps, acquire, type Wanted } from './acquire.ts'
import { endTask } from './revoke.ts'
import { type Credential, callService, explainRefusal } from './use.ts'

/** A task with its access, whose token nobody sees. `expiresAt` in epoch seconds; undefined, like `scope`, where the Service does not say. */
export type Task = Omit<Access, 'revokeUrl'> & {
  scope: string[] | undefined
  expiresAt: number | undefined
  /**
   * Calls the Service with what the task holds: a URL of its origin, or a path there. Throws TripFailure where the URL is elsewhere, the access has ended (401) or
   * lacks a scope (403, RFC 6750), and says what is missing; every other answer is the caller's to judge. No redirect is followed.
   */
  fetch: (target: string | URL, init?: RequestInit) => Promise<Response>
  /** Gives the access back, once. Whether the Service could be told; throws TripFailure where telling failed. */
  end: () => Promise<boolean>
}

/** `callService` is a fetch for the Service's own answers, which may be longer and take longer than the protocol's messages. */
export type TaskDeps = AcquireDeps & { callService?: Fetch }

const BEGINNING_BYTES = 64 * 1024

/** Makes the whole trip of a task and gives it ready for use. When `signal` is aborted, also later, the task ends. Throws TripFailure, or the signal's reason. */
export async function openTask(d: TaskDeps, wanted: Wanted): Promise<Task> {
  const { token, revokeUrl, ...known } = await acquire(d, wanted)
  const credential = { service: known.service, token, scope: known.scope }
  let ended: Promise<boolean> | undefined
  const end = () => {
    ended ??= endTask(d, { service: known.service, token, revokeUrl })
    return ended
  }
  const leave = () => void end().catch(() => undefined) // the delegation goes on until it expires; there is nobody to tell
  wanted.signal?.addEventListener('abort', leave, { once: true })
  if (wanted.signal?.aborted) leave()
  const fetch = d.callService ?? d.fetch
  return { ...known, end, fetch: (target, init = {}) => call(fetch, credential, target, withSignal(init, wanted.signal)) }
}

/** What the caller of one call says counts; otherwise the task's own signal ends it too. */
const withSignal = (init: RequestInit, signal: AbortSignal | undefined): RequestInit => (init.signal || !signal ? init : { ...init, signal })

async function call(fetch: Fetch, credential: Credential, target: string | URL, init: RequestInit): Promise<Response> {
  init.signal?.throwIfAborted()
  const request = new Request(credential.service, { ...init, signal: null }) // reads every kind of body; whither, is judged below
  const { method, headers } = request
  const asked = {
    url: new URL(target, credential.service).href,
    method,
    headers,
    body: request.body ?? undefined,
    ...(init.signal && { signal: init.signal }),
  }
  const response = await callService({ fetch }, credential, asked)
  if (response.status !== 401 && response.status !== 403) return response
  const bytes = Uint8Array.from((await readCapped(response.body, BEGINNING_BYTES)) ?? [])
  const { failure, isTokenEnded, isScopeMissing } = await explainRefusal(response, bytes, credential)
  if (isTokenEnded || isScopeMissing) throw failure
  return new Response(bytes, response)
}
