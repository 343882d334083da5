import { InvalidArgumentError } from 'commander'

const UNIT_SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }
const FORMS = 'it is how long ago, such as 7d, 12h or 30m; a day of UTC, such as 2026-11-01; or a time, such as 2026-11-01T09:30:00Z'

/** Since when: a time that a person gives on the command line, in epoch seconds. A day is its first moment in UTC. Throws InvalidArgumentError that says the forms. */
export function readSince(text: string, now: number): number {
  const [, count = '', unit = ''] = /^(\d{1,9})([smhdw])$/.exec(text) ?? []
  const ago = Number(count) * (UNIT_SECONDS[unit] ?? Number.NaN)
  const at = unit === '' ? readInstant(text) : now - ago
  if (at === undefined || at < 0) throw new InvalidArgumentError(`${FORMS}.`)
  return at
}

/** A day, or a time of RFC 3339, which always says its offset. `Date.parse` alone would take 31 February for a day in March. */
function readInstant(text: string): number | undefined {
  const [, day, time] = /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})))?$/.exec(text) ?? []
  const midnight = Date.parse(`${day}T00:00:00Z`)
  if (day === undefined || Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== day) return undefined
  const ms = time === undefined ? midnight : Date.parse(`${day}T${time.toUpperCase()}`)
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000)
}
