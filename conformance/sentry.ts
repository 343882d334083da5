import type { Observing } from './observe.ts'
import type { Result } from './report/report.ts'
import type { Party } from './requirements.ts'
import type { Watch } from './stage.ts'
import type { Judged, Subject } from './subject.ts'

/** Watches that the suite's own servers and the peers still work, so that no verdict comes of an outage. */
export type Sentry = {
  /** What a reader of the report must know of how it began. */
  notices: string[]
  /** Why the run has ended, once it has. */
  ended: () => string | undefined
  /** What does not work any more, after a case: the rig alone, or the peer's reference exchange too. Undefined: all of it does. */
  look: (one: Judged, what: 'rig' | 'peer') => Promise<string | undefined>
  /** The last look: why the run ended early, if it did. */
  close: () => Promise<string | undefined>
  /** A result as it counts after an outage: what was refused may have been refused by the outage. */
  withdraw: (result: Result) => Result
}

/** How the notice begins that a peer did not work from the start. */
export const BROKEN_REFERENCE = 'The reference exchange with the'
const EVERY_MS = 3000
type Watched = Subject & { works: boolean; goodAt: number; looking: Promise<string | undefined> | undefined }

/** Has every peer do its reference exchange once, and then again whenever it is in doubt, and every second or so. */
export async function startSentry(subjects: Subject[], set: (name: string) => Observing, watch: Watch): Promise<Sentry> {
  const notices: string[] = []
  const watched = await Promise.all(subjects.map((subject) => firstLook(subject, set, notices)))
  const endedAt = new Map<string, number>()
  let ended = watch.enveloped === undefined ? undefined : envelopeSentence(watch.enveloped)
  const end = (why: string | undefined): string | undefined => {
    if (why !== undefined) ended ??= why
    return why
  }
  const rig = () =>
    set('probe')
      .stage.ground.probe()
      .then(() => undefined, messageOf)
  const lookAtPeer = async (party: Party): Promise<string | undefined> => {
    const peer = watched.find((one) => one.party === party)
    if (!peer?.works) return undefined
    peer.looking ??= again(peer, set, rig).finally(() => {
      peer.looking = undefined
    })
    return peer.looking
  }
  const timer = setInterval(() => {
    for (const { party } of watched) if (party !== 'harness') void lookAtPeer(party).then(end)
  }, EVERY_MS)
  return {
    notices,
    ended: () => ended,
    look: async (one, what) => {
      const fault = end((await rig()) ?? (what === 'peer' ? await lookAtPeer(one.party) : undefined))
      endedAt.set(keyOf(one), Date.now())
      return fault
    },
    close: async () => {
      clearInterval(timer)
      end((await rig()) ?? (await Promise.all(watched.map(({ party }) => lookAtPeer(party)))).find((why) => why !== undefined))
      return ended
    },
    withdraw: (result) => {
      const goodAt = watched.find(({ party }) => party === result.party)?.goodAt ?? 0
      const doubtful = result.verdict === 'PASS' && (endedAt.get(keyOf(result)) ?? 0) > goodAt
      return doubtful
        ? { ...result, verdict: 'SKIP', remarks: [...result.remarks, 'passed, but what followed was an outage: it does not count'] }
        : result
    },
  }
}

/** Told once, and not by a hundred failures. */
const envelopeSentence = (member: string): string =>
  `the peer wraps its messages in {"${member}": …}. Bodies are bare JSON: “request.” and “response.” in the draft name a direction, they are no envelope`

const keyOf = ({ party, id }: { party: Party; id: string }): string => `${party} ${id}`
const messageOf = (failure: unknown): string => (failure instanceof Error ? failure.message : String(failure))

async function firstLook(subject: Subject, set: (name: string) => Observing, notices: string[]): Promise<Watched> {
  const why = await tryReference(subject, set)
  if (why !== undefined) notices.push(`${BROKEN_REFERENCE} ${subject.party} does not work, so an outage cannot be told from a fault: ${why}`)
  return { ...subject, works: why === undefined, goodAt: Date.now(), looking: undefined }
}

/** Once more where it fails: what a case does to a peer may be in its way for a moment. */
async function again(peer: Watched, set: (name: string) => Observing, rig: () => Promise<string | undefined>): Promise<string | undefined> {
  const began = Date.now()
  const why = (await tryReference(peer, set)) && (await tryReference(peer, set))
  if (why === undefined) peer.goodAt = began
  return why === undefined ? undefined : ((await rig()) ?? `the ${peer.party} does not work any more: ${why}`)
}

async function tryReference(subject: Subject, set: (name: string) => Observing): Promise<string | undefined> {
  try {
    await subject.reference(set(`reference ${subject.party}`).stage)
    return undefined
  } catch (failure) {
    return messageOf(failure)
  }
}
