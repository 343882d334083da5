import { setTimeout as sleep } from 'node:timers/promises'
import { pauseSeconds } from '../../back-off.ts'
import type { Now, Random } from '../../effects.ts'
import type { AuditTable } from '../audit.ts'
import type { Database } from '../database.ts'
import type { Log } from '../log.ts'
import { messageOf } from '../operator-error.ts'
import { addCursor, advanceCursor, type Cursor, type ExportTables, failCursor, holdCursor, LEASE_SECONDS, releaseCursor } from './cursor.ts'
import { type ExportedEvent, type NumberedRow, newestSeq, readTrail } from './event.ts'
import { RefusedBySink, type Sink } from './sink.ts'

export type ExporterDeps = {
  name: string
  from: 'beginning' | 'now'
  db: Database<AuditTable & ExportTables>
  now: Now
  random: Random
  log: Log
  sink: Sink
  /** A row as this exporter's receiver is to see it. */
  present: (row: NumberedRow) => ExportedEvent
}
export type Exporter = {
  /** Begins to hand over what there is, if this instance is the one that exports and no pause is on, and does not wait for its end. What fails is noted, and tried again. */
  look: () => Promise<void>
  /** Begins with nothing more, waits a moment for what is under way, and lets another instance take over. */
  stop: () => Promise<void>
}

const MAX_PAUSE_SECONDS = 60
const RENEW_SECONDS = LEASE_SECONDS - 10
const LOOK_AGAIN_SECONDS = 5
const GRACE_MS = 2000
const ROWS_AT_ONCE = 200
const CHARS_AT_ONCE = 262_144
const MAX_ERROR_CHARS = 200

/** What was read after a number. A batch that was not taken is sent again as it was. */
type Batch = { after: number; events: ExportedEvent[] }
type State = {
  underWay: Promise<void> | undefined
  held: Cursor | undefined
  isFailing: boolean
  unsent: Batch | undefined
  tries: number
  retryAt: number
  stopping: boolean
}
const begun = (): State => ({ underWay: undefined, held: undefined, isFailing: false, unsent: undefined, tries: 0, retryAt: 0, stopping: false })

/** Hands the trail over to one receiver, in its order, each event at least once. It waits for nobody, and nobody for it. */
export function createExporter(d: ExporterDeps): Exporter {
  const holder = d.random(16)
  const state = begun()
  const holding = () => ({ name: d.name, holder, at: d.now() })

  const hold = async (): Promise<Cursor | undefined> => {
    if (state.held && d.now() < state.held.held_until - RENEW_SECONDS) return state.held
    return d.db.write((tx) => holdCursor(tx, holding()))
  }
  const advance = async (cursor: Cursor): Promise<Cursor | undefined> => {
    const seq = d.sink.handedOver()
    const isFailing = state.isFailing || cursor.failing_since !== null
    if (seq === undefined || (seq <= cursor.seq && !isFailing)) return cursor
    const advanced = await d.db.write((tx) => advanceCursor(tx, holding(), Math.max(seq, cursor.seq)))
    if (advanced && isFailing) d.log.info('export_recovered', { exporter: d.name })
    state.isFailing = false
    state.tries = 0
    return advanced
  }
  const leaveToOthers = () => {
    state.retryAt = d.now() + LOOK_AGAIN_SECONDS
    return d.sink.close()
  }
  /** Until there is nothing more, or another instance has taken over. */
  const handOver = async () => {
    for (let more = true; more && !state.stopping; ) {
      state.held = await hold()
      if (!state.held) return leaveToOthers()
      const after = await d.sink.open(state.held.seq)
      const batch = state.unsent?.after === after ? state.unsent : await readBatch(d, after)
      state.unsent = batch
      more = batch.events.length > 0
      if (more) await d.sink.send(batch.events)
      state.unsent = undefined
      state.held = await advance(state.held)
    }
  }
  const fail = async (failure: unknown) => {
    if (!state.isFailing && (state.held?.failing_since ?? null) === null) d.log.warn('export_failed', { exporter: d.name, failure })
    const asked = failure instanceof RefusedBySink ? (failure.retryAfterSeconds ?? 0) : 0
    state.tries += 1
    state.retryAt = d.now() + Math.max(pauseSeconds(state.tries, MAX_PAUSE_SECONDS, d.random), asked)
    state.isFailing = true
    state.held = undefined
    await d.sink.close()
    await d.db.write((tx) => failCursor(tx, holding(), shown(failure)))
  }
  let isPlaced = false
  const place = async () => {
    if (isPlaced) return
    const seq = d.from === 'now' ? await newestSeq(d.db.read) : 0
    await d.db.write((tx) => addCursor(tx, d.name, seq))
    isPlaced = true
  }
  const work = async () => {
    try {
      await place()
      await handOver()
    } catch (failure) {
      if (!state.stopping) await fail(failure).catch(() => undefined) // the database may be what fails: then the next attempt tells
    }
  }
  return {
    async look() {
      if (state.stopping || d.now() < state.retryAt) return
      state.underWay ??= work().finally(() => {
        state.underWay = undefined
      })
    },
    async stop() {
      state.stopping = true
      await Promise.race([state.underWay, sleep(GRACE_MS, undefined, { ref: false })]) // a file of a dead network never comes back
      await d.sink.close()
      await d.db.write((tx) => releaseCursor(tx, d.name, holder))
    },
  }
}

async function readBatch({ db, present }: ExporterDeps, after: number): Promise<Batch> {
  const rows = await readTrail(db.read, after, ROWS_AT_ONCE)
  let chars = 0
  const fits = ({ event }: NumberedRow, i: number) => {
    chars += event.length
    return i === 0 || chars <= CHARS_AT_ONCE
  }
  return { after, events: rows.filter(fits).map(present) }
}

/** Short, on one line, and without what acts on a terminal. */
const shown = (failure: unknown): string =>
  messageOf(failure)
    .replace(/\p{Cc}/gu, ' ')
    .slice(0, MAX_ERROR_CHARS)
