import { qualityOf } from '../accept.ts'
import { DOOR_HEADERS } from './doors.ts'

const MEDIA_TYPE = 'text/event-stream'
/** The second asks a proxy not to keep events back until it has many. */
export const EVENT_HEADERS = { ...DOOR_HEADERS, 'content-type': MEDIA_TYPE, 'x-accel-buffering': 'no' }

/** Whether a caller takes a stream of events, and does not rather have JSON. */
export const wantsEvents = (accept: string | undefined): boolean => {
  const quality = qualityOf(accept, MEDIA_TYPE)
  return quality > 0 && quality >= qualityOf(accept, 'application/json')
}

/** A stream of server-sent events, each a JSON document. What is sent after its end goes nowhere. */
export type EventStream = {
  body: ReadableStream<Uint8Array>
  send: (document: object) => void
  /** A comment, by which both ends notice that the other has gone; not for one that has still to read the last. */
  beat: () => void
  end: () => void
}

/** Opens a stream. `onEnd` is called once: when it ends, or whoever read it has gone. */
export function openEventStream(onEnd: () => void): EventStream {
  const encoder = new TextEncoder()
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined // until the end
  const finish = () => {
    controller = undefined
    onEnd()
  }
  const body = new ReadableStream<Uint8Array>({
    start(opened) {
      controller = opened
    },
    cancel: finish,
  })
  return {
    body,
    send: (document) => controller?.enqueue(encoder.encode(`data: ${JSON.stringify(document)}\n\n`)),
    beat() {
      if (controller && (controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(':\n\n'))
    },
    end() {
      controller?.close()
      if (controller) finish()
    },
  }
}
