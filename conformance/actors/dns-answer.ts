/** What is true of a name, or how asking for it goes wrong. */
export type Truth =
  | { kind: 'txt'; values: (string | Buffer)[][]; ttlSeconds: number; authenticated?: boolean }
  /** A host at an address of either version. */
  | { kind: 'host'; address: string }
  | { kind: 'nxdomain' }
  /** The name exists, without a record of that type. */
  | { kind: 'nodata' }
  | { kind: 'rcode'; code: keyof typeof RCODE }
  | { kind: 'silent' }
  /** Truncated over UDP; `whole` is answered over TCP, or truncated there too. */
  | { kind: 'truncated'; whole?: Truth }
  /** An alias whose target text is this, and no record. */
  | { kind: 'alias'; target: string; then?: string }
  /** Whatever bytes; gets the query. Undefined is no answer. */
  | { kind: 'raw'; bytes: (query: Buffer) => Buffer | undefined }

const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const
const TYPE = { A: 1, CNAME: 5, SOA: 6, TXT: 16, AAAA: 28 } as const
const HEADER_BYTES = 12
const TTL_SECONDS = 1
/** The name of the question, by a pointer to it (RFC 1035 §4.1.4). */
const QUESTION_NAME = Buffer.from([0xc0, HEADER_BYTES])

/** The type that a query asks for. */
export const askedType = (query: Buffer): number => query.readUInt16BE(endOfQuestion(query) - 4)

/** The bytes of an answer to a query of one question; undefined where none is sent. Written by hand, so that what is malformed can be said. */
export function encodeAnswer(query: Buffer, asked: number, truth: Truth, overTcp: boolean): Buffer | undefined {
  switch (truth.kind) {
    case 'silent':
      return undefined
    case 'raw':
      return truth.bytes(query)
    case 'truncated':
      return overTcp && truth.whole ? encodeAnswer(query, asked, truth.whole, overTcp) : message(query, { truncated: true })
    case 'rcode':
      return message(query, { rcode: RCODE[truth.code] })
    case 'nxdomain':
      return message(query, { rcode: RCODE.NXDOMAIN, authority: [startOfAuthority()] })
    case 'nodata':
      return message(query, { authority: [startOfAuthority()] })
    case 'host':
      return asked === typeOf(truth.address) ? message(query, { answers: [record(asked, TTL_SECONDS, addressBytes(truth.address))] }) : none(query)
    case 'alias':
      return message(query, {
        answers: [
          record(TYPE.CNAME, TTL_SECONDS, nameBytes(truth.target)),
          ...(truth.then === undefined ? [] : [record(TYPE.TXT, TTL_SECONDS, strings([truth.then]), nameBytes(truth.target))]),
        ],
      })
    case 'txt': {
      if (asked !== TYPE.TXT || truth.values.length === 0) return none(query)
      const answers = truth.values.map((value) => record(TYPE.TXT, truth.ttlSeconds, strings(value)))
      return message(query, { answers, authenticated: truth.authenticated === true })
    }
  }
}

const none = (query: Buffer): Buffer => message(query, { authority: [startOfAuthority()] })

type Parts = { rcode?: number; answers?: Buffer[]; authority?: Buffer[]; truncated?: boolean; authenticated?: boolean }

function message(query: Buffer, { rcode = 0, answers = [], authority = [], truncated = false, authenticated = false }: Parts): Buffer {
  const question = query.subarray(HEADER_BYTES, endOfQuestion(query))
  const header = Buffer.alloc(HEADER_BYTES)
  query.copy(header, 0, 0, 2)
  header.writeUInt16BE(0x8580 | (truncated ? 0x0200 : 0) | (authenticated ? 0x0020 : 0) | rcode, 2) // an authoritative answer, recursion done
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(answers.length, 6)
  header.writeUInt16BE(authority.length, 8)
  return Buffer.concat([header, question, ...answers, ...authority])
}

function endOfQuestion(query: Buffer): number {
  let at = HEADER_BYTES
  while ((query[at] ?? 0) !== 0) at += 1 + (query[at] ?? 0)
  return at + 5 // the root label, type and class
}

function record(type: number, ttlSeconds: number, data: Buffer, owner: Buffer = QUESTION_NAME): Buffer {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(type, 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt32BE(ttlSeconds, 4)
  fixed.writeUInt16BE(data.length, 8)
  return Buffer.concat([owner, fixed, data])
}

/** Character-strings, cut at 255 octets. */
function strings(parts: (string | Buffer)[]): Buffer {
  const cut = parts.map((part) => Buffer.from(part)).flatMap((bytes) => (bytes.length === 0 ? [bytes] : pieces(bytes)))
  return Buffer.concat(cut.flatMap((bytes) => [Buffer.from([bytes.length]), bytes]))
}

const pieces = (bytes: Buffer): Buffer[] => Array.from({ length: Math.ceil(bytes.length / 255) }, (_, i) => bytes.subarray(i * 255, (i + 1) * 255))

const nameBytes = (name: string): Buffer =>
  Buffer.concat([...name.split('.').flatMap((label) => [Buffer.from([Buffer.byteLength(label)]), Buffer.from(label)]), Buffer.from([0])])

const typeOf = (address: string): number => (address.includes(':') ? TYPE.AAAA : TYPE.A)

function addressBytes(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number))
  const [head = [], tail = []] = address.split('::').map((side) => side.split(':').filter((group) => group !== ''))
  const groups = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => '0'), ...tail]
  return Buffer.from(groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]))
}

/** What lets a resolver cache an absence (RFC 2308 §5): for a second. */
function startOfAuthority(): Buffer {
  const numbers = Buffer.alloc(20)
  for (const [i, value] of [1, 60, 60, 60, TTL_SECONDS].entries()) numbers.writeUInt32BE(value, i * 4)
  return record(TYPE.SOA, TTL_SECONDS, Buffer.concat([nameBytes('invalid'), nameBytes('invalid'), numbers]), Buffer.from([0]))
}
