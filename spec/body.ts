import type { z } from 'zod'
import { ProtocolError } from './error.ts'
import { decodeUtf8, parseJson } from './json.ts'
import type { Profile } from './profile.ts'

/** The largest message, in bytes (protocol 1). */
export const MESSAGE_LIMIT_BYTES = 64 * 1024

/** Reads a JSON body against its schema (protocol 1); `hardened` demands that it says it is JSON. Throws unsupported_media_type, too_large, invalid_email, or malformed_request naming the first bad member. */
export async function readBody<S extends z.ZodType>(request: Request, schema: S, profile: Profile = 'core-0.1'): Promise<z.infer<S>> {
  const contentType = request.headers.get('content-type')
  if (contentType !== null || profile === 'hardened') requireType(contentType, 'application/json') // the draft prescribes no header
  return readAs(schema, parseBody(await readBytes(request)))
}

/**
 * Reads a form as RFC 6749 does: a member without a value is as good as absent, and none may be there twice.
 * Throws unsupported_media_type, too_large, or malformed_request naming the first bad member.
 */
export async function readForm<S extends z.ZodType>(request: Request, schema: S): Promise<z.infer<S>> {
  requireType(request.headers.get('content-type'), 'application/x-www-form-urlencoded')
  const members = [...parseForm(await readBytes(request))]
  if (new Set(members.map(([name]) => name)).size < members.length) throw new ProtocolError('malformed_request', 'the form names a member twice')
  return readAs(schema, Object.fromEntries(members.filter(([, value]) => value !== '')))
}

/** Reads a body that is one token, in ASCII. Throws unsupported_media_type, too_large, malformed_request. */
export async function readToken(request: Request, mediaType: string): Promise<string> {
  requireType(request.headers.get('content-type'), mediaType)
  const text = new TextDecoder('latin1').decode(await readBytes(request))
  if (!/^[\x21-\x7e]+$/.test(text)) throw new ProtocolError('malformed_request', 'the body is no token')
  return text
}

function readAs<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw refusal(parsed.error)
}

function refusal(error: z.ZodError): ProtocolError {
  const issue = error.issues[0]
  const path = issue?.path.map(String) ?? []
  const member = path.join('.') || 'the body'
  const code = path.at(-1) === 'email' && issue?.code !== 'invalid_type' ? 'invalid_email' : 'malformed_request'
  const why = issue?.code === 'custom' && issue.message !== 'Invalid input' ? issue.message : 'is missing or invalid'
  return new ProtocolError(code, `${member} ${why}`, { cause: error })
}

function requireType(contentType: string | null, expected: string): void {
  const [type, ...parameters] = (contentType ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim())
  const foreign = parameters.some((p) => p.startsWith('charset=') && !['utf-8', 'utf8'].includes(p.slice(8).replaceAll('"', '')))
  if (type !== expected || foreign) throw new ProtocolError('unsupported_media_type', `the body must be ${expected} in UTF-8`)
}

/** A server reads no more than was declared, so a body with a fair declaration is read at once; one without is counted while it arrives. */
async function readBytes(request: Request): Promise<Uint8Array> {
  const declared = request.headers.get('content-length') ?? ''
  const isFramed = /^\d+$/.test(declared) && !request.headers.has('transfer-encoding')
  if (!isFramed) return (await readCapped(request.body, MESSAGE_LIMIT_BYTES)) ?? tooLarge()
  if (Number(declared) > MESSAGE_LIMIT_BYTES) return tooLarge()
  const bytes = new Uint8Array(await request.arrayBuffer())
  return bytes.length > MESSAGE_LIMIT_BYTES ? tooLarge() : bytes
}

function tooLarge(): never {
  throw new ProtocolError('too_large', 'the body is over 64 KiB')
}

/** A body's bytes, counted while they arrive because a declared length is not believed; undefined when there are more than the limit. */
export async function readCapped(body: ReadableStream<Uint8Array> | null, limitBytes: number): Promise<Uint8Array | undefined> {
  if (!body) return new Uint8Array()
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.length
    if (size > limitBytes) {
      await reader.cancel()
      return undefined
    }
    chunks.push(part.value)
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : joined(chunks, size)
}

/** Chunks as one, whose length is the sum of theirs. */
export function joined(chunks: Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}

function parseBody(bytes: Uint8Array): unknown {
  try {
    return parseJson(decodeUtf8(bytes))
  } catch (cause) {
    throw new ProtocolError('malformed_request', 'the body is not JSON', { cause })
  }
}

function parseForm(bytes: Uint8Array): URLSearchParams {
  try {
    return new URLSearchParams(decodeUtf8(bytes))
  } catch (cause) {
    throw new ProtocolError('malformed_request', 'the body is not a form', { cause })
  }
}
