import { z } from 'zod'
import type { Now } from '../spec/effects.ts'
import { ProtocolError } from '../spec/error.ts'
import { remedyFor } from './remedy.ts'

/** The parts of the trip, in their order. */
export type Step = 'discover' | 'resolve' | 'issue' | 'approve' | 'redeem' | 'initialize' | 'use' | 'revoke'

/** Where on the trip something happens, and with whom; `now` where the peer judges what this machine's clock says, `secrets` what it is told and nobody else. */
export type At = { step: Step; peer: string; now?: Now; secrets?: string[] }

const MAX_SAID_CHARS = 500

/** Anybody's words on a person's terminal: on one line, without control characters. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '·')

/** Why a trip ended early: at which step, with whom, and what a person can do about it. Its message may quote the peer and is printable. */
export class TripFailure extends Error {
  override readonly name = 'TripFailure'
  readonly step: Step
  readonly peer: string
  readonly hint: string
  constructor(at: At, message: string, hint: string, options?: ErrorOptions) {
    super(printable(message).slice(0, MAX_SAID_CHARS), options)
    this.step = at.step
    this.peer = at.peer
    this.hint = hint
  }
}

/** Says of a failure where it happened. A discovery error of our own carries its sentence; anything else is a peer that could not be reached. */
export function failAt(at: At, hint: string): (cause: unknown) => never {
  return (cause) => {
    const message = cause instanceof ProtocolError ? explain(cause) : `no usable answer: ${innermost(cause)}`
    throw new TripFailure(at, message, hint, { cause })
  }
}

/** The same of a call that changed nothing, so that there is nothing more urgent to say than how to reach the peer, where the failure tells that. */
export function failToReach(at: At, hint: string): (cause: unknown) => never {
  return (cause) => failAt(at, remedyFor(cause) ?? hint)(cause)
}

/** The sentence, and what DNS or the connection said. What is wrong inside a document, the sentence names itself. */
const explain = ({ message, cause }: ProtocolError): string =>
  cause instanceof Error && !(cause instanceof z.ZodError) && !(cause instanceof SyntaxError) ? `${message}: ${innermost(cause)}` : message

/** Why something failed, in the words of whatever failed first; of a message that is no good, its first bad member. */
export function innermost(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  if (cause.cause instanceof Error) return innermost(cause.cause)
  if (cause instanceof SyntaxError) return 'it is not JSON'
  if (cause instanceof z.ZodError) return `${cause.issues[0]?.path.map(String).join('.') || 'the body'} is missing or invalid`
  return cause.message
}
