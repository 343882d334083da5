import type { Mutant } from './mutant.ts'
import { redemptionIds as ids } from './redemption-cases.ts'

const SESSION = 'service/use/session.js'
const CHECK = 'const check = await d.checkAuthorization(authority, credential.authorization_id);'

/** Faults in how a Service lives with an authorization. */
export const serviceAuthorizations: Mutant[] = [
  {
    id: 'service-end-not-heard',
    says: 'the Authority’s word that an authorization is over is not believed',
    file: 'service/check/check.js',
    find: 'return undefined;',
    replace: "return { scope: ['*'], authorization_expires_at: '2999-01-01T00:00:00Z' };",
    fails: ids(/^SVC-CONT-02|^SVC-TOK-04\/revoked|^SVC-BRW-08$/),
  },
  {
    id: 'service-end-is-an-outage',
    says: 'the Authority’s word that an authorization is over counts as an outage',
    file: 'service/check/check.js',
    find: 'if (response.status === 404) {',
    replace: 'if (response.status === 410) {',
    fails: ids(/^SVC-CONT-02\/(token|for-good)|^SVC-TOK-04\/revoked/),
  },
  {
    id: 'service-end-not-kept',
    says: 'a token is refused while its authorization is over, and not ended',
    file: SESSION,
    find: "await end(credential, { outcome: 'ended', because: 'the authority ended the delegation' });",
    replace: '',
    fails: ['SVC-CONT-02/for-good'],
  },
  {
    id: 'service-ends-them-all',
    says: 'one authorization that is over ends every credential of its Authority',
    file: 'service/store/credentials.js',
    find: ".where('authorization_id', '=', ended.authorizationId)",
    replace: '',
    fails: ['SVC-CONT-02/others'],
  },
  {
    id: 'service-outage-is-a-yes',
    says: 'while the Authority cannot be asked, everything stands',
    file: SESSION,
    find: CHECK,
    replace: `${CHECK.replace(';', '')}.catch(() => ({ scope: ['*'] }));`,
    fails: ids(/^SVC-CONT-0[34]/),
  },
  {
    id: 'service-outage-is-an-end',
    says: 'an Authority that cannot be asked ends the authorization',
    file: SESSION,
    find: CHECK,
    replace: `${CHECK.replace(';', '')}.catch(() => undefined);`,
    fails: ids(/^SVC-CONT-03|^SVC-CONT-04$/),
  },
  {
    id: 'service-check-kept-for-an-hour',
    says: 'a good check is believed for an hour',
    file: SESSION,
    find: 'Math.min(d.checkSeconds, leftSeconds)',
    replace: 'Math.min(3600, leftSeconds)',
    fails: ids(/^SVC-CONT-0[14]|^SVC-CONT-02\/(token|session)/),
  },
  {
    id: 'service-narrowing-not-heard',
    says: 'the scope that a check answers is not read',
    file: 'spec/scope.js',
    find: "checked.includes('*') ? granted : granted.filter((s) => checked.includes(s));",
    replace: 'granted;',
    fails: ['SVC-CONT-05'],
  },
  {
    id: 'service-check-widens',
    says: 'a check may give more than was granted',
    file: 'spec/scope.js',
    find: "checked.includes('*') ? granted : granted.filter((s) => checked.includes(s));",
    replace: 'checked;',
    fails: ids(
      /^SVC-TOK-04\/(scope|widened)|^SVC-SCP-01|^SVC-SCP-03(\/requested)?$|^SVC-SCP-0[45]|^SVC-SCP-06\/(unsupported|lacked)|^SVC-SCP-08\/(capitals-approved|many|one-by-one|twice)/,
    ),
  },
  {
    id: 'service-outlives-the-authorization',
    says: 'what is bought lives as long as the Service likes',
    file: 'service/redeem/bought.js',
    find: 'ends === undefined ? own : Math.min(own, fromRfc3339(ends))',
    replace: 'own',
    fails: ['SVC-CONT-06/token', 'SVC-CONT-06/session', 'SVC-CONT-06/link'],
    profile: 'hardened',
  },
  {
    id: 'service-shortened-end-not-heard',
    says: 'an earlier end that a check tells does not count',
    file: SESSION,
    find: 'Math.min(credential.expires_at, fromRfc3339(ends))',
    replace: 'credential.expires_at',
    fails: ['SVC-CONT-06/shortened'],
    profile: 'hardened',
  },
  {
    id: 'service-session-not-closed',
    says: 'the Authority is not told that a browser session was ended',
    file: 'service/revoke/end.js',
    find: "await d.closePinned(credential, { authorizationId: credential.authorization_id, action: 'complete', reason: because });",
    replace: '',
    fails: ['SVC-CONT-07/session'],
    profile: 'hardened',
  },
  {
    id: 'service-refusal-not-closed',
    says: 'the authorization of a redemption that was refused stays open',
    file: 'service/redeem/redeem.js',
    find: "await d.closeAuthorization(document, { authorizationId: validation.authorization_id, action: 'revoke', reason: 'redemption was refused' });",
    replace: '',
    fails: ['SVC-CONT-07/refused'],
    profile: 'hardened',
  },
]
