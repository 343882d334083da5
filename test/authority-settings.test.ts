/** What settings of an Authority say of Harnesses: nonsense stops the start, and is told member by member. */
import { expect, test } from 'vitest'
import { AuthoritySettings } from '../authority/settings.ts'
import { parseSettings, SettingsError } from '../spec/node/settings.ts'
import { authoritySettings, SERVICE } from './parties.ts'
import { ecPair, rsaPair } from './spec/jws-fixture.ts'
import { VENDOR } from './vendor.ts'

const KEY = ecPair('P-256')
const PRIVATE = KEY.privateKey.export({ format: 'jwk' })
const jwks_uri = `${VENDOR}/jwks.json`

/** What is wrong with settings that have these members; nothing when they are good. */
function problemsOf(changed: object): string[] {
  try {
    parseSettings('f', JSON.stringify({ ...authoritySettings(), ...changed }), AuthoritySettings)
    return []
  } catch (failure) {
    if (!(failure instanceof SettingsError)) throw failure
    return failure.problems
  }
}
const issuers = (...list: unknown[]) => ({ attestation: { issuers: list } })

test.each<[string, object]>([
  ['keys', issuers({ issuer: VENDOR, keys: [KEY.jwk, { ...KEY.jwk, kid: 'v2', use: 'sig', alg: 'ES256' }, rsaPair().jwk] })],
  ['the URL of a key set', issuers({ issuer: VENDOR, jwks_uri })],
  ['a name that is no URL', issuers({ issuer: 'harness-vendor', jwks_uri })],
  ['two names that differ by a slash', issuers({ issuer: VENDOR, jwks_uri }, { issuer: `${VENDOR}/`, keys: [KEY.jwk] })],
])('an issuer is pinned with %s [AUTH-HATT-05]', (_, changed) => {
  expect(problemsOf(changed)).toEqual([])
})

test.each<[string, object, string]>([
  ['neither keys nor their URL', issuers({ issuer: VENDOR }), 'issuers.0 names either its keys or the jwks_uri where they are'],
  ['both', issuers({ issuer: VENDOR, keys: [KEY.jwk], jwks_uri }), 'issuers.0 names either its keys or the jwks_uri where they are'],
  ['no keys', issuers({ issuer: VENDOR, keys: [] }), 'issuers.0.keys is empty'],
  ['too many keys', issuers({ issuer: VENDOR, keys: Array.from({ length: 21 }, () => KEY.jwk) }), 'issuers.0.keys is too long'],
  ['a private key', issuers({ issuer: VENDOR, keys: [PRIVATE] }), 'issuers.0.keys.0 is no public key that can verify'],
  ['a symmetric key', issuers({ issuer: VENDOR, keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }), 'issuers.0.keys.0 is no public key that can verify'],
  ['a weak key', issuers({ issuer: VENDOR, keys: [rsaPair(1024).jwk] }), 'issuers.0.keys.0 is no public key that can verify'],
  ['a key off its curve', issuers({ issuer: VENDOR, keys: [{ ...KEY.jwk, y: KEY.jwk.x }] }), 'issuers.0.keys.0 is no key: its members do not fit'],
  ['an http URL', issuers({ issuer: VENDOR, jwks_uri: 'http://vendor.example/jwks.json' }), 'issuers.0.jwks_uri is no https URL'],
  ['a URL with a password', issuers({ issuer: VENDOR, jwks_uri: 'https://a:b@vendor.example/' }), 'issuers.0.jwks_uri is no https URL'],
  ['no name', issuers({ jwks_uri }), 'issuers.0.issuer is missing'],
  ['an empty name', issuers({ issuer: '', jwks_uri }), 'issuers.0.issuer is empty'],
  ['a name twice', issuers({ issuer: VENDOR, jwks_uri }, { issuer: VENDOR, keys: [KEY.jwk] }), 'issuers names an issuer twice'],
  ['a member that is none', issuers({ issuer: VENDOR, jwks_uri, trust: 'all' }), 'issuers.0.trust is no setting'],
])('an issuer pinned with %s is none [AUTH-HATT-05]', (_, changed, problem) => {
  const problems = problemsOf(changed)
  expect(problems).toEqual([expect.stringContaining(`f: attestation.${problem}`)])
  expect(problems.join()).not.toContain(PRIVATE.d)
})

const services = (...list: unknown[]) => ({ minimum_tier_at: list })
test.each<[string, object, string[]]>([
  ['one Service', services({ service: SERVICE, minimum_tier: 'attested' }), []],
  [
    'a Service by no origin',
    services({ service: `${SERVICE}/`, minimum_tier: 'attested' }),
    [`minimum_tier_at.0.service is not in canonical form: use ${SERVICE}`],
  ],
  [
    'an unknown tier',
    services({ service: SERVICE, minimum_tier: 'trusted' }),
    ['minimum_tier_at.0.minimum_tier is none of attested, registered, unverified'],
  ],
  ['no tier', services({ service: SERVICE }), ['minimum_tier_at.0.minimum_tier is none of attested, registered, unverified']],
  [
    'a Service twice',
    services({ service: SERVICE, minimum_tier: 'attested' }, { service: SERVICE, minimum_tier: 'unverified' }),
    ['minimum_tier_at names a service twice'],
  ],
])('minimum tiers for %s are judged member by member [AUTH-ISS-21]', (_, changed, problems) => {
  expect(problemsOf(changed)).toEqual(problems.map((problem) => `f: ${problem}`))
})
