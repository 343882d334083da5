import { CloseResponse } from '../../spec/wire/validation.ts'
import { member } from '../actors/authority.ts'
import { expectAnswer, expectRefused, expectStatus, isSuccess } from '../actors/client.ts'
import { createKey } from '../actors/jws.ts'
import type { Changes } from '../actors/jwt.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { expectNotAuthenticated, expectStillGood, maybeAnswered, restart, suggest } from './presenting.ts'
import type { AuthorityStage } from './stage.ts'

/** An assertion that the Service's key did not sign. */
const badAssertion = () => ({ changes: { key: createKey() } })

/** Assertions that cost more to read than a good one. */
const BURDENS: [string, string, (good: (changes: Changes) => string) => string][] = [
  ['dots', 'the assertion is of 12,000 dots', () => '.'.repeat(12_000)],
  ['long-kid', 'the kid of the assertion has 9,000 characters', (good) => good({ header: { kid: 'k'.repeat(9000) } })],
]

/** An assertion comes before everything else (§5.4.1), and counts once where that matters (§5.5.2). */
export const assertionOrder: Case<AuthorityStage>[] = [
  {
    id: 'AUTH-ASRT-18',
    about: 'a good pass comes with an assertion that another key signed',
    negative: true,
    run: async (s) => {
      const pass = await s.approved()
      expectNotAuthenticated(s, await s.validate(pass.value, pass.service, badAssertion()))
      await expectStillGood(s, pass)
    },
  },
  {
    id: 'AUTH-ASRT-18/oracle',
    about: 'a pass that exists and one that does not come with assertions that another key signed',
    negative: true,
    run: async (s) => {
      const pass = await s.approved()
      const known = await s.validate(pass.value, pass.service, badAssertion())
      const unknown = await s.validate(`${pass.value.slice(0, -4)}none`, pass.service, badAssertion())
      expectNotAuthenticated(s, known)
      const tells = ({ status, json }: typeof known) => [status, member(member(json, 'error'), 'code')]
      expectEqual(tells(unknown), tells(known), 'the refusal of a pass that does not exist')
      await expectStillGood(s, pass)
    },
  },
  {
    id: 'AUTH-ASRT-18/body',
    about: 'a body that is no JSON comes with an assertion that another key signed',
    negative: true,
    run: async (s) => {
      const pass = await s.approved()
      expectNotAuthenticated(s, await s.validate(pass.value, pass.service, { ...badAssertion(), body: '{"agentpass":' }))
      await expectStillGood(s, pass)
    },
  },
  ...BURDENS.map(
    ([slug, about, burden]): Case<AuthorityStage> => ({
      id: `AUTH-ASRT-18/${slug}`,
      about,
      negative: true,
      run: async (s) => {
        const pass = await s.approved()
        const assertion = burden((changes) => pass.service.assertion(s.identifier, changes))
        const reply = await maybeAnswered(s.validate(pass.value, pass.service, { assertion }))
        if (reply) {
          expectRefused(reply)
          suggest(s, reply, 400, 401, 413, 431)
          expectThat(reply.ms < 5000, 'an answer at once', `one after ${Math.round(reply.ms)} ms`)
        }
        await expectStillGood(s, pass)
      },
    }),
  ),
  {
    id: 'AUTH-ASRT-16',
    about: 'the same assertion comes twice with a check',
    run: async (s) => {
      const { authorizationId, service } = await s.redeemed()
      const assertion = s.secret(service.assertion(s.identifier))
      for (const _ of [1, 2]) expectStatus(await s.check(authorizationId, service, { assertion }), 200)
    },
  },
  {
    id: 'AUTH-ASRT-16/close',
    about: 'the assertion that closed one authorization comes again, to close another',
    negative: true,
    run: (s) => expectReplayRefused(s, undefined),
  },
  {
    id: 'AUTH-ASRT-16/close-elsewhere',
    about: 'the assertion that closed one authorization comes again at a second instance',
    negative: true,
    run: (s) => expectReplayRefused(s, s.second()),
  },
  {
    id: 'AUTH-ASRT-16/close-refused',
    about: 'the assertion that came with a refused close comes again, to close an authorization',
    negative: true,
    run: async (s) => {
      const { authorizationId, service } = await s.redeemed()
      const assertion = s.secret(service.assertion(s.identifier))
      expectRefused(await s.close('unknown-authorization', service, 'complete', { assertion }))
      expectRefused(await s.close(authorizationId, service, 'revoke', { assertion }))
      expectStatus(await s.check(authorizationId, service), 200)
    },
  },
  {
    id: 'AUTH-ASRT-16/without-jti',
    about: 'an authorization is closed with an assertion that has no jti',
    run: async (s) => {
      const { authorizationId, service } = await s.redeemed()
      const reply = await s.close(authorizationId, service, 'complete', { changes: { claims: { jti: undefined } } })
      if (s.profile === 'core-0.1') return void expectAnswer(reply, CloseResponse, 'the close')
      expectNotAuthenticated(s, reply)
      expectStatus(await s.check(authorizationId, service), 200)
    },
  },
  {
    id: 'AUTH-ASRT-16/restart',
    about: 'the assertion that closed one authorization comes again after the Authority was killed',
    negative: true,
    alone: true,
    run: async (stage) => {
      const s = await stage.variant('durable')
      await expectReplayRefused(s, undefined, () => restart(s))
    },
  },
]

async function expectReplayRefused(s: AuthorityStage, at: string | undefined, meanwhile: () => Promise<unknown> = async () => {}): Promise<void> {
  const first = await s.redeemed()
  const second = await s.redeemed({ service: first.service })
  const assertion = s.secret(first.service.assertion(s.identifier))
  expectAnswer(await s.close(first.authorizationId, first.service, 'complete', { assertion }), CloseResponse, 'the close')
  await meanwhile()
  const again = await s.close(second.authorizationId, second.service, 'revoke', { assertion, ...(at !== undefined && { send: { at } }) })
  expectThat(!isSuccess(again), 'a refusal: that assertion has been used', `${again.status}`)
  suggest(s, again, 401)
  expectStatus(await s.check(second.authorizationId, second.service), 200)
}
