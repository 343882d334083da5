/** An instant on the wire (RFC 3339, UTC) from epoch seconds. */
export const toRfc3339 = (at: number): string => new Date(at * 1000).toISOString()

/** Epoch seconds, rounded down, of an RFC 3339 instant that its schema has checked. */
export const fromRfc3339 = (instant: string): number => Math.floor(Date.parse(instant) / 1000)
