import { type LookupFunction, connect as plainConnect } from 'node:net'
import { type SecureContext, connect as tlsConnect } from 'node:tls'

/** What came back on a connection, read as far as it can be. */
export type RawReply = { status: number; headers: Record<string, string>; text: string }
export type RawPlace = { lookup: LookupFunction; secureContext: SecureContext; timeoutMs: number }

/**
 * Sends bytes as they are: what no HTTP client would send. They say `Connection: close`, so that the answer has an end.
 * Undefined when the connection ended without an answer, or none came in time.
 */
export function sendRaw(
  { hostname, port, protocol }: URL,
  bytes: string,
  { lookup, secureContext, timeoutMs }: RawPlace,
): Promise<RawReply | undefined> {
  return new Promise((resolve) => {
    const isTls = protocol === 'https:'
    const place = { host: hostname, port: Number(port || (isTls ? 443 : 80)), lookup }
    const socket = isTls ? tlsConnect({ ...place, servername: hostname, secureContext }) : plainConnect(place)
    let received = ''
    const end = () => {
      clearTimeout(timer)
      socket.destroy()
      resolve(readAnswer(received))
    }
    const timer = setTimeout(end, timeoutMs)
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
    })
    socket.on('close', end).on('error', end)
    socket.on(isTls ? 'secureConnect' : 'connect', () => socket.write(bytes))
  })
}

function readAnswer(received: string): RawReply | undefined {
  const [head = '', text = ''] = received.split(/\r\n\r\n(.*)/s)
  const [first = '', ...lines] = head.split('\r\n')
  const [, status] = /^HTTP\/1\.[01] (\d{3})/.exec(first) ?? []
  if (status === undefined) return undefined
  const headers = lines.map((line) => line.split(/:\s*(.*)/s)).map(([name = '', value = '']) => [name.toLowerCase(), value])
  return { status: Number(status), headers: Object.fromEntries(headers), text }
}
