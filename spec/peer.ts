import type { z } from 'zod'
import { MESSAGE_LIMIT_BYTES, readCapped } from './body.ts'
import type { Fetch } from './effects.ts'
import { decodeUtf8, parseJson } from './json.ts'

/** Posts a message to a peer (protocol 1), with an assertion where the peer must know who asks. Rejects when there is no answer. */
export const postMessage = (fetch: Fetch, url: string, message: object, assertion?: string): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      ...(assertion !== undefined && { authorization: `Bearer ${assertion}` }),
    },
    body: JSON.stringify(message),
  })

/** From a peer, success is any 2xx but 206 (protocol 1). */
export const isSuccess = (response: Response): boolean => response.ok && response.status !== 206

const REDIRECTS = [301, 302, 303, 307, 308]

/** Whether a peer sends elsewhere (protocol 1: never followed). A browser hides the status of a redirect that it did not follow. */
export const isRedirect = ({ status, type }: Response): boolean => type === 'opaqueredirect' || REDIRECTS.includes(status)

const JSON_MEDIA_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i

/** Whether a document is served as JSON, which `hardened` demands (protocol 2). */
export const isServedAsJson = (response: Response): boolean => JSON_MEDIA_TYPE.test(response.headers.get('content-type') ?? '')

/** Reads a peer's JSON answer against its schema, whatever its media type says. Throws Error with the reason; the caller translates. */
export async function readAnswer<S extends z.ZodType>(response: Response, schema: S, limitBytes = MESSAGE_LIMIT_BYTES): Promise<z.infer<S>> {
  if (!isSuccess(response)) throw new Error(`answered ${response.status}`)
  const bytes = await readCapped(response.body, limitBytes)
  if (!bytes) throw new Error(`answered with more than ${limitBytes} bytes`)
  return schema.parse(parseJson(decodeUtf8(bytes)))
}

/** Lets go of an answer nobody reads, so that its connection is free again. Never throws: the status counts, whatever is wrong with the body. */
export const discard = async (response: Response): Promise<void> => response.body?.cancel().catch(() => undefined) // it may have broken off already

const DELTA_SECONDS = /^\d{1,10}$/

/** `Retry-After` in seconds; undefined when it is absent or a date. */
export function retryAfterSeconds(response: Response): number | undefined {
  const value = response.headers.get('retry-after')
  return value && DELTA_SECONDS.test(value) ? Number(value) : undefined
}

const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/** What time it was for a peer when its answer came here: `Date`, and `Age` where the answer was kept on its way (RFC 9110 §6.6.1, RFC 9111 §5.1). Epoch seconds; undefined when it does not say. */
export function timeOf({ headers }: Response): number | undefined {
  const [date = '', age = ''] = [headers.get('date') ?? '', headers.get('age') ?? '0']
  const at = IMF_FIXDATE.test(date) && DELTA_SECONDS.test(age) ? Date.parse(date) / 1000 + Number(age) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}
