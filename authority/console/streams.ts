import { ProtocolError } from '../../spec/error.ts'
import { type EventStream, openEventStream } from '../../spec/node/event-stream.ts'

/** Who looks at such a page, and the door they came by. */
export type Looker = { isSignedIn: () => Promise<boolean>; closing: AbortSignal | undefined }
/** Those who look at a page that renews itself. */
export type ConsoleStreams = {
  /** Opens a stream for a person: an event when something may have changed, for as long as `isSignedIn`. Throws rate_limited where enough are open. */
  open: (email: string, looker: Looker) => ReadableStream<Uint8Array>
  /** Tells all who look when the audit trail has grown: whatever changes a page is in it. To be called every second. */
  look: () => Promise<void>
  close: () => void
}

const MOST = 1000
const MOST_OF_A_PERSON = 12
const LOOKS_PER_BEAT = 15

/** `newest` gives the number of the newest event of the trail, from whatever instance it is. */
export function createConsoleStreams(newest: () => Promise<number>): ConsoleStreams {
  const streams = new Map<EventStream, { email: string; isSignedIn: () => Promise<boolean> }>()
  let seen: number | undefined
  let looks = 0
  return {
    open(email, { isSignedIn, closing }) {
      const own = [...streams.values()].filter((one) => one.email === email).length
      if (streams.size >= MOST || own >= MOST_OF_A_PERSON)
        throw new ProtocolError('rate_limited', 'enough pages are open: close one', { retryAfterSeconds: 5 })
      const stream = openEventStream(() => {
        streams.delete(stream)
        closing?.removeEventListener('abort', stream.end)
      })
      streams.set(stream, { email, isSignedIn })
      closing?.addEventListener('abort', stream.end)
      stream.beat()
      return stream.body
    },
    async look() {
      looks += 1
      if (streams.size === 0) {
        seen = undefined
        return
      }
      if (looks % LOOKS_PER_BEAT === 0) await beat(streams)
      const now = await newest()
      if (seen === undefined || now > seen) for (const stream of streams.keys()) stream.send({}) // and not how much happens here
      seen = now
    },
    close() {
      for (const stream of [...streams.keys()]) stream.end()
    },
  }
}

/** By a beat both ends notice that the other has gone; a session that is over is no more told anything. */
async function beat(streams: Map<EventStream, { isSignedIn: () => Promise<boolean> }>): Promise<void> {
  for (const [stream, { isSignedIn }] of [...streams]) {
    if (await isSignedIn()) stream.beat()
    else stream.end()
  }
}
