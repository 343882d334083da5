import { CheckResponse } from '../../spec/wire/validation.ts'
import { member } from '../actors/authority.ts'
import { expectAnswer, expectRefused, type Reply } from '../actors/client.ts'
import { createKey, unsignedJws } from '../actors/jws.ts'
import { nowSeconds } from '../actors/jwt.ts'
import type { GoodObject } from '../actors/jwt-faults.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { expectNotAuthenticated, goodAssertion, suggest } from './presenting.ts'
import type { AuthorityStage, Presented } from './stage.ts'

const MARGIN_MS = 1200
const REASON = 'The conformance suite takes it back'

/** A 404, by which the Service ends every session and token of an authorization at once. */
export function expectOver(reply: Reply): void {
  expectRefused(reply)
  expectThat(reply.status === 404, 'status 404, which alone tells the Service that it is over', `${reply.status} ${reply.text.slice(0, 200)}`)
}

/** Takes back what a request led to, through the adapter; skips where that is not possible. */
export async function revoke(s: AuthorityStage, id: string): Promise<void> {
  s.needDecision('revoke')
  const done = await s.decide('revoke', id, { reason: REASON })
  expectThat(done.ok, "the adapter's revoke hook to succeed", `${done.status} ${done.text.slice(0, 200)}`)
}

/** What a call comes with that is no assertion of the Service, made of a good one. */
export const BAD_ASSERTIONS: [string, string, (good: GoodObject) => Presented][] = [
  ['none', 'there is no assertion', () => ({ assertion: null })],
  ['stranger', 'another key signed the assertion', () => ({ changes: { key: createKey() } })],
  ['aud', 'the assertion is for another Authority', () => ({ changes: { claims: { aud: 'https://somebody-else.invalid' } } })],
  ['no-exp', 'the assertion has no exp', () => ({ changes: { claims: { exp: undefined } } })],
  [
    'alg-none',
    'alg of the assertion is none, and there is no signature',
    ({ header, claims }) => ({ assertion: unsignedJws({ ...header, alg: 'none' }, claims) }),
  ],
]

/** Bodies without a text in `authorization_id`. */
const NO_IDS: [string, string, unknown][] = [
  ['missing', 'there is no authorization_id', {}],
  ['number', 'authorization_id is a number', { authorization_id: 17 }],
  ['list', 'authorization_id is a list', { authorization_id: ['unknown'] }],
  ['null', 'the body is null', null],
]

/** Whether an authorization still stands (§5.5.1). */
export const check: Case<AuthorityStage>[] = [
  {
    id: 'AUTH-CHK-01',
    about: 'an active authorization is checked',
    run: async (s) => {
      const { authorizationId, service, answer } = await s.redeemed()
      const { scope } = expectAnswer(await s.check(authorizationId, service), CheckResponse, 'the check')
      expectEqual(scope.toSorted(), answer.scope.toSorted(), 'the scope, which is what was approved')
    },
  },
  {
    id: 'AUTH-CHK-02',
    about: 'an authorization is checked before and after it was revoked',
    negative: true,
    run: async (s) => {
      const { id, authorizationId, service } = await s.redeemed()
      expectAnswer(await s.check(authorizationId, service), CheckResponse, 'the check')
      await revoke(s, id)
      expectOver(await s.check(authorizationId, service))
    },
  },
  {
    id: 'AUTH-CHK-03',
    about: 'an authorization that there never was is checked',
    negative: true,
    run: async (s) => {
      const { authorizationId, service } = await s.redeemed()
      expectOver(await s.check(`${authorizationId.slice(0, -4)}none`, service))
      expectAnswer(await s.check(authorizationId, service), CheckResponse, 'the check of one that there is')
    },
  },
  {
    id: 'AUTH-CHK-03/pass',
    about: 'the value of a pass is checked, as if it were an authorization',
    negative: true,
    run: async (s) => {
      const { value, id, authorizationId, service } = await s.redeemed()
      for (const other of [value, id]) expectOver(await s.check(other, service))
      expectAnswer(await s.check(authorizationId, service), CheckResponse, 'the check of the authorization')
    },
  },
  ...BAD_ASSERTIONS.map(
    ([slug, about, presented]): Case<AuthorityStage> => ({
      id: `AUTH-CHK-04/${slug}`,
      about: `an authorization is checked, and ${about}`,
      negative: true,
      run: async (s) => {
        const { authorizationId, service } = await s.redeemed()
        expectNotAuthenticated(s, await s.check(authorizationId, service, presented(goodAssertion(s, service))))
        expectAnswer(await s.check(authorizationId, service), CheckResponse, 'the check with a good assertion')
      },
    }),
  ),
  {
    id: 'AUTH-CHK-05',
    about: 'the assertion expired two minutes ago',
    negative: true,
    run: async (s) => {
      const { authorizationId, service } = await s.redeemed()
      const changes = { claims: { iat: nowSeconds() - 180, exp: nowSeconds() - 120 } }
      expectNotAuthenticated(s, await s.check(authorizationId, service, { changes }))
      expectAnswer(await s.check(authorizationId, service), CheckResponse, 'the check with a good assertion')
    },
  },
  {
    id: 'AUTH-CHK-06',
    about: 'another Service checks an authorization, and one that there never was',
    negative: true,
    run: async (s) => {
      const { authorizationId, service } = await s.redeemed()
      const stranger = s.service()
      const [known, unknown] = [await s.check(authorizationId, stranger), await s.check(`${authorizationId.slice(0, -4)}none`, stranger)]
      expectOver(known)
      const tells = ({ status, json }: Reply) => [status, member(json, 'error')]
      expectEqual(tells(known), tells(unknown), 'what is said of another Service’s authorization')
      expectAnswer(await s.check(authorizationId, service), CheckResponse, 'the check by its own Service')
    },
  },
  ...NO_IDS.map(
    ([slug, about, body]): Case<AuthorityStage> => ({
      id: `AUTH-CHK-07/${slug}`,
      about,
      negative: true,
      run: async (s) => {
        const { authorizationId, service } = await s.redeemed()
        const reply = await s.check('', service, { body })
        expectRefused(reply)
        suggest(s, reply, 400, 422)
        if (reply.status === 404) s.warn('404 would end sessions: that is said of authorizations alone')
        expectAnswer(await s.check(authorizationId, service), CheckResponse, 'the check of an authorization')
      },
    }),
  ),
  {
    id: 'AUTH-CHK-09',
    about: 'an authorization is checked before and after its end',
    negative: true,
    slow: true,
    run: async (stage) => {
      const s = await stage.variant('short')
      const { authorizationId, service } = await s.redeemed()
      const { authorization_expires_at: at = '' } = expectAnswer(await s.check(authorizationId, service), CheckResponse, 'the check')
      expectThat(Date.parse(at) > Date.now(), 'authorization_expires_at in the future', at)
      await s.wait(Math.max(0, Date.parse(at) - Date.now()) + MARGIN_MS)
      expectOver(await s.check(authorizationId, service))
    },
  },
  {
    id: 'AUTH-CHK-10',
    about: 'an authorization is checked before and after its scope was narrowed',
    run: async (s) => {
      s.needDecision('narrow')
      const { id, authorizationId, service, answer } = await s.redeemed()
      const [kept = ''] = answer.scope
      expectAnswer(await s.check(authorizationId, service), CheckResponse, 'the check')
      const done = await s.decide('narrow', id, { scopes: [kept] })
      expectThat(done.ok, "the adapter's narrow hook to succeed", `${done.status} ${done.text.slice(0, 200)}`)
      const { scope } = expectAnswer(await s.check(authorizationId, service), CheckResponse, 'the next check')
      expectEqual(scope, [kept], 'the scope')
    },
  },
  {
    id: 'AUTH-CHK-11',
    about: 'five authorizations are checked at once, revoked, and checked the next moment',
    negative: true,
    run: async (s) => {
      const service = s.service()
      for (let round = 0; round < 5; round++) {
        const { id, authorizationId } = await s.redeemed({ service })
        await Promise.all(Array.from({ length: 4 }, () => s.check(authorizationId, service)))
        await revoke(s, id)
        expectOver(await s.check(authorizationId, service))
      }
    },
  },
  {
    id: 'AUTH-CHK-11/elsewhere',
    about: 'five authorizations are checked at a second instance, revoked at the first, and checked at the second the next moment',
    negative: true,
    run: async (s) => {
      const send = { at: s.second() }
      const service = s.service()
      for (let round = 0; round < 5; round++) {
        const { id, authorizationId } = await s.redeemed({ service })
        expectAnswer(await s.check(authorizationId, service, { send }), CheckResponse, 'the check at the second instance')
        await revoke(s, id)
        expectOver(await s.check(authorizationId, service, { send }))
      }
    },
  },
]
