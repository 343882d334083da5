import { Agent, request } from 'undici'
import { ProtocolError } from '../../spec/error.ts'
import { readableOf, streamOf } from '../../spec/node/stream.ts'
import type { Forward } from '../gateway/route.ts'

const ANSWER_MS = 60_000
const WITHOUT_BODY = [204, 205, 304]

/** Forwards to the app behind the gateway over kept connections. Bodies pass as they come, compressed ones too; redirects are the caller's business. */
export function createForward(upstream: string, publicOrigin: string): { forward: Forward; close: () => Promise<void> } {
  const agent = new Agent({ headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS, connect: { timeout: 5000 } })
  const base = new URL(upstream)
  const forward: Forward = async (pathAndQuery, { method, headers, body, signal }) => {
    const onward = Object.fromEntries(headers)
    const answer = await request(base.origin + pathAndQuery, {
      dispatcher: agent,
      method,
      headers: onward,
      body: body && readableOf(body),
      signal,
    }).catch(unavailable)
    const { statusCode: status } = answer
    const empty = WITHOUT_BODY.includes(status) || method === 'HEAD' || status > 599
    if (empty) void answer.body.dump().catch(() => undefined) // whatever comes all the same is nobody's
    if (status > 599) unavailable(new Error(`the application answered ${status}`)) // no Response can say that
    const back = new Headers()
    for (const [name, value] of Object.entries(answer.headers)) for (const one of [value ?? []].flat()) back.append(name, one)
    const location = back.get('location')
    if (location !== null && isWithin(base.origin, location)) back.set('location', publicOrigin + location.slice(base.origin.length))
    return new Response(empty ? null : streamOf(answer.body), { status, headers: back })
  }
  return { forward, close: () => agent.close() }
}

const isWithin = (origin: string, url: string): boolean => url === origin || url.startsWith(`${origin}/`)

function unavailable(cause: unknown): never {
  throw new ProtocolError('service_unavailable', 'the application behind this gateway does not answer', { cause })
}
