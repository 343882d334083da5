import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { Answer } from './hosts.ts'

/** One way in which a document, or a peer's answer, cannot be had: whoever asks fails closed, in bounded time. */
export type FetchFault = {
  slug: string
  about: string
  /** `elsewhere` is an address that must not be followed to; `good` is what would have been right. */
  answer: (good: unknown, elsewhere: string) => Answer
  /** A peer may wait for seconds before it gives up. */
  slow?: true
}

const MEBIBYTE = 1024 * 1024
/** 32 MiB of blanks, small as they are sent. */
const bomb = (good: unknown): Buffer => gzipSync(Buffer.concat([Buffer.from(JSON.stringify(good)), Buffer.alloc(32 * MEBIBYTE, ' ')]))

/** What the network and the server do wrong (protocol 2). */
export const FETCH_FAULTS: readonly FetchFault[] = [
  { slug: '404', about: 'the answer is 404', answer: () => ({ status: 404, body: 'not here' }) },
  { slug: '500', about: 'the answer is 500', answer: (good) => ({ status: 500, json: good }) },
  { slug: '204', about: 'the answer is 204', answer: () => ({ status: 204 }) },
  { slug: '206', about: 'the answer is 206', answer: (good) => ({ status: 206, json: good }) },
  { slug: '302', about: 'the answer is a redirect (302)', answer: (_, elsewhere) => ({ status: 302, headers: { location: elsewhere } }) },
  { slug: '308', about: 'the answer is a redirect (308)', answer: (_, elsewhere) => ({ status: 308, headers: { location: elsewhere } }) },
  { slug: 'closed', about: 'the connection is closed without an answer', answer: () => ({ raw: (response) => void response.destroy() }) },
  { slug: 'short', about: 'the answer breaks off', answer: (good) => ({ raw: (response) => breakOff(response, JSON.stringify(good)) }) },
  {
    slug: 'huge',
    about: 'the answer has 2 MiB',
    answer: (good) => ({ body: `${JSON.stringify(good)}${' '.repeat(2 * MEBIBYTE)}`, headers: JSON_TYPE }),
  },
  {
    slug: 'bomb',
    about: 'the answer decodes to 32 MiB',
    answer: (good) => ({ body: bomb(good), headers: { ...JSON_TYPE, 'content-encoding': 'gzip' } }),
  },
  {
    slug: 'slow',
    about: 'the answer trickles for 12 seconds',
    answer: (good) => ({ raw: (response) => trickle(response, JSON.stringify(good)) }),
    slow: true,
  },
  {
    slug: 'silent',
    about: 'no answer comes',
    answer: () => ({ raw: (response) => void setTimeout(() => response.destroy(), SILENT_MS).unref() }),
    slow: true,
  },
]

/** What is no document in the first place. */
export const BODY_FAULTS: readonly FetchFault[] = [
  {
    slug: 'html',
    about: 'the answer is a page',
    answer: () => ({ body: '<!doctype html><title>Welcome</title>', headers: { 'content-type': 'text/html' } }),
  },
  { slug: 'empty', about: 'the answer is empty', answer: () => ({ body: '', headers: JSON_TYPE }) },
  { slug: 'null', about: 'the answer is null', answer: () => ({ body: 'null', headers: JSON_TYPE }) },
  { slug: 'list', about: 'the answer is a list', answer: (good) => ({ body: JSON.stringify([good]), headers: JSON_TYPE }) },
  { slug: 'text', about: 'the answer is a text', answer: () => ({ body: '"document"', headers: JSON_TYPE }) },
  { slug: 'trailing', about: 'something follows the JSON', answer: (good) => ({ body: `${JSON.stringify(good)} and more`, headers: JSON_TYPE }) },
  { slug: 'deep', about: 'the answer nests 20,000 deep', answer: () => ({ body: `${'['.repeat(20_000)}${']'.repeat(20_000)}`, headers: JSON_TYPE }) },
  { slug: 'utf-16', about: 'the answer is UTF-16', answer: (good) => ({ body: Buffer.from(JSON.stringify(good), 'utf16le'), headers: JSON_TYPE }) },
]

/** Versions of a document that are none (§2.2). */
export const NO_VERSIONS: readonly (readonly [slug: string, what: string, version: unknown])[] = [
  ['missing', 'no version', undefined],
  ['number', 'the number 0.1 as its version', 0.1],
  ['null', 'null as its version', null],
  ['three-parts', 'the version “0.1.0”', '0.1.0'],
  ['v', 'the version “v0.1”', 'v0.1'],
  ['one-part', 'the version “0”', '0'],
]

const JSON_TYPE = { 'content-type': 'application/json' }
const SILENT_MS = 15_000
const TRICKLE_MS = 400
const TRICKLES = 30

/** Announces more than it sends. */
function breakOff(response: ServerResponse, text: string): void {
  response.writeHead(200, { ...JSON_TYPE, 'content-length': String(text.length) })
  response.write(text.slice(0, text.length / 2), () => response.destroy())
}

/** Sends it bit by bit, for 12 s. */
function trickle(response: ServerResponse, text: string): void {
  response.writeHead(200, JSON_TYPE)
  const size = Math.ceil(text.length / TRICKLES)
  let at = 0
  const timer = setInterval(() => {
    response.write(text.slice(at, at + size))
    at += size
    if (at >= text.length) response.end(() => clearInterval(timer))
  }, TRICKLE_MS)
  response.on('close', () => clearInterval(timer))
  timer.unref()
}
