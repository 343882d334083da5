import type { MiddlewareHandler } from 'hono'
import { ProtocolError } from '../../spec/error.ts'

/** The hosts that a broker goes by: what a caller's `Host` may be. */
export type Hosts = (host: string) => boolean

/**
 * Keeps web pages out: a request that names another host than the broker's own (DNS rebinding), or that a page in a browser sends, is refused before anything is
 * looked at. Throws forbidden.
 */
export const keepPagesOut =
  (isOwnHost: Hosts): MiddlewareHandler =>
  async (c, next) => {
    requireOwnHost(c.req.header('host'), isOwnHost)
    const isFromPage = c.req.header('origin') !== undefined || !['none', undefined].includes(c.req.header('sec-fetch-site'))
    if (isFromPage) throw new ProtocolError('forbidden', 'the broker takes no requests from web pages')
    await next()
  }

/** Throws forbidden where a request names another host than the broker's own. */
export function requireOwnHost(host: string | undefined, isOwnHost: Hosts): void {
  if (host === undefined || !isOwnHost(host.toLowerCase())) throw new ProtocolError('forbidden', 'the broker does not go by that host')
}
