import { ProtocolError } from '../../spec/error.ts'
import { type EventStream, openEventStream } from '../../spec/node/event-stream.ts'
import type { IssuanceStatus } from '../../spec/wire/issuance.ts'
import { digestOf } from '../store/digest.ts'

export type WatchLimits = { streams: number; streams_per_address: number }
export type WatchDeps = {
  status: (id: string) => Promise<IssuanceStatus>
  /** Which of these requests wait no more. */
  findDecided: (requestDigests: string[]) => Promise<string[]>
  limits: WatchLimits
}
/** Who watches, and what tells that the door they came through is closing. */
export type Watcher = { caller: string; closing?: AbortSignal | undefined }
/** Those who watch requests until they are decided (protocol 4, `links.events`). */
export type Watches = {
  /**
   * Opens a stream of a request's status: one document at once, and one when it is decided, which is the last.
   * Throws what the status throws; rate_limited or overloaded where enough streams are open.
   */
  open: (id: string, watcher: Watcher) => Promise<ReadableStream<Uint8Array>>
  /** Tells those who watch a request that this instance has decided it. */
  onDecided: (requestDigest: string) => void
  /** Tells of whatever was decided anywhere, by one statement for all who watch. To be called every second. */
  look: () => Promise<void>
  /** Ends all streams. */
  close: () => void
}

const STREAMS_PER_REQUEST = 4
const LOOKS_PER_BEAT = 15

type Watch = { id: string; digest: string; caller: string; stream: EventStream }

export function createWatches(d: WatchDeps): Watches {
  const watches = new Set<Watch>()
  let looks = 0
  const count = (which: (watch: Watch) => boolean) => [...watches].filter(which).length

  function requireRoom(digest: string, caller: string): void {
    const refused = 'too many streams are open: poll instead'
    if (watches.size >= d.limits.streams) throw new ProtocolError('overloaded', refused, { retryAfterSeconds: 1 })
    const ofCaller = count((watch) => watch.caller === caller)
    if (ofCaller >= d.limits.streams_per_address || count((watch) => watch.digest === digest) >= STREAMS_PER_REQUEST)
      throw new ProtocolError('rate_limited', refused, { retryAfterSeconds: 1 })
  }

  /** Reads once for all who watch a request. Throws where the status cannot be read; what was lost then is found by the next look. */
  async function tell(digest: string): Promise<void> {
    const those = [...watches].filter((watch) => watch.digest === digest)
    const [first] = those
    const status = first && (await d.status(first.id).catch(nothingIfGone))
    for (const { stream } of those) deliver(stream, status)
  }

  return {
    async open(id, { caller, closing }) {
      const digest = digestOf(id)
      requireRoom(digest, caller)
      const stream = openEventStream(() => {
        watches.delete(watch)
        closing?.removeEventListener('abort', stream.end)
      })
      const watch = { id, digest, caller, stream }
      watches.add(watch) // before the status is read, so that no decision falls between the two
      closing?.addEventListener('abort', stream.end)
      try {
        deliver(stream, await d.status(id))
      } catch (failure) {
        stream.end()
        throw failure
      }
      if (closing?.aborted) stream.end()
      return stream.body
    },
    onDecided(digest) {
      tell(digest).catch(() => {}) // the next look tries again, and its failure is logged
    },
    async look() {
      looks += 1
      if (looks % LOOKS_PER_BEAT === 0) for (const { stream } of watches) stream.beat()
      if (watches.size === 0) return
      const digests = new Set([...watches].map(({ digest }) => digest))
      for (const digest of await d.findDecided([...digests])) await tell(digest)
    },
    close() {
      for (const { stream } of [...watches]) stream.end()
    },
  }
}

/** Sends a status, which is the last where it is final. Where the pass has gone meanwhile there is nothing to say, and polling says so. */
function deliver(stream: EventStream, status: IssuanceStatus | undefined): void {
  if (status) stream.send(status)
  if (status?.status !== 'pending') stream.end()
}

function nothingIfGone(failure: unknown): undefined {
  if (failure instanceof ProtocolError && (failure.code === 'request_gone' || failure.code === 'unknown_request')) return undefined
  throw failure
}
