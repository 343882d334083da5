import { once } from 'node:events'
import type { Socket } from 'node:net'
import { createTCPServer, createUDPServer, type DnsHandler, Packet, type Question, type Resource } from 'dns2'

const LOOPBACK = '127.0.0.1'
const TTL_SECONDS = 1
const PORT_TRIES = 20
const STRING_OCTETS = 255 // the longest character-string (RFC 1035 §3.3): dns2 writes a longer one with a wrong length
const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const // dns2 has them, untyped

/** How a name can fail: by that answer, or by none at all. */
export type NamesFailure = 'SERVFAIL' | 'REFUSED' | 'timeout'

/** The world's name server. Names are compared without case and final dot; a name never heard of does not exist. Host names under
 *  `.localhost` have the address 127.0.0.1 and no IPv6 address. */
export type Names = {
  /** `127.0.0.1:port`, for UDP and TCP alike, as `dns.setServers` takes it. */
  address: string
  /** The name's TXT records from now on, one per value; without a value the name exists and has none (NODATA). */
  publish: (name: string, ...values: string[]) => void
  /** The name does not exist any more (NXDOMAIN), nor has it an address, until it is published again. */
  withdraw: (name: string) => void
  /** Whatever is asked of the name fails in this way; `undefined` ends that. */
  fail: (name: string, how: NamesFailure | undefined) => void
  /** Every question since the start, oldest first, the name in lower case. */
  queries: () => { name: string; type: string }[]
  /** Ends the server and every connection to it, once. */
  stop: () => Promise<void>
}

type Zone = { ttlSeconds: number; txt: Map<string, string[]>; withdrawn: Set<string>; failures: Map<string, NamesFailure> }

/** Starts a name server on a free port of 127.0.0.1. Every answer, absence too, may be cached for `ttlSeconds` (default 1). */
export async function startNames({ ttlSeconds = TTL_SECONDS } = {}): Promise<Names> {
  const zone: Zone = { ttlSeconds, txt: new Map(), withdrawn: new Set(), failures: new Map() }
  const asked: { name: string; type: string }[] = []
  const { port, stop } = await listen(async (request, send) => {
    try {
      if (request.header.qr) return // an answer to nobody's question: replying would let two servers talk for ever
      asked.push(...request.questions.map((q) => ({ name: canonical(q.name), type: typeName(q.type) })))
      const response = respond(request, zone)
      if (response) await send(response)
    } catch {
      // dns2 leaves it to us: an answer that cannot be built or sent is one not given, and never the end of the server
    }
  })
  return {
    address: `${LOOPBACK}:${port}`,
    publish: (name, ...values) => {
      zone.withdrawn.delete(canonical(name))
      zone.txt.set(canonical(name), values)
    },
    withdraw: (name) => {
      zone.withdrawn.add(canonical(name))
      zone.txt.delete(canonical(name))
    },
    fail: (name, how) => void (how ? zone.failures.set(canonical(name), how) : zone.failures.delete(canonical(name))),
    queries: () => [...asked],
    stop,
  }
}

const canonical = (name: string) => name.toLowerCase().replace(/\.$/, '')
const typeName = (type: number) => Object.entries(Packet.TYPE).find(([, code]) => code === type)?.[0] ?? `TYPE${type}`

/** The whole answer; `undefined` where the name is to time out. */
function respond(request: Packet, zone: Zone): Packet | undefined {
  const response = Packet.createResponseFromRequest(request)
  const { rcode, answers } = resolve(request, zone)
  if (rcode === 'timeout') return undefined
  Object.assign(response.header, { aa: 1, ra: 1, rcode: RCODE[rcode] })
  response.answers = answers
  if (answers.length === 0 && (rcode === 'NOERROR' || rcode === 'NXDOMAIN')) response.authorities = [startOfAuthority(zone)]
  if (request.additionals.some((r) => r.type === Packet.TYPE.EDNS)) response.additionals = [Packet.Resource.EDNS([])] // RFC 6891 §6.1.1
  return response
}

type Answer = { rcode: keyof typeof RCODE | 'timeout'; answers: Resource[] }

function resolve(request: Packet, zone: Zone): Answer {
  const [question, ...more] = request.questions
  if (request.header.opcode !== 0) return { rcode: 'NOTIMP', answers: [] }
  if (!question || more.length > 0) return { rcode: 'FORMERR', answers: [] } // dns2 hands on a question it could not read as none
  const name = canonical(question.name)
  const failure = zone.failures.get(name)
  if (failure) return { rcode: failure, answers: [] }
  if (question.class !== Packet.CLASS.IN) return { rcode: 'REFUSED', answers: [] }
  const hasAddress = isHost(name) && !zone.withdrawn.has(name)
  if (!hasAddress && !zone.txt.has(name)) return { rcode: 'NXDOMAIN', answers: [] }
  if (question.type === Packet.TYPE.A && hasAddress) return { rcode: 'NOERROR', answers: [record(question, zone, { address: LOOPBACK })] }
  const values = question.type === Packet.TYPE.TXT ? (zone.txt.get(name) ?? []) : []
  return { rcode: 'NOERROR', answers: values.map((value) => record(question, zone, { data: characterStrings(value) })) }
}

/** A host has an address; a name with an underscored label (RFC 8552), such as `_agentpass.acme.localhost`, is none. */
const isHost = (name: string) => /^([^_.][^.]*\.)*localhost$/.test(name)

const record = ({ name, type }: Question, { ttlSeconds }: Zone, data: Partial<Resource>) =>
  new Packet.Resource({ name, type, class: Packet.CLASS.IN, ttl: ttlSeconds, ...data })

/** What lets a resolver cache an absence, and for how long (RFC 2308 §5). The world is its own root. */
const startOfAuthority = ({ ttlSeconds }: Zone) =>
  new Packet.Resource({
    ...{ name: '', type: Packet.TYPE.SOA, class: Packet.CLASS.IN, ttl: ttlSeconds, primary: 'localhost', admin: 'hostmaster.localhost' },
    ...{ serial: 1, refresh: 60, retry: 60, expiration: 60, minimum: ttlSeconds },
  })

/** Cuts between characters, so that each string is UTF-8 of its own. */
function characterStrings(value: string): string[] {
  const strings: string[] = []
  let current = ''
  for (const character of value) {
    const fits = Buffer.byteLength(current + character) <= STRING_OCTETS
    if (!fits) strings.push(current)
    current = fits ? current + character : character
  }
  return [...strings, current]
}

/** Binds one port for both. Not dns2's own pair: given port 0 its TCP half takes any port of every address, and it does not say when a port
 *  is taken. */
async function listen(handler: DnsHandler): Promise<{ port: number; stop: () => Promise<void> }> {
  for (let tries = 1; ; tries++) {
    const udp = createUDPServer(handler)
    const tcp = createTCPServer(handler)
    const sockets = new Set<Socket>() // dns2 keeps an idle connection for 10 s, and a closing server waits for each
    tcp.on('connection', (socket: Socket) => sockets.add(socket.once('close', () => sockets.delete(socket))))
    let stopped: Promise<unknown> | undefined
    const stop = async () => {
      stopped ??= Promise.all([udp, tcp].map((server) => new Promise<void>((done) => server.close(() => done()))))
      for (const socket of sockets) socket.destroy()
      await stopped
    }
    try {
      udp.bind(0, LOOPBACK)
      await once(udp, 'listening')
      const { port } = udp.address()
      tcp.listen(port, LOOPBACK)
      await once(tcp, 'listening')
      for (const server of [udp, tcp]) server.on('error', () => undefined) // trouble with one peer is not the server's end
      return { port, stop }
    } catch (taken) {
      await stop()
      if (tries === PORT_TRIES) throw taken
    }
  }
}
