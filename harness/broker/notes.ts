import type { Progress, Recorded } from '../acquire.ts'
import { beginRedeeming, noteProgress, noteRequested, type Progressed } from '../store/trip.ts'
import { CalledOff } from './failure.ts'
import { announceTask } from './record.ts'
import { waitingAsJson } from './task.ts'
import type { TripDeps } from './trip.ts'

/** Writes down how far a trip is, one note after the other. */
export type Notes = {
  progress: (progress: Progress) => void
  /** Resolves when a fact is on disk. Throws CalledOff where the task has been ended: then the trip must not go on. */
  record: (fact: Recorded) => Promise<void>
  /** Where a request waits that has neither been decided nor called off. */
  requested: () => string | undefined
  /** Resolves when everything is written that was noted. */
  written: () => Promise<void>
}

type NotesDeps = Pick<TripDeps, 'db' | 'secrets' | 'log' | 'now' | 'runner'>

export function createNotes(d: NotesDeps, id: string): Notes {
  const own = () => ({ id, runner: d.runner, at: d.now() })
  let last = ''
  let requested: string | undefined
  let writing: Promise<unknown> = Promise.resolve()
  const write = (progressed: Progressed) =>
    d.db.write(async (tx, announce) => {
      if (await noteProgress(tx, own(), progressed)) announceTask(announce, id)
    })
  return {
    progress(progress) {
      const progressed = asProgressed(progress)
      if (JSON.stringify(progressed) === last) return // told again at each poll
      last = JSON.stringify(progressed)
      writing = writing.then(() => write(progressed)).catch((failure) => d.log.warn('progress_not_noted', { failure })) // the trip's facts are recorded apart
    },
    async record(fact) {
      await writing
      if (fact.kind === 'requested') requested = fact.statusUrl
      if (!(await isRecorded(d, own(), fact))) throw new CalledOff('the task was ended')
      if (fact.kind === 'redeeming') requested = undefined
    },
    requested: () => requested,
    written: async () => void (await writing),
  }
}

const asProgressed = (progress: Progress): Progressed =>
  progress.kind === 'step'
    ? { step: progress.step, peer: progress.peer, waiting: null }
    : { step: 'approve', peer: progress.authority, authority: progress.authority, waiting: waitingAsJson(progress) }

/** Whether the trip may go on. */
const isRecorded = (d: NotesDeps, own: Parameters<typeof noteRequested>[1], fact: Recorded): Promise<boolean> =>
  d.db.write((tx) =>
    fact.kind === 'requested' ? noteRequested(tx, own, d.secrets.seal('requests', fact.statusUrl)) : beginRedeeming(tx, own, fact.authority),
  )
