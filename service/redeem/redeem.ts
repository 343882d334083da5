import type { Now } from '../../spec/effects.ts'
import { requireSameUser } from '../../spec/email.ts'
import { ProtocolError } from '../../spec/error.ts'
import type { Jwt } from '../../spec/jwt.ts'
import type { Profile } from '../../spec/profile.ts'
import { type Proof, readProof, verifyProof } from '../../spec/proof.ts'
import { grantScope } from '../../spec/scope.ts'
import type { ImportKey } from '../../spec/verify.ts'
import type { AuthorityForService } from '../../spec/wire/configuration.ts'
import type { BearerTokenRedemption, BrowserSessionRedemption } from '../../spec/wire/redemption.ts'
import type { ValidationResponse } from '../../spec/wire/validation.ts'
import type { HeldScope } from '../issue/route.ts'
import type { Permitted } from '../resolve/trust.ts'
import type { Closing } from '../revoke/close.ts'
import { requireEnd } from './validate.ts'

/** What a redemption bought: for whom, who stands for it, and what may be done. */
export type Grant = { authority: Permitted; validation: ValidationResponse; scope: string[]; proof: Proof | undefined }

export type RedeemDeps = {
  origin: string
  now: Now
  profile: Profile
  importKey: ImportKey
  requirePermitted: (email: string, authority: string) => Promise<Permitted>
  validatePass: (authority: AuthorityForService, value: string) => Promise<ValidationResponse>
  closeAuthorization: (authority: AuthorityForService, closing: Closing) => Promise<void>
  heldScope: HeldScope
}
export type Redemption = BearerTokenRedemption | BrowserSessionRedemption

/** `endpoint` is the redemption endpoint's public URL, `validated` learns what the Authority answered, `open` makes the credential. */
export type Redeeming<T> = { endpoint: string; validated: (validation: ValidationResponse) => void; open: (grant: Grant) => Promise<T> }

/** Redeems an AgentPass (protocol 8). Any throw means the pass bought nothing; what was opened by then is closed again. */
export async function redeem<T>(d: RedeemDeps, r: Redemption, { endpoint, validated, open }: Redeeming<T>): Promise<T> {
  const authority = await d.requirePermitted(r.user.email, r.authority) // checks 2, 3
  const document = await authority.read()
  const expected = { audience: d.origin, endpoint, pass: r.agentpass.value, now: d.now(), profile: d.profile }
  const jwt = await readProof(r.harness_proof, expected) // a malformed request must not burn the pass
  if (r.requested_scope?.length === 0) throw new ProtocolError('insufficient_scope', 'requested_scope asks for nothing') // nor one that can buy nothing
  const validation = await d.validatePass(document, r.agentpass.value) // check 4: spends the pass
  validated(validation)
  try {
    return await open({ authority, validation, ...(await judge(d, r, validation, jwt)) })
  } catch (refusal) {
    await d.closeAuthorization(document, { authorizationId: validation.authorization_id, action: 'revoke', reason: 'redemption was refused' })
    throw refusal
  }
}

/** The checks that need the Authority's answer. */
async function judge(d: RedeemDeps, r: Redemption, validation: ValidationResponse, jwt: Jwt | undefined): Promise<Pick<Grant, 'scope' | 'proof'>> {
  requireEnd(validation, { now: d.now(), profile: d.profile })
  requireSameUser(r.user.email, validation.user.email, d.profile) // an Authority speaks only for users it was permitted for
  if (validation.type !== r.agentpass.type) throw new ProtocolError('invalid_agentpass', 'this pass is of another type')
  const scope = grantScope(validation.scope, await d.heldScope(validation.user.email), r.requested_scope) // checks 5, 6
  const proof = await verifyProof(validation.cnf, jwt, validation.harness?.id, d.importKey) // check 7; `open` spends it
  return { scope, proof }
}
