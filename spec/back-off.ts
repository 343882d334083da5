import { fromBase64url } from './base64url.ts'
import type { Random } from './effects.ts'

/** How long to wait after so many failed tries: a second, doubled with each up to the longest; chance takes up to half of it, so that those that failed together do not come back together. */
export function pauseSeconds(tries: number, longestSeconds: number, random: Random): number {
  const longest = Math.min(2 ** (tries - 1), longestSeconds)
  const [chance = 0] = fromBase64url(random(1)) ?? []
  return Math.ceil(longest * (1 - chance / 512))
}
