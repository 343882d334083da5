import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Random } from '../../spec/effects.ts'
import { createMessageReader, frame, OPCODE } from './websocket-frames.ts'

/** One program that is connected. */
export type Client = { send: (text: string) => void; close: () => void }
/** What happens with it. */
export type Conversation = { said: (text: string) => void; left: () => void }
/** `address` is a `ws:` URL that nobody can guess: knowing it is the permission to connect. */
export type Listening = { address: string; close: () => Promise<void> }

const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/**
 * A WebSocket server on loopback (RFC 6455), for programs of this user that were told its address: other users of the machine reach the port and not the path, and a page in a browser,
 * which sends its `Origin`, or a name that was pointed at this machine, is refused. Texts only, without extensions.
 */
export async function listenOnLoopback(d: { random: Random }, converse: (client: Client) => Conversation): Promise<Listening> {
  const path = `/${d.random(32)}`
  const sockets = new Set<Duplex>()
  let host = ''
  const server = createServer((_, response) => void response.writeHead(404, { connection: 'close' }).end())
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy()) // whoever it was breaks off at will
    const refusal = refuse(request, { host, path })
    if (refusal !== undefined) return void socket.end(`HTTP/1.1 ${refusal}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
    sockets.add(socket.once('close', () => sockets.delete(socket)))
    socket.write(welcome(request.headers['sec-websocket-key'] ?? ''))
    connect(socket, head, converse)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
      for (const socket of sockets) socket.destroy()
    })
  return { address: `ws://${host}${path}`, close }
}

function refuse({ url, headers }: IncomingMessage, own: { host: string; path: string }): string | undefined {
  if (headers.host !== own.host || headers.origin !== undefined) return '403 Forbidden'
  if (url !== own.path) return '404 Not Found'
  const isWebSocket = headers.upgrade?.toLowerCase() === 'websocket' && headers['sec-websocket-key'] !== undefined
  return isWebSocket && headers['sec-websocket-version'] === '13' ? undefined : '400 Bad Request'
}

function welcome(key: string): string {
  const accept = createHash('sha1').update(`${key}${ACCEPT_SUFFIX}`).digest('base64') // what the protocol prescribes, and no secret
  return `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`
}

function connect(socket: Duplex, head: Buffer, converse: (client: Client) => Conversation): void {
  const close = () => void socket.end(frame(OPCODE.close))
  const { said, left } = converse({ send: (text) => void socket.write(frame(OPCODE.text, Buffer.from(text))), close })
  const read = createMessageReader()
  const hear = (chunk: Buffer) => {
    try {
      for (const { opcode, payload } of read(chunk)) {
        if (opcode === OPCODE.text) said(payload.toString('utf8'))
        else if (opcode === OPCODE.ping) socket.write(frame(OPCODE.pong, payload))
        else if (opcode === OPCODE.close) close()
      }
    } catch {
      socket.destroy() // it does not speak the protocol
    }
  }
  socket.on('data', hear)
  socket.once('close', left)
  if (head.length > 0) hear(head)
}
