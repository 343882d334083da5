import type { Fetch, ResolveTxt } from '../../spec/effects.ts'
import { NOT_SHOWN, readJwt, readShown, type Shown, shownUrl } from './redact.ts'

export type PartyName = 'harness' | 'service' | 'authority'
/** One thing that went over the wire: who asked, what, and what came back. `ms` is how long it took. */
export type Hop = { party: PartyName; kind: 'dns' | 'http'; asked: string; answer: string; ms: number }

/** Who asks whom, each by its host (`harness` and `dns` have none), and what, as it may be shown. */
export type Ask = { party: PartyName; from: string; to: string; kind: Hop['kind']; asked: string; request: Shown | undefined }
/** What came back; `response` once it is read. An answer that is none begins with `failed`. */
export type Answer = { answer: string; ms: number; response: Promise<Shown | undefined> }
/** Told of a question when it is asked; gives whom to tell of the answer. */
export type OnAsk = (ask: Ask) => (answer: Answer) => void

type Reach = { fetch: Fetch; resolveTxt: ResolveTxt }
type Speaker = { party: PartyName; name: string }
type Watch = { onHop: (hop: Hop) => void; onAsk: OnAsk | undefined }

const MOST_SHOWN_BYTES = 64 * 1024
const JSON_MEDIA_TYPE = /^application\/(?:[\w.+-]+\+)?json\b/i

/** Lets somebody watch what a party sends and gets, without changing it. What is told has been redacted: no secret leaves here. */
export function tap<R extends Reach>({ party, name: from }: Speaker, reach: R, watch: Watch): R {
  const watched = async <A>(ask: Ask, act: () => Promise<A>, read: (answer: A) => Pick<Answer, 'answer' | 'response'>): Promise<A> => {
    const started = performance.now()
    const answered = watch.onAsk?.(ask)
    const ms = () => performance.now() - started
    try {
      const result = await act()
      const told = read(result)
      watch.onHop({ party, kind: ask.kind, asked: ask.asked, answer: told.answer, ms: ms() })
      answered?.({ ...told, ms: ms() })
      return result
    } catch (failure) {
      answered?.({ answer: failureOf(failure), ms: ms(), response: Promise.resolve(undefined) })
      throw failure
    }
  }
  const fetch: Fetch = (url, init) => {
    const asked = `${init?.method ?? 'GET'} ${shownUrl(url)}`
    const request = watch.onAsk && shownRequest(party, init)
    const read = (response: Response) => ({ answer: String(response.status), response: watch.onAsk ? shownResponse(response) : nothing })
    return watched({ party, from, to: new URL(url).hostname, kind: 'http', asked, request }, () => reach.fetch(url, init), read)
  }
  const resolveTxt: ResolveTxt = (name) => {
    const ask: Ask = { party, from, to: 'dns', kind: 'dns', asked: `TXT ${name}`, request: undefined }
    return watched(
      ask,
      () => reach.resolveTxt(name),
      ({ values }) => ({ answer: values.join(' | ') || '(none)', response: nothing }),
    )
  }
  return { ...reach, fetch, resolveTxt }
}

/** How DNS failed, where a server said so; what else went wrong is for the party's log. */
function failureOf(failure: unknown): string {
  const [, rcode] = (failure instanceof Error && /\banswered ([A-Z]+)\b/.exec(failure.message)) || []
  return rcode ? `failed: ${rcode}` : 'failed'
}

const nothing = Promise.resolve(undefined)

/** Of the headers only who signs, and never a token: only servers send assertions. */
function shownRequest(party: PartyName, init: RequestInit | undefined): Shown | undefined {
  const authorization = new Headers(init?.headers).get('authorization')
  const assertion = (party !== 'harness' && readJwt(authorization?.replace(/^Bearer /, '') ?? '')) || NOT_SHOWN
  const isText = typeof init?.body === 'string'
  if (!authorization && !init?.body) return undefined
  return {
    ...(authorization && { authorization: assertion }),
    ...(init?.body && { body: isText ? readShown(String(init.body)) : NOT_SHOWN }),
  }
}

/** Reads a copy of an answer, and of that no more than can be shown. What is no JSON may have no end, and is not read. */
async function shownResponse(response: Response): Promise<Shown | undefined> {
  const challenge = response.headers.get('www-authenticate')
  const said = { ...(challenge && { 'www-authenticate': challenge }) }
  const type = response.headers.get('content-type') ?? ''
  if (!response.body || !JSON_MEDIA_TYPE.test(type)) return { ...said, ...(type && { 'content-type': type }) }
  const text = await readSome(response.clone()).catch(() => undefined) // it ends the same way for the party
  return { ...said, body: text === undefined ? NOT_SHOWN : readShown(text) }
}

/** The text; undefined where there is more of it than is shown. */
async function readSome(copy: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of copy.body ?? []) {
    size += chunk.length
    if (size > MOST_SHOWN_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
