import type { Mutant } from './mutant.ts'

const ids = (requirement: string, ...slugs: string[]): string[] => slugs.map((slug) => `${requirement}/${slug}`)

/** Faults in who decides, and how often. */
export const authorityDecisions: readonly Mutant[] = [
  {
    id: 'authority-late-decision-holds',
    says: 'whoever decides too late is told that the decision holds',
    file: 'authority/approve/route.js',
    find: 'by: BY }, act);',
    replace: 'by: BY }, act).catch(() => undefined);',
    fails: ['AUTH-DEC-01', 'AUTH-DEC-01/approve-deny', 'AUTH-DEC-01/late'],
  },
  {
    id: 'management-open-without-token',
    says: 'who brings no token to the management door is let in',
    file: 'spec/node/management.js',
    find: 'if (token === undefined || (await',
    replace: 'if (token !== undefined && (await',
    fails: [...ids('AUTH-DEC-02', 'none', 'basic'), ...ids('AUTH-REV-01', 'none', 'basic')],
  },
  {
    id: 'management-any-token',
    says: 'any token opens the management door',
    file: 'spec/node/management.js',
    find: 'if (token === undefined || (await sha256(token)) !== d.adminTokenDigest)',
    replace: 'if (token === undefined)',
    fails: ['AUTH-DEC-02/junk', 'AUTH-REV-01/junk'],
  },
]
