import type { EnterpriseOutcome } from '../../spec/discovery.ts'
import { requireEmailDomain } from '../../spec/email.ts'
import { ProtocolError } from '../../spec/error.ts'
import type { AuthorityForService, AuthorityReference } from '../../spec/wire/configuration.ts'
import type { ResolutionResponse } from '../../spec/wire/resolution.ts'

/** Whom the Service's own settings trust, and how they choose (protocol 3). */
export type TrustSettings = {
  federated: AuthorityReference[]
  service_authority?: AuthorityReference | undefined
  /** `accept` answers the enterprise's Authority where there is one, `prefer` the Service's own where it may, `require` only the Service's own. */
  own: 'accept' | 'prefer' | 'require'
  offer_both: boolean
}

/** An Authority that may speak for a user, and its configuration document. */
export type Permitted = AuthorityReference & { read: () => Promise<AuthorityForService> }
/** What resolution answers, and the set behind it: every Authority whose passes are redeemed. */
export type Trust = { answer: ResolutionResponse | undefined; permitted: Permitted[] }

export type TrustDeps = {
  trust: TrustSettings
  discoverEnterprise: (domain: string) => Promise<EnterpriseOutcome<AuthorityForService>>
  readPinned: (pin: AuthorityReference) => Promise<AuthorityForService>
}

/** Who may decide for a user, now: the table of protocol 3. Throws delegation_disabled, agents_unsupported, discovery_failed, configuration_invalid. */
export async function trustFor(d: TrustDeps, email: string): Promise<Trust> {
  const enterprise = await d.discoverEnterprise(requireEmailDomain(email))
  switch (enterprise.outcome) {
    case 'failed':
      throw enterprise.error
    case 'disabled':
      throw new ProtocolError('delegation_disabled', "the user's domain has switched delegation to agents off")
    case 'found':
      return withEnterprise(d, enterprise)
    case 'absent':
      return withoutEnterprise(d)
  }
}

function withEnterprise(d: TrustDeps, { url, document }: { url: string; document: AuthorityForService }): Trust {
  const { service_authority: own, own: policy } = d.trust
  const enterprise = { authority: document.authority, authority_configuration_url: url }
  const permitted: Permitted = { ...enterprise, read: async () => document }
  const ownIsAllowed = document.policy?.allow_service_authorities ?? true
  if (policy === 'require' && !(own && ownIsAllowed)) {
    throw new ProtocolError('agents_unsupported', "this service takes only its own authority, which the user's domain does not allow")
  }
  if (!own || !ownIsAllowed) return { answer: { enterprise_authority: enterprise }, permitted: [permitted] }
  if (policy === 'require') return { answer: { service_authority: own }, permitted: [pinned(d, own)] }
  return { answer: policy === 'prefer' ? { service_authority: own } : { enterprise_authority: enterprise }, permitted: [permitted, pinned(d, own)] }
}

function withoutEnterprise(d: TrustDeps): Trust {
  const { service_authority: own, federated, own: policy, offer_both: offerBoth } = d.trust
  const list = federated.map((reference) => pinned(d, reference))
  if (own && federated.length > 0 && offerBoth && policy !== 'require')
    return { answer: { service_authority: own, trusted_federated_authorities: federated }, permitted: [pinned(d, own), ...list] }
  if (own) return { answer: { service_authority: own }, permitted: [pinned(d, own)] }
  if (federated.length > 0 && policy !== 'require') return { answer: { trusted_federated_authorities: federated }, permitted: list }
  return { answer: undefined, permitted: [] }
}

const pinned = (d: TrustDeps, pin: AuthorityReference): Permitted => ({ ...pin, read: () => d.readPinned(pin) })

/** The Authority a caller names, if it is permitted for this user now; the decision is taken anew each time (protocol 3). Throws untrusted_authority and what `trustFor` throws. */
export async function requirePermitted(d: TrustDeps, email: string, authority: string): Promise<Permitted> {
  const { permitted } = await trustFor(d, email)
  const named = permitted.find((candidate) => candidate.authority === authority)
  if (!named) throw new ProtocolError('untrusted_authority', 'this authority may not decide for this user here')
  return named
}
