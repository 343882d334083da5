import { hash } from 'node:crypto'
import type { Fetch, Now } from '../../effects.ts'
import { discard, isSuccess, retryAfterSeconds } from '../../peer.ts'
import { signedHeaders } from '../webhook.ts'
import { asciiJson, type ExportedEvent } from './event.ts'
import { RefusedBySink, type Sink } from './sink.ts'

export type HttpsSinkDeps = { fetch: Fetch; now: Now; signal: AbortSignal }
export type HttpsTarget = { url: string; secret: string; shape: (event: ExportedEvent) => object }

const MAX_PAUSE_SECONDS = 3600
const TOO_LARGE = 413

/** Posts batches as JSON arrays, signed by Standard Webhooks. A 2xx is the receiver's word that it has them; the same batch always has the same `webhook-id`. */
export function createHttpsSink({ fetch, now, signal }: HttpsSinkDeps, { url, secret, shape }: HttpsTarget): Sink {
  let last = 0
  return {
    form: (event) => asciiJson(shape(event)),
    async open(handedOver) {
      last = handedOver
      return handedOver
    },
    async send(events) {
      const body = `[${events.map(({ text }) => text).join(',')}]`
      const id = `msg_${hash('sha256', body, 'base64url')}`
      const headers = { 'content-type': 'application/json', ...signedHeaders(secret, { id, at: now(), body }) }
      const response = await fetch(url, { method: 'POST', headers, body, signal })
      await discard(response)
      if (!isSuccess(response)) {
        const pause = retryAfterSeconds(response)
        throw new RefusedBySink(`the receiver answered ${response.status}`, {
          retryAfterSeconds: pause && Math.min(pause, MAX_PAUSE_SECONDS),
          isTooLarge: response.status === TOO_LARGE,
        })
      }
      last = events.at(-1)?.seq ?? last
    },
    handedOver: () => last,
    close: async () => {},
  }
}
