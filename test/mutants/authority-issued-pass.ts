import type { Mutant } from './mutant.ts'

const STATUS = 'authority/issue/status.js'

/** Faults in the pass that an approval gives, and in who may have one. */
export const authorityIssuedPass: readonly Mutant[] = [
  {
    id: 'authority-short-ids',
    says: 'the id of a request has 64 bits',
    file: 'authority/issue/issue.js',
    find: 'const id = d.random(32);',
    replace: 'const id = d.random(8);',
    fails: ['AUTH-STA-12'],
  },
  {
    id: 'authority-pass-type-always-bearer',
    says: 'every pass is called one for a bearer token',
    file: STATUS,
    find: 'agentpass: { type: request.type, value }',
    replace: "agentpass: { type: 'bearer_token', value }",
    fails: ['AUTH-ISS-15/browser'],
  },
  {
    id: 'authority-pass-type-always-browser',
    says: 'every pass is called one for a browser session',
    file: STATUS,
    find: 'agentpass: { type: request.type, value }',
    replace: "agentpass: { type: 'browser_session', value }",
    fails: ['AUTH-ISS-15/bearer'],
  },
  {
    id: 'authority-pass-while-pending',
    says: 'a request that waits gives its pass, which is to be good later',
    file: STATUS,
    find: ', poll_after_ms: POLL_AFTER_MS }',
    replace: ', poll_after_ms: POLL_AFTER_MS, agentpass: { type: request.type, value: d.passValues.derive(id, request.master_key_id) } }',
    fails: ['AUTH-ISS-15/pending'],
  },
  {
    id: 'authority-pass-of-each-instance',
    says: 'each instance makes a pass value of its own',
    file: 'authority/node/open.js',
    find: "derive: (id, keyId) => secrets.derive('pass values', id, keyId) }",
    replace: "derive: ((own) => (id, keyId) => secrets.derive('pass values', id + own, keyId))(Math.random()) }",
    fails: ['AUTH-ISS-15/same-value'],
  },
  {
    id: 'authority-tier-not-demanded',
    says: 'a minimum of trust is demanded, and not looked at',
    file: 'authority/issue/issue.js',
    find: 'if (!isAtLeast(tier, minimum))',
    replace: 'if (false)',
    fails: ['AUTH-ISS-21', 'AUTH-ISS-21/task-alone'],
  },
  {
    id: 'authority-tier-by-the-task',
    says: 'a Harness that attests its task counts as attested',
    file: 'authority/issue/issue.js',
    find: 'requireTier(identity.harness.tier,',
    replace: "requireTier(attested ? 'attested' : identity.harness.tier,",
    fails: ['AUTH-ISS-21/task-alone'],
  },
  {
    id: 'authority-short-passes',
    says: 'a pass has 12 characters',
    file: 'authority/node/open.js',
    find: "secrets.derive('pass values', id, keyId) }",
    replace: "secrets.derive('pass values', id, keyId).slice(0, 12) }",
    fails: ['AUTH-ISS-16'],
  },
  {
    id: 'authority-pass-from-id',
    says: 'the pass of a request is its id, backwards',
    file: 'authority/node/open.js',
    find: "secrets.derive('pass values', id, keyId) }",
    replace: "[...id].reverse().join('') }",
    fails: ['AUTH-ISS-16/not-from-id'],
  },
]
