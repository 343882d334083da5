import { type AuthorityParty, documentUrl, startAuthority } from '../authority.ts'
import type { Ground, MoveIn } from '../premises.ts'
import { startProcess } from './process.ts'
import { hostAt, type Suite } from './suite.ts'

const DAY_SECONDS = { decision_seconds: 900, pass_seconds: 120, authorization_seconds: 3600 }
/** Shorter than anybody would have them, so that a suite can wait for their end. */
const SHORT_SECONDS = { decision_seconds: 3, pass_seconds: 3, authorization_seconds: 4 }
const UNHURRIED = { issuances_per_minute: 1_000_000, polls_per_second: 1000, pending_per_user: 1000, pending_per_harness: 1000 }

/** Starts the Authorities that a suite judges, and says how: the `authority` part of its adapter. */
export async function startAuthorities(ground: Ground, suite: Suite, logFile: string) {
  const domain = `users.${suite.zone}`
  const vendor = hostAt(suite, 'vendor')
  const common = {
    profile: suite.profile,
    domains: [domain],
    limits: UNHURRIED,
    attestation: { issuers: [{ issuer: vendor, jwks_uri: `${vendor}/jwks.json` }] },
  }
  const start = (name: string, own: object = {}, how: MoveIn = { lazily: true }) =>
    startAuthority(ground, { host: `${name}.authority.localhost`, settings: { ...common, ...own }, ...how })
  const [main, short, demanding, limited, automatic] = await Promise.all([
    start('main', {}, { second: true }),
    start('short', { lifetimes: SHORT_SECONDS }),
    start('demanding', { minimum_tier: 'attested' }),
    start('limited', { limits: { ...UNHURRIED, issuances_per_minute: 20, polls_per_second: 5 } }),
    start('automatic', { policy: { default: 'approve' } }),
  ])
  const durable = await startProcess(ground, { party: 'authority', host: 'durable.authority.localhost', settings: common })
  return {
    ...instanceOf(main, DAY_SECONDS),
    users_domain: domain,
    foreign_domain: `elsewhere.${suite.zone}`,
    pins_vendor: true,
    decision_doors: ['approve', 'deny', 'revoke'].map((verb) => ({
      url: `${main.management.url}/requests/{id}/${verb}`,
      json: { digest: 'unknown' },
    })),
    logs: [logFile],
    variants: {
      short: instanceOf(short, SHORT_SECONDS),
      demanding: instanceOf(demanding, DAY_SECONDS),
      limited: instanceOf(limited, DAY_SECONDS),
      automatic: instanceOf(automatic, DAY_SECONDS),
      durable: { ...instanceOf(durable, DAY_SECONDS), restart: durable.restart },
    },
  }
}

type Decided = Omit<AuthorityParty, 'settingsFile'>

const instanceOf = (party: Decided, lifetimes: typeof DAY_SECONDS) => ({
  configuration_url: documentUrl(party),
  decisions: decisionsOf(party),
  lifetimes,
  ...(party.second !== undefined && { second: party.second }),
})

/** As an approver's script does it: look, then decide on what was seen. */
function decisionsOf({ management: { url, token } }: Decided) {
  const headers = { authorization: `Bearer ${token}` }
  const look = { method: 'GET', url: `${url}/requests/{id}`, headers, take: { digest: 'digest' } }
  const act = (verb: string, more: object = {}) => [
    look,
    { method: 'POST', url: `${url}/requests/{id}/${verb}`, headers, json: { digest: '{digest}', ...more } },
  ]
  return {
    approve: act('approve', { scope: '{scopes}' }),
    deny: act('deny', { reason: '{reason}' }),
    cancel: act('cancel', { reason: '{reason}' }),
    revoke: act('revoke', { reason: '{reason}' }),
    narrow: act('narrow', { scope: '{scopes}' }),
  }
}
