import type { Now, Random } from '../../spec/effects.ts'
import type { Audit } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import type { Profile } from '../../spec/profile.ts'
import { toRfc3339 } from '../../spec/time.ts'
import type { BrowserSessionGrant } from '../../spec/wire/redemption.ts'
import { INITIALIZE_PATH } from '../discover/route.ts'
import { digestOf } from '../store/credentials.ts'
import { addInitialization } from '../store/initializations.ts'
import { consumeProof } from '../store/proofs.ts'
import type { ServiceTables } from '../store/schema.ts'
import { aboutValidation, boughtOf, lastMoment } from './bought.ts'
import { type Destinations, requireDestination } from './destination.ts'
import type { Grant } from './redeem.ts'

export type InitializationDeps = {
  origin: string
  now: Now
  random: Random
  profile: Profile
  db: Database<ServiceTables>
  audit: Audit
  destinations: Destinations
  lifetimes: { credential_seconds: number; initialization_seconds: number }
}
/** `methods` is how the Harness says it can initialize; the published draft's says nothing. */
export type Asked = { httpRequest: string; methods: string[] | undefined }

/**
 * Opens what a browser begins its session with (protocol 8, §4.5): the destination is judged, then the proof is spent, the one-time token's digest kept and the redemption
 * audited in one transaction. The token is in no URL but for a Harness that knows no other way, and in `hardened` never. Throws destination_not_allowed, replay.
 */
export async function openInitialization(d: InitializationDeps, grant: Grant, asked: Asked): Promise<BrowserSessionGrant> {
  const { validation, authority, scope, proof } = grant
  const destination = requireDestination(d.destinations, validation.destination_url) // check 8
  const token = d.random(32)
  const sessionExpiresAt = lastMoment(d, grant)
  const expiresAt = Math.min(d.now() + d.lifetimes.initialization_seconds, sessionExpiresAt)
  await d.db.write(async (tx) => {
    if (proof) await consumeProof(tx, proof)
    await addInitialization(tx, {
      digest: digestOf(token),
      ...boughtOf(grant),
      destination,
      session_expires_at: sessionExpiresAt,
      expires_at: expiresAt,
    })
    await d.audit.record(tx, {
      event: 'redemption',
      outcome: 'granted',
      type: 'browser_session',
      scope,
      http_request: asked.httpRequest,
      authority: authority.authority,
      ...aboutValidation(validation),
    })
  })
  const url = d.origin + INITIALIZE_PATH
  const answer = { expires_at: toRfc3339(expiresAt), one_time: true }
  if (d.profile === 'core-0.1' && !asked.methods?.includes('POST')) return { initialization_url: `${url}?token=${token}`, ...answer }
  return { initialization_url: url, ...answer, initialization_request: { method: 'POST', form_fields: { token } } }
}
