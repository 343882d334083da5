import { asVariable, beyondThisConnection } from '../spec/connection.ts'
import type { Fetch } from '../spec/effects.ts'
import { TripFailure } from './failure.ts'
import { type Credential, callService } from './use.ts'

/** What somebody wants sent to the Service: `path` begins with '/', and has the query. */
export type Asked = { method: string; path: string; headers: Headers; body: ReadableStream<Uint8Array> | undefined; signal?: AbortSignal }

/** A path and its query as a request line can have them, in whatever characters. */
const PATH = /^\/[^\s#\\\p{Cc}]*$/u
/** What says who asks, from where, by which way, or how the answer is to be packed: that is ours and the connection's to say. Host and authorization are replaced in any call. */
const ENDS_HERE = /^(?:cookie2?|forwarded|x-forwarded-.*|origin|referer|sec-.*|expect|accept-encoding)$/
const LENGTH = /^\d+$/
/** What no fetch sends. */
const BODILESS = /^(?:get|head)$/i
const UNSENDABLE = /^(?:connect|trace|track)$/i

/**
 * Lends a token to somebody's request, who never sees it (protocol 8, §3.4.2): it goes to the path at the token's own Service and nowhere else, both bodies as
 * streams, without what the asker says of themselves, and the answer comes back without the Service's cookies. A redirect is an answer like others, for the
 * caller to judge. An answer with the token in a header is refused, one with it in its body breaks off before it. Throws TripFailure (step use), or the
 * signal's reason; the body that is given back may fail with either.
 */
export async function forward(d: { fetch: Fetch }, credential: Credential, asked: Asked): Promise<Response> {
  const at = { step: 'use' as const, peer: credential.service }
  const { method, path, body, signal } = asked
  if (!PATH.test(path)) throw new TripFailure(at, 'what is asked for is no path', 'it begins with / and has no blank, backslash or fragment')
  if (UNSENDABLE.test(method) || (body && BODILESS.test(method)))
    throw new TripFailure(at, `${method}${body ? ' with a body' : ''} cannot be passed on`, 'use another method')
  const call = { url: credential.service + path, method, headers: onwardHeaders(asked), body, redirect: 'manual' as const }
  return callService(d, credential, { ...call, back: backwardHeaders, ...(signal && { signal }) })
}

function onwardHeaders({ headers, body }: Asked): Headers {
  const onward = new Headers(beyondThisConnection(headers).filter(([name]) => !ENDS_HERE.test(asVariable(name))))
  if (!body || !LENGTH.test(onward.get('content-length') ?? '')) onward.delete('content-length')
  return onward
}

function backwardHeaders(headers: Headers): Headers {
  const back = new Headers(beyondThisConnection(headers).filter(([name]) => name !== 'set-cookie'))
  if (headers.has('content-encoding')) for (const name of ['content-encoding', 'content-length']) back.delete(name) // they are of the body as it was sent
  return back
}
