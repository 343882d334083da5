import type { Now } from './effects.ts'

const FAILURE_SECONDS = 1 // never over 5 (protocol 2): long enough to spare a peer that is down, short enough to notice that it is back
const LIMIT = 2000

export type Loaded<V> = { value: V; ttlSeconds: number }
export type Cache<V> = {
  /** The kept value, or one load that all who ask meanwhile share. A failure is kept for a second or as long as was said, and never as a value. */
  get: (key: string, load: () => Promise<Loaded<V>>) => Promise<V>
  /** Replaces what is kept. */
  put: (key: string, loaded: Loaded<V>) => void
  /** Drops what is kept. A load under way is of no use to those who ask from now on, and is not kept when it ends. */
  forget: (key: string) => void
  /** Forgets everything. */
  clear: () => void
}

/** A bounded cache with single flight. The oldest entry goes when it is full. */
export function createCache<V>(now: Now, { limit = LIMIT, failureSeconds = FAILURE_SECONDS } = {}): Cache<V> {
  const entries = new Map<string, { value: Promise<V>; until: number }>()
  const keep = (key: string, entry: { value: Promise<V>; until: number }) => {
    entries.delete(key)
    entries.set(key, entry)
    const [oldest] = entries.keys()
    if (entries.size > limit && oldest !== undefined) entries.delete(oldest)
  }
  const expire = (entry: { until: number }, seconds: number) => {
    entry.until = now() + seconds
  }
  return {
    get(key, load) {
      const kept = entries.get(key)
      if (kept && kept.until > now()) return kept.value
      const entry = { value: start(load, failureSeconds, (seconds) => expire(entry, seconds)), until: Number.POSITIVE_INFINITY }
      keep(key, entry)
      return entry.value
    },
    put: (key, { value, ttlSeconds }) => keep(key, { value: Promise.resolve(value), until: now() + ttlSeconds }),
    forget: (key) => void entries.delete(key),
    clear: () => entries.clear(),
  }
}

async function start<V>(load: () => Promise<Loaded<V>>, failureSeconds: number, keepFor: (ttlSeconds: number) => void): Promise<V> {
  try {
    const { value, ttlSeconds } = await load()
    keepFor(ttlSeconds)
    return value
  } catch (failure) {
    keepFor(failureSeconds)
    throw failure
  }
}

/** How long an answer may be kept, in seconds, by its `Cache-Control`, less the `Age` it has from a cache on the way, within our bounds (protocol 2, RFC 9111 §4.2). */
export function lifetimeSeconds(response: Response, bounds: { least: number; most: number; otherwise: number }): number {
  const control = response.headers.get('cache-control')?.toLowerCase() ?? ''
  if (/\bno-(?:store|cache)\b/.test(control)) return bounds.least
  const maxAge = /(?:^|[\s,])max-age="?(\d{1,10})/.exec(control)?.[1]
  const age = /^\d{1,10}$/.exec(response.headers.get('age') ?? '')?.[0]
  return Math.min(Math.max(Number(maxAge ?? bounds.otherwise) - Number(age ?? 0), bounds.least), bounds.most)
}
