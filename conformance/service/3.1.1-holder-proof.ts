import { createKey } from '../actors/jws.ts'
import type { Case } from '../case.ts'
import { expectNothing, suggest } from './bought.ts'
import { goodProof } from './redeeming.ts'
import type { Pass, ServiceStage } from './stage.ts'

/** A redemption with this proof is refused. */
export async function refusesProof(s: ServiceStage, pass: Pass, proof: string | null, changed: Record<string, unknown> = {}): Promise<void> {
  const refused = await s.redeem(pass, { proof, changed })
  expectNothing(refused)
  suggest(s, refused, 401, 409)
}

/** Ways to leave a proof out (hardening revision): a pass that is bound is worth nothing without one. */
const LEFT_OUT: Record<string, unknown>[] = [{}, { harness_proof: null }, { harness_proof: {} }, { harness_proof: { jwt: '' } }]

/** Holder keys that no proof can be verified with. They are never taken for none. */
const UNUSABLE: [slug: string, about: string, cnf: unknown][] = [
  ['null', 'cnf is null', null],
  ['empty', 'cnf is empty', {}],
  ['text', 'cnf is a text', 'key'],
  ['thumbprint', 'cnf has a thumbprint alone', { jkt: 'A'.repeat(43) }],
  ['jwk-empty', 'cnf.jwk is empty', { jwk: {} }],
  ['jwk-null', 'cnf.jwk is null', { jwk: null }],
  ['symmetric', 'cnf.jwk is a symmetric key', { jwk: { kty: 'oct', k: Buffer.from('a secret that everybody knows').toString('base64url') } }],
  ['unknown', 'cnf.jwk is of a kind that nobody knows', { jwk: { kty: 'PQC', x: 'AAAA' } }],
  ['off-curve', 'cnf.jwk is a point that is not on its curve', { jwk: { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) } }],
  ['small', 'cnf.jwk is an RSA key of 512 bits', { jwk: { kty: 'RSA', n: `${'w'.repeat(85)}Q`, e: 'AQAB' } }],
]

/** Holder binding (§3.1.1): whoever has the key may spend the pass, and nobody else. */
export const holderProof: Case<ServiceStage>[] = [
  {
    id: 'SVC-HB-01',
    about: 'the proof is signed with another key than the one that the pass is bound to',
    negative: true,
    run: async (s) => {
      const pass = s.pass()
      await refusesProof(s, pass, goodProof(s, pass, createKey(), s.endpoint(pass.type)))
      await s.token()
    },
  },
  {
    id: 'SVC-HB-01/browser',
    about: 'the proof for a browser session is signed with another key than the one that the pass is bound to',
    negative: true,
    run: async (s) => {
      const pass = s.pass({ type: 'browser_session' })
      await refusesProof(s, pass, goodProof(s, pass, createKey(), s.endpoint(pass.type)))
      await s.grant()
    },
  },
  ...(['bearer_token', 'browser_session'] as const).map(
    (type): Case<ServiceStage> => ({
      id: type === 'bearer_token' ? 'SVC-HB-02' : 'SVC-HB-02/browser',
      about: `a pass for a ${type === 'bearer_token' ? 'token' : 'session'} is bound to a key, and no proof comes: left out, null, or empty`,
      negative: true,
      run: async (s) => {
        for (const changed of LEFT_OUT) {
          const refused = await s.redeem(s.pass({ type }), { proof: null, changed })
          expectNothing(refused)
          suggest(s, refused, 400, 401)
        }
        await s.token()
      },
    }),
  ),
  {
    id: 'SVC-HB-03',
    about: 'the pass is bound to no key, and no proof comes',
    run: async (s) => void (await s.token(s.pass({ bound: false }))),
  },
  {
    id: 'SVC-HB-03/browser',
    about: 'the pass for a browser session is bound to no key, and no proof comes',
    run: async (s) => void (await s.grant(s.pass({ type: 'browser_session', bound: false }))),
  },
  ...UNUSABLE.map(
    ([slug, about, cnf]): Case<ServiceStage> => ({
      id: `SVC-HB-12/${slug}`,
      about: `of the Authority’s answer: ${about}; with a proof, and without one`,
      negative: true,
      run: async (s) => {
        expectNothing(await s.redeem(s.pass({ validation: { cnf } }), { proof: null }), { orServerError: true })
        expectNothing(await s.redeem(s.pass({ validation: { cnf } })), { orServerError: true })
        await s.token()
      },
    }),
  ),
]
