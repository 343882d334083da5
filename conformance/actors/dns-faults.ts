import { askedType, encodeAnswer, type Truth } from './dns-answer.ts'

/** One way in which asking DNS fails. Whoever asks must not take it for the word that there is no record. */
export type DnsFault = {
  slug: string
  about: string
  truth: (url: string) => Truth
  /** A peer may wait for seconds before it gives up. */
  slow?: true
}

/** Failures of DNS: no fallback may follow (protocol 2). `url` is what the record would say. */
export const DNS_FAULTS: readonly DnsFault[] = [
  { slug: 'servfail', about: 'DNS answers SERVFAIL', truth: () => ({ kind: 'rcode', code: 'SERVFAIL' }) },
  { slug: 'refused', about: 'DNS answers REFUSED', truth: () => ({ kind: 'rcode', code: 'REFUSED' }) },
  { slug: 'formerr', about: 'DNS answers FORMERR', truth: () => ({ kind: 'rcode', code: 'FORMERR' }) },
  { slug: 'notimp', about: 'DNS answers NOTIMP', truth: () => ({ kind: 'rcode', code: 'NOTIMP' }) },
  { slug: 'timeout', about: 'DNS does not answer', truth: () => ({ kind: 'silent' }), slow: true },
  { slug: 'truncated', about: 'the answer is truncated, over TCP too', truth: () => ({ kind: 'truncated' }) },
  { slug: 'garbage', about: 'the answer is no DNS message', truth: () => ({ kind: 'raw', bytes: () => Buffer.from('garbage') }), slow: true },
  {
    slug: 'cut',
    about: 'the answer breaks off within a record',
    truth: (url) => ({ kind: 'raw', bytes: (query) => cutAnswer(query, url) }),
    slow: true,
  },
  { slug: 'wrong-id', about: 'the answer has another id', truth: (url) => ({ kind: 'raw', bytes: (query) => wrongId(query, url) }), slow: true },
  { slug: 'wrong-question', about: 'the answer is about another name', truth: () => ({ kind: 'raw', bytes: wrongQuestion }), slow: true },
]

/** An answer that says there is one TXT record, and ends before it does. */
function cutAnswer(query: Buffer, url: string): Buffer {
  const header = Buffer.from(query.subarray(0, 12))
  header.writeUInt16BE(0x8580, 2)
  header.writeUInt16BE(1, 6)
  header.writeUInt32BE(0, 8)
  const question = query.subarray(12, endOfName(query) + 4)
  const record = Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 1, 0, url.length + 1, url.length])
  return Buffer.concat([header, question, record, Buffer.from(url.slice(0, 5))])
}

/** NXDOMAIN, under another id: what somebody who guesses would send. */
function wrongId(query: Buffer, _: string): Buffer {
  const header = Buffer.from(query.subarray(0, 12))
  header.writeUInt16BE((query.readUInt16BE(0) + 1) % 0x1_0000, 0)
  header.writeUInt16BE(0x8583, 2)
  header.writeUInt32BE(0, 8)
  header.writeUInt16BE(0, 6)
  return Buffer.concat([header, query.subarray(12, endOfName(query) + 4)])
}

/** NXDOMAIN of a name that nobody asked for. */
function wrongQuestion(query: Buffer): Buffer {
  const header = Buffer.from(query.subarray(0, 12))
  header.writeUInt16BE(0x8583, 2)
  header.writeUInt32BE(0, 8)
  header.writeUInt16BE(0, 6)
  return Buffer.concat([header, Buffer.from([5, ...Buffer.from('other'), 7, ...Buffer.from('invalid'), 0, 0, 16, 0, 1])])
}

function endOfName(query: Buffer): number {
  let at = 12
  while ((query[at] ?? 0) !== 0) at += 1 + (query[at] ?? 0)
  return at + 1
}

/** A host that is at one address in the first answer, for each type that is asked for, and at another in those that follow. */
export function rebinding(first: string, later: string): Truth {
  const asked = new Set<number>()
  const bytes = (query: Buffer) => {
    const type = askedType(query)
    const address = asked.has(type) ? later : first
    asked.add(type)
    return encodeAnswer(query, type, { kind: 'host', address }, false)
  }
  return { kind: 'raw', bytes }
}

/** Values of a TXT record that say nothing usable: a failure, and no absence. */
export const UNUSABLE_VALUES: readonly { slug: string; about: string; values: (url: string) => (string | string[])[] }[] = [
  { slug: 'word', about: 'the record is a word', values: () => ['hello'] },
  { slug: 'empty', about: 'the record is empty', values: () => [''] },
  { slug: 'http', about: 'the record is an http URL', values: (url) => [url.replace('https:', 'http:')] },
  { slug: 'https-alone', about: 'the record is “https://”', values: () => ['https://'] },
  { slug: 'userinfo', about: 'the URL has userinfo', values: (url) => [url.replace('https://', 'https://somebody@')] },
  { slug: 'fragment', about: 'the URL has a fragment', values: (url) => [`${url}#fragment`] },
  { slug: 'relative', about: 'the URL has no scheme', values: (url) => [url.replace('https:', '')] },
  { slug: 'javascript', about: 'the record is a javascript URL', values: () => ['javascript:alert(1)'] },
  { slug: 'quoted', about: 'the URL is in quotation marks', values: (url) => [`"${url}"`] },
  { slug: 'control', about: 'there is a line break in the URL', values: (url) => [url.replace('https://', 'https://\n')] },
  { slug: 'long', about: 'the URL has over 2,048 characters', values: (url) => [`${url}?${'x'.repeat(2100)}`] },
  { slug: 'spf', about: 'the record is about something else, as a wildcard’s is', values: () => ['v=spf1 -all'] },
]
