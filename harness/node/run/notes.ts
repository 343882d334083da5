import { printable, TripFailure } from '../../failure.ts'
import type { Refusal } from '../../use.ts'
import { instant } from '../print.ts'

/** What a person should know of a run when it is over; meanwhile the terminal is the program's own. */
export type Notes = {
  /** The Service refused a request. */
  refused: (refusal: Refusal) => void
  /** A request or an answer did not get through. */
  failed: (failure: unknown) => void
  /** Somebody wanted to go elsewhere through the proxy. */
  wanted: (where: string) => void
  isTokenEnded: () => boolean
  /** A line for each thing that was. */
  lines: (run: { service: string; expiresAt: number | undefined; now: number }) => string[]
}

const MOST_PLACES = 5

/** Takes down what happens during one run: each thing once, and no more places than a person reads. */
export function createNotes(): Notes {
  const missing = new Set<string>()
  const places = new Set<string>()
  let ended: string | undefined
  let failure: string | undefined
  return {
    refused({ failure: { message, hint }, isTokenEnded, isScopeMissing }) {
      if (isTokenEnded) ended = `${message}: ${hint}`
      if (isScopeMissing) missing.add(hint)
    },
    failed(cause) {
      failure = cause instanceof TripFailure ? `${cause.message}: ${cause.hint}` : String(cause)
    },
    wanted: (where) => void (places.size < MOST_PLACES && places.add(where)),
    isTokenEnded: () => ended !== undefined,
    lines({ service, expiresAt = Number.POSITIVE_INFINITY, now }) {
      const over = now >= expiresAt ? `the token expired at ${instant(expiresAt)}, while the program ran: start it again for a new one` : ended
      const elsewhere = places.size > 0 ? `the program wanted to go to ${[...places].join(', ')}: its proxy leads to ${service} alone` : undefined
      return [over, ...missing, failure, elsewhere].flatMap((line) => (line === undefined ? [] : [printable(line)]))
    },
  }
}
