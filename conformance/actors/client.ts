import { type ClientRequest, type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http'
import { Agent, request as tlsRequest } from 'node:https'
import { isIP } from 'node:net'
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls'
import type { z } from 'zod'
import { ErrorResponse } from '../../spec/wire/error.ts'
import { expectThat, Unmet } from '../case.ts'
import { agreesToOldTls } from './old-tls.ts'
import { sendRaw } from './raw.ts'
import { elsewhere, isLoopback, lookupIn } from './reach.ts'

/** What the peer answered. */
export type Reply = {
  status: number
  headers: Record<string, string>
  /** Every value of `Set-Cookie`. */
  cookies: string[]
  text: string
  /** The body as JSON; undefined where it is none. */
  json: unknown
  ms: number
}
export type Send = {
  method?: string
  headers?: Record<string, string>
  /** Sent as JSON, unless it is text or bytes. */
  body?: unknown
  /** Another address than the URL's: that of a second instance. */
  at?: string
  timeoutMs?: number
  /** The adapter's own call, of a hook: on a loopback address it may be plain http. */
  hook?: true
}
export type Sent = { method: string; url: string; headers: Record<string, string>; body: string; hook?: true; raw?: true }
export type Observed = { sent: Sent; reply: Reply | undefined; failure: string | undefined; ms: number }

/** No answer came: what is known is only that the connection ended so. */
export class NoAnswer extends Error {}

/** Sends messages to the peer under test. Certificates are checked, redirects are not followed. */
export type Client = {
  send: (url: string, send?: Send) => Promise<Reply>
  /** Sends a whole request as it is, to the host of a URL; it says `Connection: close`. Throws NoAnswer where the connection ends without one. */
  raw: (url: string, request: string) => Promise<Reply>
  /** Whether the peer agrees to a TLS that is older than 1.2, at the address of a URL. */
  agreesToOldTls: (url: string) => Promise<boolean>
}
/** Clients that share their connections. `onObserved` is told of everything that one of them sent, and of what came back. */
export type Clients = { observed: (onObserved: (observed: Observed) => void) => Client; close: () => void }
/** `plain` is where an https origin is spoken to over plain http. */
export type ClientPlace = { ca: string | undefined; hosts: Record<string, string>; plain: Record<string, string>; insecureLoopback: boolean }

const TIMEOUT_MS = 15_000
/** A connection that nobody uses is closed before a peer would: what is sent while the other side closes it gets no answer. */
const IDLE_MS = 2000
const MOST_BYTES = 4 * 1024 * 1024

/** Opens the suite's way to the peer. */
export function createClients({ ca, hosts, plain: plainly, insecureLoopback }: ClientPlace): Clients {
  const lookup = lookupIn(hosts)
  const secureContext = createSecureContext(ca === undefined ? {} : { ca: [...rootCertificates, ca] }) // once: it takes a while to read so many
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MS, maxSockets: 32, secureContext, lookup })
  const plain = new PlainAgent({ keepAlive: true, timeout: IDLE_MS, maxSockets: 32, lookup })
  const send = (named: URL, sent: Sent, given: Send, body: Buffer | undefined): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const { at, timeoutMs = TIMEOUT_MS, hook } = given
      const started = performance.now()
      const target = new URL(named.pathname + named.search, plainly[named.origin] ?? named.origin)
      const isPlain = target.protocol === 'http:'
      if (isPlain && !((insecureLoopback || hook === true) && isLoopback(target.hostname, hosts)))
        return reject(new NoAnswer(`${target.origin} is not https: plain http is spoken to a loopback address alone, and with --insecure-loopback`))
      const headers = { host: named.host, ...sent.headers }
      const name = isIP(target.hostname.replace(/^\[|\]$/g, '')) === 0 && { servername: target.hostname } // whatever the Host header says
      const options = { method: sent.method, headers, timeout: timeoutMs, ...name, ...(at !== undefined && elsewhere(at, target)) }
      const fail = (cause: Error) => reject(new NoAnswer(cause.message, { cause })) // also where an answer breaks off
      const request = isPlain
        ? plainRequest(target, { ...options, agent: at === undefined ? plain : new PlainAgent() })
        : tlsRequest(target, { ...options, agent: at === undefined ? agent : agentAt(secureContext) })
      request.on('response', (response) => void readReply(response, started).then(resolve, fail))
      request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)))
      request.on('error', (cause) => (isStale(request, cause) ? send(named, sent, given, body).then(resolve, reject) : fail(cause)))
      request.end(body)
    })
  const observed: Clients['observed'] = (onObserved) => ({
    send: async (url, given = {}) => {
      const body = bodyOf(given.body)
      const sent = {
        method: given.method ?? (body ? 'POST' : 'GET'),
        url,
        headers: headersOf(given, body),
        body: body?.toString('utf8') ?? '',
        ...(given.hook && { hook: given.hook }),
      }
      const started = performance.now()
      try {
        const reply = await send(new URL(url), sent, given, body)
        onObserved({ sent, reply, failure: undefined, ms: reply.ms })
        return reply
      } catch (failure) {
        onObserved({ sent, reply: undefined, failure: failure instanceof Error ? failure.message : String(failure), ms: performance.now() - started })
        throw failure
      }
    },
    raw: async (url, request) => {
      const [named, started] = [new URL(url), performance.now()]
      const target = new URL(plainly[named.origin] ?? named.origin)
      if (target.protocol !== 'https:' && !(insecureLoopback && isLoopback(target.hostname, hosts)))
        throw new NoAnswer(`${target.origin} is not https`)
      const [line = ''] = request.split('\r\n')
      const sent = { method: line.split(' ')[0] ?? '', url, headers: {}, body: request, raw: true } as const
      const answer = await sendRaw(target, request, { lookup, secureContext, timeoutMs: TIMEOUT_MS })
      const ms = performance.now() - started
      const reply = answer && { ...answer, cookies: [], json: parseJson(answer.text), ms }
      onObserved({ sent, reply, failure: reply ? undefined : 'the connection ended without an answer', ms })
      if (!reply) throw new NoAnswer('the connection ended without an answer')
      return reply
    },
    agreesToOldTls: (url) => agreesToOldTls(new URL(url), { lookup, timeoutMs: TIMEOUT_MS }),
  })
  const close = () => {
    agent.destroy()
    plain.destroy()
  }
  return { observed, close }
}

/** A kept connection that the peer had closed by the time it was used: nothing of the request was read. */
const isStale = (request: ClientRequest, cause: Error): boolean =>
  request.reusedSocket && 'code' in cause && (cause.code === 'ECONNRESET' || cause.code === 'EPIPE')

const agentAt = (secureContext: SecureContext) => new Agent({ secureContext })

function bodyOf(body: unknown): Buffer | undefined {
  if (body === undefined) return undefined
  return Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

function headersOf({ headers = {}, body: given }: Send, body: Buffer | undefined): Record<string, string> {
  const isJson = given !== undefined && !Buffer.isBuffer(given)
  return { ...(isJson && { 'content-type': 'application/json' }), ...(body && { 'content-length': String(body.length) }), ...headers }
}

async function readReply(response: IncomingMessage, started: number): Promise<Reply> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    size += chunk.length
    if (size > MOST_BYTES) break
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  const headers = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(', ')]))
  const cookies = response.headers['set-cookie'] ?? []
  return { status: response.statusCode ?? 0, headers, cookies, text, json: parseJson(text), ms: performance.now() - started }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const shown = ({ status, text }: Reply): string => `${status} ${text.slice(0, 300)}`
/** From a peer, success is any 2xx but 206 (protocol 1). */
export const isSuccess = ({ status }: Reply): boolean => status >= 200 && status < 300 && status !== 206

export function expectStatus(reply: Reply, ...allowed: number[]): void {
  expectThat(allowed.includes(reply.status), `status ${allowed.join(' or ')}`, shown(reply))
}

/** A success whose body is of the schema; gives the body. */
export function expectAnswer<S extends z.ZodType>(reply: Reply, schema: S, what: string): z.infer<S> {
  expectThat(isSuccess(reply), `${what}: a success (2xx)`, shown(reply))
  const parsed = schema.safeParse(reply.json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new Unmet(`${what} to be valid: ${issue?.path.join('.') || 'the body'} ${issue?.message}`, shown(reply))
}

/** A refusal: 4xx with an error body of the protocol's shape, or 5xx where the caller allows it, and nothing of a success. */
export function expectRefused(reply: Reply, { orServerError = false } = {}): void {
  const refused = (reply.status >= 400 && reply.status < 500) || (orServerError && [500, 501, 502, 503, 504].includes(reply.status))
  expectThat(refused, orServerError ? 'a refusal (4xx or 5xx)' : 'a refusal (4xx)', shown(reply))
}

/** That an error body has the protocol's shape (protocol 1). */
export const isErrorBody = (reply: Reply): boolean => ErrorResponse.safeParse(reply.json).success
