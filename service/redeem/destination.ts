import { ProtocolError } from '../../spec/error.ts'
import { browserUrl } from '../../spec/origin.ts'

/** Where a browser session may begin: on the Service's own origin and these others; at the start page where nothing else was approved. */
export type Destinations = { start: string; allowed: string[] }

/**
 * The address a browser is sent to, in the one spelling that every reader understands alike (protocol 8, check 8): the approved one, or the start page.
 * Throws destination_not_allowed unless its origin is on the allow list.
 */
export function requireDestination({ start, allowed }: Destinations, approved: string | undefined): string {
  const wanted = approved ?? start
  const url = browserUrl.safeParse(wanted).success ? new URL(wanted) : undefined
  if (url && allowed.includes(url.origin)) return url.href
  throw new ProtocolError('destination_not_allowed', 'this service does not send a browser to the approved destination')
}
