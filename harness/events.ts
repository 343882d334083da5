import { MESSAGE_LIMIT_BYTES } from '../spec/body.ts'
import type { Fetch, Now, Wait } from '../spec/effects.ts'
import { parseJson } from '../spec/json.ts'
import { httpsUrl } from '../spec/origin.ts'
import { discard, isSuccess } from '../spec/peer.ts'
import { IssuanceStatus } from '../spec/wire/issuance.ts'

/** `fetchEvents` is fetch whose answers may take as long as a decision does; without it nothing is listened to. */
export type ListenDeps = { fetchEvents?: Fetch | undefined; now: Now; wait: Wait; signal: AbortSignal | undefined }
/** Tells of a pending status, and gives its deadline in epoch seconds. */
export type Tell = (status: IssuanceStatus) => number

const SILENCE_SECONDS = 45 // three heartbeats
const MEDIA_TYPE = /^text\/event-stream\s*(?:;|$)/i

/**
 * Listens to the events of a pending request, where its Authority has them (protocol 4 [X]): they are the documents that polling would give. Gives the last one:
 * a pending one means that there is no stream, that it broke, fell silent or said what cannot be read, or that the deadline passed. Then polling is the contract. Never throws.
 */
export async function listen(d: ListenDeps, first: IssuanceStatus, tell: Tell): Promise<IssuanceStatus> {
  const url = first.links?.events
  if (!d.fetchEvents || first.status !== 'pending' || url === undefined || !httpsUrl.safeParse(url).success) return first
  const leaving = new AbortController()
  const leave = () => leaving.abort(d.signal?.reason)
  d.signal?.addEventListener('abort', leave)
  if (d.signal?.aborted) leave()
  const heard = { status: first, deadline: tell(first), at: d.now() }
  const hear = (status: IssuanceStatus) => {
    heard.status = status
    if (status.status === 'pending') heard.deadline = tell(status)
  }
  const leftMs = () => (Math.min(heard.at + SILENCE_SECONDS, heard.deadline + 1) - d.now()) * 1000
  const isAlive = () => {
    heard.at = d.now()
  }
  try {
    await Promise.race([follow(d.fetchEvents, url, { signal: leaving.signal, hear, isAlive }), untilSilent(d.wait, leftMs, leaving.signal)])
  } catch {
    // whatever it was: polling says it again, if it matters
  } finally {
    d.signal?.removeEventListener('abort', leave)
    leaving.abort()
  }
  return heard.status
}

async function untilSilent(wait: Wait, leftMs: () => number, signal: AbortSignal): Promise<void> {
  for (let ms = leftMs(); ms > 0; ms = leftMs()) await wait(ms, signal)
}

type Following = { signal: AbortSignal; hear: (status: IssuanceStatus) => void; isAlive: () => void }

/** Reads documents until one is final. A heartbeat is a sign of life only after a document: a stream that never says how it stands is of no use. */
async function follow(fetch: Fetch, url: string, { signal, hear, isAlive }: Following): Promise<void> {
  const response = await fetch(url, { headers: { accept: 'text/event-stream' }, signal })
  if (!isSuccess(response) || !response.body || !MEDIA_TYPE.test(response.headers.get('content-type') ?? '')) return discard(response)
  const reader = response.body.getReader()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const read = createEventReader()
  let hasBegun = false
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      for (const data of read(decoder.decode(part.value, { stream: true }))) {
        const status = IssuanceStatus.parse(parseJson(data))
        hear(status)
        if (status.status !== 'pending') return
        hasBegun = true
      }
      if (hasBegun) isAlive()
    }
  } finally {
    await reader.cancel().catch(() => undefined) // it may be broken already
  }
}

/** Gives the data of each event as it is whole (server-sent events, HTML Standard §9.2.6); names, ids and comments are passed over. Throws Error for an event that is too long. */
export function createEventReader(): (text: string) => string[] {
  let rest = ''
  let data: string[] = []
  return (text) => {
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/) // a CR at the end may be half of a CRLF
    rest = lines.pop() ?? ''
    const events: string[] = []
    for (const line of lines) {
      if (line === '' && data.length > 0) events.push(data.join('\n'))
      if (line === '') data = []
      else if (line === 'data' || line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''))
    }
    if (rest.length + data.join('\n').length > MESSAGE_LIMIT_BYTES) throw new Error(`an event over ${MESSAGE_LIMIT_BYTES} characters`)
    return events
  }
}
