import type { ErrorCode } from '../../spec/error.ts'
import type { TrustedBesides } from './neighbours.ts'

/** The Authorities of a row: the user's enterprise's, where there is one, and those that are there for everybody. Nobody trusts the stranger. */
export type AuthorityName = 'enterprise' | 'service' | 'federated' | 'stranger'
/** Who is named by each member of a resolution answer. */
export type Answered = Partial<Record<'enterprise_authority' | 'service_authority' | 'trusted_federated_authorities', AuthorityName[]>>

/** Whom the gateways trust, and how they choose: the Service's own settings of protocol 3. */
export const SETTINGS = {
  nobody: { says: 'trusts nobody besides the enterprises', trust: () => ({}) },
  federated: { says: 'trusts a federated Authority', trust: ({ federated }: TrustedBesides) => ({ federated }) },
  accept: { says: 'has an Authority of its own, and trusts a federated one', trust: (t: TrustedBesides) => t },
  prefer: { says: 'prefers its own', trust: (t: TrustedBesides) => ({ ...t, own: 'prefer' }) },
  require: { says: 'insists on its own', trust: (t: TrustedBesides) => ({ ...t, own: 'require', offer_both: true }) },
  both: { says: 'offers both kinds', trust: (t: TrustedBesides) => ({ ...t, offer_both: true }) },
} as const
export type SettingsName = keyof typeof SETTINGS

/** What the users' domains say (`neighbours.ts`); `acme` names its Authority, which allows Service Authorities. */
export type Domain = 'acme' | 'strict' | 'home' | 'empty' | 'none' | 'outage' | 'wildcard' | 'twice' | 'gone' | 'invalid' | 'copied' | 'borrowed'

/** A row of the table: with these settings and that domain, what resolution answers, who is permitted behind it, and what everybody else is told. */
export type Row = { domain: Domain; settings: SettingsName; answer: Answered | ErrorCode; permitted: AuthorityName[]; others: ErrorCode }

const ENTERPRISE: Answered = { enterprise_authority: ['enterprise'] }
const OWN: Answered = { service_authority: ['service'] }
const FEDERATED: Answered = { trusted_federated_authorities: ['federated'] }

const row = (domain: Domain, settings: SettingsName, answer: Answered, ...permitted: AuthorityName[]): Row => ({
  ...{ domain, settings, answer, permitted },
  others: 'untrusted_authority',
})
/** Resolution is refused, and so is every Authority: by the same error, but where nobody is left. */
const refused = (domain: Domain, settings: SettingsName, answer: ErrorCode): Row => ({
  ...{ domain, settings, answer, permitted: [] },
  others: answer === 'no_authority' ? 'untrusted_authority' : answer,
})
const withAny = (domain: Domain, answer: ErrorCode): Row[] =>
  (['nobody', 'federated', 'accept', 'prefer', 'require', 'both'] as const).map((settings) => refused(domain, settings, answer))

/** The table of protocol 3, row by row, and the set that is permitted behind each answer. */
export const TABLE: Row[] = [
  row('acme', 'nobody', ENTERPRISE, 'enterprise'),
  row('acme', 'federated', ENTERPRISE, 'enterprise'),
  row('acme', 'accept', ENTERPRISE, 'enterprise', 'service'),
  row('acme', 'both', ENTERPRISE, 'enterprise', 'service'),
  row('strict', 'nobody', ENTERPRISE, 'enterprise'),
  row('strict', 'federated', ENTERPRISE, 'enterprise'),
  row('strict', 'accept', ENTERPRISE, 'enterprise'),
  row('strict', 'prefer', ENTERPRISE, 'enterprise'),
  row('strict', 'both', ENTERPRISE, 'enterprise'),
  row('acme', 'prefer', OWN, 'enterprise', 'service'),
  row('acme', 'require', OWN, 'service'),
  row('home', 'accept', OWN, 'service'),
  row('home', 'prefer', OWN, 'service'),
  row('home', 'require', OWN, 'service'),
  row('empty', 'accept', OWN, 'service'),
  row('home', 'federated', FEDERATED, 'federated'),
  row('empty', 'federated', FEDERATED, 'federated'),
  row('home', 'both', { ...OWN, ...FEDERATED }, 'service', 'federated'),
  row('empty', 'both', { ...OWN, ...FEDERATED }, 'service', 'federated'),
  ...withAny('none', 'delegation_disabled'),
  ...withAny('outage', 'discovery_failed'),
  refused('wildcard', 'both', 'discovery_failed'),
  refused('twice', 'both', 'discovery_failed'),
  refused('gone', 'both', 'discovery_failed'),
  refused('invalid', 'both', 'configuration_invalid'),
  refused('copied', 'both', 'configuration_invalid'),
  refused('borrowed', 'both', 'configuration_invalid'),
  refused('strict', 'require', 'agents_unsupported'),
  refused('home', 'nobody', 'no_authority'),
  refused('empty', 'nobody', 'no_authority'),
]
