import type { Database } from '../../spec/node/database.ts'
import type { Log } from '../../spec/node/log.ts'
import { isSomethingDue, type Lane } from '../store/notifications.ts'
import type { AuthorityTables } from '../store/schema.ts'
import type { Came } from './deliver.ts'
import type { NotificationSettings } from './settings.ts'

/** Brings what is due to whom it is for: each at least once, by whichever instance takes it first. */
export type Notifier = {
  /** Begins with what is due and does not wait for its end. */
  look: () => Promise<void>
  /** Begins with nothing more and waits for what is under way. What is left is sent after the next start. */
  stop: () => Promise<void>
}
/** A way to tell: all mail, or one webhook. `deliver` takes what is next, says so by `taken`, and sends it. */
export type Way = { lane: Lane; deliver: (taken: () => void) => Promise<Came> }

/** The lanes that the settings open. */
export const lanesOf = (settings: NotificationSettings | undefined): Lane[] => [
  ...(settings?.email ? [{ channel: 'email' as const }] : []),
  ...(settings?.webhooks ?? []).map(({ name }) => ({ channel: 'webhook' as const, recipient: name })),
]

/** So many at once on one way: one that is slow or dead fills its own lane, and no other. */
const LANE_WIDTH = 4

type Open = Way & { underWay: Set<Promise<void>>; isHeldBack: boolean }
type NotifierDeps = { now: () => number; db: Database<AuthorityTables>; log: Log }

export function createNotifier(d: NotifierDeps, ways: Way[]): Notifier {
  const lanes = ways.map((way): Open => ({ ...way, underWay: new Set(), isHeldBack: false }))
  let isStopping = false

  /** One after the other; each that is taken makes room for another beside it, as long as there is some. */
  const deliverAll = async (lane: Open) => {
    while (!lane.isHeldBack && !isStopping) {
      const came = await lane.deliver(() => begin(lane))
      if (came === 'held back') lane.isHeldBack = true // until the next look
      if (came !== 'done') return
    }
  }
  const begin = (lane: Open) => {
    if (lane.isHeldBack || isStopping || lane.underWay.size === LANE_WIDTH) return
    const work = deliverAll(lane)
      .catch((failure) => d.log.error('notification_failed', { failure }))
      .finally(() => void lane.underWay.delete(work))
    lane.underWay.add(work)
  }
  return {
    async look() {
      for (const lane of lanes) {
        lane.isHeldBack = false
        if (await isSomethingDue(d.db.read, lane.lane, d.now())) begin(lane)
      }
    },
    async stop() {
      isStopping = true
      await Promise.all(lanes.flatMap(({ underWay }) => [...underWay]))
    },
  }
}
