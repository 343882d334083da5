// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what a mutant finds and puts there is program text
import { idsOf } from './ids.ts'
import type { Mutant } from './mutant.ts'

/** What `spec/email.js` does to an address, from its pattern on. */
const FIND_EMAIL = `    const host = parseUrl(\`https://\${domain}\`)?.hostname;
    return host !== undefined && HOST_NAME.test(host) && !IP_ADDRESS.test(host) ? host : undefined;
}`

const FAULTY_ADDRESSES = [
  ...['two-at', 'quoted-at', 'quoted', 'comment', 'two', 'line-break', 'space-in-local', 'underscore', 'ip'],
  ...[
    'comment-in-domain',
    'angle',
    'space',
    'space-after',
    'leading-dot',
    'two-dots',
    'long-label',
    'port',
    'path',
    'fragment',
    'backslash',
    'nul',
    'ip-literal',
  ],
]

/** Faults in what a Service makes of an address, and of members that nobody knows. */
export const serviceAddresses: Mutant[] = [
  {
    id: 'resolution-body-is-not-checked',
    says: 'the request for Authorities is taken as it comes',
    file: 'service/resolve/route.js',
    find: 'await readBody(c.req.raw, ResolutionRequest, d.profile)',
    replace: 'await c.req.json()',
    fails: idsOf('SVC-RES-01', ['no-user', 'no-email', 'number', 'null', 'list', 'object', 'user-text', 'body-list', 'body-null', 'no-json', 'deep']),
  },
  {
    id: 'every-text-is-an-address',
    says: 'every text is an e-mail address, and what follows its last @ a domain',
    file: 'spec/email.js',
    find: FIND_EMAIL,
    replace: '    return domain.toLowerCase();\n}\nADDRESS.test = () => true;',
    fails: [
      ...idsOf('DISC-ENT-01', FAULTY_ADDRESSES),
      ...idsOf('SVC-RES-01', ['empty', 'no-at', 'no-local', 'no-domain']),
      ...idsOf('DISC-ENT-02', ['unicode', 'trailing-dot', 'ideographic-dot', 'full-width']),
      'SVC-SCD-07/bad-email',
    ],
  },
  {
    id: 'addresses-of-any-length',
    says: 'an e-mail address may be as long as a message',
    file: 'spec/email.js',
    find: 'const MAX_ADDRESS_CHARS = 254;',
    replace: 'const MAX_ADDRESS_CHARS = 100_000;',
    fails: idsOf('DISC-ENT-01', ['long', 'very-long']),
  },
  {
    id: 'look-alikes-are-one',
    says: 'letters that look alike are one letter',
    file: 'spec/email.js',
    find: "const domain = address.slice(address.lastIndexOf('@') + 1);\n    const host",
    replace: "const domain = address.slice(address.lastIndexOf('@') + 1).replaceAll('\\u043e', 'o');\n    const host",
    fails: ['DISC-ENT-02/homograph'],
  },
  {
    id: 'a-labels-are-refused',
    says: 'an international domain is none',
    file: 'spec/email.js',
    find: 'return host !== undefined && HOST_NAME.test(host)',
    replace: "return host !== undefined && !host.includes('xn--') && HOST_NAME.test(host)",
    fails: idsOf('DISC-ENT-02', ['unicode', 'a-label']),
  },
  {
    id: 'other-spellings-are-not-looked-up',
    says: 'a domain that is not written in its canonical form has no record',
    file: 'service/resolve/trust.js',
    find: 'const enterprise = await d.discoverEnterprise(requireEmailDomain(email));',
    replace:
      "const domain = requireEmailDomain(email);\n    const enterprise = email.endsWith(`@${domain}`) ? await d.discoverEnterprise(domain) : { outcome: 'absent' };",
    fails: idsOf('DISC-ENT-02', ['upper-case', 'unicode', 'upper-case-none', 'ideographic-dot', 'full-width']),
  },
  {
    id: 'domains-are-properties',
    says: 'what is known of domains is looked up in a plain object',
    file: 'service/resolve/trust.js',
    find: 'const enterprise = await d.discoverEnterprise(requireEmailDomain(email));',
    replace: 'const known = {};\n    const enterprise = known[requireEmailDomain(email)] ?? (await d.discoverEnterprise(requireEmailDomain(email)));',
    fails: ['DISC-ENT-01/constructor'],
  },
  {
    id: 'unknown-members-of-a-resolution',
    says: 'a request for Authorities with a member that nobody knows is refused',
    file: 'spec/wire/resolution.js',
    find: 'z.looseObject({ user: z.looseObject({ email: emailAddress }) })',
    replace: 'z.looseObject({ user: z.strictObject({ email: emailAddress }) })',
    fails: ['VER-07/service-resolution'],
  },
  {
    id: 'unknown-members-of-a-redemption',
    says: 'a redemption with a member that nobody knows is refused',
    file: 'spec/wire/redemption.js',
    find: 'user: z.looseObject({ email: emailAddress }),',
    replace: 'user: z.strictObject({ email: emailAddress }),',
    fails: ['VER-07/service-redemption'],
  },
  {
    id: 'unknown-members-of-a-policy',
    says: 'an enterprise’s policy with a member that nobody knows is refused',
    file: 'spec/wire/configuration.js',
    find: 'const authorityPolicy = z.looseObject(',
    replace: 'const authorityPolicy = z.strictObject(',
    fails: ['VER-07/service-document'],
  },
  {
    id: 'unknown-endpoints-must-be-urls',
    says: 'an endpoint of an Authority must be a URL, also where nobody knows it',
    file: 'spec/wire/configuration.js',
    find: 'endpoints: authorityEndpoints.pick({ validate: true, authorization_check: true, authorization_close: true }),',
    replace:
      'endpoints: authorityEndpoints.pick({ validate: true, authorization_check: true, authorization_close: true }).extend({ x_unknown: httpsUrl.optional() }),',
    fails: ['VER-07/service-endpoints'],
  },
]
