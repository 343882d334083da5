import { setTimeout as sleep } from 'node:timers/promises'
import { pauseSeconds } from '../../back-off.ts'
import type { Now, Random } from '../../effects.ts'
import type { AuditTable } from '../audit.ts'
import type { Database } from '../database.ts'
import type { Log } from '../log.ts'
import { messageOf } from '../operator-error.ts'
import {
  addCursor,
  advanceCursor,
  type Cursor,
  type ExportTables,
  failCursor,
  type Holding,
  holdCursor,
  LEASE_SECONDS,
  releaseCursor,
} from './cursor.ts'
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
/** An exporter as it runs at this instance. */
type Running = ExporterDeps & {
  holder: string
  isPlaced: boolean
  underWay: Promise<void> | undefined
  held: Cursor | undefined
  isFailing: boolean
  unsent: Batch | undefined
  tries: number
  retryAt: number
  stopping: boolean
}

/** Hands the trail over to one receiver, in its order, each event at least once. It waits for nobody, and nobody for it. */
export function createExporter(d: ExporterDeps): Exporter {
  const begun = { isPlaced: false, underWay: undefined, held: undefined, isFailing: false, unsent: undefined, tries: 0, retryAt: 0, stopping: false }
  const x: Running = { ...d, ...begun, holder: d.random(16) }
  return {
    async look() {
      if (x.stopping || x.now() < x.retryAt) return
      x.underWay ??= work(x).finally(() => {
        x.underWay = undefined
      })
    },
    async stop() {
      x.stopping = true
      await Promise.race([x.underWay, sleep(GRACE_MS, undefined, { ref: false })]) // a file of a dead network never comes back
      await x.sink.close()
      await x.db.write((tx) => releaseCursor(tx, x.name, x.holder))
    },
  }
}

async function work(x: Running): Promise<void> {
  try {
    await place(x)
    await handOver(x)
  } catch (failure) {
    if (!x.stopping) await fail(x, failure).catch(() => undefined) // the database may be what fails: then the next attempt tells
  }
}

async function place(x: Running): Promise<void> {
  if (x.isPlaced) return
  const seq = x.from === 'now' ? await newestSeq(x.db.read) : 0
  await x.db.write((tx) => addCursor(tx, x.name, seq))
  x.isPlaced = true
}

/** Until there is nothing more, or another instance has taken over. */
async function handOver(x: Running): Promise<void> {
  for (let more = true; more && !x.stopping; ) {
    x.held = await hold(x)
    if (!x.held) return leaveToOthers(x)
    const after = await x.sink.open(x.held.seq)
    const batch = x.unsent?.after === after ? x.unsent : await readBatch(x, after)
    x.unsent = batch
    more = batch.events.length > 0
    if (more) await x.sink.send(batch.events)
    x.unsent = undefined
    x.held = await advance(x, x.held)
  }
}

const holding = ({ name, holder, now }: Running): Holding => ({ name, holder, at: now() })

async function hold(x: Running): Promise<Cursor | undefined> {
  if (x.held && x.now() < x.held.held_until - RENEW_SECONDS) return x.held
  return x.db.write((tx) => holdCursor(tx, holding(x)))
}

function leaveToOthers(x: Running): Promise<void> {
  x.retryAt = x.now() + LOOK_AGAIN_SECONDS
  return x.sink.close()
}

async function advance(x: Running, cursor: Cursor): Promise<Cursor | undefined> {
  const seq = x.sink.handedOver()
  const isFailing = x.isFailing || cursor.failing_since !== null
  if (seq === undefined || (seq <= cursor.seq && !isFailing)) return cursor
  const advanced = await x.db.write((tx) => advanceCursor(tx, holding(x), Math.max(seq, cursor.seq)))
  if (advanced && isFailing) x.log.info('export_recovered', { exporter: x.name })
  x.isFailing = false
  x.tries = 0
  return advanced
}

/** Says so once, makes a pause, and lets another instance try. */
async function fail(x: Running, failure: unknown): Promise<void> {
  if (!x.isFailing && (x.held?.failing_since ?? null) === null) x.log.warn('export_failed', { exporter: x.name, failure })
  const asked = failure instanceof RefusedBySink ? (failure.retryAfterSeconds ?? 0) : 0
  x.tries += 1
  x.retryAt = x.now() + Math.max(pauseSeconds(x.tries, MAX_PAUSE_SECONDS, x.random), asked)
  x.isFailing = true
  x.held = undefined
  await x.sink.close()
  await x.db.write((tx) => failCursor(tx, holding(x), shown(failure)))
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
