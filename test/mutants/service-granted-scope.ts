import type { Mutant } from './mutant.ts'
import { redemptionIds as ids } from './redemption-cases.ts'

const REDEEM = 'service/redeem/redeem.js'

/** Faults in what scope a redemption grants. */
export const serviceGrantedScope: Mutant[] = [
  {
    id: 'service-nothing-is-granted',
    says: 'a redemption that grants nothing succeeds',
    file: 'spec/scope.js',
    find: 'if (granted.length === 0)',
    replace: 'if (false)',
    fails: ids(
      /^SVC-RED-22|^SVC-SCP-0[268]\/(disjoint|unknown|none|none-held|capitals|blank)$|^SVC-SCP-03\/lacked|^SVC-(BRW-04|TOK-02)\/(scope|requested)$/,
    ),
  },
  {
    id: 'service-empty-scope-is-all',
    says: 'an approved scope that is empty counts as everything',
    file: 'spec/scope.js',
    find: "const usable = approved.includes('*')",
    replace: "const usable = approved.length === 0 || approved.includes('*')",
    fails: ids(/^SVC-RED-22/),
  },
  {
    id: 'service-empty-request-is-none',
    says: 'a requested_scope that is empty counts as none',
    file: REDEEM,
    find: "throw new ProtocolError('insufficient_scope', 'requested_scope asks for nothing');",
    replace: 'delete r.requested_scope;',
    fails: ['SVC-SCP-02/empty'],
  },
  {
    id: 'service-request-not-intersected',
    says: 'what is asked for does not narrow what was approved',
    file: 'spec/scope.js',
    find: ': usable.filter((s) => requested.includes(s));',
    replace: ': usable;',
    fails: ids(
      /^SVC-SCP-01\/(subset|overlap)|^SVC-SCP-02\/(disjoint|unknown)|^SVC-SCP-03\/(requested|lacked)|^SVC-SCP-08\/(twice|one-by-one|many|capitals|blank)$/,
    ),
  },
  {
    id: 'service-approval-not-intersected',
    says: 'what was approved does not limit what is asked for',
    file: 'spec/scope.js',
    find: ': held.filter((s) => approved.includes(s));',
    replace: ': held;',
    fails: ids(
      /^SVC-SCP-01\/(superset|overlap)|^SVC-SCP-02\/disjoint|^SVC-SCP-0[45]|^SVC-SCP-06\/(?!lacked-requested)|^SVC-SCP-08\/capitals-approved|^SVC-RED-22|^SVC-TOK-04\/scope/,
    ),
  },
  {
    id: 'service-approval-is-enough',
    says: 'what was approved is granted, whether the user holds it or not',
    file: 'spec/scope.js',
    find: ': held.filter((s) => approved.includes(s));',
    replace: ': approved;',
    fails: ids(/^SVC-SCP-06/),
  },
  {
    id: 'service-everybody-holds-everything',
    says: 'what a user does not hold here is granted',
    file: 'service/issue/held.js',
    find: 'return scopes.filter((scope) => held.includes(scope));',
    replace: 'return scopes;',
    fails: ids(/^SVC-SCP-03(\/lacked)?$|^SVC-SCP-06\/(lacked|lacked-requested|none-held)$/),
  },
  {
    id: 'service-star-is-a-name',
    says: 'an approved * is a name like any other',
    file: 'spec/scope.js',
    find: "approved.includes('*') ? held : ",
    replace: '',
    fails: ids(/^SVC-SCP-03(\/all|\/requested)?$/),
  },
  {
    id: 'service-requested-star-is-all',
    says: 'a requested * is everything that the user holds',
    file: 'spec/scope.js',
    find: "!requested || requested.includes('*') ? usable",
    replace: "!requested ? usable : requested.includes('*') ? held",
    fails: ['SVC-SCP-04', 'SVC-SCP-05/everything-and-more', 'SVC-RED-22/everything'],
  },
  {
    id: 'service-requested-scope-tidied',
    says: 'requested scopes are trimmed and read without case',
    file: 'spec/scope.js',
    find: 'usable.filter((s) => requested.includes(s))',
    replace: 'usable.filter((s) => requested.some((r) => r.trim().toLowerCase() === s))',
    fails: ['SVC-SCP-08/capitals', 'SVC-SCP-08/blank', 'SVC-SCP-08/one-by-one'],
  },
  {
    id: 'service-approved-scope-without-case',
    says: 'approved scopes are read without case',
    file: 'spec/scope.js',
    find: 'held.filter((s) => approved.includes(s))',
    replace: 'held.filter((s) => approved.some((a) => a.toLowerCase() === s))',
    fails: ['SVC-SCP-08/capitals-approved'],
  },
  {
    id: 'service-scope-twice',
    says: 'a scope that is asked for twice is granted twice',
    file: 'spec/scope.js',
    find: 'return [...new Set(granted)];',
    replace: "return requested && !requested.includes('*') ? requested.filter((s) => granted.includes(s)) : granted;",
    fails: ['SVC-SCP-08/twice'],
  },
  {
    id: 'service-few-scopes',
    says: 'a list of over a hundred scopes is refused',
    file: 'spec/wire/scopes.js',
    find: 'export const Scope = z.array(identifier).max(1000)',
    replace: 'export const Scope = z.array(identifier).max(100)',
    fails: ['SVC-SCP-08/many'],
  },
  {
    id: 'service-token-alone',
    says: 'a bearer token is answered without its scope and its time',
    file: 'service/redeem/credential.js',
    find: 'return { bearer_token: token, scope, expires_in: expiresAt - at };',
    replace: 'return { bearer_token: token };',
    fails: ['SVC-SCP-09'],
  },
]
