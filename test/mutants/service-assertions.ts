import { audienceFaults } from '../../conformance/actors/jwt-faults.ts'
import { idsOf } from './ids.ts'
import type { Mutant } from './mutant.ts'

const KINDS = ['agentpass-service-assertion+jwt', 'agentpass-holder-proof+jwt', 'agentpass-harness-attestation+jwt', 'secevent+jwt'].map(
  (typ) => `typ-${typ}`,
)
const CLAIMS = ['htm', 'htu', 'aph', 'task_description_hash'].map((claim) => `claim-${claim}`)
const AUDIENCES = audienceFaults('https://suite.invalid')

/** Faults in how a Service knows the Authority that asks it. */
export const serviceAssertions: Mutant[] = [
  {
    id: 'assertion-unknown-header',
    says: 'a signed object with a header member that nobody knows is refused',
    file: 'spec/jwt.js',
    find: 'const Header = z.looseObject({',
    replace: 'const Header = z.strictObject({',
    fails: ['VER-07/service-assertion'],
  },
  {
    id: 'assertion-audience-is-not-compared',
    says: 'an assertion for anybody counts',
    file: 'spec/assertion.js',
    find: 'if (!isForAudience(jwt.claims, expected.audience))',
    replace: 'if (false)',
    fails: idsOf('SVC-SCD-03', AUDIENCES),
  },
  {
    id: 'audience-among-others',
    says: 'an audience that is one of several counts',
    file: 'spec/jwt.js',
    find: 'claims.aud.length === 1 && claims.aud[0] === audience',
    replace: 'claims.aud.includes(audience)',
    fails: ['SVC-SCD-03/aud-two'],
  },
  {
    id: 'jwt-expiry-is-not-looked-at',
    says: 'a signed object that has expired counts',
    file: 'spec/jwt.js',
    find: 'if (exp <= now - SKEW_SECONDS)',
    replace: 'if (false)',
    fails: ['SVC-SCD-04/expired'],
  },
  {
    id: 'jwt-expiry-may-be-missing',
    says: 'a signed object without an expiry, or with one that is text, counts',
    file: 'spec/jwt.js',
    find: 'exp: z.number(),',
    replace: 'exp: z.any().optional(),',
    fails: idsOf('SVC-SCD-04', ['exp-missing', 'exp-text']),
  },
  {
    id: 'jwt-issue-may-be-missing',
    says: 'a signed object that does not say when it was issued counts',
    file: 'spec/jwt.js',
    find: 'iat: z.number(),',
    replace: 'iat: z.any().optional(),',
    fails: idsOf('SVC-SCD-05', ['iat-missing', 'iat-text']),
  },
  {
    id: 'jwt-from-the-future',
    says: 'a signed object that is not issued yet counts',
    file: 'spec/jwt.js',
    find: 'if (iat > now + SKEW_SECONDS)',
    replace: 'if (false)',
    fails: idsOf('SVC-SCD-05', ['iat-tomorrow', 'iat-in-two-minutes']),
  },
  {
    id: 'jwt-not-before-is-not-read',
    says: 'a signed object that is not valid yet counts',
    file: 'spec/jwt.js',
    find: 'if (nbf !== undefined && nbf > now + SKEW_SECONDS)',
    replace: 'if (false)',
    fails: ['SVC-SCD-05/nbf-tomorrow'],
  },
  {
    id: 'jwt-critical-is-passed-over',
    says: 'what a signed object calls critical is passed over',
    file: 'spec/jwt.js',
    find: 'crit: z.never().optional(),',
    replace: '',
    fails: idsOf('SVC-SCD-10', ['crit-empty']),
  },
  {
    id: 'jwt-members-may-be-doubled',
    says: 'a signed object that names a member twice counts, by the last',
    file: 'spec/jwt.js',
    find: 'parseUniqueJson(decodeUtf8(part))',
    replace: 'JSON.parse(decodeUtf8(part))',
    fails: idsOf('SVC-SCD-10', ['duplicate-header']),
  },
  {
    id: 'jwt-typ-is-not-read',
    says: 'a signed object of another kind counts',
    file: 'spec/jwt.js',
    find: "if (name.startsWith('agentpass-') || name === SECURITY_EVENT_TYP)",
    replace: 'if (false)',
    fails: idsOf('SVC-SCD-10', KINDS),
  },
  {
    id: 'jwt-claims-of-another-kind',
    says: 'a signed object with the claims of another kind counts',
    file: 'spec/jwt.js',
    find: 'if (foreign !== undefined)',
    replace: 'if (false)',
    fails: idsOf('SVC-SCD-10', CLAIMS),
  },
  {
    id: 'jwt-typ-of-the-draft-in-hardened',
    says: 'in hardened a signed object need not say of which kind it is',
    file: 'spec/jwt.js',
    find: "if (profile === 'hardened')\n        throw new Demand(`typ must be",
    replace: 'if (false)\n        throw new Demand(`typ must be',
    profile: 'hardened',
    fails: ['SVC-SCD-10/typ-of-the-draft'],
  },
]
