// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what a mutant finds and puts there is program text
import { BODY_FAULTS, FETCH_FAULTS } from '../../conformance/actors/document-faults.ts'
import { idsOf } from './ids.ts'
import type { Mutant } from './mutant.ts'

const NO_DOCUMENT = [
  ...idsOf('DISC-ENT-12', [...FETCH_FAULTS, '304', 'no-host', 'closed-port', 'localhost', 'ipv6-loopback', 'name-of-zero']),
  ...idsOf('SVC-RES-08', ['fetch', 'garbage', 'fetch-preferred', 'garbage-preferred', 'fetch-required']),
  ...idsOf('CFG-X-04', ['service-expired', 'service-old-tls']),
]
const MEMBERS = [
  'authority-missing',
  'authority-number',
  'authority-capitals',
  'jwks-missing',
  'jwks-list',
  'jwks-http',
  'endpoints-missing',
  'endpoints-list',
]
const ENDPOINTS = ['validate-missing', 'validate-relative', 'validate-http', 'check-missing']
const IDENTIFIERS = ['other-host', 'other-port', 'http', 'sub-domain', 'longer-host', 'userinfo', 'path']
const MODES = ['federated', 'service', 'missing', 'capitals', 'list', 'null', 'unknown']
const VERSIONS = ['missing', 'number', 'null', 'three-parts', 'v', 'one-part', 'empty', 'minor-missing'].map((slug) => `service-${slug}`)

/** Faults in what a Service believes of an Authority’s document. */
export const serviceDocument: Mutant[] = [
  {
    id: 'document-failure-is-absence',
    says: 'an enterprise’s document that cannot be had, or is wrong, counts as no record',
    file: 'spec/discovery.js',
    find: "return { outcome: 'failed', error: asProtocolError(failure) };",
    replace: "return { outcome: 'absent' };",
    fails: [
      ...NO_DOCUMENT,
      ...idsOf('DISC-ENT-13', [...BODY_FAULTS, ...MEMBERS, ...ENDPOINTS]),
      ...idsOf('DISC-ENT-14', MODES),
      ...idsOf('DISC-ENT-15', IDENTIFIERS),
      ...[
        'VER-02',
        'VER-02/2.3',
        'VER-02/10.1',
        'VER-06/service',
        ...idsOf('VER-05', VERSIONS),
        'SVC-RES-06/text',
        'SVC-RES-17/slow',
        'SVC-RES-17/silent',
      ],
      ...idsOf('DISC-FED-01', ['known', 'federated', 'service']),
    ],
  },
  {
    id: 'any-version-is-spoken',
    says: 'the version of a document is not looked at',
    file: 'spec/discovery.js',
    find: 'if (major !== ours)',
    replace: 'if (false)',
    fails: ['VER-02', 'VER-02/2.3', 'VER-02/10.1', 'VER-02/redemption', 'VER-02/scopes', 'VER-06/service', ...idsOf('VER-05', VERSIONS)],
  },
  {
    id: 'version-is-not-named',
    says: 'a document of another version is refused without saying why',
    file: 'spec/discovery.js',
    find: "throw invalid(`version ${JSON.stringify(version)?.slice(0, 40) ?? '(missing)'} of the configuration document is not supported: this peer speaks ${ours}.x`);",
    replace: "throw invalid('the configuration document is not valid');",
    fails: ['VER-06/service'],
  },
  {
    id: 'minor-must-be-known',
    says: 'a document of a newer minor version is refused',
    file: 'spec/discovery.js',
    find: 'if (major !== ours)',
    replace: "if (major !== ours || !['0.1', '0.2', '0.3', '0.17'].includes(version))",
    fails: ['VER-04/service', 'VER-04/service-0.10'],
  },
  {
    id: 'trust-mode-is-not-read',
    says: 'whatever calls itself an Authority is the enterprise’s, once DNS has led to it',
    file: 'spec/discovery.js',
    find: "if (document.trust_mode !== 'enterprise')",
    replace: 'if (false)',
    fails: [...idsOf('DISC-ENT-14', ['federated', 'service']), ...idsOf('DISC-FED-01', ['known', 'federated', 'service'])],
  },
  {
    id: 'enterprise-may-be-of-another-origin',
    says: 'an enterprise’s document may name an Authority of any origin',
    file: 'spec/discovery.js',
    find: 'if (!hosted(document.authority))',
    replace: 'if (false)',
    fails: idsOf('DISC-ENT-15', ['other-host', 'other-port', 'sub-domain', 'longer-host', 'path', 'speaks-for-another', 'changed']),
  },
  {
    id: 'pin-is-not-compared',
    says: 'the document of an Authority that settings name may have another identifier',
    file: 'spec/discovery.js',
    find: 'if (document.authority !== pin.authority)',
    replace: 'if (false)',
    fails: ['DISC-ENT-15/pinned'],
  },
  {
    id: 'hardened-endpoints-anywhere',
    says: 'an enterprise’s key set and endpoints may be of another origin, in hardened too',
    file: 'spec/discovery.js',
    find: "if (profile === 'hardened' && ![",
    replace: 'if (false && ![',
    profile: 'hardened',
    fails: idsOf('DISC-ENT-15', ['keys-elsewhere', 'validate-elsewhere']),
  },
  {
    id: 'hardened-media-type-is-not-read',
    says: 'a document may be served as anything, in hardened too',
    file: 'spec/discovery.js',
    find: "if (d.profile === 'hardened' && !isServedAsJson(response))",
    replace: 'if (false)',
    profile: 'hardened',
    fails: ['DISC-ENT-13/media-type'],
  },
]
