// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what a mutant finds and puts there is program text
import type { Mutant } from './mutant.ts'
import { redemptionIds as ids } from './redemption-cases.ts'

const ROUTE = 'service/redeem/route.js'
const INITIALIZATIONS = 'service/store/initializations.js'

/** Faults in how a browser session begins. */
export const serviceLinks: Mutant[] = [
  {
    id: 'service-link-over-http',
    says: 'the URL that begins a session is http',
    file: 'service/redeem/initialization.js',
    find: 'return { initialization_url: url, ...answer, initialization_request',
    replace: "return { initialization_url: url.replace('https:', 'http:'), ...answer, initialization_request",
    fails: ['SVC-BRW-01'],
  },
  {
    id: 'service-link-not-one-time',
    says: 'the answer says that the link is for more than one time',
    file: 'service/redeem/initialization.js',
    find: 'one_time: true',
    replace: 'one_time: false',
    fails: ['SVC-BRW-02'],
  },
  {
    id: 'service-link-lives-long',
    says: 'a link lives as long as its session may',
    file: 'service/redeem/initialization.js',
    find: 'Math.min(d.now() + d.lifetimes.initialization_seconds, sessionExpiresAt)',
    replace: 'sessionExpiresAt',
    fails: ['SVC-BRW-02', 'SVC-BRW-06'],
  },
  {
    id: 'service-link-used-again',
    says: 'a link that was used is good once more',
    file: INITIALIZATIONS,
    find: ".where('digest', '=', digest)\n        .where('spent_at', 'is', null)",
    replace: ".where('digest', '=', digest)",
    fails: ids(/^SVC-BRW-0[58]/),
  },
  {
    id: 'service-any-link-will-do',
    says: 'any secret begins a session that waits for its own',
    file: INITIALIZATIONS,
    find: ".where('digest', '=', digest)\n        .where('spent_at', 'is', null)",
    replace: ".where('spent_at', 'is', null)",
    fails: ids(/^SVC-BRW-07|^SVC-BRW-17\/token-as-link/),
  },
  {
    id: 'service-link-without-secret',
    says: 'a form without its secret is an internal error',
    file: ROUTE,
    find: 'const { token } = await readForm(c.req.raw, OneTimeToken);',
    replace: 'const { token } = await readForm(c.req.raw, OneTimeToken).catch(() => ({}));',
    fails: ['SVC-BRW-14'],
    profile: 'hardened',
  },
  {
    id: 'service-link-from-own-pages',
    says: 'a session is begun from pages of no other site',
    file: ROUTE,
    find: "if (method === 'HEAD')",
    replace:
      "if (headers.get('origin')?.startsWith('https:')) throw new ProtocolError('forbidden', 'another site may not begin a session');\n    if (method === 'HEAD')",
    fails: ['SVC-BRW-14/cross-site'],
    profile: 'hardened',
  },
  {
    id: 'service-referrer-told',
    says: 'pages that follow are told where the browser came from',
    file: 'spec/node/doors.js',
    find: "'referrer-policy': 'no-referrer'",
    replace: "'referrer-policy': 'unsafe-url'",
    fails: ['SVC-BRW-14/referrer'],
    profile: 'hardened',
  },
  {
    id: 'service-secret-in-the-url',
    says: 'the one-time secret is in the URL too',
    file: 'service/redeem/initialization.js',
    find: 'return { initialization_url: url, ...answer, initialization_request',
    replace: 'return { initialization_url: `${url}?token=${token}`, ...answer, initialization_request',
    fails: ['SVC-BRW-15'],
    profile: 'hardened',
  },
  {
    id: 'service-url-for-the-old',
    says: 'in hardened a Harness that knows no form is given a URL with the secret',
    file: 'service/redeem/initialization.js',
    find: "if (d.profile === 'core-0.1' && !asked",
    replace: 'if (!asked',
    fails: ['SVC-BRW-15/unasked'],
    profile: 'hardened',
  },
  {
    id: 'service-url-begins-a-session',
    says: 'in hardened a URL with the secret begins a session',
    file: ROUTE,
    find: "if (d.profile === 'hardened')",
    replace: 'if (false)',
    fails: ['SVC-BRW-15/moved'],
    profile: 'hardened',
  },
  {
    id: 'service-head-begins-a-session',
    says: 'HEAD begins a session as GET does',
    file: ROUTE,
    find: "if (method === 'HEAD')",
    replace: 'if (false)',
    fails: ['SVC-BRW-18/head'],
  },
  {
    id: 'service-prefetch-begins-a-session',
    says: 'what a browser fetches ahead of time begins a session',
    file: ROUTE,
    find: 'if (/prefetch|prerender|preview/i.test(purpose))',
    replace: 'if (false)',
    fails: ['SVC-BRW-18/prefetch', 'SVC-BRW-18/prerender', 'SVC-BRW-18/purpose'],
  },
]
