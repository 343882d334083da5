import { ScopesResponse } from '../../spec/wire/scopes.ts'
import type { FakeAuthority } from '../actors/authority.ts'
import { member } from '../actors/authority.ts'
import { expectAnswer, expectRefused, isSuccess, type Reply } from '../actors/client.ts'
import { createKey } from '../actors/jws.ts'
import { type JwtFault, TOLERATED, takeApart } from '../actors/jwt-faults.ts'
import { type Case, expectEqual } from '../case.ts'
import type { ServiceStage } from './stage.ts'

/** What an Authority asks when it wants to know the scopes of a user (protocol 5). */
export const asking = (email: string) => ({
  user: { email },
  agent: { id: 'suite-agent' },
  task: { id: 'suite-task', description: 'A task of the suite' },
})

/** That the user's own Authority still learns the scopes. */
export async function expectStillOffers(s: ServiceStage): Promise<void> {
  expectAnswer(await s.scopes(s.house.enterprise, asking(s.adapter.users.all)), ScopesResponse, 'the scopes')
}

/** A refusal without any scopes. `usual` are the statuses of protocol 5; another is only a remark. */
export function expectNoScopes(s: ServiceStage, reply: Reply, usual: number[], more: { orServerError?: boolean } = {}): void {
  expectRefused(reply, more)
  expectEqual(member(reply.json, 'scopes'), undefined, 'the scopes in the refusal')
  if (!usual.includes(reply.status)) s.warn(`the status is ${reply.status}, and not ${usual.join(' or ')}`)
}

/** A forged assertion of an Authority, in place of a good one. */
export function forge(s: ServiceStage, authority: FakeAuthority, fault: JwtFault): string {
  const [key = createKey()] = authority.keys
  return s.secret(fault.forge(takeApart(authority.assertion(s.origin), key)))
}

/** A forged assertion is refused, and a good one of the same Authority is not. */
export const forgedAssertion = (id: string, fault: JwtFault): Case<ServiceStage> => ({
  id: `${id}/${fault.slug}`,
  about: `an assertion of the user’s Authority, but ${fault.about}`,
  negative: true,
  run: async (s) => {
    const assertion = forge(s, s.house.enterprise, fault)
    const reply = await s.scopes(s.house.enterprise, asking(s.adapter.users.all), { assertion })
    const tolerated = TOLERATED[fault.slug]
    if (tolerated !== undefined && isSuccess(reply)) s.warn(tolerated)
    else expectNoScopes(s, reply, [401])
    await expectStillOffers(s)
  },
})
