import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { Packet } from 'dns2'
import { encodeAnswer, type Truth } from './dns-answer.ts'

/** The suite's name server. Names are compared without case. Host names under the zone have the suite's address; everything else does not exist until it is published. */
export type Dns = {
  port: number
  /** The name's TXT records from now on, one per value; a value that is a list is one record of several character-strings. */
  publish: (name: string, values: (string | string[])[], more?: { ttlSeconds?: number; authenticated?: boolean }) => void
  /** What is answered of the name from now on, whatever type is asked. */
  answer: (name: string, truth: Truth) => void
  /** Another address for a host name of the zone. */
  move: (name: string, address: string) => void
  /** The name is as if it had never been published. */
  withdraw: (name: string) => void
  /** The questions about a name, or about names ending in it, oldest first. */
  asked: (name: string) => Question[]
  isUp: () => boolean
  /** Rejects when the server does not answer any more. */
  probe: () => Promise<void>
  stop: () => Promise<void>
}
export type Question = { name: string; type: string; at: number }
export type DnsPlace = { listen: string; port: number; zone: string; address: string }

const PROBE_MS = 10_000
const ASK_AGAIN_MS = 1000
const TTL_SECONDS = 1

/** Starts the name server, for UDP and TCP on one port. Throws Error when the port is taken. */
export async function startDns(place: DnsPlace): Promise<Dns> {
  const truths = new Map<string, Truth>()
  const moved = new Map<string, string>()
  const questions: Question[] = []
  const respond = (query: Buffer, overTcp: boolean): Buffer | undefined => {
    const [question] = Packet.parse(query).questions
    if (!question) return undefined
    const name = canonical(question.name)
    questions.push({ name, type: typeName(question.type), at: Date.now() })
    const truth = truths.get(name) ?? hostTruth(place, moved, name)
    return encodeAnswer(query, question.type, truth, overTcp)
  }
  const { udp, tcp, port, sockets } = await listen(place, respond)
  return {
    port,
    publish: (name, values, { ttlSeconds = TTL_SECONDS, authenticated = false } = {}) =>
      void truths.set(canonical(name), { kind: 'txt', values: values.map((value) => [value].flat()), ttlSeconds, authenticated }),
    answer: (name, truth) => void truths.set(canonical(name), truth),
    move: (name, address) => void moved.set(canonical(name), address),
    withdraw: (name) => void truths.delete(canonical(name)),
    asked: (name) => questions.filter((question) => question.name === canonical(name) || question.name.endsWith(`.${canonical(name)}`)),
    isUp: () => tcp.listening,
    probe: () => probe(place.listen, port, place.zone),
    stop: async () => {
      if (!tcp.listening) return
      for (const socket of sockets) socket.destroy()
      await Promise.all([new Promise<void>((done) => udp.close(done)), new Promise<unknown>((done) => tcp.close(done))])
    },
  }
}

const canonical = (name: string): string => name.toLowerCase().replace(/\.$/, '')
const typeName = (type: number): string => Object.entries(Packet.TYPE).find(([, code]) => code === type)?.[0] ?? `TYPE${type}`

/** A host has an address; a name with an underscored label (RFC 8552) is none. */
function hostTruth({ zone, address }: DnsPlace, moved: Map<string, string>, name: string): Truth {
  const isHost = (name === zone || name.endsWith(`.${zone}`)) && !name.split('.').some((label) => label.startsWith('_'))
  return isHost ? { kind: 'host', address: moved.get(name) ?? address } : { kind: 'nxdomain' }
}

type Respond = (query: Buffer, overTcp: boolean) => Buffer | undefined

async function listen({ listen: host, port }: DnsPlace, respond: Respond) {
  for (let tries = 20; ; tries--) {
    const udp = answerUdp(createSocket('udp4'), respond)
    const sockets = new Set<Socket>()
    const tcp = answerTcp(respond, sockets)
    try {
      udp.bind(port, host)
      await once(udp, 'listening')
      tcp.listen(udp.address().port, host)
      await once(tcp, 'listening')
      for (const server of [udp, tcp]) server.on('error', () => undefined) // trouble with one peer is not the server's end
      return { udp, tcp, port: udp.address().port, sockets }
    } catch (taken) {
      udp.close()
      if (port !== 0 || tries === 0) throw new Error(`the suite's DNS server cannot listen on ${host}:${port}`, { cause: taken })
    }
  }
}

function answerUdp(socket: UdpSocket, respond: Respond): UdpSocket {
  return socket.on('message', (query, from) => {
    const answer = attempt(() => respond(query, false))
    if (answer) socket.send(answer, from.port, from.address)
  })
}

function answerTcp(respond: Respond, sockets: Set<Socket>): Server {
  return createServer((socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)))
    socket.on('error', () => undefined)
    let received = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return
      const answer = attempt(() => respond(received.subarray(2), true))
      if (!answer) return
      const length = Buffer.alloc(2)
      length.writeUInt16BE(answer.length)
      socket.end(Buffer.concat([length, answer]))
    })
  })
}

/** What cannot be read as a question is not answered, and never the end of the server. */
function attempt<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch {
    return undefined
  }
}

/** Asks the server for its own zone, over the wire, again and again: on a busy machine a datagram may be lost, or late. */
async function probe(host: string, port: number, zone: string): Promise<void> {
  const socket = createSocket('udp4')
  const query = new Packet()
  query.header.id = 1
  query.questions.push(new Packet.Question(zone, Packet.TYPE.A, Packet.CLASS.IN))
  const ask = () => socket.send(query.toBuffer(), port, host)
  const asking = setInterval(ask, ASK_AGAIN_MS)
  try {
    const answered = once(socket, 'message', { signal: AbortSignal.timeout(PROBE_MS) })
    ask()
    await answered
  } finally {
    clearInterval(asking)
    socket.close()
  }
}
