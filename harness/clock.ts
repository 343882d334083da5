import { timeOf } from '../spec/peer.ts'
import { SKEW_SECONDS } from '../spec/profile.ts'

/** How many seconds this machine's clock is ahead of a peer's, by the time that its answer carries; behind it where negative, undefined where it carries none. */
export function secondsAhead(response: Response, now: number): number | undefined {
  const theirs = timeOf(response)
  return theirs === undefined ? undefined : now - theirs
}

/** Says that this machine's clock is further from a peer's than signed objects bear (protocol 9); undefined where it is not, as far as the answer tells. */
export function describeSkew(response: Response, peer: string, now: number): string | undefined {
  const ahead = secondsAhead(response, now) ?? 0
  if (Math.abs(ahead) <= SKEW_SECONDS) return undefined
  return `this machine's clock is ${Math.abs(ahead)} s ${ahead > 0 ? 'ahead of' : 'behind'} that of ${peer}`
}

/** What to do about it. */
export const SET_CLOCK = 'set it, or have it set over the network (NTP), and start again'
