// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what a mutant finds and puts there is program text
import type { Mutant } from './mutant.ts'
import { redemptionIds as ids } from './redemption-cases.ts'

const SESSION = 'service/use/session.js'
const ROUTE = 'service/redeem/route.js'

/** Faults in the session that a browser has, and where it leads. */
export const serviceBrowserSessions: Mutant[] = [
  {
    id: 'service-session-of-somebody',
    says: 'a session has its user for its agent',
    file: 'service/redeem/bought.js',
    find: 'agent_id: validation.agent.id,',
    replace: 'agent_id: validation.user.email,',
    fails: ids(/^SVC-BRW-09|^SVC-BRW-16\/merged|^SVC-BRW-17\/session-as-token|^SVC-CONT-0[24]\/session/),
  },
  {
    id: 'service-cookie-for-scripts',
    says: 'scripts may read the cookie of a session',
    file: 'service/use/cookie.js',
    find: 'httpOnly: true',
    replace: 'httpOnly: false',
    fails: ['SVC-BRW-12'],
  },
  {
    id: 'service-session-begin-cached',
    says: 'the answer with a session’s cookie may be kept',
    file: ROUTE,
    find: '{ ...DOOR_HEADERS, location: destination,',
    replace: "{ ...DOOR_HEADERS, 'cache-control': 'private, max-age=60', location: destination,",
    fails: ['SVC-BRW-13/begin'],
  },
  {
    id: 'service-cookie-kept',
    says: 'a browser that has a cookie keeps it when a session begins',
    file: ROUTE,
    find: 'sessionCookie(secret, maxAgeSeconds)',
    replace: "sessionCookie(/__Host-agentpass=([^;]+)/.exec(c.req.header('cookie') ?? '')?.[1] ?? secret, maxAgeSeconds)",
    fails: ['SVC-BRW-16/fixation', 'SVC-BRW-16/merged'],
  },
  {
    id: 'service-credentials-of-any-type',
    says: 'a bearer token is as good as a cookie, and a cookie as a token',
    file: SESSION,
    find: 'if (credential?.type !== of.type)',
    replace: 'if (!credential)',
    fails: ['SVC-BRW-17/session-as-token', 'SVC-BRW-17/token-as-session'],
  },
  {
    id: 'service-any-destination',
    says: 'a session may begin at any site',
    file: 'service/redeem/destination.js',
    find: 'if (url && allowed.includes(url.origin))',
    replace: 'if (url)',
    fails: ids(/^SVC-BRW-03|^SVC-BRW-04\/destination|^SVC-BRW-10$/),
  },
  {
    id: 'service-destination-begins-so',
    says: 'a session may begin wherever the URL begins like the Service’s',
    file: 'service/redeem/destination.js',
    find: 'if (url && allowed.includes(url.origin))',
    replace: "if (url && allowed.some((one) => wanted.startsWith(one.replace(/:\\d+$/, ''))))",
    fails: ['SVC-BRW-03/lookalike', 'SVC-BRW-03/other-port', 'SVC-BRW-10'],
  },
  {
    id: 'service-destination-below',
    says: 'a session may begin at every host below the Service’s',
    file: 'service/redeem/destination.js',
    find: 'if (url && allowed.includes(url.origin))',
    replace: 'if (url && allowed.some((one) => url.origin === one || url.hostname.endsWith(`.${new URL(one).hostname}`)))',
    fails: ['SVC-BRW-03/below'],
  },
  {
    id: 'service-destination-forgotten',
    says: 'every session begins at the start page',
    file: ROUTE,
    find: 'location: destination,',
    replace: 'location: `${d.origin}/`,',
    fails: ['SVC-BRW-11'],
  },
  {
    id: 'service-destination-required',
    says: 'a session without an approved destination is refused',
    file: 'service/redeem/destination.js',
    find: 'const wanted = approved ?? start;',
    replace: "const wanted = approved ?? '';",
    fails: ['SVC-BRW-11/unsaid'],
  },
]
