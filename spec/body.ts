import type { z } from 'zod'
import { ProtocolError } from './error.ts'
import { decodeUtf8, parseJson } from './json.ts'
import type { Profile } from './profile.ts'

/** The largest message, in bytes (protocol 1). */
export const MESSAGE_LIMIT_BYTES = 64 * 1024

/** Reads a JSON body against its schema (protocol 1); `hardened` demands that it says it is JSON. Throws unsupported_media_type, too_large, invalid_email, or malformed_request naming the first bad member. */
export async function readBody<S extends z.ZodType>(request: Request, schema: S, profile: Profile = 'core-0.1'): Promise<z.infer<S>> {
  requireJson(request.headers.get('content-type'), profile)
  const bytes = await readBytes(request)
  if (!bytes) throw new ProtocolError('too_large', 'the body is over 64 KiB')
  const parsed = schema.safeParse(parseBody(bytes))
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

function requireJson(contentType: string | null, profile: Profile): void {
  if (contentType === null && profile === 'core-0.1') return // the draft prescribes no header
  const [type, ...parameters] = (contentType ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim())
  const foreign = parameters.some((p) => p.startsWith('charset=') && !['utf-8', 'utf8'].includes(p.slice(8).replaceAll('"', '')))
  if (type !== 'application/json' || foreign) throw new ProtocolError('unsupported_media_type', 'the body must be JSON in UTF-8')
}

/** A server reads no more than was declared, so a body with a fair declaration is read at once; one without is counted while it arrives. */
async function readBytes(request: Request): Promise<Uint8Array | undefined> {
  const declared = request.headers.get('content-length')
  if (declared === null) return readCapped(request.body, MESSAGE_LIMIT_BYTES)
  if (Number(declared) > MESSAGE_LIMIT_BYTES) return undefined
  const bytes = new Uint8Array(await request.arrayBuffer())
  return bytes.length > MESSAGE_LIMIT_BYTES ? undefined : bytes
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

function joined(chunks: Uint8Array[], size: number): Uint8Array {
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
