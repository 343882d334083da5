import { Hono } from 'hono'
import type { JWK } from 'jose'
import { invalidAssertion, readAssertion } from '../../spec/assertion.ts'
import { readBody } from '../../spec/body.ts'
import type { Now } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import { type KeySets, KeysUnavailable } from '../../spec/keys.ts'
import type { ClientOf } from '../../spec/node/client.ts'
import { answer, type TakeTurn } from '../../spec/node/doors.ts'
import type { Profile } from '../../spec/profile.ts'
import { type OfferedScope, ScopesRequest } from '../../spec/wire/scopes.ts'
import { requirePermitted, type TrustDeps } from '../resolve/trust.ts'

export type ScopesDeps = TrustDeps & {
  origin: string
  now: Now
  profile: Profile
  keySets: KeySets
  scopes: OfferedScope[]
  heldScope: HeldScope
}
/** `turns`: until an assertion is verified it is anybody's, and may already have cost a look-up. */
export type ScopesRouteDeps = ScopesDeps & { jwks: () => { keys: JWK[] }; clientOf: ClientOf; turns: { scopes: TakeTurn } }
/** The names of the scopes a user holds here, in the order of the settings. */
export type HeldScope = (email: string) => Promise<string[]>

/**
 * Scope discovery (protocol 5, §4.3). The Authority is authenticated before anything about the user is answered; the keys of one that is not permitted are not fetched.
 * Throws invalid_assertion, untrusted_authority, authority_unavailable.
 */
export async function availableScopes(d: ScopesDeps, assertion: ReturnType<typeof readAssertion>, request: ScopesRequest): Promise<OfferedScope[]> {
  const authority = await requirePermitted(d, request.user.email, assertion.issuer)
  const { jwks_uri } = await authority.read()
  await d.keySets.verify(jwks_uri, assertion.jwt).catch((cause) => {
    if (cause instanceof KeysUnavailable) throw new ProtocolError('authority_unavailable', "the authority's keys cannot be fetched", { cause })
    throw invalidAssertion(cause)
  })
  const held = await d.heldScope(request.user.email)
  return d.scopes.filter(({ name }) => held.includes(name))
}

export const scopesRoutes = (d: ScopesRouteDeps) =>
  new Hono().post('/agentpass/available-scopes', async (c) => {
    await d.turns.scopes(d.clientOf(c.req.raw, c.env))
    const expected = { kind: 'authority-assertion' as const, audience: d.origin, ownKeys: d.jwks().keys, now: d.now(), profile: d.profile }
    const assertion = readAssertion(c.req.header('authorization'), expected)
    const request = await readBody(c.req.raw, ScopesRequest, d.profile)
    return answer({ scopes: await availableScopes(d, assertion, request) })
  })
