import { parseUrl } from '../spec/origin.ts'

/** A cookie as a browser keeps it. `domain` begins with a dot where subdomains get it too; `expires` in epoch seconds, -1 where it ends with the browser. */
export type Cookie = {
  name: string
  value: string
  domain: string
  path: string
  expires: number
  httpOnly: boolean
  secure: boolean
  sameSite: 'Strict' | 'Lax' | 'None'
}

const MAX_COOKIE_CHARS = 4096
const MAX_ATTRIBUTE_CHARS = 1024
const MOST_SECONDS = 400 * 86_400
const CONTROL = /\p{Cc}/u
const SAME_SITES = new Map<string, Cookie['sameSite']>([
  ['strict', 'Strict'],
  ['none', 'None'],
])

/** The cookies that an https answer leaves with a browser (RFC 6265bis §5.6, 5.7). One for another host, one that breaks the rules of its prefix, and one that is over already, is none. */
export function readCookies(lines: string[], url: string, now: number): Cookie[] {
  const kept = new Map<string, Cookie>()
  for (const cookie of lines.flatMap((line) => readCookie(line, new URL(url), now))) {
    const key = JSON.stringify([cookie.name, cookie.domain, cookie.path])
    if (cookie.expires === -1 || cookie.expires > now) kept.set(key, cookie)
    else kept.delete(key)
  }
  return [...kept.values()]
}

function readCookie(line: string, url: URL, now: number): Cookie[] {
  const [pair = '', ...parts] = line.split(';')
  const equals = pair.indexOf('=')
  const [name, value] = [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()]
  if (CONTROL.test(line) || equals < 0 || name === '' || name.length + value.length > MAX_COOKIE_CHARS) return []
  const attributes = readAttributes(parts)
  const domain = domainOf(attributes.get('domain') ?? '', url.hostname)
  if (domain === undefined) return []
  const cookie: Cookie = {
    ...{ name, value, domain, path: pathOf(attributes.get('path') ?? '', url), expires: expiryOf(attributes, now) },
    ...{ httpOnly: attributes.has('httponly'), secure: attributes.has('secure') },
    sameSite: SAME_SITES.get(attributes.get('samesite')?.toLowerCase() ?? '') ?? 'Lax',
  }
  return isPermitted(cookie, attributes.get('path')) ? [cookie] : []
}

/** The last of each name counts; an attribute that is too long does not. */
function readAttributes(parts: string[]): Map<string, string> {
  const attributes = new Map<string, string>()
  for (const part of parts) {
    const [name = '', ...value] = part.split('=')
    const text = value.join('=').trim()
    if (text.length <= MAX_ATTRIBUTE_CHARS) attributes.set(name.trim().toLowerCase(), text)
  }
  return attributes
}

/** The host alone, or a domain of more than one label that the host is in; undefined where the cookie is for another host. */
function domainOf(attribute: string, host: string): string | undefined {
  if (attribute === '') return host
  const domain = parseUrl(`https://${attribute.replace(/^\./, '')}`)?.hostname ?? ''
  const isIp = /^[\d.]+$|^\[/.test(host)
  if (isIp || !domain.includes('.')) return domain === host ? host : undefined
  return domain === host || host.endsWith(`.${domain}`) ? `.${domain}` : undefined
}

const pathOf = (attribute: string, { pathname }: URL): string =>
  attribute.startsWith('/') ? attribute : pathname.slice(0, pathname.lastIndexOf('/')) || '/'

/** `Max-Age` is stronger than `Expires`. */
function expiryOf(attributes: Map<string, string>, now: number): number {
  const most = now + MOST_SECONDS
  const maxAge = attributes.get('max-age')
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return Math.max(0, Math.min(now + Number(maxAge), most))
  const date = attributes.get('expires') ?? ''
  const at = /\sGMT$/i.test(date) ? Date.parse(date) : Number.NaN // without a zone it would be read in ours
  return Number.isNaN(at) ? -1 : Math.max(0, Math.min(Math.floor(at / 1000), most))
}

function isPermitted({ name, domain, secure, sameSite }: Cookie, path: string | undefined): boolean {
  if (/^__host-/i.test(name)) return secure && !domain.startsWith('.') && path === '/'
  return secure || (!/^__secure-/i.test(name) && sameSite !== 'None')
}
