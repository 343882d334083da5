import type { Fetch, Now } from '../spec/effects.ts'
import { browserUrl } from '../spec/origin.ts'
import { discard, retryAfterSeconds } from '../spec/peer.ts'
import { fromRfc3339 } from '../spec/time.ts'
import type { AuthorityForHarness } from '../spec/wire/configuration.ts'
import { IssuanceStatus, type PassType } from '../spec/wire/issuance.ts'
import { refusalOf, requireAnswer } from './answer.ts'
import { describeSkew, SET_CLOCK } from './clock.ts'
import { type ListenDeps, listen } from './events.ts'
import { type At, TripFailure } from './failure.ts'
import { remedyFor } from './remedy.ts'

/**
 * Who has yet to decide, and until when (epoch seconds). `approvalUrl` is where a person does it, fit to be shown, and `approvalNumber` the digits that they are asked for there;
 * undefined where the Authority names no usable one.
 */
export type Waiting = { authority: string; approvalUrl: string | undefined; approvalNumber: string | undefined; expiresAt: number }
export type PollDeps = ListenDeps & { fetch: Fetch; onWaiting: (waiting: Waiting) => void }
type Usable = { type: PassType; value: string }

const FLOOR_MS = 1000
const MOST_MS = 30_000
const MOST_WANTED_MS = 3_600_000 // a timer of more than 24 days overflows and does not wait at all
const MAX_FAILURES = 6
const PATIENCE_SECONDS = 900 // where the Authority names no deadline

/** Waits for a decision, by events where there are any, otherwise by polling (protocol 4, §5.3.2), and gives the usable pass. Every other end of the attempt throws; an aborted signal cancels the request. */
export async function awaitPass(d: PollDeps, authority: AuthorityForHarness, type: PassType, first: IssuanceStatus): Promise<Usable> {
  const at = { step: 'approve' as const, peer: authority.authority, now: d.now, secrets: [first.id] } // whoever has the id has the pass
  const url = statusUrl(authority, first.id)
  const poll = createPoll(d, url, at)
  const patienceEnds = d.now() + PATIENCE_SECONDS
  const tell = ({ expires_at: expiry, links, approval_number: number }: IssuanceStatus): number => {
    const expiresAt = expiry === undefined ? patienceEnds : fromRfc3339(expiry)
    d.onWaiting({ authority: authority.authority, approvalUrl: linkFor(links?.approval), approvalNumber: digitsOf(number), expiresAt })
    return expiresAt
  }
  let status = await listen(d, first, tell)
  for (let round = 0; status.status === 'pending'; round++) {
    const deadline = tell(status)
    await pause(d, url, Math.min(pauseMs(status, round), untilMs(d, deadline)))
    status = await poll(deadline)
  }
  return requireUsable(status, type, at)
}

/** The Authority's word is honoured, with a floor; without one the pauses grow. */
const pauseMs = ({ poll_after_ms: wanted }: IssuanceStatus, round: number): number =>
  wanted === undefined ? Math.min(FLOOR_MS * 1.5 ** round, MOST_MS) : atLeastFloor(wanted)

const atLeastFloor = (ms: number): number => Math.min(Math.max(ms, FLOOR_MS), MOST_WANTED_MS)

/** Just past the deadline, for the one poll after it. */
const untilMs = (d: PollDeps, deadline: number): number => atLeastFloor((deadline - d.now() + 1) * 1000)

/** A link as a person may see and follow it; others are no reason to refuse (protocol 1). */
const linkFor = (link: string | undefined): string | undefined => (browserUrl.safeParse(link).success && link ? new URL(link).href : undefined)

/** A number as a person may see it. */
const digitsOf = (number: unknown): string | undefined => (typeof number === 'string' && /^\d{2,8}$/.test(number) ? number : undefined)

async function pause(d: PollDeps, url: string, ms: number): Promise<void> {
  try {
    await d.wait(ms, d.signal)
  } catch (aborted) {
    await callOff(d, url)
    throw aborted
  }
}

/** Calls a pending request off (protocol 4 [X]). The Authority may not know how, or not be there; then the request expires. */
export async function callOff(d: { fetch: Fetch }, url: string): Promise<void> {
  await d.fetch(url, { method: 'DELETE', redirect: 'error' }).then(discard, () => undefined)
}

/**
 * Asks once; an outage or `429` is asked again with growing pauses, a bounded number of times in a row. Everything else is final, a redirect too.
 * The first look after the deadline is the last one, whatever comes of it.
 */
function createPoll(d: PollDeps, url: string, at: At & { now: Now }): (deadline: number) => Promise<IssuanceStatus> {
  const init = { headers: { accept: 'application/json' }, ...(d.signal && { signal: d.signal }) }
  return async (deadline) => {
    for (let failures = 1; ; failures++) {
      const isLast = d.now() > deadline
      let outage: unknown
      const response = await d.fetch(url, init).catch((cause) => {
        outage = cause
        return undefined
      })
      const isPassing = !response || response.status === 429 || response.status >= 500
      if (response && !isPassing) return requireInTime(response, isLast, at)
      const isOver = (failures === MAX_FAILURES || isLast) && !d.signal?.aborted // after an abort, the pause ends it
      if (isOver) throw response ? await refusalOf(response, at) : lost(at, outage)
      const wantedMs = (response ? (retryAfterSeconds(response) ?? 0) : 0) * 1000
      if (response) await discard(response)
      const backOffMs = FLOOR_MS * 2 ** (failures - 1)
      await pause(d, url, Math.min(Math.max(backOffMs, wantedMs), untilMs(d, deadline)))
    }
  }
}

/** A status that is still pending at the last look is too late; where our clock is off by the Authority's, it may only seem so. */
async function requireInTime(response: Response, isLast: boolean, at: At & { now: Now }): Promise<IssuanceStatus> {
  const status = await requireAnswer(response, IssuanceStatus, at)
  if (status.status !== 'pending' || !isLast) return status
  const skew = describeSkew(response, at.peer, at.now())
  throw new TripFailure(at, 'nobody decided in time', skew === undefined ? START_AGAIN : `${skew}: ${SET_CLOCK}`)
}

const lost = (at: At, cause: unknown): TripFailure =>
  new TripFailure(at, 'the authority cannot be reached any more', remedyFor(cause) ?? 'check the network, then start again', { cause })

/**
 * Where a request is asked about and called off; a secret, as the request's id is. Only `{id}` is expanded, percent-encoded, and the result stays on the template's
 * origin and is no other path (protocol 2). Throws TripFailure.
 */
export function statusUrl(authority: AuthorityForHarness, id: string): string {
  const template = authority.endpoints.issuance_status
  const isUsable = !/^\.{1,2}$|\p{Cs}/u.test(id) // a lone surrogate has no encoding
  const url = template.replaceAll('{id}', isUsable ? encodeURIComponent(id) : 'id')
  if (!isUsable || new URL(url).origin !== new URL(template.replaceAll('{id}', 'id')).origin)
    throw new TripFailure({ step: 'approve', peer: authority.authority }, 'the authority gave a request id that cannot be used', 'tell its operators')
  return url
}

function requireUsable({ status, reason, agentpass }: IssuanceStatus, type: PassType, at: At): Usable {
  const because = reason === undefined ? '' : `: ${reason}`
  if (status !== 'approved') throw new TripFailure(at, `the request was ${status}${because}`, HINTS[status] ?? 'start again')
  if (!agentpass || agentpass.type !== type)
    throw new TripFailure(at, 'the request was approved without a usable pass', 'tell the operators of the authority')
  return agentpass
}

const START_AGAIN = 'start again when somebody who may decide is there'
const HINTS: Record<string, string> = {
  denied: 'the approver or the policy said no: change what you ask for, or talk to them',
  expired: `nobody decided in time: ${START_AGAIN}`,
  canceled: 'the request was called off: start again if that was not meant',
}
