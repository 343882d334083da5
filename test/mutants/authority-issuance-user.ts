import { ids } from './ids.ts'
import type { Mutant } from './mutant.ts'

const MESSAGE = 'spec/wire/issuance.js'
const ISSUE = 'authority/issue/issue.js'
export const NO_URLS = ids('AUTH-ISS-11', 'javascript', 'data', 'http', 'relative', 'path', 'word', 'number', 'userinfo')
const ADDRESSES = ids(
  'AUTH-ISS-05',
  ...['empty', 'word', 'no-local-part', 'no-domain', 'two-ats', 'quoted', 'comment', 'brackets', 'two', 'line-break', 'blank', 'blank-after'],
  ...['trailing-dot', 'leading-dot', 'two-dots', 'underscore', 'long-label', 'long', 'ip-address', 'ip-literal'],
)

/** Faults in whose request an Authority takes it for, and in where a session is to begin. */
export const authorityIssuanceUser: readonly Mutant[] = [
  {
    id: 'authority-destination-unchecked',
    says: 'a destination may be anything',
    file: MESSAGE,
    find: 'destination_url: browserUrl.optional()',
    replace: 'destination_url: z.any()',
    fails: NO_URLS,
  },
  {
    id: 'authority-destination-without-fragment',
    says: 'a destination may have no fragment',
    file: MESSAGE,
    find: 'destination_url: browserUrl.optional()',
    replace: "destination_url: browserUrl.refine((url) => !url.includes('#')).optional()",
    fails: ids('AUTH-ISS-11', 'fragment'),
  },
  {
    id: 'authority-destination-elsewhere-dropped',
    says: 'a destination that is not on the Service is dropped without a word',
    file: ISSUE,
    find: "const destination = request.type === 'browser_session' ? request.intent?.destination_url : undefined;",
    replace: `const destination = request.type === 'browser_session' && request.intent?.destination_url?.startsWith(\`\${request.service.origin}/\`) ? request.intent.destination_url : undefined;`,
    fails: ids('AUTH-ISS-12', 'other-host', 'lookalike', 'other-port'),
  },
  {
    id: 'authority-address-403',
    says: 'what is no address is refused as if it were of a domain that is not served',
    file: 'spec/error.js',
    find: 'invalid_email: 400,',
    replace: 'invalid_email: 403,',
    fails: ADDRESSES,
  },
  {
    id: 'authority-address-by-its-last-part',
    says: 'whatever ends in @ and a domain is an address',
    file: 'spec/email.js',
    find: 'address.length <= MAX_ADDRESS_CHARS && ADDRESS.test(address) && emailDomain(address) !== undefined',
    replace: "address.includes('@') && emailDomain(address) !== undefined",
    fails: ids('AUTH-ISS-05', 'no-local-part', 'two-ats', 'quoted', 'comment', 'two', 'line-break', 'blank', 'blank-after'),
  },
  {
    id: 'authority-address-cleaned',
    says: 'an address is searched for in whatever is sent',
    file: MESSAGE,
    find: 'email: emailAddress',
    replace:
      "email: z.preprocess((given) => /[\\w.+'%-]+@[\\w.-]*\\w/.exec(String(given).replaceAll('..', '.').replace('@.', '@'))?.[0] ?? given, emailAddress)",
    fails: ids('AUTH-ISS-05', 'list', 'brackets', 'trailing-dot', 'leading-dot', 'two-dots', 'blank', 'blank-after', 'quoted'),
  },
  {
    id: 'authority-domain-with-case',
    says: 'domains are compared with their case',
    file: ISSUE,
    find: 'const domain = requireEmailDomain(email);',
    replace: "const domain = email.split('@').at(-1);",
    fails: ['AUTH-ISS-05/capital-domain'],
  },
  {
    id: 'authority-local-part-lowered',
    says: 'the name of a user is written small',
    file: ISSUE,
    find: 'user: { email: request.user.email },',
    replace: 'user: { email: request.user.email.toLowerCase() },',
    fails: ['AUTH-ISS-05/plus'],
  },
  {
    id: 'authority-serves-everybody',
    says: 'it serves users of every domain',
    file: ISSUE,
    find: 'if (domains && !domains.includes(domain))',
    replace: 'if (false)',
    fails: ['AUTH-ISS-23', ...ids('AUTH-ISS-23', 'suffix', 'prefix', 'parent', 'homograph', 'constructor', 'to-string')],
  },
  {
    id: 'authority-serves-suffixes',
    says: 'it serves every domain that ends as one of its own',
    file: ISSUE,
    find: '!domains.includes(domain)',
    replace: '!domains.some((served) => domain.endsWith(served))',
    fails: ['AUTH-ISS-23/suffix'],
  },
]
