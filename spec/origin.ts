import { z } from 'zod'

const MAX_URL_CHARS = 2048

/** The URL a text is; undefined when it is none. Not by `URL.canParse`: on Node 20 and 22, once V8 has optimised it, it refuses hosts with Latin-1 letters. */
export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined // it throws for nothing else
  }
}

function isHttpsUrl(s: string): boolean {
  const url = parseUrl(s)
  return url?.protocol === 'https:' && url.username === '' && url.password === '' && url.hash === ''
}

/** An https URL without userinfo or fragment, at most 2,048 characters (protocol 1). Not `z.url`, which accepts those, `https:h` and leading spaces. */
export const httpsUrl = z
  .string()
  .max(MAX_URL_CHARS)
  .regex(/^[Hh][Tt][Tt][Pp][Ss]:\/\/[^\s/?#@\\\p{Cc}]+(?:[/?][^\s#\\\p{Cc}]*)?$/u)
  .refine(isHttpsUrl)
  .meta({ format: 'uri', description: 'https URL without userinfo or fragment' })

/** An https URL that only a browser loads: as `httpsUrl`, and it may have a fragment (protocol 1). */
export const browserUrl = z
  .string()
  .max(MAX_URL_CHARS)
  .regex(/^[Hh][Tt][Tt][Pp][Ss]:\/\/[^\s/?#@\\\p{Cc}]+(?:[/?][^\s#\\\p{Cc}]*)?(?:#[^\s\p{Cc}]*)?$/u)
  .refine((s) => isHttpsUrl(s.replace(/#.*$/s, '')))
  .meta({ format: 'uri', description: 'https URL without userinfo, for a browser' })

/** What can be read off an origin's text: the characters a URL parser leaves in a host, and no default port. */
const ORIGIN = /^https:\/\/(?:[a-z0-9!"$&'()*+,\-.;=_`{}~]+|\[[0-9a-f:]+\])(?::(?!443$)(?:0|[1-9][0-9]{0,4}))?$/u

/** A bare https origin in its canonical form: A-label host, lower case, no path, no trailing slash, default port omitted (protocol 1). */
export const origin = z
  .string()
  .max(MAX_URL_CHARS)
  .refine((s) => ORIGIN.test(s) && isHttpsUrl(s) && new URL(s).origin === s, { error: ({ input }) => notCanonical(input, (url) => url.origin) })
  .meta({ format: 'uri', pattern: ORIGIN.source, description: 'https origin in canonical form' })

/** An authority identifier: an https URL, compared byte for byte, that is its own URL serialisation but for one trailing slash (protocol 1). */
export const authorityIdentifier = httpsUrl
  .refine((s) => isHttpsUrl(s) && (new URL(s).href === s || new URL(s).href === `${s}/`), {
    error: ({ input }) => notCanonical(input, (url) => url.href),
  })
  .meta({ format: 'uri', description: 'https URL in normal form' })

/** The host of an origin without its port, as DNS knows it (protocol 2). */
export const hostOf = (originUrl: string): string => new URL(originUrl).hostname

function notCanonical(input: unknown, canonical: (url: URL) => string): string {
  if (typeof input !== 'string' || !isHttpsUrl(input) || input.length > MAX_URL_CHARS) return 'is no canonical https URL'
  return `is not in canonical form: use ${canonical(new URL(input))}`
}
