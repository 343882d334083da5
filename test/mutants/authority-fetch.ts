import type { Mutant } from './mutant.ts'

const ids = (requirement: string, ...slugs: string[]): string[] => slugs.map((slug) => `${requirement}/${slug}`)
const FETCH = 'spec/node/fetch.js'
const PRIVATE = ids('AUTH-ASRT-19', 'keys-at-ipv6-loopback', 'keys-at-ipv6-any', 'keys-at-any', 'keys-at-decimal', 'document-at-loopback')
const CERTIFICATES = ids('CFG-X-04', ...['expired', 'self-signed', 'wrong-name', 'untrusted'].map((slug) => `authority-${slug}`))

/** Faults in how an Authority fetches what a Service publishes. */
export const authorityFetch: readonly Mutant[] = [
  {
    id: 'fetch-follows-redirects',
    says: 'redirects are followed',
    file: FETCH,
    find: "init?.redirect === 'manual' ? 'manual' : 'error'",
    replace: "init?.redirect === 'manual' ? 'manual' : 'follow'",
    fails: ids('AUTH-ASRT-19', 'document-302', 'document-308', 'keys-302', 'keys-308'),
  },
  {
    id: 'fetch-waits-for-ever',
    says: 'a peer may take a minute',
    file: FETCH,
    find: 'timeoutMs = 5_000,',
    replace: 'timeoutMs = 60_000,',
    fails: ids('AUTH-ASRT-19', 'document-slow', 'keys-slow', 'document-silent', 'keys-silent'),
  },
  {
    id: 'peer-any-status',
    says: 'a document counts whatever its status',
    file: 'spec/peer.js',
    find: 'response.ok && response.status !== 206',
    replace: 'response.status >= 200',
    fails: ids('AUTH-ASRT-19', 'document-500', 'document-206', 'keys-500', 'keys-206'),
  },
  {
    id: 'body-limit-forgotten',
    says: 'a message or document may have a mebibyte',
    file: 'spec/body.js',
    find: 'MESSAGE_LIMIT_BYTES = 64 * 1024;',
    replace: 'MESSAGE_LIMIT_BYTES = 1024 * 1024;',
    fails: ['AUTH-ASRT-19/document-large', 'AUTH-VAL-16/large'],
  },
  {
    id: 'fetch-private-allowed',
    says: 'private addresses are contacted',
    file: FETCH,
    find: 'if (isPublicAddress(text))\n            return true;',
    replace: 'if (isIP(text) !== 0)\n            return true;',
    fails: [...PRIVATE, 'AUTH-ASRT-19/keys-at-name-of-loopback'],
  },
  {
    id: 'fetch-literal-not-judged',
    says: 'an address in a URL is not judged',
    file: FETCH,
    find: 'if (isIP(host) !== 0 && !isPermitted(host))',
    replace: 'if (isIP(host) !== 0 && !isPermitted(host) && host === target.href)',
    fails: PRIVATE,
  },
  {
    id: 'fetch-name-not-judged',
    says: 'the addresses of a name are not judged',
    file: FETCH,
    find: 'if (!addresses.every(({ address }) => isPermitted(address)))',
    replace: 'if (!addresses.every(({ address }) => isIP(address)))',
    fails: ['AUTH-ASRT-19/keys-at-name-of-loopback'],
  },
  {
    id: 'fetch-looks-up-twice',
    says: 'the addresses of a name are judged, and then looked up again',
    file: FETCH,
    find: 'judged(host).then((addresses) => callback(null, addresses), (cause) => callback(cause, []));',
    replace: `judged(host)
            .then(() => resolveAddresses(host))
            .then((addresses) => callback(null, addresses), (cause) => callback(cause, []));`,
    fails: ['AUTH-ASRT-19/rebinding'],
  },
  {
    id: 'fetch-any-certificate',
    says: 'certificates are not verified',
    file: FETCH,
    find: 'rejectUnauthorized: true,',
    replace: 'rejectUnauthorized: false,',
    fails: [...CERTIFICATES, 'CFG-X-04/authority-document'],
  },
  {
    id: 'fetch-old-tls',
    says: 'TLS 1.1 is spoken to peers',
    file: FETCH,
    find: "minVersion: 'TLSv1.2',",
    replace: "minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0',",
    fails: ['CFG-X-04/authority-old-tls'],
  },
  {
    id: 'serve-old-tls',
    says: 'a door speaks TLS 1.1',
    file: 'spec/node/serve.js',
    find: "minVersion: 'TLSv1.2' }",
    replace: "minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }",
    fails: ['CFG-X-04/authority-offers-old-tls'],
  },
]
