import { refusal } from '../actors/authority.ts'
import type { Answer } from '../actors/hosts.ts'
import { type Case, expectEqual } from '../case.ts'
import { approvedAnswer, expectDone, type HarnessStage, type HarnessWorld } from './stage.ts'
import { callsAt, expectStop, expectUntouched, inTurn, lastCall, setEndpoint } from './trip.ts'

type Outcome = { slug: string; about: string; answer: (w: HarnessWorld) => Answer }
const status = ({ issued: { id } }: HarnessWorld, members: Record<string, unknown>): Answer => ({ json: { id, type: 'bearer_token', ...members } })
const approved = ({ issued }: HarnessWorld, more: Record<string, unknown> = {}): Answer => approvedAnswer(issued, 'bearer_token', more)

const FINAL: readonly Outcome[] = [
  { slug: 'denied', about: 'the request is denied', answer: (w) => status(w, { status: 'denied', reason: 'not today' }) },
  { slug: 'expired', about: 'the request has expired', answer: (w) => status(w, { status: 'expired' }) },
  { slug: 'canceled', about: 'the request is canceled', answer: (w) => status(w, { status: 'canceled' }) },
  { slug: 'denied-with-pass', about: 'the request is denied, and a pass is there', answer: (w) => approved(w, { status: 'denied' }) },
]

const UNUSABLE: readonly Outcome[] = [
  { slug: 'none', about: 'it is approved without a pass', answer: (w) => status(w, { status: 'approved' }) },
  {
    slug: 'no-value',
    about: 'it is approved with a pass that has no value',
    answer: (w) => status(w, { status: 'approved', agentpass: { type: 'bearer_token' } }),
  },
  {
    slug: 'other-type',
    about: 'it is approved with a pass for a browser session',
    answer: ({ issued }) => approvedAnswer(issued, 'browser_session', { type: 'bearer_token' }),
  },
]

const UNKNOWN: readonly Outcome[] = [
  { slug: 'weird', about: 'the status is a word nobody knows', answer: (w) => approved(w, { status: 'weird' }) },
  { slug: 'upper-case', about: 'the status is APPROVED', answer: (w) => approved(w, { status: 'APPROVED' }) },
]

const REFUSED: readonly Outcome[] = [404, 409, 410].map((code) => ({
  slug: String(code),
  about: `the status is answered with ${code}`,
  answer: () => refusal(code, 'suite'),
}))

/** What is final is asked for once: were it asked for again, the request would be approved. */
const ends = (id: string, outcomes: readonly Outcome[]): Case<HarnessStage>[] =>
  outcomes.map(({ slug, about, answer }) => ({
    id: `${id}/${slug}`,
    about,
    negative: true,
    run: async (s) => {
      const w = s.world()
      w.authority.on.status = inTurn(answer(w), approved(w))
      await expectStop(w, 'status')
      expectEqual(callsAt(w, 'status').filter(({ method }) => method === 'GET').length, 1, 'the number of polls')
    },
  }))

const IDS: readonly { slug?: string; about: string; id: string }[] = [
  { about: 'the request’s id is ../x', id: '../x' },
  { slug: 'reserved', about: 'the request’s id is a/b?c#d%2Fe', id: 'a/b?c#d%2Fe' },
]

/** What ends an attempt, and where a request's status is (§3.2.3, §5.3.2). */
export const outcomes: Case<HarnessStage>[] = [
  ...ends('HAR-POLL-04', FINAL),
  ...ends('HAR-POLL-05', UNUSABLE),
  ...ends('HAR-POLL-06', UNKNOWN),
  ...ends('HAR-POLL-07', REFUSED),
  ...IDS.map(
    ({ slug, about, id }): Case<HarnessStage> => ({
      id: slug === undefined ? 'HAR-POLL-09' : `HAR-POLL-09/${slug}`,
      about,
      run: async (s) => {
        const w = s.world()
        w.issued.id = id
        expectDone(await w.run())
        const { url } = lastCall(w, 'status')
        expectEqual(url, w.authority.urls.status.replace('{id}', encodeURIComponent(id)), 'the status URL')
      },
    }),
  ),
  {
    id: 'HAR-POLL-09/dots',
    about: 'the request’s id is .., which no encoding keeps in its place',
    negative: true,
    run: async (s) => {
      const w = s.world()
      w.issued.id = '..'
      await expectStop(w, 'issuance', { before: 'redemption' })
      expectUntouched({ calls: w.authority.strays }, 'another path of the Authority')
    },
  },
  {
    id: 'HAR-POLL-09/other-origin',
    about: 'the status template has {id} in its host, and the id makes it another origin',
    negative: true,
    run: async (s) => {
      const w = s.world()
      const victim = s.authority()
      w.issued.id = victim.host
      setEndpoint(w.authority, 'issuance_status', `https://{id}.${s.ground.zone}:${s.ground.hosts.port}/state`)
      await expectStop(w, 'authority document', { before: 'redemption' })
      expectUntouched(victim, 'the host of that origin')
    },
  },
]
