import { ids } from './ids.ts'
import type { Mutant } from './mutant.ts'

const POLICY = 'spec/scope.js'
const OFFERED = 'scope.every((s) => offered.includes(s) ||'

/** Faults in what may be approved of what a Service offers. */
export const authorityApprovedScopes: readonly Mutant[] = [
  {
    id: 'authority-approves-anything',
    says: 'whatever an approver asks for is granted',
    file: POLICY,
    find: "scope.length > 0 && scope.every((s) => offered.includes(s) || (s === '*' && everythingAllowed))",
    replace: 'scope.length > 0',
    fails: ids('AUTH-ISS-19', 'unoffered', 'mixed', 'star', 'capitals', 'prefix', 'blank', 'two-in-one', 'decomposed'),
  },
  {
    id: 'authority-approves-with-one-offered',
    says: 'it is enough that one of the scopes was offered',
    file: POLICY,
    find: OFFERED,
    replace: OFFERED.replace('every', 'some'),
    fails: ids('AUTH-ISS-19', 'mixed'),
  },
  {
    id: 'authority-approves-everything',
    says: '“*” may be approved, offered or not',
    file: POLICY,
    find: 'everythingAllowed = false',
    replace: 'everythingAllowed = true',
    fails: ids('AUTH-ISS-19', 'star'),
  },
  {
    id: 'authority-scopes-without-case',
    says: 'scopes are compared without case',
    file: POLICY,
    find: OFFERED,
    replace: 'scope.every((s) => offered.some((o) => o.toLowerCase() === s.toLowerCase()) ||',
    fails: ids('AUTH-ISS-19', 'capitals'),
  },
  {
    id: 'authority-scopes-composed',
    says: 'scopes are composed, and trimmed, before they are compared',
    file: POLICY,
    find: OFFERED,
    replace: 'scope.every((s) => offered.includes(s.normalize().trim()) ||',
    fails: ids('AUTH-ISS-19', 'decomposed', 'blank'),
  },
  {
    id: 'authority-scopes-by-prefix',
    says: 'a scope that an offered one begins with may be approved',
    file: POLICY,
    find: OFFERED,
    replace: 'scope.every((s) => offered.some((o) => o.startsWith(s)) ||',
    fails: ids('AUTH-ISS-19', 'prefix'),
  },
  {
    id: 'authority-scopes-from-the-text',
    says: 'scopes that the text of a task names are granted too',
    file: 'authority/approve/mint.js',
    find: 'scope: [...new Set(scope)],',
    replace: 'scope: [...new Set([...scope, ...(shown.task.description.match(/things:\\w+/g) ?? [])])],',
    fails: ids('AUTH-ISS-19', 'instructions'),
  },
  {
    id: 'authority-approves-all-that-was-offered',
    says: 'an approval grants all that was offered, whatever it says',
    file: 'authority/approve/approve.js',
    find: 'const scope = decision.scope ?? ',
    replace: 'const scope = ',
    fails: ids('AUTH-ISS-19', 'part'),
  },
]
