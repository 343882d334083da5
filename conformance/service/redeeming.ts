import { randomBytes } from 'node:crypto'
import { type Script, validationOf } from '../actors/authority.ts'
import type { Reply } from '../actors/client.ts'
import { createKey, type Key } from '../actors/jws.ts'
import { type Changes, proofClaims, signObject } from '../actors/jwt.ts'
import type { Pass, Redeeming, ServiceStage, WantedPass } from './stage.ts'

/** The Harness that redeems: what it calls itself in its proofs. */
export const HARNESS_ID = 'suite-harness'

/** A new pass, of which its Authority is told what to answer. */
export function makePass(
  s: ServiceStage,
  { type = 'bearer_token', user = s.adapter.users.all, authority = s.house.enterprise, bound = true, validation = {} }: WantedPass = {},
): Pass {
  const key = bound ? createKey() : undefined
  const value = s.secret(`suite-pass-${randomBytes(18).toString('base64url')}`)
  const script: Script = {
    validation: validationOf(user, {
      type,
      scope: s.scope.all,
      ...(key && { cnf: { jwk: key.jwk } }),
      ...(type === 'browser_session' && { destination_url: s.destination }),
      ...validation,
    }),
  }
  authority.scripts.set(value, script)
  return { type, value, user, authority, script, key }
}

/** Sends a pass to the redemption endpoint of its kind, with a good proof where it is bound to a key, but for what is to differ. */
export function redeem(s: ServiceStage, pass: Pass, { changed = {}, proof, send, endpoint = pass.type }: Redeeming = {}): Promise<Reply> {
  const url = s.endpoint(endpoint)
  const jwt = typeof proof === 'string' ? proof : proof === null || !pass.key ? undefined : goodProof(s, pass, pass.key, url, proof)
  const body = {
    agentpass: { type: pass.type, value: pass.value },
    authority: pass.authority.identifier,
    user: { email: pass.user },
    ...(jwt !== undefined && { harness_proof: { jwt: s.secret(jwt) } }),
    ...(pass.type === 'browser_session' && { initialization_methods: ['POST'] }),
    ...changed,
  }
  return s.client.send(url, { ...send, method: 'POST', body: send?.body ?? body })
}

/** A holder proof for a redemption at a URL, good but for the changes. */
export const goodProof = (s: ServiceStage, pass: Pass, key: Key, url: string, changes?: Changes): string =>
  signObject('holder-proof', proofClaims(HARNESS_ID, s.origin, url, pass.value), key, s.profile, changes)
