import { runHook } from '../actors/hook.ts'
import { createKey } from '../actors/jws.ts'
import { newJti } from '../actors/jwt.ts'
import { type Case, expectThat } from '../case.ts'
import { need } from '../stage.ts'
import { refusesProof } from './3.1.1-holder-proof.ts'
import { expectNothing } from './bought.ts'
import { goodProof } from './redeeming.ts'
import type { Pass, PassType, ServiceStage } from './stage.ts'

/** The proof of a pass, as its Harness makes it: to be sent more than once. */
const proofOf = (s: ServiceStage, pass: Pass, changes?: Parameters<typeof goodProof>[4], endpoint: PassType = pass.type): string =>
  goodProof(s, pass, pass.key ?? createKey(), s.endpoint(endpoint), changes)

/** The Authority says yes again and again, so that only the proof stands in the way. */
async function refusesAgain(s: ServiceStage, again: (pass: Pass, jti: string) => Promise<void>): Promise<void> {
  const pass = s.pass()
  const jti = newJti()
  await s.redeem(pass, { proof: { claims: { jti } } }).then(bought)
  await again(pass, jti)
  await s.redeem(pass).then(bought)
}

const bought = ({ status, text }: { status: number; text: string }): void =>
  expectThat(status >= 200 && status < 300, 'a good proof to be good', `${status} ${text.slice(0, 200)}`)

/** A proof is good once (hardening revision). */
export const replay: Case<ServiceStage>[] = [
  {
    id: 'SVC-HB-06',
    about: 'a proof comes twice',
    negative: true,
    run: async (s) => {
      const pass = s.pass()
      const proof = proofOf(s, pass)
      await s.redeem(pass, { proof }).then(bought)
      await refusesProof(s, pass, proof)
      await s.redeem(pass).then(bought)
    },
  },
  {
    id: 'SVC-HB-06/same-jti',
    about: 'another proof has the jti of one that was used',
    negative: true,
    run: (s) => refusesAgain(s, (pass, jti) => refusesProof(s, pass, proofOf(s, pass, { claims: { jti } }))),
  },
  {
    id: 'SVC-HB-06/other-flow',
    about: 'a jti that bought a token comes again for a browser session',
    negative: true,
    run: (s) =>
      refusesAgain(s, async ({ key, user, authority }, jti) => {
        const session = { ...s.pass({ type: 'browser_session', user, authority, validation: { cnf: { jwk: key?.jwk } } }), key }
        await refusesProof(s, session, proofOf(s, session, { claims: { jti } }))
      }),
  },
  {
    id: 'SVC-HB-06/at-once',
    about: 'a proof comes ten times at once',
    negative: true,
    run: async (s) => {
      const pass = s.pass()
      const proof = proofOf(s, pass)
      const replies = await Promise.all(Array.from({ length: 10 }, () => s.redeem(pass, { proof })))
      const good = replies.filter(({ status }) => status < 300).length
      expectThat(good === 1, 'one of ten to be good', `${good}`)
      await s.redeem(pass).then(bought)
    },
  },
  {
    id: 'SVC-HB-06/strangers',
    about: 'strangers use up the jti of a proof before its Harness comes, with keys of their own',
    negative: true,
    run: async (s) => {
      const pass = s.pass()
      const jti = newJti()
      const forged = Array.from({ length: 20 }, () => goodProof(s, pass, createKey(), s.endpoint(pass.type), { claims: { jti } }))
      for (const proof of forged) expectNothing(await s.redeem(pass, { proof }))
      await s.redeem(pass, { proof: { claims: { jti } } }).then(bought)
    },
  },
  {
    id: 'SVC-HB-06/after-a-crash',
    about: 'a proof was used; the Service is killed and comes back; the proof comes again',
    negative: true,
    alone: true,
    run: async (s) => {
      const v = await s.variant('durable')
      const restart = need(s.adapter.variants.durable?.restart, 'the adapter cannot restart the Service')
      const pass = v.pass()
      const proof = proofOf(v, pass)
      await v.redeem(pass, { proof }).then(bought)
      const { ok, text } = await runHook(restart, {}, s.client)
      expectThat(ok, 'the Service to be back', text)
      await refusesProof(v, pass, proof)
      await v.redeem(pass).then(bought)
    },
  },
  {
    id: 'SVC-HB-09',
    about: 'a proof that was used at one instance comes to another',
    negative: true,
    run: async (s) => {
      const at = s.second()
      const pass = s.pass()
      const proof = proofOf(s, pass)
      await s.redeem(pass, { proof }).then(bought)
      const refused = await s.redeem(pass, { proof, send: { at } })
      expectNothing(refused)
      await s.redeem(pass, { send: { at } }).then(bought)
    },
  },
  {
    id: 'SVC-HB-11/other-name',
    about: 'a jti that was used comes again under another iss',
    negative: true,
    profile: 'hardened',
    run: (s) => refusesAgain(s, (pass, jti) => refusesProof(s, pass, proofOf(s, pass, { claims: { jti, iss: 'another-harness' } }))),
  },
  {
    id: 'SVC-HB-11/two-holders',
    about: 'the proofs of two keys have one jti: they are two proofs',
    run: async (s) => {
      const jti = newJti()
      for (const pass of [s.pass(), s.pass()]) await s.redeem(pass, { proof: { claims: { jti } } }).then(bought)
    },
  },
  {
    id: 'SVC-HB-11/unnamed',
    about: 'the Authority does not say which Harness it is: any iss will do',
    run: async (s) => s.redeem(s.pass(), { proof: { claims: { iss: 'a-harness-of-any-name' } } }).then(bought),
  },
  {
    id: 'SVC-HB-11/named',
    about: 'the Authority says which Harness it is, and the iss of the proof is another',
    negative: true,
    run: async (s) => {
      const validation = { harness: { id: 'the-named-harness' } }
      const other = await s.redeem(s.pass({ validation }))
      if (other.status < 300) s.warn('the iss of the proof is not compared with the harness.id that the Authority reported')
      else expectNothing(other)
      await s.redeem(s.pass({ validation }), { proof: { claims: { iss: 'the-named-harness' } } }).then(bought)
    },
  },
]
