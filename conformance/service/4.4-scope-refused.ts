import { isSuccess } from '../actors/client.ts'
import { type Case, expectThat } from '../case.ts'
import { redeemFor, type Wanted } from './4.4-scope.ts'
import { expectNothing, expectUnspent, suggest } from './bought.ts'
import type { ServiceStage } from './stage.ts'

/** Redemptions that would buy nothing, and are refused. */
const NOTHING: { id: string; about: string; of: (s: ServiceStage) => Wanted }[] = [
  {
    id: 'SVC-SCP-02/disjoint',
    about: 'nothing of what is asked for was approved',
    of: ({ scope: { first, second } }) => ({ approved: [first], requested: [second] }),
  },
  { id: 'SVC-SCP-02/empty', about: 'nothing is asked for', of: ({ scope: { all } }) => ({ approved: all, requested: [] }) },
  {
    id: 'SVC-SCP-02/unknown',
    about: 'what is asked for is known to nobody',
    of: ({ scope: { all } }) => ({ approved: all, requested: ['nothing:known'] }),
  },
  {
    id: 'SVC-SCP-03/lacked',
    about: 'everything was approved, and the scope that the user lacks is asked for',
    of: ({ scope: { lacked } }) => ({ approved: ['*'], requested: [lacked], lacking: true }),
  },
  { id: 'SVC-SCP-06/none', about: 'only a scope was approved that the Service does not know', of: () => ({ approved: ['nothing:known'] }) },
  {
    id: 'SVC-SCP-06/none-held',
    about: 'only the scope was approved that the user lacks',
    of: ({ scope: { lacked } }) => ({ approved: [lacked], lacking: true }),
  },
  {
    id: 'SVC-SCP-08/capitals',
    about: 'a scope is asked for in capitals',
    of: ({ scope: { all, first } }) => ({ approved: all, requested: [first.toUpperCase()] }),
  },
  {
    id: 'SVC-SCP-08/blank',
    about: 'a scope is asked for with a blank before it',
    of: ({ scope: { all, first } }) => ({ approved: all, requested: [` ${first}`] }),
  },
]

/** What is no list of names. */
const SHAPES: [slug: string, about: string, requested: unknown][] = [
  ['text', 'requested_scope is a text', 'tickets:read'],
  ['text-everything', 'requested_scope is the text *', '*'],
  ['numbers', 'requested_scope is a list of numbers', [1, 2]],
  ['object', 'requested_scope is an object', { 0: 'tickets:read', length: 1 }],
  ['nested', 'requested_scope is a list of a list', [['*']]],
  ['null', 'requested_scope is null', null],
  ['with-null', 'there is a null in requested_scope', ['*', null]],
]

/** What no redemption grants anything for (§4.4 steps 5 and 6, §2.1). */
export const scopeRefused: Case<ServiceStage>[] = [
  ...NOTHING.map(
    ({ id, about, of }): Case<ServiceStage> => ({
      id,
      about,
      negative: true,
      run: async (s) => {
        const refused = await redeemFor(s, of(s))
        expectNothing(refused)
        suggest(s, refused, 400, 403, 422)
        await s.token()
      },
    }),
  ),
  ...SHAPES.map(
    ([slug, about, requested]): Case<ServiceStage> => ({
      id: `SVC-SCP-07/${slug}`,
      about,
      negative: true,
      run: async (s) => {
        const pass = s.pass()
        const refused = await s.redeem(pass, { changed: { requested_scope: requested } })
        expectNothing(refused)
        suggest(s, refused, 400)
        expectUnspent(pass)
        expectThat(isSuccess(await s.redeem(pass)), 'the same pass to be good for a good request', 'a refusal')
      },
    }),
  ),
]
