import type { Mutant } from './mutant.ts'

/** Faults that only a real browser shows. */
export const serviceInABrowser: Mutant[] = [
  {
    id: 'service-cookie-without-root-path',
    says: 'the cookie of an agent’s session has a path, which a browser does not take of its name',
    file: 'service/use/cookie.js',
    find: '{ ...FLAGS, maxAge: maxAgeSeconds });',
    replace: "{ ...FLAGS, maxAge: maxAgeSeconds }).replace('Path=/', 'Path=/tickets');",
    fails: ['SVC-BRW-09/browser', 'SVC-BRW-12/browser'],
    browser: true,
  },
  {
    id: 'service-token-in-the-destination',
    says: 'the browser is sent to its destination with the one-time token in the address',
    file: 'service/redeem/route.js',
    find: 'location: destination,',
    replace: "location: destination + '?from=' + token,",
    fails: ['SVC-BRW-14/browser'],
    profile: 'hardened',
    browser: true,
  },
  {
    id: 'service-link-begins-again',
    says: 'a one-time token that was spent begins another session',
    file: 'service/store/initializations.js',
    find: ".where('digest', '=', digest)\n        .where('spent_at', 'is', null)",
    replace: ".where('digest', '=', digest)",
    fails: ['SVC-BRW-08/browser-back'],
    browser: true,
  },
]
