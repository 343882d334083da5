import { z } from 'zod'
import { ProtocolError } from './error.ts'
import { parseUrl } from './origin.ts'
import type { Profile } from './profile.ts'

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/
const IP_ADDRESS = /^\d{1,3}(?:\.\d{1,3}){3}$/
/** What can be read off an address's text: of ASCII, a label has letters, digits and hyphens only, and there is no empty one. */
const LABEL = String.raw`[^\s\p{Cc}\p{Cs}!-,./:-@[-\x60{-~]+`
const ADDRESS = new RegExp(String.raw`^[^\s@"(),:;<>[\]\\\p{Cc}\p{Cs}]+@(?!\d{1,3}(?:\.\d{1,3}){3}$)${LABEL}(?:\.${LABEL})*$`, 'u')
const MAX_ADDRESS_CHARS = 254

/** The domain as DNS and comparison use it: lower case, ASCII (IDNA); undefined when it is no host name (empty or over-long label, IP address, trailing dot). */
export function emailDomain(address: string): string | undefined {
  const domain = address.slice(address.lastIndexOf('@') + 1)
  const host = parseUrl(`https://${domain}`)?.hostname
  return host !== undefined && HOST_NAME.test(host) && !IP_ADDRESS.test(host) ? host : undefined
}

/** An address with exactly one `@`, no quoted local part or comment, a host name after it, at most 254 characters (protocol 1). Not `z.email`, which refuses international domains. */
export const emailAddress = z
  .string()
  .max(MAX_ADDRESS_CHARS)
  .refine((address) => address.length <= MAX_ADDRESS_CHARS && ADDRESS.test(address) && emailDomain(address) !== undefined)
  .meta({ pattern: ADDRESS.source, description: 'e-mail address with exactly one @ and a host name' })

/** A setting that means users: one address, or `@domain` for all of a domain. */
export const userPattern = z
  .string()
  .refine((pattern) => pattern.includes('@') && emailDomain(pattern) !== undefined, 'is neither an address nor @domain')

/** Whether a user is one a pattern means: the domain as domains are compared, the local part byte for byte (protocol 1). */
export function isMeant(pattern: string, address: string): boolean {
  const [wanted, actual] = [pattern, address].map((text) => text.slice(0, text.lastIndexOf('@')))
  return emailDomain(pattern) === emailDomain(address) && (wanted === '' || wanted === actual)
}

/** The domain of an address that was checked before. Throws invalid_email where it was not. */
export function requireEmailDomain(address: string): string {
  const domain = emailDomain(address)
  if (domain === undefined) throw new ProtocolError('invalid_email', 'user.email is no e-mail address')
  return domain
}

/** An address in the form in which addresses are compared (protocol 1): its domain in lower-case ASCII, the local part as it came. Throws invalid_email. */
export const canonicalAddress = (address: string): string => `${address.slice(0, address.lastIndexOf('@'))}@${requireEmailDomain(address)}`

/**
 * Throws user_mismatch unless both addresses name one user: equal domains, equal local parts.
 * In `core-0.1` a validation answer may differ in the case of the local part's ASCII letters (protocol 1).
 */
export function requireSameUser(asked: string, answered: string, profile: Profile): void {
  if (canonical(asked, profile) !== canonical(answered, profile)) throw new ProtocolError('user_mismatch', 'the authority answered for another user')
}

const canonical = (address: string, profile: Profile) => {
  const local = address.slice(0, address.lastIndexOf('@'))
  return `${profile === 'hardened' ? local : local.replace(/[A-Z]/g, (c) => c.toLowerCase())}@${emailDomain(address) ?? address}`
}
