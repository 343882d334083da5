import { ValidationResponse } from '../../spec/wire/validation.ts'
import { member } from '../actors/authority.ts'
import { expectAnswer, expectRefused } from '../actors/client.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { expectStillGood, suggest } from './presenting.ts'
import type { Approved, AuthorityStage } from './stage.ts'

/** Scopes that an approver leaves of those offered. */
const SOME = ['things:read', 'things:admin']

/** What a holder key may have beside the key, and must come back with (protocol 4). */
const bound = (s: AuthorityStage, more: object = {}): Promise<{ pass: Approved; jwk: Record<string, unknown> }> => {
  const service = s.service()
  const { harness } = s.message(service)
  const jwk = { ...s.holderKey().jwk, ...more }
  return s.approved({ service, changed: { harness: { ...harness, cnf: { jwk } } } }).then((pass) => ({ pass, jwk }))
}

/** What a validation answers, and to what (§5.4.1). */
export const validation: Case<AuthorityStage>[] = [
  {
    id: 'AUTH-VAL-01',
    about: 'a pass is presented, and the answer is about the request',
    run: async (s) => {
      const pass = await s.approved()
      const { type, scope } = await expectStillGood(s, pass) // of the schema
      expectEqual(type, pass.message.type, 'the type')
      expectThat(scope.length > 0, 'a scope', scope)
    },
  },
  {
    id: 'AUTH-VAL-01/browser',
    about: 'a pass for a browser session is presented',
    run: async (s) => {
      const pass = await s.approved({ changed: { type: 'browser_session' } })
      expectEqual((await expectStillGood(s, pass)).type, 'browser_session', 'the type')
    },
  },
  {
    id: 'AUTH-VAL-04',
    about: 'a pass that nobody has issued is presented',
    negative: true,
    run: async (s) => {
      const pass = await s.approved()
      const reply = await s.validate(`${pass.value.slice(0, -4)}none`, pass.service)
      expectRefused(reply)
      suggest(s, reply, 404, 409, 422)
      await expectStillGood(s, pass)
    },
  },
  {
    id: 'AUTH-VAL-10',
    about: 'the request was bound to no key',
    negative: true,
    run: async (s) => {
      const { cnf } = await expectStillGood(s, await s.approved())
      expectEqual(cnf, undefined, 'cnf in the answer')
    },
  },
  {
    id: 'AUTH-VAL-11',
    about: 'the request was bound to a holder key',
    run: async (s) => {
      const { pass, jwk } = await bound(s)
      const { cnf } = await expectStillGood(s, pass)
      expectEqual(keyOf(member(cnf, 'jwk')), keyOf(jwk), 'the key in cnf.jwk')
    },
  },
  {
    id: 'AUTH-VAL-11/members',
    about: 'the holder key had members beside the key',
    run: async (s) => {
      const { pass, jwk } = await bound(s, { use: 'sig', kid: 'holder', x_note: { deep: [1] } })
      const { cnf } = await expectStillGood(s, pass)
      expectEqual(keyOf(member(cnf, 'jwk')), keyOf(jwk), 'the key in cnf.jwk')
      for (const name of ['use', 'kid', 'x_note'])
        if (JSON.stringify(member(member(cnf, 'jwk'), name)) !== JSON.stringify(jwk[name]))
          s.warn(`${name} of the holder key should come back as it came`)
    },
  },
  {
    id: 'AUTH-VAL-12',
    about: 'a request for a bearer token had a destination',
    negative: true,
    run: async (s) => {
      const service = s.service()
      const pass = await s.approved({ service, changed: { intent: { destination_url: `${service.origin}/things/1` } } })
      expectEqual((await expectStillGood(s, pass)).destination_url, undefined, 'destination_url in the answer')
    },
  },
  {
    id: 'AUTH-VAL-12/browser',
    about: 'a request for a browser session had a destination',
    run: async (s) => {
      const service = s.service()
      const destination_url = `${service.origin}/things/1?tab=2#notes`
      const pass = await s.approved({ service, changed: { type: 'browser_session', intent: { destination_url } } })
      expectEqual((await expectStillGood(s, pass)).destination_url, destination_url, 'destination_url in the answer')
    },
  },
  {
    id: 'AUTH-VAL-13',
    about: 'the answer tells which task the pass is for',
    run: async (s) => {
      const pass = await s.approved()
      const { id, description } = (await expectStillGood(s, pass)).task ?? {}
      expectEqual({ id, description }, { id: pass.message.task.id, description: pass.message.task.description }, 'the task')
    },
  },
  {
    id: 'AUTH-VAL-14',
    about: 'some of the offered scopes were approved',
    run: async (s) => {
      s.needDecision('approve')
      const { scope } = await expectStillGood(s, await s.approved({ scopes: SOME }))
      expectEqual(scope.toSorted(), SOME.toSorted(), 'the scope')
    },
  },
  {
    id: 'AUTH-VAL-15',
    about: 'the answer tells when the authorization ends',
    run: async (s) => {
      const { authorization_expires_at: at } = await expectStillGood(s, await s.approved())
      expectThat(at !== undefined && Date.parse(at) > Date.now(), 'authorization_expires_at in the future', String(at))
    },
  },
  {
    id: 'AUTH-VAL-18',
    about: 'nothing on the way may keep the answer',
    run: async (s) => {
      const pass = await s.approved()
      const reply = await s.validate(pass.value, pass.service)
      expectAnswer(reply, ValidationResponse, 'the validation')
      expectThat(/\bno-store\b/i.test(reply.headers['cache-control'] ?? ''), 'Cache-Control: no-store', String(reply.headers['cache-control']))
    },
  },
  {
    id: 'AUTH-VAL-19',
    about: 'the user’s address has letters of both cases',
    run: async (s) => {
      const [local = '', domain = ''] = s.user().split('@')
      const email = `Ada.${local.toUpperCase()}@${domain}`
      const { user } = await expectStillGood(s, await s.approved({ changed: { user: { email } } }))
      const [answered = '', at = ''] = user.email.split('@')
      expectEqual({ local: answered, domain: at.toLowerCase() }, { local: email.split('@')[0], domain }, 'the user')
    },
  },
]

/** What a key of EC is made of. */
const keyOf = (jwk: unknown): Record<string, unknown> => Object.fromEntries(['kty', 'crv', 'x', 'y'].map((name) => [name, member(jwk, name)]))
