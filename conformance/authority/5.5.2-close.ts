import { CheckResponse, CloseResponse } from '../../spec/wire/validation.ts'
import { member } from '../actors/authority.ts'
import { expectAnswer, expectRefused, type Reply } from '../actors/client.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { BAD_ASSERTIONS, expectOver } from './5.5.1-check.ts'
import { expectNotAuthenticated, goodAssertion, suggest } from './presenting.ts'
import type { AuthorityStage } from './stage.ts'

const MARGIN_MS = 1200
const ACTIONS = { complete: 'completed', revoke: 'revoked' } as const

/** That an authorization stands as before. */
const expectActive = async (s: AuthorityStage, { authorizationId, service }: Awaited<ReturnType<AuthorityStage['redeemed']>>): Promise<void> =>
  void expectAnswer(await s.check(authorizationId, service), CheckResponse, 'the check')

const NO_ACTIONS: [string, string, unknown][] = [
  ['unknown', 'the action is “delete”', 'delete'],
  ['missing', 'there is no action', undefined],
  ['upper-case', 'the action is “COMPLETE”', 'COMPLETE'],
  ['list', 'the action is a list', ['complete']],
]

/** A Service ends an authorization (§5.5.2). */
export const close: Case<AuthorityStage>[] = [
  ...(['complete', 'revoke'] satisfies (keyof typeof ACTIONS)[]).map(
    (action): Case<AuthorityStage> => ({
      id: action === 'complete' ? 'AUTH-CLS-01' : 'AUTH-CLS-01/revoke',
      about: `a Service closes its authorization: ${action}`,
      run: async (s) => {
        const { authorizationId, service } = await s.redeemed()
        const { status, closed_at } = expectAnswer(await s.close(authorizationId, service, action), CloseResponse, 'the close')
        expectEqual(status, ACTIONS[action], 'the status')
        expectThat(Math.abs(Date.parse(closed_at) - Date.now()) < 120_000, 'closed_at to be now', closed_at)
      },
    }),
  ),
  {
    id: 'AUTH-CLS-02',
    about: 'another Service closes an authorization, and one that there never was',
    negative: true,
    run: async (s) => {
      const own = await s.redeemed()
      const stranger = s.service()
      const [known, unknown] = [
        await s.close(own.authorizationId, stranger, 'revoke'),
        await s.close(`${own.authorizationId.slice(0, -4)}none`, stranger, 'revoke'),
      ]
      expectOver(known)
      const tells = ({ status, json }: Reply) => [status, member(json, 'error')]
      expectEqual(tells(known), tells(unknown), 'what is said of another Service’s authorization')
      await expectActive(s, own)
    },
  },
  ...NO_ACTIONS.map(
    ([slug, about, action]): Case<AuthorityStage> => ({
      id: `AUTH-CLS-03/${slug}`,
      about,
      negative: true,
      run: async (s) => {
        const own = await s.redeemed()
        const reply = await s.close(own.authorizationId, own.service, action)
        expectRefused(reply)
        suggest(s, reply, 400, 422)
        await expectActive(s, own)
      },
    }),
  ),
  ...(['complete', 'revoke'] satisfies (keyof typeof ACTIONS)[]).map(
    (first): Case<AuthorityStage> => ({
      id: first === 'complete' ? 'AUTH-CLS-04' : 'AUTH-CLS-04/revoked',
      about: `an authorization is closed by one action, ${first}, and then by the other`,
      run: async (s) => {
        const { authorizationId, service } = await s.redeemed()
        const before = expectAnswer(await s.close(authorizationId, service, first), CloseResponse, 'the close')
        const other = first === 'complete' ? 'revoke' : 'complete'
        const again = expectAnswer(await s.close(authorizationId, service, other), CloseResponse, 'the second close')
        expectEqual(again.status, before.status, 'the status, which is that of the first action')
      },
    }),
  ),
  {
    id: 'AUTH-CLS-05',
    about: 'an authorization is closed after its end',
    negative: true,
    slow: true,
    run: async (stage) => {
      const s = await stage.variant('short')
      const { authorizationId, service } = await s.redeemed()
      await s.wait(s.instance.lifetimes.authorization_seconds * 1000 + MARGIN_MS)
      expectOver(await s.close(authorizationId, service, 'complete'))
    },
  },
  ...(['complete', 'revoke'] satisfies (keyof typeof ACTIONS)[]).map(
    (action): Case<AuthorityStage> => ({
      id: action === 'complete' ? 'AUTH-CLS-06' : 'AUTH-CLS-06/revoked',
      about: `an authorization is checked after it was closed: ${action}`,
      negative: true,
      run: async (s) => {
        const own = await s.redeemed()
        await expectActive(s, own)
        expectAnswer(await s.close(own.authorizationId, own.service, action), CloseResponse, 'the close')
        expectOver(await s.check(own.authorizationId, own.service))
      },
    }),
  ),
  ...BAD_ASSERTIONS.map(
    ([slug, about, presented]): Case<AuthorityStage> => ({
      id: slug === 'none' ? 'AUTH-CLS-08' : `AUTH-CLS-08/${slug}`,
      about: `an authorization is closed, and ${about}`,
      negative: true,
      run: async (s) => {
        const own = await s.redeemed()
        expectNotAuthenticated(s, await s.close(own.authorizationId, own.service, 'revoke', presented(goodAssertion(s, own.service))))
        await expectActive(s, own)
      },
    }),
  ),
]
