import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { type Answer, decode, encode, type Packet, RECURSION_AVAILABLE } from 'dns-packet'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import { createResolver, type ResolverOptions } from '../../spec/node/dns.ts'

export const NAME = '_agentpass.kite.example'
export const URL_VALUE = 'https://authority.example/config'

export const txt = (name: string, data: string | Buffer | (string | Buffer)[], ttl = 300): Answer => ({ type: 'TXT', name, ttl, data })
export const alias = (name: string, data: string, ttl = 300): Answer => ({ type: 'CNAME', name, ttl, data })
export const soa = (ttl: number, minimum: number): Answer => ({
  type: 'SOA',
  name: 'kite.example',
  ttl,
  data: { mname: 'ns.example', rname: 'x.example', minimum },
})
export const FOUND = [txt(NAME, URL_VALUE)]

export type Reply = (query: Packet, from: RemoteInfo) => Buffer[]
export type Stream = (query: Packet) => Buffer
/** What is unusual about a response. */
export type Response = Packet & { rcode?: number }

/** A well-formed response to the query, but for what `changes` says. */
export function respond(query: Packet, answers: Answer[] = [], { rcode = 0, flags = RECURSION_AVAILABLE, ...changes }: Response = {}): Buffer {
  return encode({ type: 'response', id: query.id, questions: query.questions, answers, flags: flags | rcode, ...changes })
}
/** A message as TCP carries it. */
export const framed = (message: Buffer) => Buffer.concat([Buffer.from([message.length >> 8, message.length & 0xff]), message])

/** A name server on loopback, UDP and perhaps TCP on one port. What `udp` gives is sent as it is, one datagram each; `tcp` is the whole stream. */
export async function nameServer(udp: Reply, tcp?: Stream, host = '127.0.0.1') {
  const seen: { query: Packet; from: RemoteInfo }[] = []
  const datagrams = createSocket(host.includes(':') ? 'udp6' : 'udp4').on('message', (data, from) => {
    const query = decode(data)
    seen.push({ query, from })
    for (const message of udp(query, from)) datagrams.send(message, from.port, from.address)
  })
  const streams = tcp && createServer((socket) => socket.on('error', () => {}).once('data', (data) => socket.end(tcp(decode(data.subarray(2))))))
  onTestFinished(() => {
    datagrams.close()
    streams?.close()
  })
  const port = await onePort(datagrams, streams, host)
  return { server: `${host.includes(':') ? `[${host}]` : host}:${port}`, seen }
}

/** One port for both: one that is free for TCP may be taken for UDP, and then another is tried. */
async function onePort(datagrams: Socket, streams: Server | undefined, host: string, tries = 5): Promise<number> {
  if (streams) await once(streams.listen(0, host), 'listening')
  const { port } = z.object({ port: z.number() }).parse(streams?.address() ?? { port: 0 })
  try {
    await once(datagrams.bind(port, host), 'listening')
    return datagrams.address().port
  } catch (taken) {
    if (!streams || tries === 0) throw taken
    await new Promise((closed) => streams.close(closed))
    return onePort(datagrams, streams, host, tries - 1)
  }
}

/** Asks one name server once for the TXT of NAME. */
export async function lookUp(udp: Reply, options: ResolverOptions & { tcp?: Stream } = {}) {
  const { server } = await nameServer(udp, options.tcp)
  return createResolver({ servers: [server], timeoutMs: 2_000, tries: 1, ...options }).resolveTxt(NAME)
}
export const says =
  (answers: Answer[], changes = {}): Reply =>
  (query) => [respond(query, answers, changes)]
