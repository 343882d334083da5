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
import type { MintDeps } from '../approve/mint.ts'
import { isAtLeast, type Tier } from '../approve/shown.ts'
import { type Policy, questionOf } from '../policy/policy.ts'
import { findApproval, type RememberSettings } from '../policy/remember.ts'
import { groupsOf } from '../store/person-groups.ts'
import type { AuthorityTables } from '../store/schema.ts'
import { type Identity, identify } from './identify.ts'
import { type Admitted, type Asked, record } from './record.ts'
import type { Caps } from './room.ts'
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
  /** The policy in force. */
  policy: () => Policy
  /** What binds remembered approvals; undefined where there are none. */
  remembering: RememberSettings | undefined
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
  const id = d.random(32)
  await record(d, id, await judge(d, request, { asked: describe(d, { request, identity, service, attested, address }), offered }))
  return id
}

/** What policy says of a request, and where it asks, whether somebody has had such an approval remembered. */
async function judge(d: IssueDeps, request: IssuanceRequest, { asked, offered }: Pick<Admitted, 'asked' | 'offered'>): Promise<Admitted> {
  const groups = d.policy().asksGroups ? await groupsOf(d.db.read, canonicalAddress(request.user.email)) : undefined
  const policy = d.policy() // only now, and asked at once: a file may have been taken meanwhile
  if (policy.asksGroups && !groups) return judge(d, request, { asked, offered })
  const at = d.now()
  const question = questionOf(asked, { offered, groups: groups ?? [], at })
  const answer = policy.decide(question)
  const remembered = d.remembering && answer.decision === 'ask' ? await findApproval(d.db.read, question, { answer, ...d.remembering }) : undefined
  return { request, asked, offered, answer, remembered, at, version: policy.version }
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

type Described = { request: IssuanceRequest; identity: Identity; service: ServiceForAuthority; attested: boolean; address: string | undefined }

function describe(d: IssueDeps, { request, identity, service, attested, address }: Described): Asked {
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
    authorization_seconds: d.lifetimes.authorization_seconds,
    ...(address !== undefined && { address }),
  }
}
