import { IssuanceStatus } from '../../spec/wire/issuance.ts'
import { expectAnswer, expectRefused, isSuccess, type Reply, type Send } from '../actors/client.ts'
import { type Case, expectThat } from '../case.ts'
import { suggest } from './presenting.ts'
import type { AuthorityStage, Message } from './stage.ts'

/** A copy in which the member at a path, such as `harness.cnf`, is another; undefined leaves it out. */
export function changed(value: unknown, path: string, to: unknown): unknown {
  const [name = '', ...inner] = path.split('.')
  const members = typeof value === 'object' && value !== null ? Object.entries(value) : []
  const [, was] = members.find(([key]) => key === name) ?? []
  return { ...Object.fromEntries(members), [name]: inner.length === 0 ? to : changed(was, inner.join('.'), to) }
}

/** That a request was admitted: gives its status. */
export const expectAdmitted = (reply: Reply): IssuanceStatus => expectAnswer(reply, IssuanceStatus, 'the answer to issuance')

/** That a request was not admitted, and that nothing of an admission came with the refusal. */
export function expectNotAdmitted(reply: Reply): void {
  expectRefused(reply)
  expectThat(!IssuanceStatus.safeParse(reply.json).success && !reply.text.includes('"agentpass"'), 'a refusal without a status or a pass', reply.text)
}

export type Refusal = {
  /** The statuses that are suggested; others are a remark. */
  usual?: readonly number[] | undefined
  send?: Send
  /** What is said of a peer that admits it, where that breaks no MUST. */
  lenient?: string | undefined
}

/** A request with one fault is refused, and the same without it is admitted then. */
export async function expectOnlyFault(s: AuthorityStage, wrong: unknown, right: unknown, refusal: Refusal = {}): Promise<void> {
  const { usual = [400], send, lenient } = refusal
  const reply = await s.issue(wrong, send)
  if (lenient !== undefined && isSuccess(reply)) return s.warn(lenient)
  expectNotAdmitted(reply)
  suggest(s, reply, ...usual)
  expectAdmitted(await s.issue(right))
}

/** A member of a good request that is wrong: `to` gives what it is instead; undefined leaves it out. */
export type Fault = {
  id: string
  about: string
  at: string
  to: (message: Message, s: AuthorityStage) => unknown
  usual?: readonly number[]
  lenient?: string
}
/** The case of a fault. `prepare` makes the good request that has it from one about a bearer token without a holder key. */
export const faulty = (
  { id, about, at, to, usual, lenient }: Fault,
  prepare: (message: Message) => Message = (message) => message,
): Case<AuthorityStage> => ({
  id,
  about,
  negative: true,
  run: async (s) => {
    const right = prepare(s.message(s.service()))
    await expectOnlyFault(s, changed(right, at, to(right, s)), right, { usual, lenient })
  },
})
