import type { Fetch, Now } from '../spec/effects.ts'
import { browserUrl } from '../spec/origin.ts'
import { discard } from '../spec/peer.ts'
import type { Profile } from '../spec/profile.ts'
import type { BrowserSessionGrant } from '../spec/wire/redemption.ts'
import { type Cookie, readCookies } from './cookies.ts'
import { TripFailure } from './failure.ts'

/** How a browser session begins (protocol 8): the URL is loaded, or the fields are submitted to it as a form, exactly once and at once. URL and fields are secrets. */
export type Initialization = { url: string; method: 'GET' | 'POST'; fields: Record<string, string> }

/**
 * Reads the beginning of a session off a Service's answer. Throws TripFailure in `hardened` for a URL on another origin than the Service's,
 * and for one that is all there is: it would carry the one-time token.
 */
export function requireInitialization(grant: BrowserSessionGrant, service: string, profile: Profile): Initialization {
  const { href, origin } = new URL(grant.initialization_url)
  const { method = 'GET', form_fields: fields = {} } = grant.initialization_request ?? {}
  if (profile === 'hardened') {
    const refused = (message: string) =>
      new TripFailure({ step: 'redeem', peer: service }, message, 'the profile hardened refuses that: tell the operators of the service')
    if (origin !== service) throw refused('the browser session begins on another origin than the service')
    if (method !== 'POST') throw refused('the browser session begins by a URL alone: initialization_request names no POST')
  }
  return { url: href, method, fields: method === 'POST' ? fields : {} } // fields are never moved into a URL
}

/** A session that has begun: its cookies, and the page it is for. */
export type Begun = { cookies: Cookie[]; destination: string }

const REDIRECTS = [301, 302, 303]

/**
 * Begins a browser session without a browser (protocol 8): one request, whatever comes of it, and the redirect that answers it is read and not followed.
 * `fetch` must give that redirect for `redirect: 'manual'`. Throws TripFailure, which quotes nobody: URL and fields are secrets.
 */
export async function initialize(d: { fetch: Fetch; now: Now }, service: string, { url, method, fields }: Initialization): Promise<Begun> {
  const failure = (message: string, options?: ErrorOptions) =>
    new TripFailure({ step: 'initialize', peer: service }, message, 'a session begins once or never: start again', options)
  const form = { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(fields).toString() }
  const init: RequestInit = { method, redirect: 'manual', ...(method === 'POST' && form) }
  const response = await d.fetch(url.replace(/#.*$/, ''), init).catch((cause) => {
    throw failure('the session did not begin: no usable answer', { cause })
  })
  await discard(response)
  if (!REDIRECTS.includes(response.status)) throw failure(`the session did not begin: answered ${response.status}`)
  const destination = resolve(response.headers.get('location') ?? '', url)
  if (destination === undefined) throw failure('the session leads to no https page')
  const cookies = readCookies(response.headers.getSetCookie(), url, d.now())
  if (cookies.length === 0) throw failure('the session began without a cookie that can be kept')
  return { cookies, destination }
}

function resolve(location: string, base: string): string | undefined {
  try {
    const { href } = new URL(location, base)
    return location !== '' && browserUrl.safeParse(href).success ? href : undefined
  } catch {
    return undefined // it is no URL
  }
}
