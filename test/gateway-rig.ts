/** The gateway on a real socket, in front of a real HTTP server that the test plays. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, request, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { onTestFinished } from 'vitest'
import { createForward } from '../service/node/upstream.ts'
import { openDoor } from '../spec/node/serve.ts'
import { DESK } from './fake-authority.ts'
import { desk } from './service-rig.ts'
import { listen } from './spec/tls-fixture.ts'

type App = (request: IncomingMessage, response: ServerResponse) => void
export type Answer = { status: number; headers: IncomingMessage['headers']; body: Buffer }

export async function read(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const SCOPES = [{ name: 'all', allows: ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'].map((method) => `${method} /**`) }]

export async function gateway(app: App, settings: object = {}) {
  const behind = await listen(createServer(app), 0, '127.0.0.1')
  const d = await desk({ settings: { scopes: SCOPES, ...settings } })
  d.enterprise.publish('acme.example')
  d.enterprise.answers.validate = async () => Response.json(d.enterprise.validation({ scope: ['*'] }))
  d.enterprise.answers.check = async () => Response.json({ scope: ['*'] })
  const token = await d.token()
  const appOrigin = `http://127.0.0.1:${behind.port}`
  const { forward, close } = createForward(appOrigin, DESK)
  const open = await d.another({ forward })
  const door = await openDoor({ host: '127.0.0.1', port: 0 })
  door.mount(open.app)
  onTestFinished(async () => {
    await door.close()
    await close()
  })
  /** A request of the agent's, sent as it is: `path` is not normalised. `send` writes the body. */
  const start = (method: string, path: string, headers: OutgoingHttpHeaders = {}) =>
    request({ host: '127.0.0.1', port: door.port, method, path, headers: { authorization: `Bearer ${token}`, ...headers } })
  const call = async (method: string, path: string, headers: OutgoingHttpHeaders = {}, body?: string | Buffer): Promise<Answer> => {
    const sent = start(method, path, headers)
    sent.end(body)
    const [response]: IncomingMessage[] = await once(sent, 'response')
    return { status: response!.statusCode ?? 0, headers: response!.headers, body: await read(response!) }
  }
  /** Bytes as they are, on a connection of their own; the whole answer as text. */
  const raw = async (lines: string[]): Promise<string> => {
    const socket = connect(door.port, '127.0.0.1')
    socket.write([...lines, 'Connection: close', '', ''].join('\r\n').replaceAll('TOKEN', token))
    let answer = ''
    for await (const chunk of socket) answer += chunk
    return answer
  }
  return { d, token, appOrigin, behind, start, call, raw }
}
