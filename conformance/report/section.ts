import type { Requirement } from '../requirements.ts'
import type { Result } from './report.ts'

/** The sections of the published draft by their titles, and the standards that derived requirements cite. */
const TITLES: Record<string, string> = {
  '2.1': 'Definitions',
  '2.2': 'Versioning',
  '3.1': 'Harness Identity',
  '3.1.1': 'Holder Binding',
  '3.1.2': 'Harness Attestation',
  '3.1.3': 'Task Attestation',
  '3.1.4': 'Trust Tiers',
  '3.2': 'Acquire an AgentPass',
  '3.2.1': 'Discover Service',
  '3.2.2': 'Resolve Authority Through Service',
  '3.2.3': 'Request Issuance',
  '3.3': 'Redeem a Browser Session',
  '3.3.1': 'Redeem AgentPass at Service, for a browser session',
  '3.3.2': 'Initialize Browser Session',
  '3.4': 'Redeem a Bearer Token',
  '3.4.1': 'Redeem AgentPass at Service, for a bearer token',
  '3.4.2': 'Call Service API',
  '4.1': 'Discovery and Configuration of a Service',
  '4.2': 'Authority Resolution',
  '4.3': 'Scope Discovery',
  '4.4': 'AgentPass Redemption',
  '4.5': 'Browser Session Authorization',
  '4.6': 'Bearer Token Authorization',
  '5.1': 'Trust Modes',
  '5.2': 'Discovery and Configuration of an Authority',
  '5.2.1': 'Enterprise Authority Discovery',
  '5.2.2': 'Federated Authority Discovery',
  '5.3': 'AgentPass Issuance',
  '5.3.1': 'Issuance Endpoint',
  '5.3.2': 'Issuance Status Endpoint',
  '5.4': 'AgentPass Validation',
  '5.4.1': 'Validation Endpoint',
  '5.5': 'Authorization Management',
  '5.5.1': 'Authorization Check Endpoint',
  '5.5.2': 'Authorization Close Endpoint',
  'Appendix A': 'JSON Schemas',
  'RFC 6750': 'Bearer Token Usage',
  'RFC 7515': 'JSON Web Signature',
  'RFC 7519': 'JSON Web Token',
  'RFC 7523': 'JWT Profile for Client Authentication',
  'RFC 8725': 'JWT Best Current Practices',
  'RFC 9700': 'OAuth 2.0 Security Best Current Practice',
  'OWASP ASVS': 'Application Security Verification Standard',
}
const ORDER = Object.keys(TITLES)

/** `label` is `§5.4.1` for a section of the draft, else the standard's name; `title` is empty for one that is not known here. */
export type Section = { label: string; title: string }

/** Where a requirement is grouped: the first of the sections it cites, or what contains that, as `4.4` does `4.4.3`, its third check. */
export function sectionOf(cited: string): Section {
  const [first = cited] = cited.split(',')
  const key = keyOf(first.trim())
  return { label: /^\d/.test(key) ? `§${key}` : key, title: TITLES[key] ?? '' }
}

function keyOf(cited: string): string {
  if (/^App/.test(cited)) return cited.replace(/^App\w*\.?\s*/, 'Appendix ')
  const other = /^(RFC \d+|OWASP ASVS)/.exec(cited)?.[1]
  if (other !== undefined) return other
  const number = /^\d+(\.\d+)*/.exec(cited)?.[0] ?? cited
  for (let key = number; key.includes('.'); key = key.slice(0, key.lastIndexOf('.'))) if (key in TITLES) return key
  return number
}

/** Results of one section, in the order of their ids. */
export type SectionResults = { section: Section; results: Result[] }

/** Results grouped by section, in the draft's order; its standards follow. */
export function bySection(results: readonly Result[]): SectionResults[] {
  const groups = new Map<string, SectionResults>()
  for (const result of results) {
    const section = sectionOf(result.requirement.section)
    const group = groups.get(section.label) ?? { section, results: [] }
    group.results.push(result)
    groups.set(section.label, group)
  }
  const sorted = [...groups.values()].sort((a, b) => rank(a.section) - rank(b.section) || compare(a.section.label, b.section.label))
  return sorted.map(({ section, results }) => ({ section, results: results.toSorted(byId) }))
}

const rank = ({ label }: Section): number => {
  const at = ORDER.indexOf(label.replace('§', ''))
  return at < 0 ? ORDER.length : at
}
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The order of ids, then of parties where several are judged. */
export const byId = (a: Result, b: Result): number => compare(a.id, b.id) || compare(a.party, b.party)

/** Where requirements come from, as one phrase, begun by its title; nobody is to read ours as the draft's. */
const ORIGIN_HEADINGS: Record<Requirement['origin'], { title: string; says: string }> = {
  'draft-0.1': { title: 'The published draft', says: 'AgentPass 0.1' },
  hardening: { title: 'Hardening', says: 'of a later revision of the draft; not the text of 0.1' },
  derived: { title: 'Derived', says: "from the draft and from the JWT, OAuth and DNS standards; not the draft's own text" },
}

/** Results of one origin. */
export type OriginResults = { origin: Requirement['origin']; title: string; says: string; results: Result[] }

/** Results parted by where their requirements come from; an origin without results is left out. */
export const byOrigin = (results: readonly Result[]): OriginResults[] =>
  (['draft-0.1', 'hardening', 'derived'] as const)
    .map((origin) => ({ origin, ...ORIGIN_HEADINGS[origin], results: results.filter(({ requirement }) => requirement.origin === origin) }))
    .filter((group) => group.results.length > 0)
