import { TripFailure } from '../failure.ts'
import type { TaskRow } from '../store/schema.ts'
import type { Failure } from './task.ts'

/** Why a trip was called off: its task was ended, or the broker is stopping. */
export class CalledOff extends Error {
  override readonly name = 'CalledOff'
}

/** What a failure is for the agent. One that nobody foresaw says so, and no more: its words are for the log. */
export function describeFailure({ step, peer }: Pick<TaskRow, 'step' | 'peer'>, failure: unknown): Failure {
  if (failure instanceof TripFailure) return { step: failure.step, peer: failure.peer, message: failure.message, hint: failure.hint }
  if (failure instanceof CalledOff) return { step, peer, message: failure.message, hint: 'start again if the task is not done' }
  return { step, peer, message: 'the broker could not go on', hint: "start again; if it stays so, look into the broker's log" }
}
