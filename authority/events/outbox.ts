import { findServicesDue } from '../store/outbox.ts'
import { type DeliverDeps, deliverNext } from './deliver.ts'

/** Brings what is in the outbox to the Services (protocol 10): each event at least once, by whichever instance takes it first. */
export type Outbox = {
  /** Begins with what is due and does not wait for its end. Throws overloaded when the outbox cannot be read. */
  look: () => Promise<void>
  /** Begins with nothing more and waits for what is under way. What is left stays in the outbox. */
  stop: () => Promise<void>
}

/** Services at once, and events at once to each: one that is slow or dead fills its own lane, and no other. */
const MOST_LANES = 64
const LANE_WIDTH = 4

/** The deliveries under way to one Service. */
type Lane = {
  underWay: Set<Promise<void>>
  /** Somebody came when there was no room. */
  again: boolean
  /** It is left alone until the next look. */
  failed: boolean
}

export function createOutbox(d: DeliverDeps): Outbox {
  const lanes = new Map<string, Lane>() // by Service
  const state = { looking: false, again: false, stopping: false }

  /** One after the other; each that is taken makes room for another beside it, as long as there is some. */
  const deliverAll = async (service: string, lane: Lane) => {
    while (!lane.failed && !state.stopping) {
      lane.again = false
      const came = await deliverNext(d, service, () => begin(service, lane))
      if (came === 'failed') lane.failed = true
      if (came === 'nothing due' && !lane.again) return
    }
  }
  const begin = (service: string, lane: Lane) => {
    lane.again = true
    if (lane.failed || state.stopping || lane.underWay.size === LANE_WIDTH) return
    const work = deliverAll(service, lane)
      .catch((failure) => d.log.error('push_failed', { service, failure }))
      .finally(() => {
        lane.underWay.delete(work)
        if (lane.again) begin(service, lane)
        if (lane.underWay.size === 0) lanes.delete(service)
      })
    lane.underWay.add(work)
  }
  const enter = (service: string) => {
    const lane = lanes.get(service) ?? { underWay: new Set(), again: false, failed: false }
    if (!lanes.has(service) && lanes.size === MOST_LANES) return // it comes first at the next look
    lanes.set(service, lane)
    lane.failed = false
    begin(service, lane)
  }
  return {
    async look() {
      state.again = true
      if (state.looking || state.stopping) return
      state.looking = true
      try {
        while (state.again) {
          state.again = false
          for (const service of await findServicesDue(d.db.read, d.now(), 2 * MOST_LANES)) enter(service)
        }
      } finally {
        state.looking = false
      }
    },
    async stop() {
      state.stopping = true
      await Promise.all([...lanes.values()].flatMap(({ underWay }) => [...underWay]))
    },
  }
}
