/** The proxy of `agentpass run` on real sockets, in front of a Service that the test plays as a function. */
import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { onTestFinished } from 'vitest'
import { createNotes } from '../harness/node/run/notes.ts'
import { openProxy } from '../harness/node/run/proxy.ts'
import { createRelay } from '../harness/node/run/relay.ts'
import type { Fetch } from '../spec/effects.ts'
import { createCa } from '../spec/node/ca.ts'
import { systemNow, systemRandom } from '../spec/node/settings.ts'
import { DESK, TOKEN } from './harness-rig.ts'

const HOST = 'desk.example'
const ca = await createCa({ now: systemNow, random: systemRandom, organisation: 'a test', lifetimeSeconds: 3600, onlyFor: HOST })
const tls = await ca.issue([HOST])

/** A request as it reached the Service, its body read by whoever asks for it. */
export type Asked = Request
type Service = (request: Asked) => Response | Promise<Response>

/** Everything that comes until the other side ends, or breaks off. */
export async function readAll(socket: Socket): Promise<string> {
  let text = ''
  try {
    for await (const data of socket) text += data
  } catch {
    text += '(broken off)'
  }
  return text
}

export async function openRun(service: Service = () => new Response('fine')) {
  const asked: Asked[] = []
  const notes = createNotes()
  const fetch: Fetch = async (url, init) => {
    const streamed = init?.body instanceof ReadableStream ? { duplex: 'half' } : {}
    const request = new Request(url, { ...init, ...streamed })
    asked.push(request)
    return service(request)
  }
  const relay = createRelay({ fetch, credential: { service: DESK, token: TOKEN, scope: ['tickets:read'] }, notes })
  const proxy = await openProxy({ random: systemRandom }, { service: DESK, tls, relay, onRefused: notes.wanted })
  onTestFinished(proxy.close)
  const { port, username, password } = new URL(proxy.url)
  const allowed = `Proxy-Authorization: Basic ${btoa(`${username}:${password}`)}`
  const open = () => {
    const socket = connect(Number(port), '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    return socket
  }
  const write = (socket: Socket, lines: string[]) => socket.write([...lines, '', ''].join('\r\n'))
  /** A tunnel to the Service. */
  const tunnel = async (options: ConnectionOptions = {}) => {
    const plain = open()
    write(plain, [`CONNECT ${HOST}:443 HTTP/1.1`, `Host: ${HOST}:443`, allowed])
    const [said] = await new Promise<Buffer[]>((resolve) => plain.once('data', (data) => resolve([data])))
    if (!String(said).startsWith('HTTP/1.1 200')) throw new Error(String(said))
    const socket = connectTls({ socket: plain, servername: HOST, ca: ca.pem, ...options })
    await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
    onTestFinished(() => void socket.destroy())
    return socket
  }
  return {
    ...{ proxy, asked, notes, ca, tunnel, allowed },
    /** What the proxy itself says to these lines. */
    say: async (...lines: string[]) => {
      const socket = open()
      write(socket, lines)
      return readAll(socket)
    },
    /** What is said through the tunnel to these lines, on a connection that ends with them. */
    ask: async (first: string, ...lines: string[]) => {
      const socket = await tunnel()
      write(socket, [first, ...(lines.some((line) => /^host:/i.test(line)) ? [] : [`Host: ${HOST}`]), ...lines, 'Connection: close'])
      return readAll(socket)
    },
  }
}
