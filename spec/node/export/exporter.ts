import { setTimeout as sleep } from 'node:timers/promises'
import { pauseSeconds } from '../../back-off.ts'
import type { Now, Random } from '../../effects.ts'
import type { AuditTable } from '../audit.ts'
import type { Database } from '../database.ts'
import type { Log } from '../log.ts'
import { messageOf } from '../operator-error.ts'
import { type Batch, EVENTS_AT_ONCE, halfOf, readBatch } from './batch.ts'
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
import { type ExportedEvent, type NumberedRow, newestSeq } from './event.ts'
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
  /** Looks once more, unless a pause is on, and waits for its end and a moment at most: what a party says last is handed over too. */
  lookLast: () => Promise<void>
  /** Begins with nothing more, waits a moment for what is under way, and lets another instance take over. Whatever comes back later touches the database no more. */
  stop: () => Promise<void>
}

const MAX_PAUSE_SECONDS = 60
const RENEW_SECONDS = LEASE_SECONDS - 10
const LOOK_AGAIN_SECONDS = 5
const LAST_LOOK_MS = 1500
const CLOSING_MS = 500
const MAX_ERROR_CHARS = 200

/** An exporter as it runs at this instance. */
type Running = ExporterDeps & {
  holder: string
  isPlaced: boolean
  underWay: Promise<void> | undefined
  held: Cursor | undefined
  isFailing: boolean
  unsent: Batch | undefined
  /** How many events go at once: fewer after a receiver said that it was too much. */
  atOnce: number
  tries: number
  retryAt: number
  stopping: boolean
  isOver: boolean
}

const BEGUN = {
  ...{ isPlaced: false, underWay: undefined, held: undefined, isFailing: false, unsent: undefined, atOnce: EVENTS_AT_ONCE },
  ...{ tries: 0, retryAt: 0, stopping: false, isOver: false },
}

/** Hands the trail over to one receiver, in its order, each event at least once. It waits for nobody, and nobody for it. */
export function createExporter(d: ExporterDeps): Exporter {
  const x: Running = { ...d, ...BEGUN, holder: d.random(16) }
  const look = async () => {
    if (x.stopping || x.now() < x.retryAt) return
    x.underWay ??= work(x).finally(() => {
      x.underWay = undefined
    })
  }
  const settled = async () => x.underWay
  return {
    look,
    lookLast: () => atMost(LAST_LOOK_MS, settled().then(look).then(settled)), // what is under way may have read the trail before its last event was there
    async stop() {
      x.stopping = true
      await atMost(CLOSING_MS, settled().then(x.sink.close))
      x.isOver = true
      await x.db.write((tx) => releaseCursor(tx, x.name, x.holder))
    },
  }
}

/** Waits for what never comes back where a file is on a dead disk, and not longer than this. That something could not be closed changes nothing: what counts was handed over before. */
const atMost = (ms: number, waited: Promise<void>): Promise<void> =>
  Promise.race([waited.catch(() => undefined), sleep(ms, undefined, { ref: false })])

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
    const after = await unlessOver(x, x.sink.open(x.held.seq))
    const batch = x.unsent?.after === after ? x.unsent : await readBatch(x.db.read, { ...x, after, form: x.sink.form })
    more = batch.events.length > 0
    if (more && !(await unlessOver(x, send(x, batch)))) continue
    x.held = await advance(x, x.held)
  }
}

/** What the receiver did. Throws when the exporter was stopped meanwhile: its database may be closed. */
async function unlessOver<T>(x: Running, done: Promise<T>): Promise<T> {
  const value = await done
  if (x.isOver) throw new Error('stopped')
  return value
}

/** Sends a batch. Whether it was taken: where it is too much at once for the receiver, its first half is what is to be sent. */
async function send(x: Running, batch: Batch): Promise<boolean> {
  x.unsent = batch
  try {
    await x.sink.send(batch.events)
  } catch (failure) {
    if (batch.events.length === 1 || !(failure instanceof RefusedBySink && failure.isTooLarge)) throw failure
    x.unsent = halfOf(batch)
    x.atOnce = x.unsent.events.length
    return false
  }
  x.unsent = undefined
  x.atOnce = Math.min(x.atOnce + 1, EVENTS_AT_ONCE)
  return true
}

const holding = ({ name, holder, now }: Running): Holding => ({ name, holder, at: now() })

async function hold(x: Running): Promise<Cursor | undefined> {
  if (x.held && x.now() < x.held.held_until - RENEW_SECONDS) return x.held
  return x.db.write((tx) => holdCursor(tx, holding(x)))
}

/** How it went here is over: another instance tells of its own failures, and when they end. */
function leaveToOthers(x: Running): Promise<void> {
  x.retryAt = x.now() + LOOK_AGAIN_SECONDS
  x.isFailing = false
  x.tries = 0
  return atMost(CLOSING_MS, x.sink.close())
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
  await atMost(CLOSING_MS, x.sink.close())
  await x.db.write((tx) => failCursor(tx, holding(x), shown(failure)))
}

/** Short, on one line, and without what acts on a terminal. */
const shown = (failure: unknown): string =>
  messageOf(failure)
    .replace(/\p{Cc}/gu, ' ')
    .slice(0, MAX_ERROR_CHARS)
