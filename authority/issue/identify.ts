import { calculateJwkThumbprint } from 'jose'
import { type Vouching, verifyHarness } from '../../spec/attestation.ts'
import type { Now } from '../../spec/effects.ts'
import type { VerificationJwk } from '../../spec/jwk.ts'
import type { Profile } from '../../spec/profile.ts'
import { toRfc3339 } from '../../spec/time.ts'
import type { IssuanceRequest } from '../../spec/wire/issuance.ts'
import type { Shown } from '../approve/shown.ts'
import { findHarnessKey } from '../store/harness-keys.ts'
import type { Tx } from '../store/schema.ts'

export type IdentifyDeps = { now: Now; profile: Profile; vouching: Vouching; db: { read: Tx } }
/** Who asks, as far as this Authority knows: what it calls the agent, how much of the Harness is known, and by whose word. */
export type Identity = Pick<Shown, 'agent' | 'harness'>

/**
 * Identifies the Harness of a request with its holder key (protocol 4, trust tiers): attested where a pinned vendor or workload identity provider vouches for the key,
 * registered where people did, else unverified. The agent is the verified `sub`, else what the Harness calls itself. Throws malformed_request, invalid_attestation.
 */
export async function identify(d: IdentifyDeps, request: IssuanceRequest, key: VerificationJwk | undefined): Promise<Identity> {
  const { id } = request.harness
  const thumbprint = key && (await calculateJwkThumbprint(key.jwk))
  const known = { id, ...(thumbprint !== undefined && { key_thumbprint: thumbprint }) }
  const attested = await verifyHarness(request, { now: d.now(), profile: d.profile, ...d.vouching })
  if (attested) {
    const { issuer, shownAs } = attested
    const vouched = { by: shownAs, ...(issuer !== shownAs && { issuer }), since: toRfc3339(attested.at) }
    return { agent: { id: attested.id }, harness: { ...known, tier: 'attested', vouched } }
  }
  const registered = thumbprint === undefined ? undefined : await findHarnessKey(d.db.read, thumbprint)
  if (!registered) return { agent: { id }, harness: { ...known, tier: 'unverified' } }
  const vouched = { by: registered.name, since: toRfc3339(registered.added_at) }
  return { agent: { id }, harness: { ...known, tier: 'registered', vouched } }
}
