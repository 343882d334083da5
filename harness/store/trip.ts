import type { TaskRow, TaskStatus, Tx } from './schema.ts'

/** A task, and the instance whose trip it is: no other moves it on. */
export type Running = { id: string; runner: string; at: number }
export type Progressed = Pick<TaskRow, 'step' | 'peer'> & Partial<Pick<TaskRow, 'authority' | 'waiting'>>
export type Granted = Pick<TaskRow, 'authority' | 'scope' | 'expires_at' | 'sealed_token' | 'revoke_url'>

const UNDER_WAY: TaskStatus[] = ['asking', 'redeeming']

/** How far a trip is. Whether it still goes on. */
export async function noteProgress(tx: Tx, { id, runner, at }: Running, progress: Progressed): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('task')
    .set({ ...progress, changed_at: at })
    .where('id', '=', id)
    .where('runner', '=', runner)
    .where('status', '=', 'asking')
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** That a request waits at an Authority, to be called off at a sealed URL. Whether the trip still goes on; the URL is kept either way. */
export async function noteRequested(tx: Tx, { id, runner }: Running, sealedStatusUrl: string): Promise<boolean> {
  const row = await tx
    .updateTable('task')
    .set({ sealed_status_url: sealedStatusUrl })
    .where('id', '=', id)
    .where('runner', '=', runner)
    .returning('status')
    .executeTakeFirst()
  return row?.status === 'asking'
}

/** That the pass is about to be spent: once, and only while the trip goes on. Whether it may be. */
export async function beginRedeeming(tx: Tx, { id, runner, at }: Running, authority: string): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('task')
    .set({ status: 'redeeming', step: 'redeem', authority, waiting: null, sealed_status_url: null, changed_at: at })
    .where('id', '=', id)
    .where('runner', '=', runner)
    .where('status', '=', 'asking')
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** What the pass bought. Undefined where the task was ended meanwhile: then it is to be given back. */
export function holdAccess(tx: Tx, { id, runner, at }: Running, granted: Granted): Promise<TaskRow | undefined> {
  return tx
    .updateTable('task')
    .set({ ...granted, status: 'ready', step: 'use', changed_at: at })
    .where('id', '=', id)
    .where('runner', '=', runner)
    .where('status', '=', 'redeeming')
    .returningAll()
    .executeTakeFirst()
}

/** That a browser has begun the session of a task. Undefined where it is held no more. */
export function noteOpened(tx: Tx, id: string, { at, expiresAt }: { at: number; expiresAt: number }): Promise<TaskRow | undefined> {
  return tx
    .updateTable('task')
    .set({ expires_at: expiresAt, changed_at: at })
    .where('id', '=', id)
    .where('type', '=', 'browser_session')
    .where('status', '=', 'ready')
    .returningAll()
    .executeTakeFirst()
}

/** That a trip came to nothing, and why. Undefined where it had an end already. */
export function failTrip(tx: Tx, { id, runner, at }: Running, failure: string): Promise<TaskRow | undefined> {
  return tx
    .updateTable('task')
    .set({ status: 'failed', failure, waiting: null, sealed_status_url: null, changed_at: at })
    .where('id', '=', id)
    .where('runner', '=', runner)
    .where('status', 'in', UNDER_WAY)
    .returningAll()
    .executeTakeFirst()
}

/** Says for an instance that its trips still run. */
export async function renewLeases(tx: Tx, runner: string, until: number): Promise<void> {
  await tx.updateTable('task').set({ lease_until: until }).where('runner', '=', runner).where('status', 'in', UNDER_WAY).execute()
}

/** Takes over what an instance that has gone left undone, once: of any number that look, one gets it. `isAlone`: no other instance can be alive. */
export function takeAbandoned(tx: Tx, { runner, at, isAlone }: { runner: string; at: number; isAlone: boolean }): Promise<TaskRow[]> {
  return tx
    .updateTable('task')
    .set({ runner })
    .where('runner', '!=', runner)
    .where((eb) => eb.or([eb('status', 'in', UNDER_WAY), eb.and([eb('status', 'in', ['ended', 'failed']), eb('sealed_status_url', 'is not', null)])]))
    .$if(!isAlone, (query) => query.where('lease_until', '<', at))
    .returningAll()
    .execute()
}

/** That a trip was cut off after its pass was sent, and before it was known what came of it. */
export function loseTrip(tx: Tx, { id, runner, at }: Running, failure: string): Promise<TaskRow | undefined> {
  return tx
    .updateTable('task')
    .set({ status: 'lost', failure, changed_at: at })
    .where('id', '=', id)
    .where('runner', '=', runner)
    .where('status', '=', 'redeeming')
    .returningAll()
    .executeTakeFirst()
}
