import type { TaskRow } from '../store/schema.ts'
import { loseTrip, takeAbandoned } from '../store/trip.ts'
import { recordTask } from './record.ts'
import type { Failure } from './task.ts'
import { fail, type TripDeps, withdraw } from './trip.ts'

/**
 * Finishes what an instance that has gone left undone (a crash): a request that still waits is called off, and its task has failed; a pass that was being spent
 * is never sent again, and its task is lost. `isAlone`: no other instance can be alive, so that nobody's lease is waited for.
 */
export async function recover(d: TripDeps, isAlone: boolean): Promise<void> {
  const taken = await d.db.write((tx) => takeAbandoned(tx, { runner: d.runner, at: d.now(), isAlone }))
  for (const row of taken) {
    if (row.sealed_status_url !== null) await withdraw(d, row.id, d.secrets.unseal('requests', row.sealed_status_url))
    if (row.status === 'redeeming') await lose(d, row)
    if (row.status === 'asking') await fail(d, row, interrupted(row))
  }
}

const interrupted = ({ step, peer }: TaskRow): Failure => ({
  ...{ step, peer, message: 'the broker stopped while this was under way: the request was called off' },
  hint: 'start again',
})

async function lose(d: TripDeps, { id, step, peer, service, authority }: TaskRow): Promise<void> {
  const message = 'the broker stopped while the pass was being spent: whether access was given is not known, and nobody holds it'
  const hint = `start again; what ${service} may have given ends by itself, or at once when the approver revokes task ${id} at ${authority ?? 'the authority'}`
  await d.db.write(async (tx, announce) => {
    const failure: Failure = { step, peer, message, hint }
    const lost = await loseTrip(tx, { id, runner: d.runner, at: d.now() }, JSON.stringify(failure))
    if (lost) await recordTask(d, tx, { row: lost, announce, outcome: 'lost', because: message })
  })
}
