import { ValidationResponse } from '../../spec/wire/validation.ts'
import { expectAnswer, expectRefused, isSuccess, NoAnswer, type Reply, type Send } from '../actors/client.ts'
import { runHook } from '../actors/hook.ts'
import { createKey } from '../actors/jws.ts'
import { type GoodObject, type JwtFault, takeApart } from '../actors/jwt-faults.ts'
import type { FakeService } from '../actors/service.ts'
import { type Case, RigFailure } from '../case.ts'
import { need } from '../stage.ts'
import type { Approved, AuthorityStage } from './stage.ts'

type Forge = JwtFault['forge']

/** A good assertion of a Service for this Authority, taken apart. */
export function goodAssertion(s: AuthorityStage, service: FakeService): GoodObject {
  const [key = createKey()] = service.keys
  return takeApart(service.assertion(s.identifier), key)
}

/** That its Service can still spend a pass: nothing that was refused before has harmed it. Gives the answer. */
export const expectStillGood = async (s: AuthorityStage, { value, service }: Approved, send?: Send): Promise<ValidationResponse> =>
  expectAnswer(await s.validate(value, service, send && { send }), ValidationResponse, 'the validation of the pass by its Service')

/** A word where a refusal has another status than those that are suggested for it. */
export function suggest(s: Pick<AuthorityStage, 'warn'>, { status }: Reply, ...suggested: number[]): void {
  if (!suggested.includes(status)) s.warn(`${suggested.join(' or ')} is suggested for this refusal, not ${status}`)
}

/** That an assertion was refused, of whatever endpoint. */
export function expectNotAuthenticated(s: Pick<AuthorityStage, 'warn'>, reply: Reply): void {
  expectRefused(reply)
  suggest(s, reply, 401)
}

/**
 * Presents a good pass with an assertion that this makes of a good one: it must be refused, and the pass must be as good as before.
 * Where a peer that accepts it breaks no MUST, `lenient` is what is said of one that does.
 */
export async function expectForgeryRefused(
  s: AuthorityStage,
  forge: Forge,
  { service, lenient }: { service?: FakeService; lenient?: string | undefined } = {},
): Promise<void> {
  const pass = await s.approved(service && { service })
  const assertion = s.secret(forge(goodAssertion(s, pass.service)))
  const reply = await s.validate(pass.value, pass.service, { assertion })
  if (lenient !== undefined && isSuccess(reply)) return s.warn(lenient)
  expectNotAuthenticated(s, reply)
  await expectStillGood(s, pass)
}

/** A case of `expectForgeryRefused`. */
export const forgery = (requirement: string, { slug, about, forge }: JwtFault, lenient?: string): Case<AuthorityStage> => ({
  id: `${requirement}/${slug}`,
  about: `an assertion is not in order: ${about}`,
  negative: true,
  run: (s) => expectForgeryRefused(s, forge, { lenient }),
})

/** A request that a server may answer, or whose connection it may close while it is sent. Undefined where it did. */
export const maybeAnswered = (sent: Promise<Reply>): Promise<Reply | undefined> =>
  sent.catch((failure: unknown) => {
    if (failure instanceof NoAnswer) return undefined
    throw failure
  })

/** Has the Authority killed, without warning, and started again; skips where the adapter cannot. */
export async function restart(s: AuthorityStage): Promise<void> {
  const done = await runHook(need(s.instance.restart, 'the adapter cannot restart the Authority'), {}, s.client)
  if (!done.ok) throw new RigFailure(`the adapter's restart does not work: ${done.status} ${done.text.slice(0, 200)}`)
}
