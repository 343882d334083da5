import type { Mutant } from './mutant.ts'

const ids = (requirement: string, ...slugs: string[]): string[] => slugs.map((slug) => `${requirement}/${slug}`)
const DISCOVERY = 'spec/discovery.js'
const VERSIONS = ['VER-03', 'VER-03/1.0', 'VER-03/10.1']
const NO_VERSIONS = ids('VER-05', ...['missing', 'number', 'null', 'three-parts', 'v', 'one-part', 'space'].map((slug) => `authority-${slug}`))

/** Faults in how an Authority judges versions, and members that nobody knows. */
export const authorityVersions: readonly Mutant[] = [
  {
    id: 'discovery-version-not-compared',
    says: 'the version of a document is not looked at',
    file: DISCOVERY,
    find: 'requireKnownVersion(body.version);',
    replace: '',
    fails: [...VERSIONS, ...NO_VERSIONS, 'VER-06/authority'],
  },
  {
    id: 'discovery-newer-major',
    says: 'a major version that is newer works',
    file: DISCOVERY,
    find: 'if (major !== ours)',
    replace: 'if (!(Number(major) >= Number(ours)))',
    fails: [...VERSIONS, 'VER-06/authority'],
  },
  {
    id: 'discovery-version-guessed',
    says: 'whatever looks like a version is one',
    file: DISCOVERY,
    find: "(typeof version === 'string' && /^(0|[1-9]\\d{0,8})\\.(?:0|[1-9]\\d{0,8})$/.exec(version)) || [];",
    replace: '/(\\d+)(?:\\.\\d+)*/.exec(String(version)) ?? [];',
    fails: ids('VER-05', ...['number', 'three-parts', 'v', 'one-part', 'space'].map((slug) => `authority-${slug}`)),
  },
  {
    id: 'discovery-newer-minor-refused',
    says: 'a minor version that is newer is refused',
    file: DISCOVERY,
    find: '\\.(?:0|[1-9]\\d{0,8})$/.exec(version)',
    replace: '\\.(?:[0-3])$/.exec(version)',
    fails: ['VER-04/authority', 'VER-04/authority-0.10'],
  },
  {
    id: 'discovery-version-not-named',
    says: 'who is refused for its version is not told so',
    file: DISCOVERY,
    find: `throw invalid(\`version \${JSON.stringify(version)?.slice(0, 40) ?? '(missing)'} of the configuration document is not supported: this peer speaks \${ours}.x\`);`,
    replace: "throw invalid('the configuration document is not valid');",
    fails: ['VER-06/authority'],
  },
  {
    id: 'authority-unknown-endpoint-judged',
    says: 'every endpoint in a document must be of the Service, one that nobody knows too',
    file: DISCOVERY,
    find: 'if (document.service.origin !== origin)',
    replace:
      'if (document.service.origin !== origin || Object.values(document.endpoints).some((url) => /^https:/.test(String(url)) && !String(url).startsWith(origin)))',
    fails: ['VER-07/authority-document'],
  },
  {
    id: 'wire-issuance-strict',
    says: 'a request with a member that nobody knows is refused',
    file: 'spec/wire/issuance.js',
    find: 'export const IssuanceRequest = z.looseObject({',
    replace: 'export const IssuanceRequest = z.strictObject({',
    fails: ['VER-07/authority-issuance'],
  },
  {
    id: 'wire-validation-strict',
    says: 'a validation with a member that nobody knows is refused',
    file: 'spec/wire/validation.js',
    find: 'ValidationRequest = z.looseObject({',
    replace: 'ValidationRequest = z.strictObject({',
    fails: ['VER-07/authority-validation'],
  },
  {
    id: 'jwt-header-strict',
    says: 'an object with a header member that nobody knows is refused',
    file: 'spec/jwt.js',
    find: 'const Header = z.looseObject({',
    replace: 'const Header = z.strictObject({',
    fails: ['VER-07/authority-assertion'],
  },
  {
    id: 'jwk-strict',
    says: 'a key with a member that nobody knows is no key',
    file: 'spec/jwk.js',
    find: 'const PublicJwk = z.looseObject({',
    replace: 'const PublicJwk = z.strictObject({',
    fails: ['VER-07/authority-key', 'AUTH-VAL-11/members'],
  },
]
