import { ids } from './ids.ts'
import type { Mutant } from './mutant.ts'

const DOCUMENT = 'authority/discover/route.js'
const GET = ".get('/.well-known/agentpass-authority', () => answer(authorityConfiguration(d), 200, { 'cache-control': CACHED }))"
const answering = (context: string, authority: string): string =>
  `.get('/.well-known/agentpass-authority', (c) => answer(authorityConfiguration({ ...d, authority: ${context} ? ${authority} : d.authority }), 200, { 'cache-control': CACHED }))`

/** Faults in what an Authority publishes of itself. */
export const authorityConfiguration: readonly Mutant[] = [
  {
    id: 'authority-document-as-text',
    says: 'the document is served as plain text',
    file: DOCUMENT,
    find: "200, { 'cache-control': CACHED }))\n    .get(",
    replace: "200, { 'cache-control': CACHED, 'content-type': 'text/plain' }))\n    .get(",
    fails: ['CFG-A-01'],
  },
  {
    id: 'authority-document-for-one-accept',
    says: 'the document is given to nobody who would rather have a page',
    file: DOCUMENT,
    find: GET,
    replace: GET.replace(
      '() =>',
      "(c) => c.req.header('accept')?.includes('html') ? answer({ error: { code: 'not_acceptable', message: 'JSON alone' } }, 406) :",
    ),
    fails: ['CFG-A-01/any-accept'],
  },
  {
    id: 'authority-trust-mode-misspelled',
    says: 'the trust mode of the document is no word of the draft',
    file: DOCUMENT,
    find: 'trust_mode: d.trustMode',
    replace: `trust_mode: \`\${d.trustMode}-authority\``,
    fails: ['CFG-A-02', 'CFG-A-01'],
  },
  {
    id: 'authority-keys-over-http',
    says: 'the key set is published at an http URL',
    file: DOCUMENT,
    find: "jwks_uri: at('/.well-known/jwks.json')",
    replace: "jwks_uri: at('/.well-known/jwks.json').replace('https:', 'http:')",
    fails: ['CFG-A-03', 'CFG-A-01'],
  },
  ...(['issuance', 'issuance_status', 'validate', 'authorization_check'] as const).map((name) => ({
    id: `authority-endpoint-${name.replace('_', '-')}-missing`,
    says: `the document has no endpoints.${name}`,
    file: DOCUMENT,
    find: `${name}: at(`,
    replace: `${name}_url: at(`,
    fails: ids('CFG-A-04', name.replace('_', '-')),
    unusable: true as const,
  })),
  {
    id: 'authority-close-missing',
    says: 'the document does not say where an authorization is closed',
    file: DOCUMENT,
    find: "authorization_close: at('/authorization/close'),",
    replace: '',
    profile: 'hardened',
    fails: ['CFG-A-09'],
  },
  {
    id: 'authority-template-of-another-form',
    says: 'the template of the status URL has a colon in place of braces',
    file: DOCUMENT,
    find: "at('/issuance/{id}')",
    replace: "at('/issuance/:id')",
    fails: ['CFG-A-05', 'CFG-A-01'],
    unusable: true,
  },
  {
    id: 'authority-iss-with-slash',
    says: 'it signs as its identifier with a slash more',
    file: 'authority/node/open.js',
    find: 'issuer: authority,',
    replace: `issuer: \`\${authority}/\`,`,
    fails: ['CFG-A-06', 'AUTH-ISS-18'],
  },
  {
    id: 'authority-document-by-forwarded-host',
    says: 'the document is about the host that X-Forwarded-Host names',
    file: DOCUMENT,
    find: GET,
    replace: answering("c.req.header('x-forwarded-host')", `\`https://\${c.req.header('x-forwarded-host')}\``),
    fails: ['CFG-A-06/forwarded'],
  },
  {
    id: 'authority-document-by-host',
    says: 'the document is about the host that was asked for',
    file: DOCUMENT,
    find: GET,
    replace: answering('true', `\`https://\${c.req.header("host")}\``),
    fails: ['CFG-A-06/host'],
  },
  {
    id: 'authority-document-kept-for-ever',
    says: 'the document does not say how long it may be kept',
    file: DOCUMENT,
    find: "const CACHED = 'public, max-age=300'",
    replace: "const CACHED = 'public'",
    fails: ['CFG-A-07'],
  },
  {
    id: 'authority-private-key-published',
    says: 'the key set shows what is private of its keys',
    file: DOCUMENT,
    find: 'answer(d.jwks(), 200',
    replace: 'answer({ keys: d.jwks().keys.map((key) => ({ ...key, d: key.x })) }, 200',
    fails: ['CFG-A-08'],
  },
  {
    id: 'authority-boolean-as-text',
    says: 'whether Service Authorities are allowed is text',
    file: DOCUMENT,
    find: 'allow_service_authorities: d.allowServiceAuthorities',
    replace: 'allow_service_authorities: String(d.allowServiceAuthorities)',
    fails: ['CFG-A-10', 'CFG-A-01'],
  },
  {
    id: 'authority-mode-push',
    says: 'it announces a way to be told of decisions that the draft has not',
    file: DOCUMENT,
    find: "modes: ['poll']",
    replace: "modes: ['poll', 'push']",
    fails: ['CFG-A-11/modes', 'CFG-A-01'],
  },
  {
    id: 'authority-ttl-zero',
    says: 'it announces that a decision takes no time',
    file: DOCUMENT,
    find: 'default_ttl_seconds: d.lifetimes.decision_seconds',
    replace: 'default_ttl_seconds: 0',
    fails: ['CFG-A-11/ttl', 'CFG-A-01'],
  },
]
