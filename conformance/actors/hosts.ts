import { once } from 'node:events'
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSecureContext, type SecureContext } from 'node:tls'
import { type Certificates, createCa, openCa } from './certificates.ts'

/** A request that reached one of the suite's hosts. */
export type Received = {
  method: string
  path: string
  query: string
  /** The whole URL, as the caller meant it: an http one where it was sent in clear. */
  url: string
  headers: IncomingMessage['headers']
  text: string
  /** The body as JSON; undefined where it is none. */
  json: unknown
  at: number
}
/** What a host answers: JSON, a body, or whatever it does to the response itself. */
export type Answer = {
  status?: number
  json?: unknown
  body?: string | Buffer
  headers?: Record<string, string | string[]>
  /** How long it keeps the caller waiting. */
  afterMs?: number
  raw?: (response: ServerResponse, request: IncomingMessage) => void
}
export type Serve = (request: Received) => Answer | Promise<Answer>

/** How the certificate of a host is wrong. */
export type BadTls = 'expired' | 'self-signed' | 'wrong-name' | 'untrusted'
/** What is to be said of such a certificate. */
export const BAD_CERTIFICATES: readonly (readonly [slug: BadTls, what: string])[] = [
  ['expired', 'has expired'],
  ['self-signed', 'is signed by itself'],
  ['wrong-name', 'is of another host'],
  ['untrusted', 'is of an authority that nobody trusts'],
]

/** Every host of the suite, on one port; the name in the TLS handshake tells them apart. What is sent there in clear is answered too, for who does that is to be seen. */
export type Hosts = {
  port: number
  /** `https://NAME.ZONE:PORT` */
  origin: (name: string) => string
  serve: (name: string, serve: Serve, tls?: BadTls) => void
  /** How many TLS handshakes began with that host's name, whatever came of them. */
  greeted: (name: string) => number
  isUp: () => boolean
  stop: () => Promise<void>
}

const MOST_BYTES = 1024 * 1024

/** Starts the suite's web server. Throws Error when the port is taken. */
export async function startHosts(place: { listen: string; port: number; zone: string }, certificates: Certificates): Promise<Hosts> {
  const { zone } = place
  const serves = new Map<string, { serve: Serve; tls: BadTls | undefined }>()
  const contexts = await createContexts(zone, certificates)
  const greeted = new Map<string, number>()
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const host = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase()
    void reply(serves.get(host)?.serve, request, response, host).catch(() => response.destroy())
  }
  const server = createServer(
    {
      ...(await certificates.issue([zone, `*.${zone}`])),
      minVersion: 'TLSv1.2',
      SNICallback: (name, done) => {
        greeted.set(name.toLowerCase(), (greeted.get(name.toLowerCase()) ?? 0) + 1)
        const context = contexts[serves.get(name.toLowerCase())?.tls ?? 'valid']
        done(null, context)
      },
    },
    answer,
  )
  const closeClear = alsoInClear(server, answer)
  server.on('clientError', (_, socket) => socket.destroy())
  server.on('tlsClientError', () => undefined) // who refuses a bad certificate is right
  server.listen(place.port, place.listen)
  await once(server, 'listening').catch((cause) => {
    throw new Error(`the suite's web server cannot listen on ${place.listen}:${place.port}`, { cause })
  })
  const { port } = addressOf(server)
  return {
    port,
    origin: (name) => `https://${name}.${zone}${port === 443 ? '' : `:${port}`}`,
    serve: (name, serve, tls) => void serves.set(`${name}.${zone}`, { serve, tls }),
    greeted: (name) => greeted.get(`${name}.${zone}`) ?? 0,
    isUp: () => server.listening,
    stop: async () => {
      if (!server.listening) return
      const closed = new Promise((done) => server.close(done))
      server.closeAllConnections()
      closeClear()
      await closed
    },
  }
}

const TLS_HANDSHAKE = 0x16

/** Has a TLS server answer on its port what begins without a handshake, too. Gives what ends those connections. */
function alsoInClear(server: Server, answer: (request: IncomingMessage, response: ServerResponse) => void): () => void {
  const [secure, ...others] = server.listeners('connection')
  if (!secure || others.length > 0) throw new Error('a TLS server has one listener for its connections')
  const plain = createPlainServer(answer)
  const sockets = new Set<Socket>()
  const tell = (socket: Socket): void => {
    const first: unknown = socket.read(1)
    if (!Buffer.isBuffer(first)) return void socket.once('readable', () => tell(socket))
    socket.unshift(first)
    if (first[0] === TLS_HANDSHAKE) return void secure.call(server, socket)
    plain.emit('connection', socket)
  }
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)))
    socket.on('error', () => undefined) // who goes away without a word is no trouble of ours
    tell(socket)
  })
  plain.on('clientError', (_, socket) => socket.destroy())
  return () => {
    for (const socket of sockets) socket.destroy()
  }
}

function addressOf(server: Server): AddressInfo {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the web server has no port')
  return address
}

async function createContexts(zone: string, certificates: Certificates): Promise<Record<BadTls | 'valid', SecureContext>> {
  const stranger = await openCa(await createCa())
  const selfSigned = await createCa()
  const names = [zone, `*.${zone}`]
  return {
    valid: createSecureContext(await certificates.issue(names)),
    expired: createSecureContext(await certificates.issue(names, 'expired')),
    'wrong-name': createSecureContext(await certificates.issue(['another-name.invalid'])),
    untrusted: createSecureContext(await stranger.issue(names)),
    'self-signed': createSecureContext(selfSigned),
  }
}

async function reply(serve: Serve | undefined, request: IncomingMessage, response: ServerResponse, host: string): Promise<void> {
  const received = await read(request, host)
  const answer = serve ? await serve(received) : { status: 404, json: { error: { code: 'not_found', message: 'there is nothing here' } } }
  if (answer.afterMs !== undefined) await sleep(answer.afterMs, undefined, { ref: false })
  if (answer.raw) return answer.raw(response, request)
  const type = answer.json === undefined ? {} : { 'content-type': 'application/json' }
  response.writeHead(answer.status ?? 200, { ...type, ...answer.headers })
  response.end(answer.json === undefined ? answer.body : JSON.stringify(answer.json))
}

async function read(request: IncomingMessage, host: string): Promise<Received> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > MOST_BYTES) break
    chunks.push(bytes)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  const [path = '', query = ''] = (request.url ?? '').split('?')
  const scheme = 'encrypted' in request.socket ? 'https' : 'http'
  const url = `${scheme}://${request.headers.host ?? host}${request.url ?? ''}`
  return { method: request.method ?? '', path, query, url, headers: request.headers, text, json: parse(text), at: Date.now() }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
