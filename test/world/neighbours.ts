import { Hono } from 'hono'
import { openDoor } from '../../spec/node/serve.ts'
import type { AuthorityReference } from '../../spec/wire/configuration.ts'
import { type AuthorityParty, documentUrl, pinOf, startAuthority } from './authority.ts'
import type { Ground } from './premises.ts'

/** The world's other Authorities: one that Services may trust for anybody, the ticket desk's own, that of an enterprise which allows no
 *  Service Authority, and one that nobody trusts. */
export type Authorities = Record<'federated' | 'service' | 'strict' | 'stranger', AuthorityParty>

/** Somebody whose domain says that about who decides. */
export type Person = { email: string; says: string }

/** The people next to the enterprise's user, each of a domain that says something else (protocol 2, 3). */
export const PEOPLE = {
  strict: { email: 'user@strict.localhost', says: 'names its Authority, which allows no Service Authority' },
  home: { email: 'user@home.localhost', says: 'has no record' },
  empty: { email: 'user@empty.localhost', says: 'has the name in DNS, but no record there' },
  none: { email: 'user@none.localhost', says: 'has switched delegation off' },
  outage: { email: 'user@outage.localhost', says: 'has a name server that fails' },
  wildcard: { email: 'user@wildcard.localhost', says: 'has a record that is about something else' },
  twice: { email: 'user@twice.localhost', says: 'has two records that contradict each other' },
  gone: { email: 'user@gone.localhost', says: 'names a document that is not there' },
  invalid: { email: 'user@invalid.localhost', says: 'names a document that is not valid' },
  copied: { email: 'user@copied.localhost', says: 'names a copy of another origin’s document' },
  borrowed: { email: 'user@borrowed.localhost', says: 'names an Authority that is no enterprise’s' },
} as const satisfies Record<string, Person>

/** Whom the ticket desk trusts besides the enterprises. */
export type TrustedBesides = { federated: AuthorityReference[]; service_authority: AuthorityReference }
export type Neighbours = { authorities: Authorities; people: typeof PEOPLE; trust: TrustedBesides }

/** Starts the other Authorities, and publishes what the domains of the people say. `settings` are added to those of each Authority. */
export async function startNeighbours(ground: Ground, enterprise: AuthorityParty, settings: object = {}): Promise<Neighbours> {
  const start = (host: string, own: object) => startAuthority(ground, { host, settings: { ...settings, ...own } })
  const [federated, service, strict, stranger] = await Promise.all([
    start('authority.federated.localhost', { trust_mode: 'federated' }),
    start('authority.desk.localhost', { trust_mode: 'service' }),
    start('authority.strict.localhost', { domains: ['strict.localhost'], allow_service_authorities: false }),
    start('authority.stranger.localhost', { trust_mode: 'federated' }),
  ])
  const authorities = { federated, service, strict, stranger }
  await publish(ground, authorities, enterprise)
  return { authorities, people: PEOPLE, trust: { federated: [pinOf(federated)], service_authority: pinOf(service) } }
}

async function publish({ names, ...ground }: Ground, { federated, strict }: Authorities, enterprise: AuthorityParty): Promise<void> {
  const say = ({ email }: Person, ...values: string[]) => names.publish(recordOf(email), ...values)
  const documents = await startDocuments({ names, ...ground }, enterprise)
  say(PEOPLE.strict, documentUrl(strict))
  say(PEOPLE.empty)
  say(PEOPLE.none, 'none')
  say(PEOPLE.wildcard, 'v=spf1 -all')
  say(PEOPLE.twice, documentUrl(strict), documentUrl(enterprise))
  say(PEOPLE.gone, `${documents.gone}/nothing`)
  say(PEOPLE.invalid, `${documents.invalid}/authority`)
  say(PEOPLE.copied, `${documents.copied}/authority`)
  say(PEOPLE.borrowed, documentUrl(federated))
  names.fail(recordOf(PEOPLE.outage.email), 'SERVFAIL')
}

const recordOf = (email: string): string => `_agentpass.${email.slice(email.indexOf('@') + 1)}`

/** A web server with documents that no Authority stands behind, each at the domain whose record names it. */
async function startDocuments(ground: Ground, enterprise: AuthorityParty) {
  const hosts = { gone: 'www.gone.localhost', invalid: 'www.invalid.localhost', copied: 'www.copied.localhost' }
  const door = await openDoor({ host: '127.0.0.1', port: 0, tls: await ground.ca.issue(Object.values(hosts)) })
  ground.stops.push(door.close)
  const at = (host: string) => `https://${host}:${door.port}`
  const endpoint = (name: string) => `${enterprise.identifier}/${name}`
  const copy = {
    version: '0.1',
    authority: enterprise.identifier,
    trust_mode: 'enterprise',
    jwks_uri: endpoint('.well-known/jwks.json'),
    endpoints: {
      issuance: endpoint('issuance'),
      issuance_status: endpoint('issuance/{id}'),
      validate: endpoint('validate'),
      authorization_check: endpoint('authorization/check'),
    },
  }
  door.mount(
    new Hono().get('/authority', (c) =>
      new URL(c.req.url).hostname === hosts.copied ? c.json(copy) : c.json({ ...copy, authority: at(hosts.invalid), trust_mode: 'anything' }),
    ),
  )
  return { gone: at(hosts.gone), invalid: at(hosts.invalid), copied: at(hosts.copied) }
}
