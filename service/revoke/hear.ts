import type { Now } from '../../spec/effects.ts'
import { ProtocolError } from '../../spec/error.ts'
import { type KeySets, KeysUnavailable } from '../../spec/keys.ts'
import type { Audit } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import type { SecurityEvent } from '../../spec/security-event.ts'
import type { AuthorityForService, AuthorityReference } from '../../spec/wire/configuration.ts'
import type { TrustSettings } from '../resolve/trust.ts'
import type { ServiceTables } from '../store/schema.ts'
import { findPinOf, findPinOfAny, isSeen, rememberEvent } from '../store/security-events.ts'
import type { DoubtSessions, EndSessions } from '../use/session.ts'

export type HearDeps = {
  now: Now
  db: Database<ServiceTables>
  audit: Audit
  trust: TrustSettings
  keySets: KeySets
  readPinned: (pin: AuthorityReference) => Promise<AuthorityForService>
  endSessions: EndSessions
  doubtSessions: DoubtSessions
}

/**
 * Acts on a security event of the Authority behind an authorization (protocol 10): what ended there ends here at once; of what narrowed the Authority is asked at the next request.
 * Throws untrusted_authority for an issuer that stands behind nothing here, and asks nobody then; invalid_assertion; authority_unavailable, discovery_failed, configuration_invalid, overloaded: then it must come again.
 */
export async function hear(d: HearDeps, event: SecurityEvent): Promise<void> {
  const of = { authority: event.issuer, authorizationId: event.authorizationId }
  const ours = await findPinOf(d.db.read, of)
  await verify(d, event, ours ?? (await requireKnown(d, event.issuer)))
  const about = { event: 'security_event', authority: event.issuer, authorization_id: event.authorizationId }
  if (!ours || event.says === 'other') return d.audit.note({ ...about, outcome: 'ignored' })
  const seen = { issuer: event.issuer, jti: event.jti, seen_at: d.now() }
  if (await isSeen(d.db.read, seen)) return
  const { authority, authorization_id } = about
  if (event.says === 'ended')
    await d.endSessions({ authority, authorization_id }, { outcome: 'ended', because: 'the authority said that the delegation has ended' })
  else await d.doubtSessions({ authority, authorization_id })
  // Only now, because it would not come again: acting twice does no harm, and not at all would.
  await d.db.write(async (tx) => {
    if (await rememberEvent(tx, seen)) await d.audit.record(tx, { ...about, outcome: event.says })
  })
}

/** An Authority that our settings name, or that stands behind something else here. Throws untrusted_authority. */
async function requireKnown(d: HearDeps, issuer: string): Promise<AuthorityReference> {
  const { federated, service_authority: own } = d.trust
  const pin = [...federated, ...(own ? [own] : [])].find(({ authority }) => authority === issuer) ?? (await findPinOfAny(d.db.read, issuer))
  if (!pin) throw new ProtocolError('untrusted_authority', 'the issuer stands behind no delegation here')
  return pin
}

/** Under the keys of the Authority that is pinned, and no other. */
async function verify(d: HearDeps, event: SecurityEvent, pin: AuthorityReference): Promise<void> {
  const { jwks_uri } = await d.readPinned(pin)
  await d.keySets.verify(jwks_uri, event.jws).catch((cause) => {
    if (cause instanceof KeysUnavailable) throw new ProtocolError('authority_unavailable', "the authority's keys cannot be fetched", { cause })
    throw new ProtocolError('invalid_assertion', 'the security event is not signed with a key of its issuer', { cause })
  })
}
