import { type PublicJwk, sha256 } from '../actors/jws.ts'
import { type Decoded, nowSeconds } from '../actors/jwt.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { skip } from '../stage.ts'
import { expectDone, type HarnessStage, type HarnessWorld } from './stage.ts'
import { asText, boundKey, callsAt, dig, expectJws, expectSignedBy, onlyCall, runTwice, setEndpoint } from './trip.ts'

type Proven = { proof: Decoded; key: PublicJwk; harnessId: unknown }

/** A whole trip, the proof in its redemption, and the key that the request was bound to; skips where the Harness binds none. */
async function proofOf(w: HarnessWorld, type: 'bearer' | 'browser' = 'bearer'): Promise<Proven> {
  expectDone(await w.run({ type }))
  const { json } = onlyCall(w, 'redemption')
  const request = w.issued.requests.at(-1)
  const key = boundKey(request)
  const jwt = dig(json, 'harness_proof', 'jwt')
  expectThat(jwt !== undefined, 'harness_proof.jwt, as the pass is bound', 'none')
  return { proof: expectJws(jwt, 'harness_proof.jwt'), key, harnessId: dig(request, 'harness', 'id') }
}

/** The proof of possession that goes with a bound pass (§3.1.1). */
export const proof: Case<HarnessStage>[] = [
  {
    id: 'HAR-RED-03',
    about: 'a proof is looked for in the redemption of a bound pass',
    run: async (s) => void (await proofOf(s.world())),
  },
  {
    id: 'HAR-RED-04',
    about: 'the claims of the proof are looked at',
    run: async (s) => {
      const w = s.world()
      const { proof, harnessId } = await proofOf(w)
      const { iss, aud, iat, exp, jti } = proof.claims
      expectEqual({ iss, aud: [aud].flat() }, { iss: harnessId, aud: [w.service.origin] }, 'iss and aud')
      expectThat(asText(jti) !== '', 'a jti', jti)
      expectThat(Number.isFinite(iat) && Number.isFinite(exp), 'iat and exp as numbers', { iat, exp })
      expectThat(Math.abs(Number(iat) - nowSeconds()) < 120 && Number(exp) > nowSeconds(), 'iat now and exp later', { iat, exp })
      const foreign = ['task_id', 'task_description_hash', 'cnf'].filter((name) => name in proof.claims)
      expectEqual(foreign, [], 'claims of another kind of object')
      if (Number(exp) - Number(iat) > 300) s.warn(`the proof lives for ${Number(exp) - Number(iat)} s`)
    },
  },
  {
    id: 'HAR-RED-04/signature',
    about: 'the proof is verified under the key that the request was bound to',
    run: async (s) => {
      const { proof, key } = await proofOf(s.world())
      expectSignedBy(proof, key, 'the proof')
    },
  },
  {
    id: 'HAR-RED-05',
    about: 'the proof’s claims about the request, whose endpoint has a query',
    run: async (s) => {
      const w = s.world()
      setEndpoint(w.service, 'redeem_bearer_token', `${w.service.urls.bearer}?edition=2`)
      const { htm, htu, aph } = (await proofOf(w)).proof.claims
      expectEqual({ htm, aph }, { htm: 'POST', aph: sha256(w.issued.pass) }, 'htm and aph')
      expectEqual(asText(htu).replace(/[?#].*$/, ''), w.service.urls.bearer, 'htu, its query aside')
    },
  },
  {
    id: 'HAR-RED-05/fresh',
    about: 'the proofs of two redemptions have two ids',
    negative: true,
    run: async (s) => {
      const w = s.world()
      await runTwice(w)
      const proofs = callsAt(w, 'redemption').map(({ json }) => dig(json, 'harness_proof', 'jwt') ?? skip('the Harness proves nothing'))
      const ids = proofs.map((jwt) => expectJws(jwt, 'harness_proof.jwt').claims.jti)
      expectEqual(new Set(ids).size, 2, 'the number of jti in two proofs')
    },
  },
  {
    id: 'HAR-RED-05/typ',
    about: 'the typ of proof and task attestation names their kind',
    profile: 'hardened',
    run: async (s) => {
      const w = s.world()
      const { proof } = await proofOf(w)
      const attested = dig(w.issued.requests.at(-1), 'task', 'attestation', 'jwt') ?? skip('the Harness attests no task')
      const attestation = expectJws(attested, 'task.attestation.jwt')
      const typs = [proof, attestation].map(({ header }) => asText(header.typ).toLowerCase().replace('application/', ''))
      expectEqual(typs, ['agentpass-holder-proof+jwt', 'agentpass-task-attestation+jwt'], 'typ')
    },
  },
]
