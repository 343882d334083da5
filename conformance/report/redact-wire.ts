import { describeJwt } from './redact-jwt.ts'
import { HIDDEN } from './redact-secrets.ts'

const SECRET_HEADER = /^(?:dpop|.*(?:authorization|token|secret|password|api-?key).*)$/i
const ADDRESS_HEADER = /^(?:location|content-location|referer|refresh|link)$/i
const COOKIE_ATTRIBUTE = /^(?:path|domain|expires|max-age|samesite|priority|secure|httponly|partitioned)$/i

/** A value that is secret: of a JWT is said what may be, of anything else nothing. */
export const hideSecret = (value: string): string => describeJwt(value) ?? HIDDEN

/** A header's value without what is secret in headers of its name: of credentials the scheme stays, of cookies their names and attributes. */
export function hideHeader(name: string, value: string): string {
  if (/^cookie2?$/i.test(name)) return hideCookies(value, false)
  if (/^set-cookie2?$/i.test(name)) return hideCookies(value, true)
  if (ADDRESS_HEADER.test(name)) return value.replace(/[^\s<>;,]+/g, (part) => (/[/?#]/.test(part) ? hideUrl(part) : part))
  if (!SECRET_HEADER.test(name) || /^(?:|bearer|basic|dpop)\s*$/i.test(value)) return value
  const [, scheme = '', rest = value] = /^([\w-]+\s+)(.*)$/s.exec(value) ?? []
  return `${scheme}${hideSecret(rest)}`
}

/** Several cookies that are set in one header are parted by commas, which dates have too. What is no attribute is taken for a cookie. */
function hideCookies(value: string, haveAttributes: boolean): string {
  const parts = value.split(/(;|\n|,(?=\s*[^;,=\s]+=))/)
  const isAttribute = (part: string, i: number) => haveAttributes && parts[i - 1] === ';' && COOKIE_ATTRIBUTE.test(nameOf(part).trim())
  return parts.map((part, i) => (i % 2 === 1 || part.trim() === '' || isAttribute(part, i) ? part : hideCookie(part))).join('')
}

const nameOf = (cookie: string): string => cookie.split('=')[0] ?? ''
const hideCookie = (cookie: string): string => (cookie.includes('=') ? `${nameOf(cookie)}=${HIDDEN}` : HIDDEN)

/** An address, or the relative part of one, without what may be a secret in it: whatever in its path looks random, the values of its query, its fragment. */
export function hideUrl(url: string): string {
  const [, origin = '', path = '', query = '', fragment = ''] = /^([a-z][a-z\d+.-]*:\/\/[^/?#]*)?([^?#]*)(\?[^#]*)?(#.*)?$/is.exec(url) ?? []
  const shownPath = path.replace(/[^/]{16,}/g, (part) => (isRandom(part) ? `${part.slice(0, 4)}…` : part))
  return `${origin.replace(/\/\/.*@/, `//${HIDDEN}@`)}${shownPath}${hideForm(query)}${fragment.length > 1 ? `#${HIDDEN}` : fragment}`
}

/** A query or the body of a form with the names of its fields alone. */
export const hideForm = (form: string): string => form.replace(/(?<==)[^&\s]+/g, HIDDEN)

const isRandom = (part: string): boolean =>
  /^[\w~.%=-]+$/.test(part) && describeJwt(part) === undefined && (/\d/.test(part) || (/[a-z]/.test(part) && (part.match(/[A-Z]/g)?.length ?? 0) > 3))

/** A page with the values of its fields hidden: one-time tokens are handed over in them. */
export const hideInputs = (page: string): string => page.replace(/(<input\b[^>]{0,500}\bvalue\s*=\s*)("[^"]*"|'[^']*'|[^\s>]+)/gi, `$1"${HIDDEN}"`)
