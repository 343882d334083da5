import type { ExportedEvent } from './event.ts'

/** An event in the form in which it is sent: printable ASCII, so that a character is a byte. */
export type Formed = { seq: number; text: string }

/** Where events go. One batch is under way at a time. */
export type Sink = {
  /** An event as it is sent. */
  form: (event: ExportedEvent) => string
  /** Makes it ready, and says after which number to go on: after what is handed over, or behind what was sent and is still on its way. Throws why it cannot. */
  open: (handedOver: number) => Promise<number>
  /** Sends events. Throws why they were not taken. */
  send: (events: Formed[]) => Promise<void>
  /** The number up to which all is handed over for good; undefined while nothing tells whether the receiver is there. */
  handedOver: () => number | undefined
  /** Lets go of what is open; `open` makes it ready again. */
  close: () => Promise<void>
}

/** A receiver said no, and perhaps when to come again, or that it was too much at once. */
export class RefusedBySink extends Error {
  override readonly name = 'RefusedBySink'
  readonly retryAfterSeconds: number | undefined
  readonly isTooLarge: boolean
  constructor(message: string, { retryAfterSeconds, isTooLarge = false }: { retryAfterSeconds?: number | undefined; isTooLarge?: boolean } = {}) {
    super(message)
    this.retryAfterSeconds = retryAfterSeconds
    this.isTooLarge = isTooLarge
  }
}
