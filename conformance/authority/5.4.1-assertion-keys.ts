import { isSuccess } from '../actors/client.ts'
import { createKey, type Key, signJws } from '../actors/jws.ts'
import { type Case, expectThat } from '../case.ts'
import { KEPT_MS } from './discovering.ts'
import { expectForgeryRefused, expectNotAuthenticated, expectStillGood, goodAssertion } from './presenting.ts'
import type { Approved, AuthorityStage } from './stage.ts'

const GUESSES = 20
const MANY = 1000

/** The key of a known set is replaced, and the set may be kept no longer: the old key is refused. Gives a pass for the new one; undefined where the old one still counted, of which `lenient` is said. */
async function expectKeyReplaced(s: AuthorityStage, next: (old: Key) => Key, lenient: string): Promise<Approved | undefined> {
  const service = s.service()
  const [old = createKey()] = service.keys
  const [first, second] = [await s.approved({ service }), await s.approved({ service })]
  await expectStillGood(s, first)
  service.keys = [next(old)]
  await s.wait(KEPT_MS)
  const late = await s.validate(second.value, service, { changes: { key: old } })
  if (isSuccess(late)) return void s.warn(lenient)
  expectNotAuthenticated(s, late)
  return second
}

/** Which key verifies a Service's assertion, and how often its key set is read (§4.1). */
export const assertionKeys: Case<AuthorityStage>[] = [
  {
    id: 'AUTH-ASRT-17',
    about: 'a Service has signed with a new key since its key set was read',
    run: async (s) => {
      const service = s.service()
      const [first, second] = [await s.approved({ service }), await s.approved({ service })]
      await expectStillGood(s, first) // now its keys are known
      service.keys = [createKey(), ...service.keys]
      await expectStillGood(s, second)
    },
  },
  {
    id: 'AUTH-ASRT-17/hammer',
    about: `${GUESSES} assertions name as many keys that are not in the Service's key set`,
    negative: true,
    run: async (s) => {
      const pass = await s.approved()
      const guess = () => {
        const { header, claims } = goodAssertion(s, pass.service)
        const stranger = createKey()
        return s.validate(pass.value, pass.service, { assertion: s.secret(signJws({ ...header, kid: stranger.kid }, claims, stranger)) })
      }
      const started = Date.now()
      for (let i = 0; i < GUESSES; i += 2) for (const reply of await Promise.all([guess(), guess()])) expectNotAuthenticated(s, reply)
      const reads = pass.service.callsTo('jwks').length
      const lifetimes = Math.floor((Date.now() - started) / KEPT_MS) // in which the set is read again anyway
      expectThat(reads <= GUESSES / 4 + 2 * lifetimes, 'the key set to be read again only now and then', `${reads} requests for it`)
      if (reads > 2 + 2 * lifetimes) s.warn(`one refresh for an unknown kid is enough for a while: the key set was read ${reads} times`)
      await expectStillGood(s, pass)
    },
  },
  {
    id: 'AUTH-ASRT-17/other-kid',
    about: 'kid names one key of the set, and another one signed it',
    negative: true,
    run: async (s) => {
      const service = s.service()
      const [named, signer] = [createKey(), createKey()]
      service.keys = [signer, named]
      const lenient = 'a kid is there to say which key verifies: another key of the same set is better refused'
      await expectForgeryRefused(s, ({ header, claims }) => signJws({ ...header, kid: named.kid }, claims, signer), { service, lenient })
    },
  },
  {
    id: 'AUTH-ASRT-17/no-kid',
    about: 'neither the key nor the assertion has a kid',
    run: async (s) => {
      const service = s.service()
      const [key = createKey()] = service.keys
      const { kid: _, ...jwk } = key.jwk
      service.keys = [{ ...key, jwk }]
      const pass = await s.approved({ service })
      const reply = await s.validate(pass.value, service, { changes: { header: { kid: undefined } } })
      if (!isSuccess(reply)) s.warn('a key set of one key needs no kid')
    },
  },
  {
    id: 'AUTH-ASRT-17/many-keys',
    about: `the key set has ${MANY} keys, and the right one comes last`,
    negative: true,
    run: async (s) => {
      const service = s.service()
      const [key = createKey()] = service.keys
      const { jwk } = createKey()
      service.on.jwks = () => ({ json: { keys: [...Array.from({ length: MANY }, () => ({ ...jwk, kid: undefined })), key.jwk] } })
      const pass = await s.approved({ service })
      const reply = await s.validate(pass.value, service, { changes: { header: { kid: undefined } } })
      if (isSuccess(reply)) return s.warn('of a key set only so many keys should be tried, such as 20: whoever publishes it decides what it costs')
      expectNotAuthenticated(s, reply)
      await s.redeemed() // it is alive
    },
  },
  {
    id: 'AUTH-ASRT-17/removed',
    about: 'the key that signed it was taken out of the key set, and the set may be kept no longer',
    negative: true,
    slow: true,
    run: async (s) => {
      const lenient = 'a key that was taken out of a set still counts, after the time for which the set may be kept'
      const pass = await expectKeyReplaced(s, () => createKey(), lenient)
      if (pass) await expectStillGood(s, pass)
    },
  },
  {
    id: 'AUTH-ASRT-17/same-kid',
    about: 'the key set has a new key under an old kid, and may be kept no longer',
    negative: true,
    slow: true,
    run: async (s) => {
      const lenient = 'a key that another took the place of still counts, after the time for which the set may be kept'
      const pass = await expectKeyReplaced(s, ({ kid }) => createKey('ES256', kid), lenient)
      if (pass && !isSuccess(await s.validate(pass.value, pass.service)))
        s.warn('the new key does not count yet, after the time for which the set may be kept')
    },
  },
]
