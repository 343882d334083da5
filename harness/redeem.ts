import type { Fetch, Now, Random } from '../spec/effects.ts'
import type { SigningKey } from '../spec/jwt.ts'
import { postMessage } from '../spec/peer.ts'
import type { Profile } from '../spec/profile.ts'
import { signProof } from '../spec/proof.ts'
import type { AuthorityForHarness, ServiceForHarness } from '../spec/wire/configuration.ts'
import { BearerTokenGrant } from '../spec/wire/redemption.ts'
import { requireAnswer } from './answer.ts'
import { failAt, TripFailure } from './failure.ts'

export type RedeemDeps = { fetch: Fetch; now: Now; random: Random; profile: Profile; harnessId: string }
export type Redemption = { pass: { type: 'bearer_token'; value: string }; user: string; scope: string[] | undefined }

/** What a header can carry (RFC 9110 §5.5); the rest of a token is opaque. */
const SENDABLE = /^[\x21-\x7e]+$/

/** Redeems a pass for a bearer token (protocol 8, §4.6), once: whatever the answer, the pass is never sent again. */
export async function redeemBearerToken(
  d: RedeemDeps,
  at: { service: ServiceForHarness; authority: AuthorityForHarness },
  { pass, user, scope }: Redemption,
  key: SigningKey,
): Promise<BearerTokenGrant> {
  const { origin } = at.service.service
  const endpoint = at.service.endpoints.redeem_bearer_token
  const where = { step: 'redeem' as const, peer: origin }
  const message = {
    agentpass: pass,
    authority: at.authority.authority,
    user: { email: user },
    harness_proof: { jwt: await signProof(d, key, { harnessId: d.harnessId, audience: origin, endpoint, pass: pass.value }) },
    ...(scope && { requested_scope: scope }),
  }
  const response = await postMessage(d.fetch, endpoint, message).catch(failAt(where, 'the pass may be used up: start again'))
  const grant = await requireAnswer(response, BearerTokenGrant, where)
  if (!SENDABLE.test(grant.bearer_token))
    throw new TripFailure(where, 'the service gave a token that no header can carry', 'tell the operators of the service')
  return grant
}
