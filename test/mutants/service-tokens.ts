// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what a mutant finds and puts there is program text
import type { Mutant } from './mutant.ts'
import { redemptionIds as ids } from './redemption-cases.ts'

const GUARD = 'service/use/guard.js'
const ROUTE = 'service/redeem/route.js'

/** Faults in bearer tokens and in the guard before the API. */
export const serviceTokens: Mutant[] = [
  {
    id: 'service-everybody-is-let-in',
    says: 'a call without a good token is let through as nobody’s',
    file: GUARD,
    find: 'return refuseAccess(d.origin, refusal, c.req.raw);',
    replace:
      "c.set('session', { type: 'bearer_token', user: 'nobody@nobody.invalid', agent: 'nobody', task: { id: 'none' }, authorizationId: 'none', scope: ['tickets:read', 'tickets:write', 'tickets:admin'], expiresAt: 0 }), c.set('credential', { type: 'bearer_token', value: '' });\n        else",
    fails: ids(/^SVC-TOK-04\/(?!scope|widened)|^SVC-TOK-03\/query|^SVC-BRW-17\/(link|session)-as-token/),
  },
  {
    id: 'service-short-tokens',
    says: 'a bearer token has 48 random bits',
    file: 'service/redeem/credential.js',
    find: 'const token = d.random(32);',
    replace: 'const token = d.random(6);',
    fails: ['SVC-TOK-03'],
  },
  {
    id: 'service-token-in-the-query',
    says: 'a token is taken from the query of a URL too',
    file: GUARD,
    find: "const authorization = c.req.header('authorization');",
    replace: "const authorization = c.req.header('authorization') ?? (c.req.query('access_token') && `Bearer ${c.req.query('access_token')}`);",
    fails: ['SVC-TOK-03/query'],
  },
  {
    id: 'service-tokens-without-case',
    says: 'tokens are looked up without case',
    file: 'service/store/credentials.js',
    find: "hash('sha256', credential, 'base64url')",
    replace: "hash('sha256', credential.toLowerCase(), 'base64url')",
    fails: ['SVC-TOK-04/swapped'],
  },
  {
    id: 'service-tokens-cut-short',
    says: 'only the first twenty characters of a secret count',
    file: 'service/store/credentials.js',
    find: "hash('sha256', credential, 'base64url')",
    replace: "hash('sha256', credential.slice(0, 20), 'base64url')",
    fails: ['SVC-TOK-04/longer', 'SVC-TOK-04/shorter', 'SVC-BRW-07/longer'],
  },
]

/** Faults in what a Service writes down. */
export const serviceLogs: Mutant[] = [
  {
    id: 'service-logs-passes',
    says: 'every pass that is redeemed is in the log',
    file: ROUTE,
    find: 'const httpRequest = d.random(9);',
    replace: "const httpRequest = d.random(9); d.log.info('redeeming', { failure: request.agentpass.value });",
    fails: ['SVC-AUD-03/service'],
  },
  {
    id: 'service-log-of-plain-lines',
    says: 'line breaks in a name are line breaks in the log',
    file: 'spec/node/log.js',
    find: '{ write }',
    replace: "{ write: (line) => write(line.replaceAll('\\\\n', '\\n').replaceAll('\\\\r', '\\r').replaceAll('\\\\\"', '\"')) }",
    fails: ['SVC-AUD-04/service'],
  },
]
