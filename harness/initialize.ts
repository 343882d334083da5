import type { Profile } from '../spec/profile.ts'
import type { BrowserSessionGrant } from '../spec/wire/redemption.ts'
import { TripFailure } from './failure.ts'

/** How a browser session begins (protocol 8): the URL is loaded, or the fields are submitted to it as a form, exactly once and at once. URL and fields are secrets. */
export type Initialization = { url: string; method: 'GET' | 'POST'; fields: Record<string, string> }

/** Reads the beginning of a session off a Service's answer. Throws TripFailure in `hardened` for a URL on another origin than the Service's. */
export function requireInitialization(grant: BrowserSessionGrant, service: string, profile: Profile): Initialization {
  const { href, origin } = new URL(grant.initialization_url)
  if (profile === 'hardened' && origin !== service)
    throw new TripFailure(
      { step: 'redeem', peer: service },
      'the browser session begins on another origin than the service',
      'the profile hardened refuses that: tell the operators of the service',
    )
  const { method = 'GET', form_fields: fields = {} } = grant.initialization_request ?? {}
  return { url: href, method, fields: method === 'POST' ? fields : {} } // fields are never moved into a URL
}
