import { OperatorError } from '../../spec/node/operator-error.ts'
import { printable, TripFailure } from '../failure.ts'
import { type Io, isReaderGone } from './io.ts'
import { asJson } from './print.ts'

/** A failure for programs. `step` and `peer` are null where no peer had a part in it. */
export type Described = { step: string | null; peer: string | null; message: string; hint: string }

export const CANCELED = 130

/** What a failure is for whoever reads it. A failure that nobody foresaw shows its message: it is a fault of this program. */
export function describeFailure(failure: unknown): Described {
  if (failure instanceof TripFailure) return { step: failure.step, peer: failure.peer, message: failure.message, hint: failure.hint }
  if (failure instanceof OperatorError)
    return { step: null, peer: null, message: failure.message, hint: failure.hint ?? 'correct the settings: harness/README.md lists them' }
  const message = failure instanceof Error ? failure.message : String(failure)
  return { step: null, peer: null, message, hint: 'this should not happen: tell the makers of agentpass' }
}

/** For a person: what failed, a line each, and what to do. */
export function printFailure(io: Io, failure: unknown): void {
  const { step, peer, message, hint } = describeFailure(failure)
  const where = step === null ? '' : `at step ${step}, ${peer}: `
  for (const problem of failure instanceof OperatorError ? failure.problems : [message]) io.err(`agentpass: error: ${printable(where + problem)}\n`)
  io.err(`agentpass: hint: ${printable(hint)}\n`)
}

/** Tells of the failure that ended the command, and gives the exit code. */
export async function report(io: Io, failure: unknown, how: { json: boolean; isCanceled: boolean }): Promise<number> {
  if (isReaderGone(failure)) return 1
  const told = how.isCanceled
    ? new OperatorError('canceled', { hint: 'what an authority was asked is called off, and what a service gave is given back, where they can be' })
    : failure
  if (how.isCanceled) io.err('agentpass: canceled\n')
  else printFailure(io, told)
  if (how.json) await io.out(asJson({ error: describeFailure(told) })).catch(() => undefined) // there is nobody left to tell
  if (how.isCanceled) return CANCELED
  return failure instanceof OperatorError ? failure.exitCode : 1
}
