import { X509Certificate } from 'node:crypto'
import { lookup as resolve } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import type { Readable } from 'node:stream'
import { createSecureContext, rootCertificates } from 'node:tls'
import ipaddr from 'ipaddr.js'
import { Agent, buildConnector, type Dispatcher, type Response as Received, fetch as send } from 'undici'
import type { Fetch } from '../effects.ts'
import { parseUrl } from '../origin.ts'
import type { ResolveAddresses } from './dns.ts'
import { readableOf } from './stream.ts'

export type GuardOptions = { resolveAddresses?: ResolveAddresses; allowPrivate?: string[]; ca?: string; timeoutMs?: number; maxBytes?: number }
type IsPermitted = (address: string) => boolean
/** One call and its body: `abort` ends it, `finish` leaves it as complete, `explain` is what its caller is told of a failure. */
type Exchange = { signal: AbortSignal; abort: (reason: unknown) => void; finish: () => void; explain: (cause: unknown) => unknown }

const privateAddress = (where = ''): Error =>
  Object.assign(new Error(`${where}refused to connect to a private address`), { code: 'ERR_PRIVATE_ADDRESS' })

/**
 * The outbound guard (protocol 1 and 2): fetch for URLs that strangers chose. https alone, certificates verified, no private address, and no redirect is
 * followed: it fails, or is the answer for the caller who says `redirect: 'manual'`. A body that is a stream is read as it is sent, and canceled when the exchange is over;
 * `timeoutMs` for all from the call to the last byte read; at most `maxBytes` of body, as sent and as decoded, which only reading it tells. `allowPrivate` lists CIDRs that count as
 * public, `ca` is PEM to trust beside the usual roots. Whatever fails, the call or reading the body, fails with an Error for the log, or with the
 * caller's own reason to abort. `close` lets running exchanges end, then closes all connections. Throws at once for a bad CIDR or certificate.
 */
export function createGuardedFetch(options: GuardOptions = {}): { fetch: Fetch; close: () => Promise<void> } {
  const { resolveAddresses = (host) => resolve(host, { all: true }), allowPrivate = [], ca, timeoutMs = 5_000, maxBytes = 256 * 1024 } = options
  const isPermitted = permit(allowPrivate)
  if (ca) new X509Certificate(ca) // createSecureContext passes over what is no certificate
  const agent = createAgent({ lookup: guardLookup(resolveAddresses, isPermitted), ca, timeoutMs, maxBytes })
  return {
    fetch: async (url, init) => {
      const target = requireTarget(url, isPermitted)
      const exchange = startExchange(target.origin, timeoutMs, init?.signal)
      const upload = init?.body instanceof ReadableStream ? readableOf(init.body) : undefined
      try {
        const request = new Request(target, { ...init, ...(upload && { body: null }), signal: null }) // the global one reads every kind of body; undici only its own
        const body = request.body && (await request.arrayBuffer())
        const { method, headers } = request
        const dispatcher = upload ? sendingUp(agent, upload, headers) : agent
        const { signal } = exchange
        const redirect = init?.redirect === 'manual' ? 'manual' : 'error'
        const received = await send(target, { method, headers: [...headers], body, signal, redirect, dispatcher })
        return rebuild(received, exchange, maxBytes)
      } catch (cause) {
        exchange.abort(cause)
        upload?.destroy()
        throw exchange.explain(cause)
      }
    },
    close: async () => (agent.closed ? undefined : agent.close()),
  }
}

type AgentOptions = { lookup: LookupFunction; ca: string | undefined; timeoutMs: number; maxBytes: number }

function createAgent({ lookup, ca, timeoutMs, maxBytes }: AgentOptions): Agent {
  let connector: ReturnType<typeof buildConnector> | undefined
  const connect: typeof connector = (to, done) => {
    connector ??= buildConnector({
      lookup,
      secureContext: createSecureContext({ minVersion: 'TLSv1.2', ...(ca && { ca: [...rootCertificates, ca] }) }), // takes 25 ms: not before it is needed
      rejectUnauthorized: true, // whatever NODE_TLS_REJECT_UNAUTHORIZED says
      timeout: timeoutMs,
      autoSelectFamily: true, // makes Node ask the lookup for all addresses
    })
    connector(to, done)
  }
  return new Agent({
    connect,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: maxBytes, // bytes as sent, which may decode to nothing
  })
}

/** Sends a body as it is read, and past fetch, which would keep all of it in memory for the case of a redirect. Takes its declared length out of fetch's headers. */
function sendingUp(agent: Agent, body: Readable, headers: Headers): Dispatcher {
  const length = headers.get('content-length') ?? undefined
  headers.delete('content-length')
  body.on('error', () => undefined) // the exchange fails with it
  let isSent = false
  return agent.compose((dispatch) => (options, handler) => {
    if (isSent) throw new Error('a body that is read as it is sent cannot be sent again') // which fetch would do after a 421
    isSent = true
    return dispatch({ ...options, body, headers: { ...options.headers, 'content-length': length } }, handler)
  })
}

/** Whether an address is one anybody may be sent to: globally routed unicast. Text that is no IP address is not; an IPv4-mapped address is judged as IPv4. */
export function isPublicAddress(text: string): boolean {
  if (isIP(text) === 0) return false
  const address = ipaddr.process(text)
  return address.range() === 'unicast' && (address.kind() === 'ipv4' || address.match(ipaddr.parseCIDR('2000::/3')))
}

function permit(allowPrivate: string[]): IsPermitted {
  const allowed = allowPrivate.map((cidr) => ipaddr.parseCIDR(cidr))
  return (text) => {
    if (isPublicAddress(text)) return true
    if (isIP(text) === 0) return false
    const address = ipaddr.process(text)
    return allowed.some(([network, bits]) => address.kind() === network.kind() && address.match(network, bits))
  }
}

/** What can be judged before anything is resolved. An IP literal, in whatever spelling, never reaches the connection's lookup, so it is judged here. */
function requireTarget(url: string, isPermitted: IsPermitted): URL {
  const target = parseUrl(url)
  if (!target) throw new Error('refused to fetch what is no URL')
  if (target.protocol !== 'https:') throw new Error(`refused to fetch over ${target.protocol}`)
  if (target.username + target.password !== '') throw new Error(`${target.origin}: refused to fetch a URL with userinfo`)
  const host = target.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0 && !isPermitted(host)) throw privateAddress(`${target.origin}: `)
  return target
}

/** The connection's own lookup: it connects to the addresses judged here, so a name cannot change its mind in between (rebinding). */
function guardLookup(resolveAddresses: ResolveAddresses, isPermitted: IsPermitted): LookupFunction {
  const judged = async (host: string) => {
    const addresses = await resolveAddresses(host)
    if (addresses.length === 0) throw new Error('the name has no address')
    if (!addresses.every(({ address }) => isPermitted(address))) throw privateAddress()
    return addresses.map(({ address }) => ({ address, family: isIP(address) }))
  }
  return (host, _options, callback) => {
    judged(host).then(
      (addresses) => callback(null, addresses),
      (cause) => callback(cause, []),
    )
  }
}

/** One deadline over call and body. Not `AbortSignal.any` with `AbortSignal.timeout`: on Node 20 the garbage collector takes that timeout away. */
function startExchange(origin: string, timeoutMs: number, caller: AbortSignal | null | undefined): Exchange {
  const controller = new AbortController()
  const finish = () => {
    clearTimeout(timer)
    caller?.removeEventListener('abort', leave)
  }
  const abort = (reason: unknown) => {
    finish()
    controller.abort(reason)
  }
  const leave = () => abort(caller?.reason)
  const timer = setTimeout(() => abort(new Error(`not finished within ${timeoutMs} ms`)), timeoutMs)
  caller?.addEventListener('abort', leave)
  if (caller?.aborted) leave()
  const explain = (cause: unknown) => (caller?.aborted ? caller.reason : new Error(`${origin}: ${reasonOf(cause)}`, { cause }))
  return { signal: controller.signal, abort, finish, explain }
}

/** The innermost message, which says more than `fetch failed`. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  if (cause.cause instanceof Error) return reasonOf(cause.cause)
  return cause.message || ('code' in cause ? String(cause.code) : cause.name)
}

/** undici's Response is not the global one; its status, headers and capped body are. */
function rebuild({ status, headers, body }: Received, exchange: Exchange, maxBytes: number): Response {
  if (!body) exchange.finish()
  const declaredBytes = Number(headers.get('content-length'))
  return new Response(body && cap(body.getReader(), exchange, { declaredBytes, maxBytes }), { status, headers: [...headers] })
}

type Size = { declaredBytes: number; maxBytes: number }

/** The body, counted as it arrives; too long, also by its own word, too late or no longer wanted, it ends the connection. Whoever asked has the status all the same. */
function cap(reader: ReadableStreamDefaultReader<Uint8Array>, exchange: Exchange, { declaredBytes, maxBytes }: Size): ReadableStream<Uint8Array> {
  let size = 0
  return new ReadableStream({
    pull: async (controller) => {
      try {
        if (declaredBytes > maxBytes) throw new Error(`a body over ${maxBytes} bytes`)
        const { done, value } = await reader.read()
        size += value?.length ?? 0
        if (size > maxBytes) throw new Error(`a body over ${maxBytes} bytes`)
        if (!done) return controller.enqueue(value)
        exchange.finish()
        controller.close()
      } catch (cause) {
        exchange.abort(cause)
        throw exchange.explain(cause)
      }
    },
    cancel: (reason) => exchange.abort(reason),
  })
}
