import { type Vouching, verifyTask } from '../../spec/attestation.ts'
import type { Now, Random } from '../../spec/effects.ts'
import { canonicalAddress, requireEmailDomain } from '../../spec/email.ts'
import { ProtocolError } from '../../spec/error.ts'
import { readVerificationJwk, type VerificationJwk } from '../../spec/jwk.ts'
import type { Audit } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import type { Profile } from '../../spec/profile.ts'
import type { ImportKey } from '../../spec/verify.ts'
import type { ServiceForAuthority } from '../../spec/wire/configuration.ts'
import type { IssuanceRequest } from '../../spec/wire/issuance.ts'
import type { OfferedScope, ScopesRequest } from '../../spec/wire/scopes.ts'
import { type MintDeps, mintPass } from '../approve/mint.ts'
import { isAtLeast, type Shown, type Tier, writeShown } from '../approve/shown.ts'
import { aboutRequest } from '../audit/about.ts'
import type { Policy, PolicyAnswer } from '../policy/policy.ts'
import { digestOf } from '../store/digest.ts'
import { addPass } from '../store/passes.ts'
import { addRequest, type Decided, type NewRequest } from '../store/requests.ts'
import type { AuthorityTables } from '../store/schema.ts'
import { type Identity, identify } from './identify.ts'
import { type Caps, requireRoom } from './room.ts'
import type { MinimumTier } from './tier.ts'

export type Lifetimes = { decision_seconds: number; pass_seconds: number; authorization_seconds: number }
/** Pass values are derived from the request id, so that neither is ever stored (design: secrets at rest). */
export type PassValues = { currentKeyId: string; derive: (requestId: string, keyId: string) => string }
export type IssueDeps = MintDeps & {
  now: Now
  random: Random
  profile: Profile
  importKey: ImportKey
  /** The e-mail domains this Authority serves; undefined where it serves any. */
  domains: string[] | undefined
  vouching: Vouching
  minimumTier: MinimumTier
  discoverService: (origin: string) => Promise<ServiceForAuthority>
  askScopes: (service: ServiceForAuthority, about: ScopesRequest) => Promise<OfferedScope[]>
  policy: Policy
  db: Database<AuthorityTables>
  audit: Audit
  lifetimes: Lifetimes
  passValues: PassValues
  caps: Caps
}

/**
 * Admits a request (protocol 4, §5.3.1) and gives its new id. `address` is where it came from, for the approver to see. Throws policy_denied for a user of another domain, malformed_request, invalid_attestation,
 * trust_tier_required, unknown_service, discovery_failed, configuration_invalid, unprocessable, service_unavailable,
 * rate_limited; nothing is recorded then but the refusal.
 */
export async function issue(d: IssueDeps, request: IssuanceRequest, address?: string): Promise<string> {
  const key = await requireHolderKey(d, request)
  requireServedDomain(d.domains, request.user.email)
  const attested = await verifyTask(request, { now: d.now(), profile: d.profile, importKey: d.importKey })
  const identity = await identify(d, request, key)
  requireTier(identity.harness.tier, d.minimumTier(request.service.origin))
  const service = await d.discoverService(request.service.origin)
  const { task, user } = request
  const offered = await d.askScopes(service, {
    user: { email: user.email },
    agent: identity.agent,
    task: { id: task.id, description: task.description },
  })
  const answer = d.policy({ service: request.service.origin, user: user.email, agent: identity.agent.id, offered })
  const id = d.random(32)
  await record(d, id, describe(d, { request, identity, service, attested, answer, offered, address }), { request, answer })
  return id
}

/** The holder key, where there is one. That its members make a key, a point on the curve, shows only when it is imported. Throws malformed_request. */
async function requireHolderKey({ importKey }: IssueDeps, { harness }: IssuanceRequest): Promise<VerificationJwk | undefined> {
  const key = readVerificationJwk(harness.cnf?.jwk)
  const [algorithm] = key?.algorithms ?? []
  if (!key || !algorithm) return undefined // the message's schema has refused a key that is there and cannot be read
  await importKey(key, algorithm).catch((cause) => {
    throw new ProtocolError('malformed_request', 'harness.cnf.jwk is no key: its members do not fit together', { cause })
  })
  return key
}

function requireServedDomain(domains: string[] | undefined, email: string): void {
  const domain = requireEmailDomain(email)
  if (domains && !domains.includes(domain)) throw new ProtocolError('policy_denied', 'this authority does not serve users of that domain')
}

/** An Authority may demand to know more of a Harness (protocol 4); no Service is asked on behalf of one that it does not serve. */
function requireTier(tier: Tier, minimum: Tier): void {
  if (!isAtLeast(tier, minimum)) throw new ProtocolError('trust_tier_required', `this authority demands a harness of the tier ${minimum} or above`)
}

type Admitted = {
  request: IssuanceRequest
  identity: Identity
  service: ServiceForAuthority
  attested: boolean
  answer: PolicyAnswer
  offered: OfferedScope[]
  address: string | undefined
}

function describe(d: IssueDeps, { request, identity, service, attested, answer, offered, address }: Admitted): Shown {
  const destination = request.type === 'browser_session' ? request.intent?.destination_url : undefined
  return {
    type: request.type,
    service: { origin: request.service.origin, ...(service.service.name !== undefined && { name: service.service.name }) },
    user: { email: request.user.email },
    ...identity,
    task: { id: request.task.id, description: request.task.description, attested },
    ...(destination !== undefined && {
      destination: { url: destination, on_service_origin: new URL(destination).origin === request.service.origin },
    }),
    scopes: answer.decision === 'ask' ? answer.offered : offered,
    reasons: answer.decision === 'deny' ? [answer.reason] : answer.reasons,
    authorization_seconds: d.lifetimes.authorization_seconds,
    ...(address !== undefined && { address }),
  }
}

/** Writes the request and, where policy decides, its decision, in one transaction. */
async function record(
  d: IssueDeps,
  id: string,
  shown: Shown,
  { request, answer }: { request: IssuanceRequest; answer: PolicyAnswer },
): Promise<void> {
  const at = d.now()
  const row = newRequest(d, id, { shown, request, at })
  const pass = answer.decision === 'approve' ? mintPass(d, row, answer.scope) : undefined
  const decided = byPolicy(answer, at)
  const about = aboutRequest(row)
  await d.db.write(async (tx) => {
    if (!decided) await requireRoom(tx, d.db.dialect, row, d.caps)
    await addRequest(tx, row, decided)
    await d.audit.record(tx, { event: 'issuance', outcome: 'admitted', ...about })
    if (!decided) return
    if (pass) await addPass(tx, pass)
    const scope = answer.decision === 'approve' ? answer.scope : undefined
    await d.audit.record(tx, { event: 'decision', outcome: decided.status, by: decided.decided_by, scope, ...about })
  })
}

function newRequest(d: IssueDeps, id: string, { shown, request, at }: { shown: Shown; request: IssuanceRequest; at: number }): NewRequest {
  const digest = digestOf(id)
  return {
    digest,
    ref: digest.slice(0, 12),
    status: 'pending',
    type: request.type,
    service_origin: request.service.origin,
    user_email: canonicalAddress(request.user.email),
    agent_id: shown.agent.id,
    harness_id: request.harness.id,
    key_thumbprint: shown.harness.key_thumbprint ?? null,
    task_id: request.task.id,
    ...writeShown(shown),
    cnf: request.harness.cnf ? JSON.stringify(request.harness.cnf) : null,
    pass_digest: digestOf(d.passValues.derive(id, d.passValues.currentKeyId)),
    master_key_id: d.passValues.currentKeyId,
    created_at: at,
    expires_at: at + d.lifetimes.decision_seconds,
  }
}

const BY_POLICY = 'policy'

function byPolicy(answer: PolicyAnswer, at: number): (Decided & { decided_by: string }) | undefined {
  switch (answer.decision) {
    case 'ask':
      return undefined
    case 'approve':
      return { status: 'approved', decided_at: at, decided_by: BY_POLICY, reason: null }
    case 'deny':
      return { status: 'denied', decided_at: at, decided_by: BY_POLICY, reason: answer.reason }
  }
}
