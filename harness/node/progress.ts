import type { Now, Wait } from '../../spec/effects.ts'
import type { Progress } from '../acquire.ts'
import type { Io } from './io.ts'
import { duration, instant } from './print.ts'

type Waiting = Extract<Progress, { kind: 'waiting' }>
/** Tells a person how far a trip is. `wait` is the trip's own patience, during which the time left is counted down; `end` leaves the terminal tidy. */
export type ProgressLines = { onProgress: (progress: Progress) => void; wait: Wait; end: () => void }

const SLICE_MS = 1000
const LINE_EVERY_SECONDS = 15
const CLEAR = '\r\u001b[K'

/** One line a step; while an approver decides, one line that is written over on a terminal, and one every 15 s elsewhere. */
export function createProgress(d: { io: Io; now: Now; wait: Wait }): ProgressLines {
  let waiting: Waiting | undefined
  let saidAt = 0
  const line = (text: string) => d.io.err(`${d.io.isTerminal && waiting ? CLEAR : ''}${text}\n`)
  const countDown = () => {
    if (!waiting) return
    const text = `waiting for the decision, ${duration(waiting.expiresAt - d.now())} left`
    if (d.io.isTerminal) d.io.err(`${CLEAR}${text}`)
    else if (d.now() - saidAt >= LINE_EVERY_SECONDS) {
      saidAt = d.now()
      d.io.err(`${text}\n`)
    }
  }
  const begin = (next: Waiting) => {
    if (!isSameWaiting(waiting, next)) {
      line(`${'approve'.padEnd(8)} ${next.authority} must decide for ${next.user} by ${instant(next.expiresAt)} …`)
      d.io.err(`         ${whoDecides(next)}\n`)
      if (next.approvalNumber !== undefined) d.io.err(`         and is asked there for this number: ${next.approvalNumber}\n`)
      saidAt = d.now()
    }
    waiting = next
    countDown()
  }
  return {
    onProgress(progress) {
      if (progress.kind === 'waiting') return begin(progress)
      line(`${progress.step.padEnd(8)} ${progress.peer} …`)
      waiting = undefined
    },
    async wait(ms, signal) {
      for (let left = ms; left > 0; left -= SLICE_MS) {
        await d.wait(Math.min(left, SLICE_MS), signal)
        countDown()
      }
    },
    end: () => {
      if (d.io.isTerminal && waiting) d.io.err(CLEAR)
      waiting = undefined
    },
  }
}

/** The decision may be the User's, another person's, or a policy's (protocol, Terms): who else, only the Authority knows. */
const whoDecides = ({ user, approvalUrl }: Waiting): string =>
  approvalUrl === undefined
    ? `it names no page for that: ask its administrators where ${user}, or who may decide for them, does so`
    : `${user}, or who may decide for them, can do so at ${approvalUrl}`

const isSameWaiting = (a: Waiting | undefined, b: Waiting): boolean =>
  a?.approvalUrl === b.approvalUrl && a?.approvalNumber === b.approvalNumber && a?.authority === b.authority
