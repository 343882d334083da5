import type { Mutant } from './mutant.ts'

const ids = (requirement: string, ...slugs: string[]): string[] => slugs.map((slug) => `${requirement}/${slug}`)

const AUTHENTICATE = 'authority/discover/authenticate.js'
const DISCOVERY = 'spec/discovery.js'
const LOOK_UP = `const text = await lookUp(\`_agentpass-service.\${hostOf(origin)}\`, false);`
const DOOMED = 'throw invalidAssertion(cause);'

const FETCHED = ['404', '500', '204', '206', '302', '308', 'closed', 'short', 'huge', 'bomb', 'slow', 'silent', 'large']
const DOCUMENTS = ids(
  'AUTH-ASRT-19',
  ...[...FETCHED, 'html', 'empty', 'null', 'list', 'text', 'trailing', 'deep', 'utf-16'].map((slug) => `document-${slug}`),
)
const KEYS = ids('AUTH-ASRT-19', ...[...FETCHED, 'html', 'null', 'trailing'].map((slug) => `keys-${slug}`))
const DNS = ids(
  'AUTH-ASRT-19',
  ...['servfail', 'refused', 'formerr', 'notimp', 'timeout', 'truncated', 'garbage', 'cut', 'wrong-id', 'wrong-question'].map(
    (slug) => `dns-${slug}`,
  ),
)
const RECORDS = [
  'DISC-SVC-03/authority',
  ...ids(
    'DISC-SVC-03',
    ...['word', 'empty', 'https-alone', 'userinfo', 'fragment', 'relative', 'javascript', 'quoted', 'control', 'long', 'spf'].map(
      (slug) => `authority-${slug}`,
    ),
  ),
]
const VERSIONS = ['VER-03', 'VER-03/1.0', 'VER-03/10.1']
const NO_VERSIONS = ids('VER-05', ...['missing', 'number', 'null', 'three-parts', 'v', 'one-part', 'space'].map((slug) => `authority-${slug}`))
const CERTIFICATES = ids('CFG-X-04', ...['expired', 'self-signed', 'wrong-name', 'untrusted'].map((slug) => `authority-${slug}`))

/** Faults in how an Authority finds a Service, and in how it fetches what the Service publishes. */
export const authorityDiscovery: readonly Mutant[] = [
  {
    id: 'authority-unknown-service-believed',
    says: 'a Service that cannot be found or read is believed',
    file: AUTHENTICATE,
    find: DOOMED,
    replace: `if (cause?.name !== 'ProtocolError') ${DOOMED}`,
    fails: [...DOCUMENTS, ...DNS, ...RECORDS, 'DISC-SVC-02/absent', 'DISC-SVC-04/authority', 'DISC-SVC-05', ...VERSIONS, ...NO_VERSIONS],
  },
  {
    id: 'authority-keys-unavailable-believed',
    says: 'an assertion is believed while the keys cannot be had',
    file: AUTHENTICATE,
    find: DOOMED,
    replace: `if (!/cannot be had/.test(cause?.message)) ${DOOMED}`,
    fails: [...KEYS, ...CERTIFICATES, 'CFG-X-04/authority-old-tls', ...ids('AUTH-ASRT-19', 'keys-at-ipv6-loopback')],
  },
  {
    id: 'discovery-well-known-first',
    says: 'a Service is looked for at a well-known address before its record is asked for',
    file: DISCOVERY,
    find: LOOK_UP,
    replace: `const guess = await read(\`\${origin}/.well-known/agentpass-service\`).catch(() => undefined);
        if (guess?.service.origin === origin) return guess;
        const text = await lookUp(\`_agentpass-service.\${hostOf(origin)}\`, false);`,
    fails: ['DISC-SVC-02'],
  },
  {
    id: 'discovery-port-in-name',
    says: 'a record for the port is asked for before the one of the host',
    file: DISCOVERY,
    find: LOOK_UP,
    replace: `const ported = await lookUp(\`_\${new URL(origin).port}._agentpass-service.\${hostOf(origin)}\`, false);
        const text = ported.outcome === 'found' ? ported : await lookUp(\`_agentpass-service.\${hostOf(origin)}\`, false);`,
    fails: ['DISC-SVC-07/authority'],
  },
  {
    id: 'discovery-http-upgraded',
    says: 'an http URL in a record is read as https',
    file: DISCOVERY,
    find: "const trimmed = values.map((value) => value.replace(/^[ \\t]+|[ \\t]+$/g, ''));",
    replace: "const trimmed = values.map((value) => value.replace(/^[ \\t]+|[ \\t]+$/g, '').replace(/^http:/, 'https:'));",
    fails: ['DISC-SVC-03/authority'],
  },
  {
    id: 'discovery-record-cleaned',
    says: 'quotation marks and line breaks are taken out of a record',
    file: DISCOVERY,
    find: "const trimmed = values.map((value) => value.replace(/^[ \\t]+|[ \\t]+$/g, ''));",
    replace: "const trimmed = values.map((value) => value.replace(/[\\s\"]+/g, ''));",
    fails: ids('DISC-SVC-03', 'authority-quoted', 'authority-control'),
  },
  {
    id: 'discovery-any-https',
    says: 'a record needs only to begin with https',
    file: DISCOVERY,
    find: "(noneParses && value === 'none') || httpsUrl.safeParse(value).success",
    replace: "(noneParses && value === 'none') || value.startsWith('https:')",
    fails: ids('DISC-SVC-03', 'authority-fragment', 'authority-long', 'authority-control'),
  },
  {
    id: 'discovery-origin-not-compared',
    says: 'the origin in the document of a Service is not compared',
    file: DISCOVERY,
    find: "if (document.service.origin !== origin)\n                    throw invalid('the service configuration names another origin than the one looked up');",
    replace: '',
    fails: ['DISC-SVC-05'],
  },
  {
    id: 'discovery-record-kept',
    says: 'a record is kept for an hour, whatever its TTL',
    file: DISCOVERY,
    find: 'Math.min(ttlSeconds, MAX_TXT_SECONDS)',
    replace: 'MAX_TXT_SECONDS',
    fails: ['DISC-CACHE-01/authority'],
  },
  {
    id: 'discovery-document-kept',
    says: 'a document is kept for an hour, whatever it says',
    file: DISCOVERY,
    find: 'const DOCUMENT_SECONDS = { least: 10,',
    replace: 'const DOCUMENT_SECONDS = { least: 3600,',
    fails: ['CFG-X-05/authority'],
  },
  {
    id: 'cache-keeps-nothing',
    says: 'nothing is kept: every call asks anew',
    file: 'spec/cache.js',
    find: 'if (kept && kept.until > now())',
    replace: 'if (kept && kept.until === Number.POSITIVE_INFINITY)',
    fails: ['CFG-X-06/authority', 'AUTH-ASRT-17/hammer'],
  },
]
