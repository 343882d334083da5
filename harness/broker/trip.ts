import type { Now } from '../../spec/effects.ts'
import type { Audit } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import type { Log } from '../../spec/node/log.ts'
import type { Secrets } from '../../spec/node/secrets.ts'
import { type AcquireDeps, type Acquired, type AcquiredSession, acquire, acquireBrowserSession, type Recorded, type Wanted } from '../acquire.ts'
import { callOff } from '../approve.ts'
import { endTask } from '../revoke.ts'
import { forgetRequest } from '../store/endings.ts'
import type { BrokerTables, TaskRow } from '../store/schema.ts'
import { failTrip, type Granted, holdAccess } from '../store/trip.ts'
import { createAuthorityChooser } from './choose.ts'
import { CalledOff, describeFailure } from './failure.ts'
import { createNotes } from './notes.ts'
import type { Openings } from './openings.ts'
import { recordTask } from './record.ts'
import { type Failure, WantedJson } from './task.ts'

/** What a trip needs beside what a library's caller hands in. `runner` names this instance. */
export type TripDeps = {
  acquiring: Omit<AcquireDeps, 'chooseAuthority' | 'onProgress' | 'record'>
  authorities: Record<string, string>
  db: Database<BrokerTables>
  audit: Audit
  secrets: Secrets
  log: Log
  now: Now
  openings: Openings
  runner: string
}

const UNSAID_SECONDS = 86_400 // how long access is held whose Service did not say how long it lives
const MOST_SECONDS = 366 * 86_400
const UNSAID_OPENING_SECONDS = 60
const MOST_OPENING_SECONDS = 3600

/** Makes the whole trip of a task, writes down how far it is, and what came of it; `onRedeeming` hears when its pass is about to be spent. What nobody is there to hold any more is called off or given back. Never throws. */
export async function travel(d: TripDeps, row: TaskRow, { signal, onRedeeming }: { signal: AbortSignal; onRedeeming: () => void }): Promise<void> {
  const notes = createNotes(d, row.id)
  try {
    const chooseAuthority = createAuthorityChooser(d.authorities, row)
    const record = async (recorded: Recorded) => {
      await notes.record(recorded)
      if (recorded.kind === 'redeeming') onRedeeming()
    }
    const deps: AcquireDeps = { ...d.acquiring, chooseAuthority, onProgress: notes.progress, record }
    const wanted = { ...wantedBy(row), signal }
    if (row.type === 'bearer_token') await holdToken(d, row, await acquire(deps, wanted))
    else await holdSession(d, row, await acquireBrowserSession(deps, wanted))
  } catch (failure) {
    const isCalledOff = signal.aborted || failure instanceof CalledOff // before it is told that it has failed
    await notes.written()
    await fail(d, row, describeFailure(row, failure)).catch((cause) => d.log.error('task_not_failed', { failure: cause })) // found when its lease is over
    const requested = notes.requested()
    if (isCalledOff && requested !== undefined) await withdraw(d, row.id, requested)
  }
}

function wantedBy({ id, service, user_email: user, description: task, wanted }: TaskRow): Wanted {
  const { scope, authority, destination } = WantedJson.parse(JSON.parse(wanted))
  const named = { ...(scope && { scope }), ...(authority !== undefined && { authority }), ...(destination !== undefined && { destination }) }
  return { service, user, task, taskId: id, ...named }
}

/** Calls a request off at its Authority, as far as that knows how. */
export async function withdraw(d: Pick<TripDeps, 'acquiring' | 'db' | 'log'>, id: string, statusUrl: string): Promise<void> {
  await callOff(d.acquiring, statusUrl)
  await d.db.write((tx) => forgetRequest(tx, id)).catch((failure) => d.log.error('request_not_forgotten', { failure }))
}

/** Keeps a token under the master key. One that cannot be kept, or that nobody wants any more, is given back. */
async function holdToken(d: TripDeps, row: TaskRow, acquired: Acquired): Promise<void> {
  const expiresAt = Math.min(acquired.expiresAt ?? d.now() + UNSAID_SECONDS, d.now() + MOST_SECONDS)
  let isHeld = false
  try {
    isHeld = await hold(d, row.id, {
      authority: acquired.authority,
      scope: acquired.scope ? JSON.stringify(acquired.scope) : null,
      expires_at: expiresAt,
      sealed_token: d.secrets.seal('tokens', acquired.token),
      revoke_url: acquired.revokeUrl ?? null,
    })
  } finally {
    if (!isHeld) await endTask(d.acquiring, acquired).catch((failure) => d.log.warn('token_not_given_back', { service: row.service, failure }))
  }
}

/** Keeps in memory how a browser session begins, for whoever loads its page first. */
async function holdSession(d: TripDeps, row: TaskRow, { authority, initialization, expiresAt, revokeUrl }: AcquiredSession): Promise<void> {
  const until = Math.min(expiresAt ?? d.now() + UNSAID_OPENING_SECONDS, d.now() + MOST_OPENING_SECONDS)
  d.openings.add(row, initialization, until)
  const isHeld = await hold(d, row.id, { authority, scope: null, expires_at: until, sealed_token: null, revoke_url: revokeUrl ?? null })
  if (!isHeld) d.openings.drop(row.id) // it is never begun
}

/** Whether the task still wanted what was granted. */
function hold(d: TripDeps, id: string, granted: Granted): Promise<boolean> {
  return d.db.write(async (tx, announce) => {
    const held = await holdAccess(tx, { id, runner: d.runner, at: d.now() }, granted)
    if (held) await recordTask(d, tx, { row: held, announce, outcome: 'ready' })
    return held !== undefined
  })
}

/** Writes down why a trip came to nothing, unless the task has an end already. */
export async function fail(d: Pick<TripDeps, 'db' | 'audit' | 'now' | 'runner'>, { id }: Pick<TaskRow, 'id'>, failure: Failure): Promise<void> {
  await d.db.write(async (tx, announce) => {
    const failed = await failTrip(tx, { id, runner: d.runner, at: d.now() }, JSON.stringify(failure))
    if (failed) await recordTask(d, tx, { row: failed, announce, outcome: 'failed', because: `${failure.step}: ${failure.message}` })
  })
}
