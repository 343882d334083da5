import type { Mutant } from './mutant.ts'

const ROUTE = 'authority/issue/route.js'
const STATUS = 'authority/issue/status.js'
const REQUESTS = 'authority/store/requests.js'
const CANCEL = "await cancelByHarness(d, c.req.param('id'));"
const PENDING = ".where('status', '=', 'pending')\n        .where('expires_at', '>', d.at)\n        .where('shown_digest'"

/** Faults in how a request ends. */
export const authorityStatusEnds: readonly Mutant[] = [
  {
    id: 'authority-decided-twice',
    says: 'a request may be decided again',
    file: REQUESTS,
    find: PENDING,
    replace: PENDING.replace(".where('status', '=', 'pending')\n        ", ''),
    fails: ['AUTH-STA-03/denied', 'AUTH-STA-03/canceled', 'AUTH-STA-03/approved', 'AUTH-STA-13/requester-late'],
  },
  {
    id: 'authority-revoked-is-canceled',
    says: 'a request whose pass was revoked, or its authorization, is called canceled',
    file: STATUS,
    find: 'const { expires_at } = requireUsable(await findPass(d.db.read, digest), d.now());',
    replace:
      "const found = await findPass(d.db.read, digest);\n            if (found?.revoked_at || found?.consumed_at) return { ...base, status: 'canceled' };\n            const { expires_at } = requireUsable(found, d.now());",
    fails: ['AUTH-STA-03/revoked', 'AUTH-STA-03/used'],
  },
  {
    id: 'authority-late-is-denied',
    says: 'a request past its deadline is called denied',
    file: REQUESTS,
    find: ".set({ status: 'expired', decided_at: at })",
    replace: ".set({ status: 'denied', decided_at: at })",
    fails: ['AUTH-STA-07', 'AUTH-STA-08'],
  },
  {
    id: 'authority-late-approval',
    says: 'a request may be approved after its deadline',
    file: REQUESTS,
    find: PENDING,
    replace: PENDING.replace(".where('expires_at', '>', d.at)\n        ", ''),
    fails: ['AUTH-STA-08/at-once'],
  },
  {
    id: 'authority-expired-may-be-approved',
    says: 'what has expired may be approved nevertheless',
    file: REQUESTS,
    find: PENDING,
    replace: PENDING.replace("('status', '=', 'pending')\n        .where('expires_at', '>', d.at)", "('status', 'in', ['pending', 'expired'])"),
    fails: ['AUTH-STA-08', 'AUTH-STA-08/at-once'],
  },
  {
    id: 'authority-used-pass-shown',
    says: 'a status gives the pass after it was used',
    file: STATUS,
    find: 'pass.consumed_at === null && ',
    replace: '',
    fails: ['AUTH-STA-11/used', 'AUTH-STA-11/second-instance'],
  },
  {
    id: 'authority-revoked-pass-shown',
    says: 'a status gives the pass after it was revoked',
    file: STATUS,
    find: 'pass.revoked_at === null && ',
    replace: '',
    fails: ['AUTH-STA-11/revoked', 'AUTH-STA-03/revoked'],
  },
  {
    id: 'authority-expired-pass-shown',
    says: 'a status gives the pass after it has expired',
    file: STATUS,
    find: ' && pass.expires_at > at)',
    replace: ')',
    fails: ['AUTH-STA-11/expired'],
  },
  {
    id: 'authority-canceled-is-denied',
    says: 'what an operator cancels is called denied',
    file: 'authority/approve/route.js',
    find: "status: 'canceled' })",
    replace: "status: 'denied' })",
    fails: ['AUTH-STA-13', 'AUTH-STA-03/canceled'],
  },
  {
    id: 'authority-harness-cancels-nothing',
    says: 'a Harness that cancels is answered, and nothing is canceled',
    file: ROUTE,
    find: CANCEL,
    replace: '',
    fails: ['AUTH-STA-13/requester'],
  },
]
