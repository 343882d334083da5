import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { getServers } from 'node:dns'
import { on, once } from 'node:events'
import { connect, isIP, isIPv6 } from 'node:net'
import { type Answer, AUTHENTIC_DATA, type DecodedPacket, decode, encode, type OptAnswer, RECURSION_DESIRED, type TxtData } from 'dns-packet'
import type { ResolveTxt, TxtAnswer } from '../effects.ts'

export type ResolverOptions = { servers?: string[]; validating?: boolean; timeoutMs?: number; tries?: number }
export type ResolveAddresses = (host: string) => Promise<{ address: string; family: number }[]>
export type Resolver = { resolveTxt: ResolveTxt; resolveAddresses: ResolveAddresses }

type RecordType = 'TXT' | 'A' | 'AAAA'
type Server = { address: string; port: number; name: string }
type Query = { id: number; name: string; type: RecordType; question: Buffer; message: Buffer }
type DataRecord = Exclude<Answer, OptAnswer>

const TOTAL_MS = 4_400 // over all servers and tries: what is fetched next has 5 s of its own
const NEGATIVE_TTL_SECONDS = 60 // for an absence that comes without an SOA record
const MAX_ALIASES = 8
const HEADER_BYTES = 12
const UDP_BYTES = 1_232 // fits one IPv6 packet, so no answer arrives in fragments (DNS flag day 2020)
const OPT: OptAnswer = { type: 'OPT', name: '.', udpPayloadSize: UDP_BYTES, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] }
const NXDOMAIN = 3
const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED']

/**
 * A stub DNS client (protocol 2). `servers` are addresses with an optional port, asked in turn, `tries` rounds of them; each try has at most `timeoutMs`, all
 * of them together 4.4 s. Absent (NXDOMAIN, NODATA) is no values, or an Error with code ENOTFOUND for addresses; everything else but a well-formed answer
 * throws an Error for the log, with code EAI_AGAIN where no server gave one. `authenticated` needs `validating`: our word that the servers, and the way to them, may vouch for DNSSEC.
 * Throws at once for a bad server address.
 */
export function createResolver({ servers = getServers(), validating = false, timeoutMs = 1_500, tries = 2 }: ResolverOptions = {}): Resolver {
  const attempts = Array.from({ length: tries }, () => servers.map(parseServer)).flat()
  if (attempts.length === 0) throw new Error('no DNS server to ask')
  const tryMs = Math.min(timeoutMs, Math.floor(TOTAL_MS / attempts.length))

  async function lookUp(name: string, type: RecordType): Promise<TxtAnswer> {
    if (!isDnsName(name)) throw new Error(`not a DNS name: ${JSON.stringify(name.slice(0, 300))}`)
    const failures = new Set<string>()
    for (const server of attempts) {
      try {
        const answer = await ask(server, createQuery(name, type), tryMs)
        return { ...answer, authenticated: validating && answer.authenticated }
      } catch (cause) {
        failures.add(`${server.name}: ${cause instanceof Error ? cause.message : cause}`)
      }
    }
    throw Object.assign(new Error(`cannot look up ${type} of ${name}: ${[...failures].join('; ')}`), { code: 'EAI_AGAIN' })
  }

  return {
    resolveTxt: (name) => lookUp(name, 'TXT'),
    resolveAddresses: async (host) => {
      const answers = await Promise.allSettled([lookUp(host, 'A'), lookUp(host, 'AAAA')])
      const found = answers.flatMap((a) => (a.status === 'fulfilled' ? a.value.values : []))
      if (found.length > 0) return found.map((address) => ({ address, family: isIP(address) }))
      const outage = answers.find((a) => a.status === 'rejected')
      throw outage ? outage.reason : Object.assign(new Error(`${host} has no address`), { code: 'ENOTFOUND' })
    },
  }
}

/** Accepts `9.9.9.9`, `127.0.0.1:5353`, `::1` and `[::1]:53`, as `dns.getServers()` does. */
function parseServer(text: string): Server {
  const [, bracketed, plain = text, port = '53'] = /^(?:\[(.*)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const address = bracketed ?? plain
  if (isIP(address) === 0 || Number(port) === 0 || Number(port) > 65_535) throw new Error(`not the address of a DNS server: ${text}`)
  return { address, port: Number(port), name: text }
}

const isDnsName = (name: string) => name.length <= 253 && /^[a-z\d_-]{1,63}(?:\.[a-z\d_-]{1,63})*$/i.test(name)

function createQuery(name: string, type: RecordType): Query {
  const id = randomInt(0x1_0000)
  const questions = [{ name, type, class: 'IN' as const }]
  const message = encode({ type: 'query', id, flags: RECURSION_DESIRED | AUTHENTIC_DATA, questions, additionals: [OPT] })
  return { id, name, type, message, question: encode({ questions }).subarray(HEADER_BYTES) }
}

async function ask(server: Server, query: Query, timeoutMs: number): Promise<TxtAnswer> {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const datagram = await askUdp(server, query, signal)
    const truncated = (datagram.readUInt16BE(2) & 0x0200) !== 0
    return readAnswer(truncated ? await askTcp(server, query, signal) : datagram, query)
  } catch (cause) {
    throw signal.aborted ? new Error(`no answer within ${timeoutMs} ms`) : cause
  }
}

/** Asks from a port of its own. A datagram that answers something else is somebody's guess: it is passed over, and the wait goes on. */
async function askUdp(server: Server, query: Query, signal: AbortSignal): Promise<Buffer> {
  const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4')
  try {
    const datagrams = on(socket, 'message', { signal })
    socket.connect(server.port, server.address) // from here on the kernel drops what others send
    await once(socket, 'connect', { signal })
    socket.send(query.message)
    for await (const [datagram] of datagrams) if (isReply(datagram, query)) return datagram
    throw new Error('the socket closed')
  } finally {
    socket.close()
  }
}

async function askTcp(server: Server, query: Query, signal: AbortSignal): Promise<Buffer> {
  const socket = connect({ host: server.address, port: server.port, signal })
  const length = Buffer.alloc(2)
  length.writeUInt16BE(query.message.length)
  socket.write(Buffer.concat([length, query.message]))
  let received = Buffer.alloc(0)
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk])
    const end = received.length < 2 ? Number.POSITIVE_INFINITY : 2 + received.readUInt16BE(0)
    if (received.length < end) continue
    const message = received.subarray(2, end)
    if (!isReply(message, query)) throw new Error('an answer to another question')
    return message // leaving the loop destroys the socket
  }
  throw new Error('the connection closed before the answer')
}

/** A response with our id to a standard query, repeating our one question: name (in any case), type and class. */
function isReply(message: Buffer, { id, question }: Query): boolean {
  const end = HEADER_BYTES + question.length
  if (message.length < end || message.readUInt16BE(0) !== id || message.readUInt16BE(4) !== 1) return false
  return (message.readUInt16BE(2) & 0xf800) === 0x8000 && fold(message.subarray(HEADER_BYTES, end)) === fold(question)
}

/** Letter case aside, in ASCII alone: to Unicode the Kelvin sign is a `k`. */
const fold = (name: Buffer | string) => Buffer.from(name).toString('latin1').toLowerCase()

function readAnswer(message: Buffer, query: Query): TxtAnswer {
  const packet = decode(message)
  if (decode.bytes !== message.length) throw new Error('a malformed answer') // a cut packet decodes without a word
  if (packet.flag_tc) throw new Error('an answer cut short')
  const opt = packet.additionals?.find((a) => a.type === 'OPT')
  const rcode = ((opt?.extendedRcode ?? 0) << 4) | ((packet.flags ?? 0) & 0xf)
  if (rcode !== 0 && rcode !== NXDOMAIN) throw new Error(`answered ${RCODES[rcode] ?? `rcode ${rcode}`}`)
  const { records, ttls } = followAliases(packet, query)
  if (records.length > 0 && rcode === NXDOMAIN) throw new Error('answered NXDOMAIN beside records')
  if (ttls.length === 0 && packet.answers?.length) throw new Error('an answer about something else')
  if (records.length === 0) ttls.push(negativeTtl(packet, ttls.length > 0))
  const values = records.flatMap((r) => (r.type === 'TXT' ? [textOf(r.data)] : r.type === 'A' || r.type === 'AAAA' ? [r.data] : []))
  return { values, ttlSeconds: Math.min(...ttls), authenticated: packet.flag_ad }
}

/** The records of the asked type at the name, or where its aliases lead within the same answer. What else an answer holds is not about our question. */
function followAliases(packet: DecodedPacket, { name, type }: Query): { records: DataRecord[]; ttls: number[] } {
  const answers = (packet.answers ?? []).filter((a): a is DataRecord => a.type !== 'OPT' && a.class === 'IN' && !a.flush)
  const ttls: number[] = []
  let owner = fold(name)
  while (ttls.length <= MAX_ALIASES) {
    const here = answers.filter((a) => fold(a.name) === owner)
    const records = here.filter((a) => a.type === type)
    const aliases = here.flatMap((a) => (a.type === 'CNAME' ? [a] : []))
    const [alias] = aliases
    if (!alias) return { records, ttls: [...ttls, ...records.map(ttlOf)] }
    if (aliases.length + records.length > 1) throw new Error('an alias beside other records')
    ttls.push(ttlOf(alias))
    owner = fold(alias.data)
  }
  throw new Error('aliases in a loop, or too many')
}

/** How long an absence holds (RFC 2308). A referral, or an alias nobody followed, is no absence: the server did not look. */
function negativeTtl(packet: DecodedPacket, aliased: boolean): number {
  const soa = packet.authorities?.find((a) => a.type === 'SOA')
  if (soa) return Math.min(ttlOf(soa), soa.data.minimum ?? 0)
  if (packet.authorities?.some((a) => a.type === 'NS') || (aliased && !packet.flag_ra)) throw new Error('a referral instead of an answer')
  return NEGATIVE_TTL_SECONDS
}

/** A TTL with its first bit set counts as zero (RFC 2181 §8). */
const ttlOf = ({ ttl = 0 }: DataRecord) => (ttl > 0x7fff_ffff ? 0 : ttl)

/** A TXT record's strings joined as bytes. Throws when they are not UTF-8. */
function textOf(data: TxtData): string {
  const strings = [data].flat().map((part) => (typeof part === 'string' ? Buffer.from(part) : part))
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(strings))
}
