import { setMaxListeners } from 'node:events'
import { lstatSync, rmSync } from 'node:fs'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { errorResponse, ProtocolError } from '../error.ts'
import { OperatorError } from './operator-error.ts'

/** Where a door listens: `socket` is the path of a Unix socket in place of host and port. Without TLS it is plain HTTP: for loopback, or behind a proxy that ends TLS. */
export type Listen = { host: string; port: number; socket?: string | undefined; tls?: { cert: string; key: string } | undefined }
type FetchApp = { fetch: (request: Request, env: object) => Response | Promise<Response> }
export type OpenDoor = {
  port: number
  /** Puts the app behind the door; until then it answers 503. */
  mount: (app: FetchApp) => void
  /** Takes no new requests, tells those that stream without an end, lets those under way finish for up to ten seconds, then closes. */
  close: () => Promise<void>
}

const REQUEST_MS = 10_000
const GRACE_MS = 10_000
const MAX_HEADER_BYTES = 16 * 1024

/**
 * Opens a door. `requestMs` is how long a request may take to come in, its body too. Rejects with OperatorError when the port is taken or not allowed, or the host
 * is not this machine's.
 */
export async function openDoor({ host, port, socket, tls, requestMs = REQUEST_MS }: Listen & { requestMs?: number }): Promise<OpenDoor> {
  let app: FetchApp | undefined
  const closing = new AbortController()
  setMaxListeners(0, closing.signal) // as many as there are streams
  const listener = getRequestListener((request, env) =>
    app && !closing.signal.aborted ? app.fetch(request, { ...env, closing: closing.signal }) : unavailable(),
  )
  const limits = { headersTimeout: REQUEST_MS, requestTimeout: requestMs, maxHeaderSize: MAX_HEADER_BYTES, connectionsCheckingInterval: 1000 }
  const onRequest: RequestListener = (request, response) => void listener(request, response)
  const server = tls ? createHttpsServer({ ...limits, ...tls, minVersion: 'TLSv1.2' }, onRequest) : createHttpServer(limits, onRequest)
  if (socket !== undefined) await removeLeftOver(socket)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (failure) => reject(explain(failure, socket ?? `${host}:${port}`, host)))
    server.listen(socket === undefined ? { host, port } : { path: socket }, resolve)
  })
  return {
    port: portOf(server.address()),
    mount: (mounted) => {
      app = mounted
    },
    close: () =>
      new Promise((resolve) => {
        closing.abort()
        const force = setTimeout(() => server.closeAllConnections(), GRACE_MS)
        const idle = setInterval(() => server.closeIdleConnections(), 50) // a connection that has just answered waits for more
        server.close(() => {
          clearTimeout(force)
          clearInterval(idle)
          resolve()
        })
        server.closeIdleConnections()
      }),
  }
}

/** What tells an answer that would not end by itself that its door is closing; undefined where there is no door. */
export const closingOf = (env: unknown): AbortSignal | undefined =>
  typeof env === 'object' && env !== null && 'closing' in env && env.closing instanceof AbortSignal ? env.closing : undefined

const portOf = (address: AddressInfo | string | null): number => (typeof address === 'object' && address ? address.port : 0)

/** A process that was killed leaves its socket behind, on which nobody listens. */
async function removeLeftOver(socket: string): Promise<void> {
  if (!lstatSync(socket, { throwIfNoEntry: false })?.isSocket()) return
  const isLeft = await new Promise<boolean>((resolve) => {
    const connection = connect(socket, () => resolve(false))
    connection.on('error', (failure) => resolve('code' in failure && failure.code === 'ECONNREFUSED'))
    connection.on('connect', () => connection.destroy())
  })
  if (isLeft) rmSync(socket, { force: true })
}

function unavailable(): Response {
  const response = errorResponse(new ProtocolError('overloaded', 'this server is starting or stopping', { retryAfterSeconds: 1 }))
  response.headers.set('connection', 'close')
  return response
}

function explain(cause: Error & { code?: string }, where: string, host: string): Error {
  switch (cause.code) {
    case 'EADDRINUSE':
      return new OperatorError(`${where} is in use by another program`, { cause, hint: 'stop it, or change the port in the settings' })
    case 'EACCES':
      return new OperatorError(`listening on ${where} is not allowed`, {
        cause,
        hint: 'take a port above 1023, or grant the right to bind low ports',
      })
    case 'EINVAL':
    case 'ENAMETOOLONG':
      return new OperatorError(`${where} is too long for a socket`, { cause, hint: 'take a folder with a shorter path' })
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new OperatorError(`${host} is no address of this machine`, { cause, hint: 'change the host in the settings' })
    default:
      return new OperatorError(`cannot listen on ${where}: ${cause.message}`, { cause })
  }
}
