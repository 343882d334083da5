/** A Service's settings: what is wrong is said, all of it at once and by name, and nothing that stands there is passed over. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { ServiceSettings } from '../service/settings.ts'
import { readSettings, SettingsError } from '../spec/node/settings.ts'
import { temporaryFolder } from './folders.ts'

const OWN = { authority: 'https://own.example', authority_configuration_url: 'https://own.example/config' }
const OTHER = { authority: 'https://other.example', authority_configuration_url: 'https://other.example/config' }
const GOOD = {
  listen: { port: 0 },
  management: { listen: { port: 0 }, admin_token: { env: 'TOKEN' } },
  database: 'service.db',
  master_keys: [{ env: 'KEY' }],
  service: 'https://desk.example',
  upstream: { url: 'http://127.0.0.1:3000' },
  scopes: [{ name: 'tickets:read', allows: ['GET /api/**'] }],
}

/** The members that are complained of, when a file says this. */
function complaints(changed: object): string[] {
  const file = join(temporaryFolder(), 'service.yaml')
  writeFileSync(file, stringify({ ...GOOD, ...changed }))
  try {
    readSettings(file, ServiceSettings)
    return []
  } catch (failure) {
    if (!(failure instanceof SettingsError)) throw failure
    return failure.problems.map((problem) => problem.slice(file.length + 2))
  }
}
const quoted = (text: string) => text.replace(/[.*]/g, '\\$&')
/** A complaint that begins with a member's name and says something of it. */
const about = (member: string, what = '') => expect.stringMatching(new RegExp(`^${quoted(member)}\\b.*${quoted(what)}`))

test('the least a Service needs is enough, and the rest has defaults that are safe', () => {
  expect(complaints({})).toEqual([])
  expect(ServiceSettings.parse(GOOD)).toMatchObject({
    profile: 'core-0.1',
    trust: { federated: [], own: 'accept', offer_both: false },
    lifetimes: { credential_seconds: 3600, check_seconds: 5, initialization_seconds: 60 },
    browser: { start: '/', destinations: [], sign_out: [] },
    network: { dnssec: 'off', allow_private: [] },
    listen: { host: '127.0.0.1' },
    log_level: 'info',
  })
})

test.each<[string, object, string]>([
  ['an http origin', { service: 'http://desk.example' }, 'service'],
  ['an origin with a slash', { service: 'https://desk.example/' }, 'service'],
  ['an origin in upper case', { service: 'https://Desk.example' }, 'service'],
  ['an origin with a path', { service: 'https://desk.example/x' }, 'service'],
  ['no origin', { service: undefined }, 'service'],
  ['an app that is no URL', { upstream: { url: 'localhost:3000' } }, 'upstream.url'],
  ['an app with a path, which would not be used', { upstream: { url: 'http://127.0.0.1:3000/base' } }, 'upstream.url'],
  ['an app with a path, over https', { upstream: { url: 'https://app.internal/base' } }, 'upstream.url'],
  ['an app with userinfo', { upstream: { url: 'http://u:p@127.0.0.1:3000' } }, 'upstream.url'],
  ['an app over another protocol', { upstream: { url: 'ftp://127.0.0.1' } }, 'upstream.url'],
  ['an app on no port', { upstream: { url: 'http://127.0.0.1:99999' } }, 'upstream.url'],
  ['no scopes', { scopes: [] }, 'scopes'],
  ['a scope called "*"', { scopes: [{ name: '*', allows: ['GET /**'] }] }, 'scopes.0.name'],
  ['a scope without a name', { scopes: [{ name: '', allows: ['GET /**'] }] }, 'scopes.0.name'],
  ['a scope that would read as two', { scopes: [{ name: 'read admin', allows: ['GET /**'] }] }, 'scopes.0.name'],
  ['a scope that opens nothing', { scopes: [{ name: 'a', allows: [] }] }, 'scopes.0.allows'],
  ['a line that is no act', { scopes: [{ name: 'a', allows: ['GET /ok', 'get /x'] }] }, 'scopes.0.allows.1'],
  ['a check kept over thirty seconds', { lifetimes: { check_seconds: 31 } }, 'lifetimes.check_seconds'],
  ['a token for over a day', { lifetimes: { credential_seconds: 86_401 } }, 'lifetimes.credential_seconds'],
  ['a one-time link for over a minute', { lifetimes: { initialization_seconds: 61 } }, 'lifetimes.initialization_seconds'],
  ['a start page elsewhere', { browser: { start: 'https://evil.example/' } }, 'browser.start'],
  ['a start page on another host', { browser: { start: '//evil.example/' } }, 'browser.start'],
  ['a start page that a browser reads as another host', { browser: { start: '/\\evil.example/' } }, 'browser.start'],
  ['a start page with dots that lead to two slashes', { browser: { start: '/.//evil.example/' } }, 'browser.start'],
  ['a destination that is no origin', { browser: { destinations: ['https://help.example/how'] } }, 'browser.destinations.0'],
  ['a way to sign out that is no act', { browser: { sign_out: ['/logout'] } }, 'browser.sign_out.0'],
  ['a token for no time', { lifetimes: { credential_seconds: 0 } }, 'lifetimes.credential_seconds'],
  ['a limit of nothing', { limits: { redemptions_per_minute: 0 } }, 'limits.redemptions_per_minute'],
  ['an unknown profile', { profile: 'core-0.2' }, 'profile'],
  ['an unknown way with our own Authority', { trust: { own: 'maybe' } }, 'trust.own'],
  ['a trusted Authority that is no pair', { trust: { federated: ['https://x.example'] } }, 'trust.federated.0'],
  [
    'a pin over http',
    { trust: { federated: [{ ...OTHER, authority_configuration_url: 'http://x.example' }] } },
    'trust.federated.0.authority_configuration_url',
  ],
  ['a wildcard for a trusted Authority', { trust: { federated: [{ ...OTHER, authority: '*' }] } }, 'trust.federated.0.authority'],
  ['a pin that says more', { trust: { service_authority: { ...OWN, trust: 'all' } } }, 'trust.service_authority'],
  ['a user that is no pattern', { users: [{ user: 'ada', scopes: [] }] }, 'users.0.user'],
  ['everybody as a user', { users: [{ user: '*', scopes: [] }] }, 'users.0.user'],
  ['an admin token in the file', { management: { listen: { port: 0 }, admin_token: 'secret' } }, 'management.admin_token'],
])('%s is refused by name: %s', (_, changed, member) => {
  expect(complaints(changed)).toEqual([about(member)])
})

test('every problem is listed, not the first alone', () => {
  const bad = { service: 'http://desk.example', upstream: { url: 'x' }, scopes: [{ name: '*', allows: ['x', 'y'] }], profile: 'soft', surprise: 1 }
  const all = complaints(bad)
  expect(all).toHaveLength(7)
  for (const member of ['profile', 'scopes.0.allows.0', 'scopes.0.allows.1', 'scopes.0.name', 'service', 'upstream.url'])
    expect(all).toContainEqual(about(member))
  expect(all).toContainEqual(expect.stringContaining('surprise'))
})

test('so is every contradiction between settings that are good each for itself [CFG-S-06] [SVC-RES-14]', () => {
  const scopes = ['a', 'a', 'b', 'b', 'b', 'c'].map((name) => ({ name, allows: ['GET /**'] }))
  const users = ['@x.example a d', '@y.example e f'].map((line) => ({ user: line.split(' ')[0], scopes: line.split(' ').slice(1) }))
  expect(complaints({ scopes, users, trust: { federated: [OTHER, OWN, OTHER], own: 'require' } })).toEqual([
    about('scopes', 'a, b is there twice'),
    about('users.0.scopes', 'd is no scope'),
    about('users.1.scopes', 'e, f is no scope'),
    about('trust.federated', 'https://other.example is there twice'),
    about('trust.service_authority', 'is missing'),
  ])
  expect(complaints({ trust: { own: 'prefer' } })).toEqual([about('trust.service_authority')])
  expect(complaints({ trust: { own: 'prefer', service_authority: OWN, federated: [OTHER] } })).toEqual([])
})

test('our own Authority is not called as the Service is: what one signs would pass for what the other signs', () => {
  const trust = (authority: string) => ({ trust: { service_authority: { ...OWN, authority } } })
  expect(complaints(trust('https://desk.example'))).toEqual([about('trust.service_authority.authority')])
  expect(complaints(trust('https://desk.example/authority'))).toEqual([])
})

test.each([['- a\n- b'], ['service: [\n'], ['a: &x [1]\nb: [*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x]'], ['']])(
  'a file that says %j is refused with a sentence',
  (text) => {
    const file = join(temporaryFolder(), 'service.yaml')
    writeFileSync(file, text)
    expect(() => readSettings(file, ServiceSettings)).toThrow(/service\.yaml|alias/)
  },
)
