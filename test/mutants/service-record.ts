// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what a mutant finds and puts there is program text
import { UNUSABLE_VALUES } from '../../conformance/actors/dns-faults.ts'
import { idsOf } from './ids.ts'
import type { Mutant } from './mutant.ts'

const OF_THE_URL = ['userinfo', 'fragment', 'relative', 'long', 'control', 'http']
const UNUSABLE = [
  ...UNUSABLE_VALUES.map(({ slug }) => `${OF_THE_URL.includes(slug) ? 'DISC-ENT-11' : 'DISC-ENT-03'}/${slug}`),
  ...idsOf('DISC-ENT-11', ['tab', 'one-slash', 'ftp', 'backslashes', '64-kb']),
  ...idsOf('DISC-ENT-03', ['nul', 'escapes', 'own']),
  ...idsOf('DISC-ENT-05', ['NONE', 'None', 'none.', 'none;x', '-none-', 'none-none']),
]
/** Faults in how a Service reads the record of an e-mail domain. */
export const serviceRecord: Mutant[] = [
  {
    id: 'domain-itself-is-asked',
    says: 'the TXT records of the e-mail domain itself are read too',
    file: 'spec/discovery.js',
    find: 'const text = await lookUp(`_agentpass.${domain}`, true);',
    replace:
      "const own = await lookUp(domain, true);\n            const text = own.outcome === 'found' ? own : await lookUp(`_agentpass.${domain}`, true);",
    fails: ['DISC-ENT-01'],
  },
  {
    id: 'unusable-record-is-absence',
    says: 'records of which none can be read count as none',
    file: 'spec/discovery.js',
    find: "return failed('the TXT record at this name is no https URL: a wildcard record may answer for it');",
    replace: "return { outcome: 'absent' };",
    fails: UNUSABLE,
  },
  {
    id: 'contradicting-records-first-counts',
    says: 'of several records that can be read the first counts',
    file: 'spec/discovery.js',
    find: 'if (usable.size > 1)',
    replace: 'if (false)',
    fails: ['DISC-ENT-06/two-urls', 'DISC-ENT-06/hundred', 'DISC-ENT-07/none-last'],
  },
  {
    id: 'none-beside-a-url-is-passed-over',
    says: '“none” counts only where it stands alone',
    file: 'spec/discovery.js',
    find: 'const [only] = usable;',
    replace: "if (usable.size > 1)\n        usable.delete('none');\n    const [only] = usable;",
    fails: ['DISC-ENT-07/none-first', 'DISC-ENT-07/none-last'],
  },
  {
    id: 'several-records-are-refused',
    says: 'a domain may have one record at that name, and nothing beside it',
    file: 'spec/discovery.js',
    find: 'if (usable.size > 1)',
    replace: 'if (trimmed.length > 1)',
    fails: ['DISC-ENT-06/url-and-spf', 'DISC-ENT-06/twice'],
  },
  {
    id: 'none-is-absence',
    says: '“none” counts as no record',
    file: 'spec/discovery.js',
    find: "return only === 'none' ? { outcome: 'disabled' }",
    replace: "return only === 'none' ? { outcome: 'absent' }",
    fails: [
      ...[
        'DISC-ENT-04',
        'DISC-ENT-04/trimmed',
        'DISC-ENT-04/redemption',
        'DISC-ENT-06/none-and-spf',
        'DISC-CACHE-01/service-none',
        'SVC-SCD-06/none',
      ],
      ...['SVC-RES-07', 'SVC-RES-07/preferred', 'SVC-RES-07/required', ...idsOf('DISC-ENT-02', ['upper-case-none', 'ideographic-dot', 'full-width'])],
    ],
  },
]
