import { z } from 'zod'
import { decodeUtf8 } from '../../spec/json.ts'
import { parseUrl } from '../../spec/origin.ts'
import { type ActDeps, act, type Ready, redirectThrough } from '../broker/act.ts'
import { explainRefusal } from '../use.ts'

/** A request that a model wants sent to a task's Service. */
export const ServiceCall = z.object({
  task: z.string().describe('the task whose access is used, as request_access gave it'),
  method: z
    .string()
    .regex(/^[A-Za-z]{1,20}$/)
    .default('GET')
    .describe('GET, POST, …'),
  path: z.string().min(1).max(8192).describe('the path at the service with its query, such as /api/tickets/17, or the whole URL'),
  headers: z.record(z.string(), z.string()).default({}).describe('more headers, such as accept; the token is added by itself'),
  body: z
    .union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())])
    .optional()
    .describe('text, or a value that is sent as JSON'),
})
export type ServiceCall = z.infer<typeof ServiceCall>

/** What the Service answered, as far as a model can read it. `missing` is what the access lacks, in words. */
export type ServiceAnswer = { status: number; headers: Record<string, string>; body: string; truncated: boolean; bytes: number; missing?: string }

const MOST_BYTES = 256 * 1024
const TOLD_HEADERS = ['content-type', 'location', 'etag', 'link', 'retry-after', 'last-modified', 'www-authenticate']

/** Sends one request with what a task holds, and reads the beginning of the answer: 256 KiB, however long it is. Throws ProtocolError. */
export async function callWithTask(d: ActDeps, ready: Ready, wanted: ServiceCall, signal: AbortSignal): Promise<ServiceAnswer> {
  const path = pathOf(wanted.path, ready.row.service)
  const { headers, body } = encode(wanted)
  const asked = { method: wanted.method.toUpperCase(), path, headers, body, signal }
  const response = await redirectThrough(await act(d, ready, asked), { service: ready.row.service, path, through: '' })
  const { bytes, truncated } = await readBeginning(response)
  const told = Object.fromEntries(TOLD_HEADERS.flatMap((name) => (response.headers.has(name) ? [[name, response.headers.get(name) ?? '']] : [])))
  const answer = { status: response.status, headers: told, body: asText(bytes, truncated), truncated, bytes: bytes.length }
  if (response.status !== 401 && response.status !== 403) return answer
  const { failure, isTokenEnded, lacking } = await explainRefusal(response, bytes, ready.credential)
  const scopes = JSON.stringify([...new Set([...(ready.credential.scope ?? []), ...lacking])])
  if (lacking.length > 0) return { ...answer, missing: `scope ${lacking.join(' ')} is missing: ask for it with request_access, scopes ${scopes}` }
  const todo = isTokenEnded ? 'ask again with request_access if the task is not done' : failure.hint
  return { ...answer, missing: `${failure.message}. What to do: ${todo}` }
}

/** A path is taken as it is; of a whole URL, only one at the Service is meant by the path that is sent there: any other is refused by the path that it makes. */
function pathOf(text: string, service: string): string {
  const url = parseUrl(text)
  if (!url) return text
  return url.origin === service ? url.pathname + url.search : ` ${text}`
}

function encode({ headers: given, body }: ServiceCall): { headers: Headers; body: ReadableStream<Uint8Array> | undefined } {
  const headers = new Headers(given)
  if (body === undefined) return { headers, body: undefined }
  if (typeof body !== 'string' && !headers.has('content-type')) headers.set('content-type', 'application/json')
  const bytes = new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body))
  return { headers, body: new Response(bytes).body ?? undefined }
}

/** As much of a body as is told; the rest is not fetched. */
async function readBeginning(response: Response): Promise<{ bytes: Uint8Array<ArrayBuffer>; truncated: boolean }> {
  const reader = response.body?.getReader()
  const bytes = new Uint8Array(MOST_BYTES)
  let size = 0
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    bytes.set(part.value.subarray(0, MOST_BYTES - size), size)
    size += part.value.length
    if (size <= MOST_BYTES) continue
    await reader?.cancel().catch(() => undefined) // it is broken off either way
    return { bytes, truncated: true }
  }
  return { bytes: bytes.slice(0, size), truncated: false }
}

function asText(bytes: Uint8Array<ArrayBuffer>, truncated: boolean): string {
  try {
    return truncated ? new TextDecoder().decode(bytes) : decodeUtf8(bytes)
  } catch {
    return `(${bytes.length} bytes that are no text)`
  }
}
