import { instant } from '../actors/authority.ts'
import { type Case, expectThat } from '../case.ts'
import { expectDead, expectNothing } from './bought.ts'
import { expectAllowed, type ServiceStage, type WantedPass } from './stage.ts'

/** Characters of base64url that hold 128 bits. */
const LEAST_CHARACTERS = 22

/** Redemptions that fail after the pass was spent. */
const FAILING: [slug: string, about: string, wanted: (s: ServiceStage) => WantedPass, changed: Record<string, unknown>][] = [
  ['scope', 'nothing is granted', () => ({ validation: { scope: ['nothing:known'] } }), {}],
  ['requested', 'nothing of what is asked for was approved', () => ({}), { requested_scope: ['nothing:known'] }],
  ['user', 'the Authority speaks for another user', ({ adapter }) => ({ validation: { user: { email: adapter.users.lacking } } }), {}],
  ['cnf', 'the Authority names a holder key that is none', () => ({ validation: { cnf: { jwk: {} } } }), {}],
]

/** What else an Authorization header may say. */
const NO_TOKENS: [slug: string, about: string, of: (token: string) => string | undefined][] = [
  ['none', 'without a token', () => undefined],
  ['unknown', 'with a token that nobody gave out', () => `Bearer ${'A'.repeat(43)}`],
  ['longer', 'with a token that only begins like a good one', (token) => `Bearer ${token}A`],
  ['shorter', 'with the beginning of a good token', (token) => `Bearer ${token.slice(0, -1)}`],
  [
    'swapped',
    'with a good token in other letters, large for small',
    (token) => `Bearer ${token.replace(/[a-z]/gi, (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase()))}`,
  ],
  ['basic', 'with a good token as the password of Basic authentication', (token) => `Basic ${Buffer.from(`agent:${token}`).toString('base64')}`],
]

/** Bearer tokens: what redemption gives, and what an API takes (§4.6, RFC 6750). */
export const bearer: Case<ServiceStage>[] = [
  {
    id: 'SVC-TOK-01',
    about: 'the pass of a federated Authority, bound to no key, buys a token that works',
    run: async (s) => {
      const { user } = s.account()
      const { token } = await s.token(s.pass({ user, authority: s.house.federated, bound: false }))
      expectAllowed(await s.call(s.scope.first, token))
    },
  },
  ...FAILING.map(
    ([slug, about, wanted, changed]): Case<ServiceStage> => ({
      id: `SVC-TOK-02/${slug}`,
      about: `for a bearer token: ${about}`,
      negative: true,
      run: async (s) => {
        expectNothing(await s.redeem(s.pass(wanted(s)), { changed }), { orServerError: slug === 'cnf' })
        await s.token()
      },
    }),
  ),
  {
    id: 'SVC-TOK-03',
    about: 'twenty tokens are bought: none can be guessed from the others',
    run: async (s) => {
      const tokens = await Promise.all(Array.from({ length: 20 }, async () => (await s.token()).token))
      expectThat(new Set(tokens).size === tokens.length, 'twenty different tokens', `${new Set(tokens).size}`)
      const [one = ''] = tokens
      const varies = [...one].filter((_, i) => new Set(tokens.map((token) => token[i])).size > 4).length
      expectThat(varies >= LEAST_CHARACTERS, `at least ${LEAST_CHARACTERS} characters that vary (128 bits)`, `${varies} of ${one.length}`)
    },
  },
  {
    id: 'SVC-TOK-03/query',
    about: 'a token comes in the query of the URL',
    negative: true,
    run: async (s) => {
      const { token } = await s.token()
      const act = s.adapter.protected[s.scope.first]
      const url = new URL(typeof act === 'string' ? act : String(act?.url))
      for (const name of ['access_token', 'token', 'bearer_token']) url.searchParams.set(name, token)
      const { status } = await s.client.send(url.href, { headers: { accept: 'application/json' } })
      expectThat(status >= 300, 'a refusal', `${status}`)
      expectAllowed(await s.call(s.scope.first, token))
    },
  },
  ...NO_TOKENS.map(
    ([slug, about, of]): Case<ServiceStage> => ({
      id: `SVC-TOK-04/${slug}`,
      about: `the API is called ${about}`,
      negative: true,
      run: async (s) => {
        const { token } = await s.token()
        const authorization = of(token)
        const refused = await s.call(s.scope.first, null, authorization === undefined ? {} : { headers: { authorization } })
        expectDead(refused)
        if (refused.status === 401 && refused.headers['www-authenticate'] === undefined) s.warn('a 401 has a WWW-Authenticate header (RFC 6750 §3)')
        expectAllowed(await s.call(s.scope.first, token))
      },
    }),
  ),
  {
    id: 'SVC-TOK-04/scope',
    about: 'the API is called for what another scope is needed',
    negative: true,
    run: async (s) => {
      const pass = s.pass({ validation: { scope: [s.scope.first] } })
      pass.script.check = () => ({ json: { scope: s.scope.all, authorization_expires_at: instant(3600) } })
      const { token } = await s.token(pass)
      const refused = await s.call(s.scope.second, token)
      expectDead(refused)
      if (refused.status !== 403) s.warn(`403 is suggested for a scope that a token lacks, not ${refused.status}`)
      expectAllowed(await s.call(s.scope.first, token))
    },
  },
  {
    id: 'SVC-TOK-04/revoked',
    about: 'the Authority has ended the authorization before its token is used for the first time',
    negative: true,
    slow: true,
    run: async (s) => {
      const { token, pass } = await s.token()
      pass.script.check = () => ({ status: 404, json: { error: { code: 'unknown_authorization', message: 'it has ended' } } })
      await s.wait(s.adapter.check_seconds * 1000 + 500)
      expectDead(await s.call(s.scope.first, token))
    },
  },
]
