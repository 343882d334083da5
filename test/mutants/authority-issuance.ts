import { BAD_KEYS, NO_KEYS } from './authority-holder-key.ts'
import { NO_URLS } from './authority-issuance-user.ts'
import { ids } from './ids.ts'
import type { Mutant } from './mutant.ts'

const MESSAGE = 'spec/wire/issuance.js'
const BODY = 'spec/body.js'
const SHAPES = [
  ...ids('AUTH-ISS-03', 'missing', 'null', 'unknown', 'capitals', 'list'),
  ...ids('AUTH-ISS-04', 'no-service', 'missing', 'number', 'word', 'empty', 'http', 'list'),
  ...ids('AUTH-ISS-06', 'no-harness', 'missing', 'empty', 'number', 'null'),
  ...ids('AUTH-ISS-07', 'no-task', 'id-missing', 'id-empty', 'id-object', 'description-missing', 'description-empty', 'description-list'),
  ...ids('AUTH-ISS-07', 'description-null'),
]
const NO_ATTESTATIONS = ids(
  'AUTH-ISS-10',
  ...['harness-empty', 'harness-jwt-empty', 'harness-text', 'harness-jwt-number'],
  ...['task-empty', 'task-jwt-empty', 'task-jwt-null', 'task-list'],
)
const ORIGINS = ids('AUTH-ISS-25', 'slash', 'path', 'query', 'upper-case', 'scheme-capitals', 'default-port', 'port-zeros')

/** Faults in how an Authority reads an issuance request. */
export const authorityIssuance: readonly Mutant[] = [
  {
    id: 'authority-body-unchecked',
    says: 'what does not parse is taken as it is',
    file: BODY,
    find: 'throw refusal(parsed.error);',
    replace: 'return value;',
    fails: [
      ...SHAPES,
      ...ids('AUTH-ISS-05', 'no-user', 'missing', 'null', 'number', 'object', 'list'),
      ...NO_KEYS,
      ...BAD_KEYS,
      ...NO_ATTESTATIONS,
      ...NO_URLS,
      ...ids('AUTH-ISS-13', 'null', 'list', 'text', 'number'),
      ...ids('AUTH-ISS-25', 'slash', 'path', 'query', 'fragment', 'userinfo', 'upper-case', 'scheme-capitals', 'default-port', 'port-zeros', 'blank'),
    ],
  },
  {
    id: 'authority-issuance-status-203',
    says: 'issuance answers 203',
    file: 'authority/issue/route.js',
    find: '? 202 : 200',
    replace: '? 203 : 200',
    fails: ['AUTH-ISS-01'],
  },
  {
    id: 'authority-issuance-strict',
    says: 'a request with a member that nobody knows is refused',
    file: MESSAGE,
    find: 'IssuanceRequest = z.looseObject({',
    replace: 'IssuanceRequest = z.strictObject({',
    fails: ['AUTH-ISS-01/unknown-members', 'AUTH-ISS-02/mass-assignment', 'AUTH-ISS-02/status-chosen'],
  },
  {
    id: 'authority-media-type-verbatim',
    says: 'the media type of a body is compared with its case',
    file: BODY,
    find: '.toLowerCase()\n        .split',
    replace: '.split',
    fails: ['AUTH-ISS-01/charset'],
  },
  {
    id: 'authority-media-type-demanded',
    says: 'a body must say that it is JSON, in every profile',
    file: BODY,
    find: "if (contentType !== null || profile === 'hardened')",
    replace: 'if (true)',
    fails: ['AUTH-ISS-01/no-content-type'],
  },
  {
    id: 'authority-deadline-past',
    says: 'a request that waits says that its deadline is long past',
    file: 'authority/issue/status.js',
    find: 'expires_at: toRfc3339(request.expires_at), poll_after_ms',
    replace: 'expires_at: toRfc3339(0), poll_after_ms',
    fails: ['AUTH-ISS-02'],
  },
  {
    id: 'authority-status-from-request',
    says: 'the status is what the request says, where it says one',
    file: 'authority/issue/record.js',
    find: "status: 'pending',",
    replace: "status: request.status ?? 'pending',",
    fails: ['AUTH-ISS-02/status-chosen', 'AUTH-ISS-02/mass-assignment'],
  },
  {
    id: 'authority-agent-from-request',
    says: 'the agent is what the request says, where it says one',
    file: 'authority/issue/identify.js',
    find: "return { agent: { id }, harness: { ...known, tier: 'unverified' } };",
    replace: "return { agent: { id: request.agent?.id ?? id }, harness: { ...known, tier: 'unverified' } };",
    fails: ['AUTH-ISS-02/mass-assignment', 'AUTH-HATT-08/unattested'],
  },
  {
    id: 'authority-policy-only-asks',
    says: 'policy decides nothing by itself',
    file: 'authority/policy/rules.js',
    find: "['the default', { decision: settings.default }]",
    replace: "['the default', { decision: 'ask' }]",
    fails: ['AUTH-ISS-14'],
  },
  {
    id: 'authority-type-unchecked',
    says: 'type may be anything',
    file: MESSAGE,
    find: '    type: PassType,\n    service',
    replace: '    type: z.any().optional(),\n    service',
    fails: ids('AUTH-ISS-03', 'missing', 'null', 'unknown', 'capitals', 'list'),
  },
  {
    id: 'authority-origin-unchecked',
    says: 'service.origin may be anything',
    file: MESSAGE,
    find: 'service: z.looseObject({ origin }),',
    replace: 'service: z.looseObject({ origin: z.any().optional() }),',
    fails: ids('AUTH-ISS-04', 'missing', 'number', 'word', 'empty', 'http', 'list'),
  },
  {
    id: 'authority-origin-any-spelling',
    says: 'an origin may be written in any way that a URL may',
    file: 'spec/origin.js',
    find: 'ORIGIN.test(s) && isHttpsUrl(s) && new URL(s).origin === s',
    replace: 'isHttpsUrl(s)',
    fails: ORIGINS,
  },
  {
    id: 'authority-harness-id-unchecked',
    says: 'harness.id may be anything, or nothing',
    file: MESSAGE,
    find: '        id: identifier,\n        cnf',
    replace: "        id: z.any().optional().transform((id) => String(id || 'anonymous')),\n        cnf",
    fails: ids('AUTH-ISS-06', 'missing', 'empty', 'number', 'null'),
  },
  {
    id: 'authority-task-unchecked',
    says: 'the name and the description of a task may be anything, or nothing',
    file: MESSAGE,
    find: 'task: z.looseObject({ id: identifier, description: z.string().min(1).max(16_384),',
    replace: 'task: z.looseObject({ id: z.any().optional().transform(String), description: z.any().optional().transform(String),',
    fails: [
      ...ids(
        'AUTH-ISS-07',
        'id-missing',
        'id-empty',
        'id-object',
        'description-missing',
        'description-empty',
        'description-list',
        'description-null',
      ),
      'AUTH-ISS-24/description',
    ],
  },
  {
    id: 'authority-attestation-empty-is-none',
    says: 'an attestation without a JWT counts as none',
    file: MESSAGE,
    find: 'const attestation = z.looseObject({ jwt: z.string().min(1) });',
    replace:
      "const attestation = z.preprocess((given) => (typeof given?.jwt === 'string' && given.jwt !== '' ? given : undefined), z.looseObject({ jwt: z.string() }).optional());",
    fails: NO_ATTESTATIONS,
  },
]
