import { refusal } from '../actors/authority.ts'
import { type Case, expectThat } from '../case.ts'
import { approvedAnswer, expectDone, expectGivenUp, type HarnessStage, type HarnessWorld, pendingAnswer } from './stage.ts'
import { callsAt, expectNothingFrom, inTurn } from './trip.ts'

/** Less than a wait that was asked for, as clocks and timers go. */
const SLACK_MS = 60
const TIGHT_MS = 100

/** The times between what was asked: from the issuance to the first poll, and from poll to poll. */
function gapsOf(w: HarnessWorld): number[] {
  const times = [...callsAt(w, 'issuance'), ...callsAt(w, 'status')].map(({ at }) => at)
  return times.slice(1).map((at, i) => at - (times[i] ?? at))
}

const polls = (w: HarnessWorld): number => callsAt(w, 'status').length
const approved = ({ issued }: HarnessWorld) => approvedAnswer(issued, 'bearer_token')
const pending = ({ issued }: HarnessWorld, more: Record<string, unknown> = {}) => pendingAnswer(issued, { more })
const shown = (gaps: number[]): string => `${gaps.join(', ')} ms`

/** How long a Harness waits, and how often it asks meanwhile (§3.2.3, §5.3.2). */
export const polling: Case<HarnessStage>[] = [
  {
    id: 'HAR-POLL-01',
    about: 'the request is pending three times and then approved',
    slow: true,
    run: async (s) => {
      const w = s.world()
      w.authority.on.status = inTurn(pending(w), pending(w), pending(w), approved(w))
      expectDone(await w.run())
      expectThat(polls(w) >= 4, 'at least four polls', polls(w))
    },
  },
  {
    id: 'HAR-POLL-01/links',
    about: 'the pending answer has links that lead nowhere',
    run: async (s) => {
      const w = s.world()
      const links = { self: 'http://nowhere.invalid/', approval: 'javascript:alert(1)', events: 'no URL', x_unknown: 17 }
      w.authority.on.issuance = ({ json }) => {
        w.issued.requests.push({ ...Object(json) })
        return pendingAnswer(w.issued, { status: 202, more: { links } })
      }
      expectDone(await w.run())
    },
  },
  {
    id: 'HAR-POLL-01/at-once',
    about: 'the answer to the issuance request is 200 and already approved',
    run: async (s) => {
      const w = s.world()
      w.authority.on.issuance = () => approved(w)
      w.authority.on.status = () => approved(w)
      expectDone(await w.run())
    },
  },
  {
    id: 'HAR-POLL-02',
    about: 'the Authority asks for a pause of three seconds',
    slow: true,
    run: async (s) => {
      const w = s.world()
      w.authority.on.issuance = () => pendingAnswer(w.issued, { status: 202, more: { poll_after_ms: 3000 } })
      w.authority.on.status = () => approved(w)
      expectDone(await w.run())
      const [first = 0] = gapsOf(w)
      expectThat(first >= 3000 - SLACK_MS, 'the first poll after 3,000 ms', shown(gapsOf(w)))
    },
  },
  {
    id: 'HAR-POLL-02/zero',
    about: 'the Authority asks for a pause of zero milliseconds, three times',
    negative: true,
    slow: true,
    run: async (s) => {
      const w = s.world()
      w.authority.on.issuance = () => pendingAnswer(w.issued, { status: 202, more: { poll_after_ms: 0 } })
      w.authority.on.status = inTurn(pending(w, { poll_after_ms: 0 }), pending(w, { poll_after_ms: 0 }), approved(w))
      expectDone(await w.run())
      expectThat(Math.min(...gapsOf(w)) >= TIGHT_MS, `pauses of ${TIGHT_MS} ms at least`, shown(gapsOf(w)))
    },
  },
  {
    id: 'HAR-POLL-03',
    about: 'the Authority says nothing of pauses, and is pending three times',
    negative: true,
    slow: true,
    run: async (s) => {
      const w = s.world()
      const silent = pending(w, { poll_after_ms: undefined })
      w.authority.on.issuance = () => ({ ...silent, status: 202 })
      w.authority.on.status = inTurn(silent, silent, silent, approved(w))
      expectDone(await w.run())
      const gaps = gapsOf(w)
      expectThat(Math.min(...gaps) >= TIGHT_MS, `pauses of ${TIGHT_MS} ms at least`, shown(gaps))
      if ((gaps.at(-1) ?? 0) <= (gaps[0] ?? 0) + SLACK_MS) s.warn(`the pauses do not grow: ${shown(gaps)}`)
    },
  },
  {
    id: 'HAR-POLL-07/retry-after',
    about: 'the status is 429 with Retry-After: 3, and then approved',
    slow: true,
    run: async (s) => {
      const w = s.world()
      w.authority.on.status = inTurn({ ...refusal(429, 'rate_limited'), headers: { 'retry-after': '3' } }, approved(w))
      expectDone(await w.run())
      expectThat((gapsOf(w)[1] ?? 0) >= 3000 - SLACK_MS, 'the next poll after three seconds', shown(gapsOf(w)))
    },
  },
  {
    id: 'HAR-POLL-07/503',
    about: 'the status is 503 once, and then approved',
    run: async (s) => {
      const w = s.world()
      w.authority.on.status = inTurn(refusal(503, 'overloaded'), approved(w))
      expectDone(await w.run())
    },
  },
  {
    id: 'HAR-POLL-07/500-for-ever',
    about: 'the status is 500 for ever',
    negative: true,
    slow: true,
    run: async (s) => {
      const w = s.world()
      w.authority.on.status = () => refusal(500, 'internal')
      const outcome = await w.run()
      const gaps = gapsOf(w).slice(1)
      expectThat(polls(w) > 1, 'it to be asked again', polls(w))
      expectThat(Math.min(...gaps) >= TIGHT_MS, `pauses of ${TIGHT_MS} ms at least`, shown(gaps))
      expectNothingFrom(w, 'redemption')
      expectGivenUp(outcome)
    },
  },
  {
    id: 'HAR-POLL-08',
    about: 'the request is pending for ever, and its deadline comes before the next poll is due',
    negative: true,
    slow: true,
    run: async (s) => {
      const w = s.world()
      const due = pendingBriefly(w)
      w.authority.on.status = () => pending(w, due)
      const outcome = await w.run({ deadlineMs: 30_000 })
      const late = callsAt(w, 'status').filter(({ at }) => at > Date.parse(due.expires_at)).length
      expectThat(late >= 1 && late <= 2, 'one poll after expires_at', `${late} of ${polls(w)} polls`)
      expectNothingFrom(w, 'redemption')
      expectGivenUp(outcome)
    },
  },
  {
    id: 'HAR-POLL-08/last-word',
    about: 'the request turns out to be approved when it is asked for once more after its deadline',
    slow: true,
    run: async (s) => {
      const w = s.world()
      const due = pendingBriefly(w)
      w.authority.on.status = ({ at }) => (at > Date.parse(due.expires_at) ? approved(w) : pending(w, due))
      expectDone(await w.run())
    },
  },
]

/** Admits the request for two seconds, and asks for a poll after ten. Gives what its status says of that, known once it is admitted. */
function pendingBriefly(w: HarnessWorld): { expires_at: string; poll_after_ms: number } {
  const due = { expires_at: '', poll_after_ms: 10_000 }
  w.authority.on.issuance = () => {
    due.expires_at = new Date(Math.ceil(Date.now() / 1000 + 2) * 1000).toISOString() // of whole seconds
    return pendingAnswer(w.issued, { status: 202, more: due })
  }
  return due
}
