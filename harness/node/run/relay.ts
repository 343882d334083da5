import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { readCapped } from '../../../spec/body.ts'
import type { Fetch } from '../../../spec/effects.ts'
import { streamOf } from '../../../spec/node/stream.ts'
import { parseUrl } from '../../../spec/origin.ts'
import { TripFailure } from '../../failure.ts'
import { forward } from '../../forward.ts'
import { type Credential, explainRefusal } from '../../use.ts'
import type { Notes } from './notes.ts'

export type RelayDeps = { fetch: Fetch; credential: Credential; notes: Notes }

const BEGINNING_BYTES = 64 * 1024

/** Answers in the Service's place: what names the Service is sent to it with the token, both ways as streams; what names anybody else, or wants to be more than a request, is refused. */
export function createRelay(d: RelayDeps): RequestListener {
  return (request, response) => {
    response.sendDate = false // the Service's own comes along
    const refused = refuse(request, d.credential.service)
    if (refused) say(response, refused.status, refused.text)
    else void relay(d, request, response)
  }
}

function refuse({ headers, headersDistinct, url = '' }: IncomingMessage, service: string): { status: number; text: string } | undefined {
  if (headers.upgrade !== undefined) return { status: 501, text: 'requests are passed on here, and no connection that becomes another (Upgrade)' }
  const [host, ...more] = headersDistinct.host ?? []
  const isNamed = host !== undefined && more.length === 0 && parseUrl(`https://${host}/`)?.href === `${service}/`
  if (!isNamed || pathOf(url, service) === undefined) return { status: 421, text: `only ${service} is here: another host or address was asked for` }
  return undefined
}

/** The path of a request target; undefined where that names something else than the Service. */
function pathOf(target: string, service: string): string | undefined {
  if (target.startsWith('/')) return target
  const url = parseUrl(target)
  return url?.origin === service ? url.pathname + url.search : undefined
}

async function relay(d: RelayDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => gone.abort(new Error('whoever asked has left')))
  const body = bodyOf(request)
  try {
    const { method = '', url = '' } = request
    const path = pathOf(url, d.credential.service) ?? ''
    const answer = await forward(d, d.credential, { method, path, headers: headersOf(request), body, signal: gone.signal })
    await Promise.all([note(d, answer), handOver(answer, response)])
  } catch (failure) {
    const hasLeft = failure === gone.signal.reason || isClosedEarly(failure) || (request.destroyed && !request.complete)
    if (!hasLeft) d.notes.failed(failure)
    if (response.headersSent) response.destroy()
    else say(response, 502, failure instanceof TripFailure ? `${failure.message}: ${failure.hint}` : 'the service gave no usable answer')
  } finally {
    void body?.cancel().catch(() => undefined) // who has taken it has let go of it
  }
}

const isClosedEarly = (failure: unknown): boolean => failure instanceof Error && 'code' in failure && failure.code === 'ERR_STREAM_PREMATURE_CLOSE'

/** Hands an answer over as it comes. Rejects where it breaks off, or nobody takes it any more. */
async function handOver({ status, headers, body }: Response, response: ServerResponse): Promise<void> {
  response.writeHead(status, Object.fromEntries(headers)).flushHeaders()
  await pipeline(body ? Readable.from(body) : Readable.from([]), response)
}

/** Takes down why the Service refused, where that may be the token's fault. */
async function note({ notes, credential }: RelayDeps, answer: Response): Promise<void> {
  if (answer.status !== 401 && answer.status !== 403) return
  const beginning = await readCapped(answer.clone().body, BEGINNING_BYTES).catch(() => undefined) // that it broke off is told elsewhere
  notes.refused(await explainRefusal(answer, Uint8Array.from(beginning ?? []), credential))
}

function headersOf({ headersDistinct }: IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(headersDistinct)) for (const value of values) headers.append(name, value)
  return headers
}

/** What comes with a request, as it is wanted; undefined where nothing does. What nobody wants any more is read and dropped, so that whoever sends it comes to the answer. */
function bodyOf(request: IncomingMessage): ReadableStream<Uint8Array> | undefined {
  const { 'transfer-encoding': coding, 'content-length': length } = request.headers
  if (coding === undefined && Number(length ?? 0) === 0) return undefined
  const through = request.pipe(new PassThrough())
  request.on('error', (failure) => through.destroy(failure))
  through.on('close', () => request.resume())
  return streamOf(through)
}

function say(response: ServerResponse, status: number, sentence: string): void {
  const text = `${sentence}\n`
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(text) }).end(text)
}
