import { DNS_FAULTS } from '../../conformance/actors/dns-faults.ts'
import { idsOf } from './ids.ts'
import type { Mutant } from './mutant.ts'

/** Faults in how a Service asks DNS, and in what it takes for an answer. */
export const serviceDns: Mutant[] = [
  {
    id: 'dns-failure-is-absence',
    says: 'a DNS look-up that fails counts as the word that there is no record',
    file: 'spec/discovery.js',
    find: "return failed('the DNS look-up failed', cause);",
    replace: "return { outcome: 'absent' };",
    fails: [
      ...idsOf('DISC-ENT-09', [
        ...DNS_FAULTS,
        'servfail-accepted',
        'servfail-preferred',
        'servfail-required',
        'alias-loop',
        'redemption',
        'not-remembered',
      ]),
      ...['DISC-ENT-03/no-utf-8', 'DISC-ENT-17/bogus', 'DISC-CACHE-01/service-outage', 'SVC-RES-17/dns', 'SVC-SCD-06/dns-fails'],
    ],
  },
  {
    id: 'dns-failure-is-remembered-for-ever',
    says: 'a DNS look-up that failed is kept for five minutes',
    file: 'spec/cache.js',
    find: 'const FAILURE_SECONDS = 1;',
    replace: 'const FAILURE_SECONDS = 300;',
    fails: ['DISC-ENT-09/not-remembered'],
  },
  {
    id: 'dns-wrong-id-is-taken',
    says: 'a DNS answer under another id than the question’s is taken for its answer',
    file: 'spec/node/dns.js',
    find: 'message.readUInt16BE(0) !== id || ',
    replace: '',
    fails: ['DISC-ENT-09/wrong-id'],
  },
  {
    id: 'dns-wrong-question-is-taken',
    says: 'a DNS answer about another name is taken for the answer',
    file: 'spec/node/dns.js',
    find: '(message.length < end || message.readUInt16BE(0) !== id || message.readUInt16BE(4) !== 1)\n        return false;\n    return (message.readUInt16BE(2) & 0xf800) === 0x8000 && fold(message.subarray(HEADER_BYTES, end)) === fold(question);',
    replace:
      '(message.length < HEADER_BYTES || message.readUInt16BE(0) !== id)\n        return false;\n    return (message.readUInt16BE(2) & 0xf800) === 0x8000;',
    fails: ['DISC-ENT-09/wrong-question'],
  },
  {
    id: 'dns-truncation-is-passed-over',
    says: 'what is left of a truncated DNS answer counts as all of it',
    file: 'spec/node/dns.js',
    find: 'if (packet.flag_tc)',
    replace: 'if (false)',
    fails: ['DISC-ENT-09/truncated'],
  },
  {
    id: 'dns-refusal-is-absence',
    says: 'any answer of a name server without records says that there is none',
    file: 'spec/node/dns.js',
    find: 'if (rcode !== 0 && rcode !== NXDOMAIN)',
    replace: 'if (false)',
    fails: [...idsOf('DISC-ENT-09', ['servfail', 'refused', 'formerr', 'notimp']), 'DISC-ENT-17/bogus'],
  },
  {
    id: 'dns-nxdomain-is-failure',
    says: 'NXDOMAIN is a failure, and no word about the record',
    file: 'spec/node/dns.js',
    find: 'if (rcode !== 0 && rcode !== NXDOMAIN)',
    replace: 'if (rcode !== 0)',
    fails: ['DISC-ENT-08/nxdomain', 'SVC-RES-10', 'SVC-RES-02/federated', 'DISC-CACHE-01/service-appeared'],
  },
  {
    id: 'dns-nodata-is-failure',
    says: 'an empty DNS answer is a failure',
    file: 'spec/node/dns.js',
    find: 'if (records.length === 0)\n        ttls.push(',
    replace:
      "if (records.length === 0 && rcode === 0 && query.type === 'TXT')\n        throw new Error('no records');\n    if (records.length === 0)\n        ttls.push(",
    fails: ['DISC-ENT-08/nodata'],
  },
  {
    id: 'dns-alias-is-read',
    says: 'the target of an alias is read as a TXT value',
    file: 'spec/node/dns.js',
    find: 'const values = records.flatMap((r) => (',
    replace:
      "const aliases = (packet.answers ?? []).filter((a) => a.type === 'CNAME');\n    const values = [...records, ...aliases].flatMap((r) => r.type === 'CNAME' ? [r.data] : (",
    fails: ['DISC-ENT-18/url', 'DISC-ENT-18/none'],
  },
  {
    id: 'dns-alias-is-not-followed',
    says: 'an alias in a DNS answer is not followed to the record beside it',
    file: 'spec/node/dns.js',
    find: 'const [alias] = aliases;',
    replace: 'const alias = undefined;',
    fails: ['DISC-ENT-18/followed'],
  },
  {
    id: 'dns-authentic-is-refused',
    says: 'an answer that says it is authentic is refused, for the bit had to be zero once',
    file: 'spec/node/dns.js',
    find: '& 0xf800) === 0x8000',
    replace: '& 0xf820) === 0x8000',
    fails: ['DISC-ENT-17/authenticated'],
  },
  {
    id: 'dns-strings-are-joined-by-blanks',
    says: 'the character-strings of a TXT record are joined by blanks',
    file: 'spec/node/dns.js',
    find: 'decode(Buffer.concat(strings))',
    replace: "decode(Buffer.from(strings.join(' ')))",
    fails: idsOf('DISC-ENT-10', ['two', 'letters', 'long']),
  },
  {
    id: 'dns-first-string-alone',
    says: 'of a TXT record only the first character-string is read',
    file: 'spec/node/dns.js',
    find: 'decode(Buffer.concat(strings))',
    replace: 'decode(strings[0])',
    fails: idsOf('DISC-ENT-10', ['two', 'letters', 'long', 'empty']),
  },
  {
    id: 'dns-has-no-deadline',
    says: 'a DNS server is waited for, for twelve seconds',
    file: 'spec/node/dns.js',
    find: 'const tryMs = Math.min(timeoutMs, Math.floor(TOTAL_MS / attempts.length));',
    replace: 'const tryMs = 12_000;',
    fails: ['SVC-RES-17/dns'],
  },
]
