import type { z } from 'zod'
import type { Fetch, Now, Random } from '../spec/effects.ts'
import type { SigningKey } from '../spec/jwt.ts'
import { postMessage } from '../spec/peer.ts'
import type { Profile } from '../spec/profile.ts'
import { signProof } from '../spec/proof.ts'
import type { AuthorityForHarness, ServiceForHarness } from '../spec/wire/configuration.ts'
import type { PassType } from '../spec/wire/issuance.ts'
import { BearerTokenGrant, BrowserSessionGrant } from '../spec/wire/redemption.ts'
import { requireAnswer } from './answer.ts'
import { failAt, TripFailure } from './failure.ts'
import { type Initialization, requireInitialization } from './initialize.ts'

export type RedeemDeps = { fetch: Fetch; now: Now; random: Random; profile: Profile; harnessId: string }
/** An approved pass, the key it is bound to, and between whom it stands; `scope` takes less than what was approved. */
export type Ready = {
  service: ServiceForHarness
  authority: AuthorityForHarness
  key: SigningKey
  pass: string
  user: string
  scope: string[] | undefined
}
type Endpoint = { type: PassType; endpoint: string; more?: object }

/** What a header can carry (RFC 9110 §5.5); the rest of a token is opaque. */
const SENDABLE = /^[\x21-\x7e]+$/

/** Redeems a pass for a bearer token (protocol 8, §4.6), once: whatever the answer, the pass is never sent again. */
export async function redeemBearerToken(d: RedeemDeps, ready: Ready): Promise<BearerTokenGrant> {
  const { service, endpoints } = ready.service
  const grant = await redeem(d, ready, { type: 'bearer_token', endpoint: endpoints.redeem_bearer_token }, BearerTokenGrant)
  if (!SENDABLE.test(grant.bearer_token))
    throw new TripFailure(
      { step: 'redeem', peer: service.origin },
      'the service gave a token that no header can carry',
      'tell the operators of the service',
    )
  return grant
}

/** A browser session's beginning, and until when it can be begun where the Service says so (RFC 3339). */
export type SessionGrant = { initialization: Initialization; expires_at: string | undefined }

/** Redeems a pass for a browser session (protocol 8, §4.5), once. Asks for an initialization by POST, so that no URL carries the one-time token. */
export async function redeemBrowserSession(d: RedeemDeps, ready: Ready): Promise<SessionGrant> {
  const { service, endpoints } = ready.service
  const more = { initialization_methods: ['POST'] }
  const grant = await redeem(d, ready, { type: 'browser_session', endpoint: endpoints.redeem_browser_session, more }, BrowserSessionGrant)
  return { initialization: requireInitialization(grant, service.origin, d.profile), expires_at: grant.expires_at }
}

async function redeem<S extends z.ZodType>(d: RedeemDeps, ready: Ready, { type, endpoint, more }: Endpoint, answer: S): Promise<z.infer<S>> {
  const { origin } = ready.service.service
  const proof = await signProof(d, ready.key, { harnessId: d.harnessId, audience: origin, endpoint, pass: ready.pass })
  const where = { step: 'redeem' as const, peer: origin, now: d.now, secrets: [ready.pass, proof] }
  const message = {
    agentpass: { type, value: ready.pass },
    authority: ready.authority.authority,
    user: { email: ready.user },
    harness_proof: { jwt: proof },
    ...(ready.scope && { requested_scope: ready.scope }),
    ...more,
  }
  const response = await postMessage(d.fetch, endpoint, message).catch(failAt(where, 'the pass may be used up: start again'))
  return requireAnswer(response, answer, where)
}
