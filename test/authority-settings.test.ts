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

const GITHUB = 'https://token.actions.githubusercontent.com'
const workloads = (...list: unknown[]) => ({ attestation: { workloads: list } })
const ci = (changed: object = {}) => workloads({ issuer: GITHUB, jwks_uri: `${GITHUB}/.well-known/jwks`, subjects: ['repo:acme/desk:*'], ...changed })
const svid = (changed: object = {}) => ci({ issuer: 'spiffe://acme.example', subjects: ['spiffe://acme.example/agent/*'], ...changed })

test.each<[string, object]>([
  ['the URL of a key set', ci()],
  ['keys, a name and an age', ci({ jwks_uri: undefined, keys: [KEY.jwk], name: 'GitHub Actions', max_age_seconds: 3600 })],
  [
    'whole subjects, and beginnings of others',
    ci({ subjects: ['repo:acme/desk:ref:refs/heads/main', 'repo:acme/*', 'repo:acme/desk:ref:refs/tags/*'] }),
  ],
  ['a trust domain', svid()],
  ['the issuer of JWT-SVIDs', svid({ issuer: 'https://oidc.acme.example' })],
])('a workload identity provider is pinned with %s', (_, changed) => {
  expect(problemsOf(changed)).toEqual([])
})

const NEITHER = 'is neither a subject nor its beginning up to a second or later / or : with one * after it'
test.each<[string, object, string]>([
  ['neither keys nor their URL', ci({ jwks_uri: undefined }), '.0 names either its keys or the jwks_uri where they are'],
  ['an http URL', ci({ jwks_uri: 'http://ci.example/jwks' }), '.0.jwks_uri is no https URL'],
  ['no subjects', ci({ subjects: undefined }), '.0.subjects is missing'],
  ['an empty list of subjects', ci({ subjects: [] }), '.0.subjects is empty'],
  ['an empty subject', ci({ subjects: [''] }), `.0.subjects.0 ${NEITHER}`],
  ['everybody', ci({ subjects: ['*'] }), `.0.subjects.0 ${NEITHER}`],
  ['everybody there', ci({ subjects: ['repo:*'] }), `.0.subjects.0 ${NEITHER}`],
  ['every trust domain', ci({ subjects: ['spiffe://*'] }), `.0.subjects.0 ${NEITHER}`],
  ['a beginning without a boundary', ci({ subjects: ['repo:acme/desk*'] }), `.0.subjects.0 ${NEITHER}`],
  ['a star in the middle', ci({ subjects: ['repo:*/desk:ref:refs/heads/main'] }), `.0.subjects.0 ${NEITHER}`],
  ['two stars', ci({ subjects: ['repo:acme/**'] }), `.0.subjects.0 ${NEITHER}`],
  ['no age', ci({ max_age_seconds: 0 }), '.0.max_age_seconds is less than 1'],
  ['too great an age', ci({ max_age_seconds: 3601 }), '.0.max_age_seconds is more than 3600'],
  ['an empty name', ci({ name: '' }), '.0.name is empty'],
  ['a trust domain with a path', svid({ issuer: 'spiffe://acme.example/agent' }), '.0.issuer is no SPIFFE trust domain'],
  [
    'subjects of another trust domain',
    svid({ subjects: ['spiffe://acme.example.evil/agent/*'] }),
    '.0.subjects names a subject outside the trust domain',
  ],
  ['a name twice', workloads(...[1, 2].map(() => ci().attestation.workloads[0])), ' names an issuer twice'],
  [
    'a name that is a vendor’s',
    { attestation: { ...issuers({ issuer: GITHUB, jwks_uri }).attestation, ...ci().attestation } },
    ' names one of the issuers',
  ],
  ['a member that is none', ci({ audience: 'x' }), '.0.audience is no setting'],
])('a workload identity provider pinned with %s is none', (_, changed, problem) => {
  expect(problemsOf(changed)).toEqual([expect.stringContaining(`f: attestation.workloads${problem}`)])
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
