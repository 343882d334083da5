import type { Fetch } from '../../spec/effects.ts'
import type { SigningKey } from '../../spec/jwt.ts'
import { discard, retryAfterSeconds } from '../../spec/peer.ts'
import { SECURITY_EVENT_MEDIA_TYPE, signSecurityEvent } from '../../spec/security-event.ts'
import type { ServiceForAuthority } from '../../spec/wire/configuration.ts'
import { Scope } from '../../spec/wire/scopes.ts'
import type { OutboxRow } from '../store/schema.ts'

export type PushDeps = {
  authority: string
  fetch: Fetch
  signingKey: () => SigningKey
  discoverService: (origin: string) => Promise<ServiceForAuthority>
}
/** What came of it: the Service took the event, takes none at all, or has to be asked again, perhaps not before it said. */
export type Pushed = 'accepted' | 'unwanted' | { failure: unknown; retryAfterSeconds?: number | undefined }

/** Pushes an event to its Service (protocol 10, RFC 8935 §2), to the address that this publishes now. Never throws for what a Service does. */
export async function push(d: PushDeps, event: OutboxRow): Promise<Pushed> {
  try {
    const { endpoints } = await d.discoverService(event.service_origin)
    if (endpoints.security_events === undefined) return 'unwanted'
    const response = await d.fetch(endpoints.security_events, {
      method: 'POST',
      headers: { 'content-type': SECURITY_EVENT_MEDIA_TYPE, accept: 'application/json' },
      body: await sign(d, event),
    })
    await discard(response)
    if (response.ok) return 'accepted'
    return { failure: new Error(`the service answered ${response.status}`), retryAfterSeconds: retryAfterSeconds(response) }
  } catch (failure) {
    return { failure }
  }
}

const sign = (d: PushDeps, { jti, service_origin, authorization_id, scope, changed_at }: OutboxRow): Promise<string> =>
  signSecurityEvent(d.signingKey(), {
    issuer: d.authority,
    audience: service_origin,
    jti,
    authorizationId: authorization_id,
    changedAt: changed_at,
    left: scope === null ? 'nothing' : Scope.parse(JSON.parse(scope)),
  })
