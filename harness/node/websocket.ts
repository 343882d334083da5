import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Random } from '../../spec/effects.ts'

/** One program that is connected. */
export type Client = { send: (text: string) => void; close: () => void }
/** What happens with it. */
export type Conversation = { said: (text: string) => void; left: () => void }
/** `address` is a `ws:` URL that nobody can guess: knowing it is the permission to connect. */
export type Listening = { address: string; close: () => Promise<void> }

const MAX_MESSAGE_BYTES = 256 * 1024 * 1024 // a page's picture is one message

/**
 * A WebSocket server on loopback (RFC 6455), for programs of this user that were told its address: other users of the machine reach the port and not the path, and a page in a browser,
 * which sends its `Origin`, or a name that was pointed at this machine, is refused. Texts only.
 */
export async function listenOnLoopback(d: { random: Random }, converse: (client: Client) => Conversation): Promise<Listening> {
  const path = `/${d.random(32)}`
  let host = ''
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false })
  const server = createServer((_, response) => void response.writeHead(404, { connection: 'close' }).end())
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy()) // whoever it was breaks off at will
    const refusal = refuse(request, { host, path })
    if (refusal !== undefined) return void socket.end(`HTTP/1.1 ${refusal}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
    sockets.handleUpgrade(request, socket, head, (client) => connect(client, converse))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
      for (const client of sockets.clients) client.terminate()
    })
  return { address: `ws://${host}${path}`, close }
}

function refuse({ url, headers }: IncomingMessage, own: { host: string; path: string }): string | undefined {
  if (headers.host !== own.host || headers.origin !== undefined) return '403 Forbidden'
  return url === own.path ? undefined : '404 Not Found'
}

function connect(socket: WebSocket, converse: (client: Client) => Conversation): void {
  const { said, left } = converse({ send: (text) => socket.send(text), close: () => socket.close() })
  socket.on('message', (data, isBinary) => {
    if (isBinary) socket.terminate()
    else said(data.toString())
  })
  socket.on('error', () => socket.terminate()) // it does not speak the protocol
  socket.on('close', left)
}
