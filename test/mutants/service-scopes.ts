import { BODY_FAULTS, FETCH_FAULTS } from '../../conformance/actors/document-faults.ts'
import {
  ALGORITHM_FAULTS,
  audienceFaults,
  EXPIRED,
  EXPIRY_FAULTS,
  FORM_FAULTS,
  FUTURE_FAULTS,
  HEADER_FAULTS,
  ISSUED_FAULTS,
} from '../../conformance/actors/jwt-faults.ts'
import { idsOf } from './ids.ts'
import type { Mutant } from './mutant.ts'

const ISSUERS = ['slash', 'capitals', 'path', 'document', 'userinfo', 'service', 'missing', 'list'].map((slug) => `iss-${slug}`)
const KINDS = ['agentpass-service-assertion+jwt', 'agentpass-holder-proof+jwt', 'agentpass-harness-attestation+jwt', 'secevent+jwt'].map(
  (typ) => `typ-${typ}`,
)
const CLAIMS = ['htm', 'htu', 'aph', 'task_description_hash'].map((claim) => `claim-${claim}`)
const AUDIENCES = audienceFaults('https://suite.invalid')
const KEYS = [...FETCH_FAULTS, ...BODY_FAULTS].map(({ slug }) => `keys-${slug}`)

/** Faults in who may ask a Service for the scopes of a user. */
export const serviceScopes: Mutant[] = [
  {
    id: 'scopes-for-anybody',
    says: 'the scopes of a user are told to whoever asks',
    file: 'service/issue/route.js',
    find: "const assertion = readAssertion(c.req.header('authorization'), expected);\n    const request = await readBody(c.req.raw, ScopesRequest, d.profile);\n    return answer({ scopes: await availableScopes(d, assertion, request) });",
    replace: 'await readBody(c.req.raw, ScopesRequest, d.profile);\n    return answer({ scopes: d.scopes });',
    fails: [
      ...['SVC-SCD-01', ...idsOf('SVC-SCD-01', ['basic', 'empty', 'junk'])],
      ...idsOf('SVC-SCD-02', ['other-key', 'key-of-another', 'symmetric', 'keys-at-loopback', ...KEYS]),
      ...idsOf('SVC-SCD-03', AUDIENCES),
      ...idsOf('SVC-SCD-04', [...EXPIRY_FAULTS, EXPIRED]),
      ...idsOf('SVC-SCD-05', [...ISSUED_FAULTS, ...FUTURE_FAULTS]),
      ...idsOf('SVC-SCD-06', ['stranger', 'other-tenant', 'federated', 'none', 'dns-fails', ...ISSUERS]),
      ...idsOf('SVC-SCD-10', [...ALGORITHM_FAULTS, ...HEADER_FAULTS, ...FORM_FAULTS, ...KINDS, ...CLAIMS]),
      ...idsOf('SVC-SCD-10', ['header-jwk', 'header-jku', 'header-x5u', 'header-x5c']),
      'SVC-SCD-11',
    ],
  },
  {
    id: 'scopes-without-an-assertion',
    says: 'an Authority that shows no assertion is taken for the user’s own',
    file: 'service/issue/route.js',
    find: "const assertion = readAssertion(c.req.header('authorization'), expected);",
    replace:
      "if (!c.req.header('authorization'))\n        return answer({ scopes: d.scopes });\n    const assertion = readAssertion(c.req.header('authorization'), expected);",
    fails: ['SVC-SCD-01'],
  },
  {
    id: 'scopes-signature-is-not-verified',
    says: 'the signature of the Authority’s assertion is not verified',
    file: 'service/issue/route.js',
    find: 'throw invalidAssertion(cause);',
    replace: '',
    fails: [
      ...idsOf('SVC-SCD-02', ['other-key', 'key-of-another']),
      ...idsOf('SVC-SCD-10', [
        'stranger',
        'signature-changed',
        'signature-zero',
        'payload-changed',
        'header-jwk',
        'header-jku',
        'header-x5u',
        'header-x5c',
      ]),
    ],
  },
  {
    id: 'scopes-missing-keys-are-passed-over',
    says: 'while an Authority’s keys cannot be had, its assertions are believed',
    file: 'service/issue/route.js',
    find: "throw new ProtocolError('authority_unavailable', \"the authority's keys cannot be fetched\", { cause });",
    replace: 'return;',
    fails: idsOf('SVC-SCD-02', [...KEYS, 'keys-at-loopback']),
  },
  {
    id: 'scopes-issuer-is-not-permitted',
    says: 'an Authority that is not permitted for the user is taken for the one that is',
    file: 'service/resolve/trust.js',
    find: 'permitted.find((candidate) => candidate.authority === authority);',
    replace: 'permitted.find((candidate) => candidate.authority === authority) ?? permitted[0];',
    fails: idsOf('SVC-SCD-06', ['iss-slash', 'iss-capitals', 'iss-path', 'iss-document', 'iss-userinfo', 'iss-service']),
  },
  {
    id: 'scopes-issuer-in-any-case',
    says: 'the identifiers of Authorities are compared without case',
    file: 'service/resolve/trust.js',
    find: 'candidate.authority === authority',
    replace: 'candidate.authority.toLowerCase() === authority.toLowerCase()',
    fails: ['SVC-SCD-06/iss-capitals'],
  },
  {
    id: 'federated-beside-enterprise-is-permitted',
    says: 'a federated Authority is permitted for users whose domain has one of its own',
    file: 'service/resolve/trust.js',
    find: 'return { answer: { enterprise_authority: enterprise }, permitted: [permitted] };',
    replace:
      'return { answer: { enterprise_authority: enterprise }, permitted: [permitted, ...d.trust.federated.map((reference) => pinned(d, reference))] };',
    fails: ['SVC-SCD-06/federated'],
  },
  {
    id: 'scopes-body-is-not-checked',
    says: 'the question for scopes is taken as it comes',
    file: 'service/issue/route.js',
    find: 'const request = await readBody(c.req.raw, ScopesRequest, d.profile);',
    replace: 'const request = await c.req.json();',
    fails: idsOf('SVC-SCD-07', [
      'no-user',
      'no-email',
      'bad-email',
      'email-number',
      'no-json',
      'no-agent',
      'no-agent-id',
      'agent-number',
      'agent-empty',
    ]),
  },
  {
    id: 'scopes-are-names-alone',
    says: 'the scopes are answered as a list of names',
    file: 'service/issue/route.js',
    find: 'return d.scopes.filter(({ name }) => held.includes(name));',
    replace: 'return d.scopes.map(({ name }) => name).filter((name) => held.includes(name));',
    fails: ['SVC-SCD-08', 'SVC-SCD-08/no-task', 'SVC-SCD-09', 'SVC-SCD-02/keys-elsewhere'],
  },
  {
    id: 'scopes-only-for-a-task',
    says: 'who asks for scopes must name a task',
    file: 'spec/wire/scopes.js',
    find: 'description: z.string().min(1).max(16_384).optional() }).optional(),',
    replace: 'description: z.string().min(1).max(16_384).optional() }),',
    fails: ['SVC-SCD-08/no-task'],
  },
  {
    id: 'scopes-only-for-who-holds-all',
    says: 'for a user who lacks a scope there are none',
    file: 'service/issue/route.js',
    find: 'return d.scopes.filter(({ name }) => held.includes(name));',
    replace:
      "if (held.length < d.scopes.length)\n        throw new ProtocolError('insufficient_scope', 'this user lacks a scope');\n    return d.scopes;",
    fails: ['SVC-SCD-09'],
  },
  {
    id: 'scopes-account-before-authority',
    says: 'what a user lacks is looked up before the Authority is authenticated',
    file: 'service/issue/route.js',
    find: 'const { jwks_uri } = await authority.read();',
    replace:
      "const { jwks_uri } = await authority.read();\n    if ((await d.heldScope(request.user.email)).length < d.scopes.length)\n        throw new ProtocolError('insufficient_scope', 'this user lacks a scope');",
    fails: ['SVC-SCD-11'],
  },
  {
    id: 'scopes-unknown-members',
    says: 'a question for scopes with a member that nobody knows is refused',
    file: 'spec/wire/scopes.js',
    find: 'agent: z.looseObject({ id: identifier }),',
    replace: 'agent: z.strictObject({ id: identifier }),',
    fails: ['VER-07/service-scopes'],
  },
]
