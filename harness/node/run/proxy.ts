import { createHash, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, STATUS_CODES } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Random } from '../../../spec/effects.ts'
import { parseUrl } from '../../../spec/origin.ts'

/** A proxy of this machine that leads to one Service. `url` has in it what lets its reader in. */
export type Proxy = { url: string; close: () => Promise<void> }
/** `tls`: what the Service is played with, PEM. `relay` answers in its place. `onRefused` is told where else somebody wanted to go. */
export type ProxyOptions = { service: string; tls: { key: string; cert: string }; relay: RequestListener; onRefused: (where: string) => void }
type Refusal = { status: number; text: string; headers: Record<string, string> }

const USER = 'agentpass'
const IDLE_MS = 60_000
const STRANGER = refusal(407, 'this proxy is for the program that agentpass runs', { 'proxy-authenticate': 'Basic realm="agentpass"' })

/**
 * Opens a proxy on loopback for a program that is run. A tunnel (CONNECT, RFC 9110 §9.3.6) to the Service's host and port ends here, in a TLS server of its
 * name; there is none to anywhere else, and no request over plain http is passed on. Who does not know the random password of `url`, such as another user of
 * this machine, gets nowhere.
 */
export async function openProxy(d: { random: Random }, { service, tls, relay, onRefused }: ProxyOptions): Promise<Proxy> {
  const password = d.random(32)
  const isLetIn = createCheck(`Basic ${Buffer.from(`${USER}:${password}`).toString('base64')}`)
  const elsewhere = refusal(403, `this proxy leads to ${service} alone, over https`)
  const inside = createHttps({ ...tls, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'], keepAliveTimeout: IDLE_MS }, relay)
  inside.on('connect', (_request, socket) => end(socket, elsewhere))
  const proxy = createServer((request, response) => {
    const { status, text, headers } = isLetIn(request) ? elsewhere : STRANGER
    if (isLetIn(request)) onRefused(parseUrl(request.url ?? '')?.origin ?? 'the proxy itself')
    response.writeHead(status, headers).end(text)
  })
  proxy.on('connect', (request, socket, head) => {
    if (!isLetIn(request)) return end(socket, STRANGER)
    if (request.url?.toLowerCase() !== authorityOf(service)) {
      onRefused(request.url ?? '')
      return end(socket, elsewhere)
    }
    socket.on('error', () => socket.destroy()) // whoever asked has left
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
    if (head.length > 0) socket.unshift(head)
    inside.emit('connection', socket)
  })
  const sockets = new Set<Socket>()
  proxy.on('connection', (socket) => sockets.add(socket.on('close', () => sockets.delete(socket))))
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  const address = proxy.address()
  const port = typeof address === 'object' ? address?.port : ''
  return {
    url: `http://${USER}:${password}@127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        proxy.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** Whether a request knows the password; how long that takes says nothing of how much of it is right. */
function createCheck(expected: string): (request: IncomingMessage) => boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const right = digest(expected)
  return ({ headers }) => timingSafeEqual(digest(headers['proxy-authorization'] ?? ''), right)
}

/** Host and port as CONNECT names them. */
function authorityOf(service: string): string {
  const { hostname, port } = new URL(service)
  return `${hostname}:${port || 443}`
}

function refusal(status: number, sentence: string, headers: Record<string, string> = {}): Refusal {
  const text = `${sentence}\n`
  return {
    status,
    text,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'content-length': String(text.length), connection: 'close', ...headers },
  }
}

/** Refuses a tunnel: its socket is no HTTP server's any more. */
function end(socket: Duplex, { status, text, headers }: Refusal): void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.on('error', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${text}`)
}
