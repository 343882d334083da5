import { endTask } from '../revoke.ts'
import { beginEnding, concludeEnding, noteStillEnding } from '../store/endings.ts'
import type { TaskRow } from '../store/schema.ts'
import { describeFailure } from './failure.ts'
import { announceTask, recordTask } from './record.ts'
import type { Failure } from './task.ts'
import type { TripDeps } from './trip.ts'

type EndDeps = Pick<TripDeps, 'db' | 'audit' | 'secrets' | 'now' | 'log' | 'acquiring'>

/** How a task stands that ends at once: what a pass that is being redeemed will buy is not known yet. */
export const ENDS_AT_ONCE: Parameters<typeof beginEnding>[1]['from'] = ['asking', 'ready']
export const ENDS: typeof ENDS_AT_ONCE = [...ENDS_AT_ONCE, 'redeeming']

/** Ends a task of an agent that stands so: its trip at once, its access by giving it back. Undefined where it stands otherwise, had an end, or has begun to end. */
export async function endOnce(d: EndDeps, { agent, id, from }: { agent: string; id: string; from: typeof ENDS }): Promise<TaskRow | undefined> {
  const row = await d.db.write(async (tx, announce) => {
    const begun = await beginEnding(tx, { id, agent, at: d.now(), from })
    if (begun) await recordTask(d, tx, { row: begun, announce, outcome: begun.status })
    return begun
  })
  if (row?.status === 'ending') await giveBack(d, row)
  return row
}

/** Gives access back to its Service (RFC 7009), and says what came of it. Where the Service cannot be told it is tried again until the access has lived its time. */
export async function giveBack(d: EndDeps, row: TaskRow): Promise<void> {
  const token = row.sealed_token === null ? undefined : d.secrets.unseal('tokens', row.sealed_token)
  try {
    const isTold = token !== undefined && (await endTask(d.acquiring, { service: row.service, token, revokeUrl: row.revoke_url ?? undefined }))
    await conclude(d, row, isTold ? null : untold(row))
  } catch (failure) {
    d.log.warn('token_not_given_back', { service: row.service, failure })
    const failed = JSON.stringify(describeFailure({ step: 'revoke', peer: row.service }, failure))
    await d.db.write(async (tx, announce) => {
      await noteStillEnding(tx, { id: row.id, at: d.now() }, failed)
      announceTask(announce, row.id)
    })
  }
}

const untold = (row: TaskRow): Failure => ({
  step: 'revoke',
  peer: row.service,
  message: row.sealed_token === null ? 'the session is known to the browser alone' : 'the service takes nothing back',
  hint: `it is dropped here; the delegation goes on until it expires, or is revoked at ${row.authority ?? 'the authority'}`,
})

async function conclude(d: EndDeps, row: TaskRow, failure: Failure | null): Promise<void> {
  await d.db.write(async (tx, announce) => {
    if (await concludeEnding(tx, { id: row.id, at: d.now() }, failure && JSON.stringify(failure)))
      await recordTask(d, tx, { row, announce, outcome: 'ended', because: failure?.message })
  })
}
