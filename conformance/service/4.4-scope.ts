import { BearerTokenGrant } from '../../spec/wire/redemption.ts'
import { instant } from '../actors/authority.ts'
import { expectAnswer, type Reply } from '../actors/client.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { expectScope } from './bought.ts'
import type { ServiceStage } from './stage.ts'

/** What the Authority approves and what the Harness asks for; the user holds every scope unless it is the one who lacks one. */
export type Wanted = { approved: string[]; requested?: unknown; lacking?: true }
/** And what that buys. */
type Row = {
  id: string
  about: string
  negative?: true
  of: (s: ServiceStage) => Wanted & { granted: string[] }
}

/** Redeems a pass for it. Its Authority would allow everything later, so that what is let through is what was granted. */
export function redeemFor(s: ServiceStage, { approved, requested, lacking }: Wanted): Promise<Reply> {
  const pass = s.pass({ validation: { scope: approved }, ...(lacking && { user: s.adapter.users.lacking }) })
  pass.script.check = () => ({ json: { scope: ['*', ...s.scope.all], authorization_expires_at: instant(3600) } })
  return s.redeem(pass, { changed: { requested_scope: requested } })
}

const held = (s: ServiceStage): string[] => s.scope.all.filter((name) => name !== s.scope.lacked)

/** Redemptions that buy exactly so much, by the answer and by what the API lets through. */
const GRANTS: Row[] = [
  {
    id: 'SVC-SCP-01/subset',
    about: 'less is asked for than was approved',
    of: ({ scope: { all, first } }) => ({ approved: all, requested: [first], granted: [first] }),
  },
  {
    id: 'SVC-SCP-01/superset',
    about: 'more is asked for than was approved',
    negative: true,
    of: ({ scope: { all, first } }) => ({ approved: [first], requested: all, granted: [first] }),
  },
  {
    id: 'SVC-SCP-01/overlap',
    about: 'one of what is asked for was approved, and another not',
    negative: true,
    of: ({ scope: { first, second, lacked } }) => ({ approved: [first, second], requested: [second, lacked], granted: [second] }),
  },
  {
    id: 'SVC-SCP-03',
    about: 'everything was approved for a user who lacks a scope',
    negative: true,
    of: (s) => ({ approved: ['*'], lacking: true, granted: held(s) }),
  },
  {
    id: 'SVC-SCP-03/all',
    about: 'everything was approved for a user who holds every scope',
    of: ({ scope: { all } }) => ({ approved: ['*'], granted: all }),
  },
  {
    id: 'SVC-SCP-03/requested',
    about: 'everything was approved, and one scope is asked for',
    of: ({ scope: { second } }) => ({ approved: ['*'], requested: [second], granted: [second] }),
  },
  {
    id: 'SVC-SCP-04',
    about: 'everything is asked for, and one scope was approved',
    negative: true,
    of: ({ scope: { first } }) => ({ approved: [first], requested: ['*'], granted: [first] }),
  },
  {
    id: 'SVC-SCP-05',
    about: 'one scope was approved, and nothing is asked for by name',
    negative: true,
    of: ({ scope: { first } }) => ({ approved: [first], granted: [first] }),
  },
  {
    id: 'SVC-SCP-05/everything-and-more',
    about: 'everything is asked for, and a scope that was not approved by its name',
    negative: true,
    of: ({ scope: { first, second } }) => ({ approved: [first], requested: ['*', second], granted: [first] }),
  },
  {
    id: 'SVC-SCP-06/unsupported',
    about: 'a scope was approved that the Service does not know',
    negative: true,
    of: ({ scope: { first } }) => ({ approved: [first, 'nothing:known'], granted: [first] }),
  },
  {
    id: 'SVC-SCP-06/lacked',
    about: 'a scope was approved that the user does not hold',
    negative: true,
    of: ({ scope: { first, lacked } }) => ({ approved: [first, lacked], lacking: true, granted: [first] }),
  },
  {
    id: 'SVC-SCP-06/lacked-requested',
    about: 'a scope was approved that the user does not hold, and is asked for by its name',
    negative: true,
    of: ({ scope: { first, lacked } }) => ({ approved: [first, lacked], requested: [first, lacked], lacking: true, granted: [first] }),
  },
  {
    id: 'SVC-SCP-08/twice',
    about: 'a scope is asked for twice',
    of: ({ scope: { all, first } }) => ({ approved: all, requested: [first, first], granted: [first] }),
  },
  {
    id: 'SVC-SCP-08/capitals-approved',
    about: 'a scope was approved in capitals',
    negative: true,
    of: ({ scope: { first, second } }) => ({ approved: [first, second.toUpperCase()], granted: [first] }),
  },
  {
    id: 'SVC-SCP-08/one-by-one',
    about: 'names beside a good one differ in case, have blanks, commas or are those of a prototype',
    negative: true,
    of: ({ scope: { all, first, second, lacked } }) => ({
      approved: all,
      requested: [first, second.toUpperCase(), ` ${second}`, `${second} `, `${second},${lacked}`, `${second} ${lacked}`, '__proto__', 'constructor'],
      granted: [first],
    }),
  },
  {
    id: 'SVC-SCP-08/many',
    about: 'nine hundred names that nobody knows are asked for beside a good one',
    negative: true,
    of: ({ scope: { all, first } }) => ({
      approved: all,
      requested: [...Array.from({ length: 900 }, (_, i) => `nothing:${i}`), first],
      granted: [first],
    }),
  },
]

/** What a redemption grants (§4.4 steps 5 and 6, §2.1). */
export const scope: Case<ServiceStage>[] = [
  ...GRANTS.map(
    ({ id, about, negative, of }): Case<ServiceStage> => ({
      id,
      about,
      ...(negative && { negative }),
      run: async (s) => {
        const { granted, ...wanted } = of(s)
        const grant = expectAnswer(await redeemFor(s, wanted), BearerTokenGrant, 'the redemption')
        await expectScope(s, { token: s.secret(grant.bearer_token), grant }, granted)
      },
    }),
  ),
]

/** How a redemption says so (§4.6). */
export const scopeAnswered: Case<ServiceStage>[] = [
  {
    id: 'SVC-SCP-09',
    about: 'a token is bought: its answer says what it may do, and for how long',
    run: async (s) => {
      const { grant } = await s.token(s.pass({ validation: { scope: [s.scope.second] } }))
      expectEqual(grant.scope, [s.scope.second], 'scope')
      expectThat((grant.expires_in ?? 0) > 0, 'expires_in', grant.expires_in ?? 'none')
    },
  },
]
