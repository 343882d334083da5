import { toRfc3339 } from '../../spec/time.ts'
import { printable } from '../failure.ts'
import { type Held, isToken } from './held.ts'

const MAX_INSTANT = 253_402_300_799 // the last second of the year 9999

/** An instant for people: UTC, whole seconds. */
export const instant = (at: number): string => toRfc3339(Math.min(at, MAX_INSTANT)).replace('.000Z', 'Z')

/** How long from now, for people. */
export function duration(seconds: number): string {
  const left = Math.max(0, Math.floor(seconds))
  const [hours, minutes] = [Math.floor(left / 3600), Math.floor((left % 3600) / 60)]
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min ${left % 60} s` : `${left} s`
}

/** What is held, for people: everything but the token. */
export function describeHeld(held: Held, now: number): string {
  const { service, user, authority, task, expires_at: expiresAt } = held
  const until = expiresAt === undefined ? 'the service ends it' : `${instant(expiresAt)} (${duration(expiresAt - now)} left)`
  const what = isToken(held) ? { scope: held.scope?.join(' ') ?? 'not said' } : { access: 'a browser session' }
  const rows = { service, user, authority, task: `${task.id}  ${task.description}`, ...what, until }
  return Object.entries(rows)
    .map(([name, value]) => `${name.padEnd(9)} ${printable(value)}\n`)
    .join('')
}

/** What is held, for programs; the token itself only where it was asked for. A session has a `type`. */
export function heldAsJson(held: Held): Record<string, unknown> {
  const { service, user, authority, task, expires_at: expiresAt } = held
  const until = expiresAt === undefined ? {} : { expires_at: instant(expiresAt) }
  const what = isToken(held) ? held.scope && { scope: held.scope } : { type: held.type }
  return { service, user, authority, task: { id: task.id, description: task.description }, ...what, ...until }
}

/** A result for programs; characters that a terminal acts upon are escaped. */
export const asJson = (value: unknown): string => `${JSON.stringify(value, undefined, 2).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)}\n`

const escaped = (char: string): string =>
  char === '\n' ? char : Array.from({ length: char.length }, (_, i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')
