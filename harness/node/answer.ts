import { readCapped } from '../../spec/body.ts'
import { decodeUtf8, parseJson } from '../../spec/json.ts'
import { failAt, TripFailure } from '../failure.ts'
import type { Io } from './io.ts'

const BEGINNING_BYTES = 64 * 1024
const JSON_LIMIT_BYTES = 64 * 1024 * 1024
const JSON_MEDIA_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i

type Bytes = Uint8Array<ArrayBuffer>

/** An answer that breaks off; what it was broken off for says so itself. */
const cutShort =
  (peer: string) =>
  (cause: unknown): never => {
    if (cause instanceof TripFailure) throw cause
    return failAt({ step: 'use', peer }, 'the answer is not whole')(cause)
  }

/** Streams a Service's answer to the results as it arrives. Gives its beginning. Throws TripFailure when it breaks off. */
export async function copyAnswer(io: Io, response: Response, { peer, include }: { peer: string; include: boolean }): Promise<Bytes> {
  if (include) await io.out(head(response))
  const beginning = createBeginning()
  const reader = response.body?.getReader()
  try {
    for (;;) {
      const part = await reader?.read().catch(cutShort(peer))
      if (!part || part.done) return beginning.bytes()
      beginning.add(part.value)
      await io.out(part.value)
    }
  } catch (failure) {
    await reader?.cancel(failure).catch(() => undefined) // it is broken off already
    throw failure
  }
}

function createBeginning() {
  const parts: Uint8Array[] = []
  let left = BEGINNING_BYTES
  return {
    add(part: Uint8Array) {
      if (left > 0) parts.push(part.slice(0, left))
      left -= part.length
    },
    bytes: (): Bytes => Uint8Array.from(Buffer.concat(parts)),
  }
}

function head(response: Response): string {
  const lines = [...response.headers].map(([name, value]) => `${name}: ${value}\n`)
  return `HTTP ${response.status}\n${lines.join('')}\n`
}

/** A Service's answer in memory, for what cannot be streamed. Throws TripFailure when it breaks off or is too long for that. */
export async function readWholeAnswer(response: Response, peer: string): Promise<Bytes> {
  const bytes = await readCapped(response.body, JSON_LIMIT_BYTES).catch(cutShort(peer))
  if (bytes) return Uint8Array.from(bytes)
  throw new TripFailure({ step: 'use', peer }, 'the answer is too long for --json', 'leave --json out: then it is streamed')
}

/** An answer for programs. `body` is the value of a JSON answer, otherwise text; what is no text is `body_base64`. */
export function answerAsJson(response: Response, bytes: Bytes): Record<string, unknown> {
  const cookies = response.headers.getSetCookie()
  const headers = { ...Object.fromEntries(response.headers), ...(cookies.length > 0 && { 'set-cookie': cookies }) }
  return { status: response.status, headers, ...bodyAsJson(bytes, response.headers.get('content-type') ?? '') }
}

function bodyAsJson(bytes: Bytes, mediaType: string): Record<string, unknown> {
  let text: string
  try {
    text = decodeUtf8(bytes)
  } catch {
    return { body: null, body_base64: Buffer.from(bytes).toString('base64') }
  }
  try {
    return { body: JSON_MEDIA_TYPE.test(mediaType) && text !== '' ? parseJson(text) : text }
  } catch {
    return { body: text } // it said JSON and is none
  }
}
