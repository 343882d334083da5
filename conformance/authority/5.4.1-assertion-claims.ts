import { ValidationResponse } from '../../spec/wire/validation.ts'
import { expectAnswer } from '../actors/client.ts'
import { signJws } from '../actors/jws.ts'
import { nowSeconds } from '../actors/jwt.ts'
import {
  audienceFaults,
  EXPIRED,
  EXPIRY_FAULTS,
  FORM_FAULTS,
  FUTURE_FAULTS,
  ISSUED_FAULTS,
  type JwtFault,
  LIFETIME_FAULTS,
} from '../actors/jwt-faults.ts'
import type { Case } from '../case.ts'
import { expectForgeryRefused, expectNotAuthenticated, expectStillGood, forgery } from './presenting.ts'
import type { AuthorityStage } from './stage.ts'

/** A good object with other claims. */
const withClaims = (slug: string, about: string, claims: () => Record<string, unknown>): JwtFault => ({
  slug,
  about,
  forge: (good) => signJws(good.header, { ...good.claims, ...claims() }, good.key),
})

/** Other spellings of an origin, and origins beside it: `iss` is compared as it stands. */
const LOOKALIKES: [string, string, (origin: string) => string][] = [
  ['slash', 'has a slash at its end', (origin) => `${origin}/`],
  ['path', 'has a path', (origin) => `${origin}/service`],
  ['upper-case', 'is in capitals', (origin) => origin.toUpperCase().replace('HTTPS', 'https')],
  ['userinfo', 'has userinfo', (origin) => origin.replace('https://', 'https://service@')],
  ['fragment', 'has a fragment', (origin) => `${origin}#service`],
  ['http', 'is an http URL', (origin) => origin.replace('https:', 'http:')],
  ['no-port', 'has another port', (origin) => (new URL(origin).port === '' ? `${origin}:8443` : origin.replace(/:\d+$/, ''))],
  ['ideographic-dot', 'has a dot of another script', (origin) => origin.replace('.', '。')],
  ['trailing-dot', 'has a dot after its host', (origin) => origin.replace(/(:\d+)?$/, '.$1')],
]

/** The claims of a Service's assertion (§5.4.1). */
export const assertionClaims: Case<AuthorityStage>[] = [
  { ...forgery('AUTH-ASRT-03', EXPIRED), id: 'AUTH-ASRT-03' },
  ...EXPIRY_FAULTS.map((fault) => forgery('AUTH-ASRT-04', fault)),
  forgery('AUTH-ASRT-04', {
    slug: 'exp-in-prototype',
    about: 'exp is in a member __proto__ alone',
    forge: ({ header, claims: { exp, ...others }, key }) => signJws(header, `{"__proto__":{"exp":${exp}},${JSON.stringify(others).slice(1)}`, key),
  }),
  ...ISSUED_FAULTS.map((fault) => forgery('AUTH-ASRT-05', fault)),
  ...audienceFaults('').map(
    ({ slug, about }): Case<AuthorityStage> => ({
      id: `${isListFault(slug) ? 'AUTH-ASRT-07' : 'AUTH-ASRT-06'}/${slug}`,
      about: `an assertion is for another: ${about}`,
      negative: true,
      run: (s) =>
        expectForgeryRefused(
          s,
          (good) =>
            audienceFaults(s.identifier)
              .find((one) => one.slug === slug)
              ?.forge(good) ?? '',
        ),
    }),
  ),
  {
    id: 'AUTH-ASRT-06/aud-configuration-url',
    about: 'aud is the URL of the Authority’s configuration',
    negative: true,
    run: (s) => expectForgeryRefused(s, ({ header, claims, key }) => signJws(header, { ...claims, aud: s.instance.configuration_url }, key)),
  },
  {
    id: 'AUTH-ASRT-07',
    about: 'aud is a list of just the Authority’s identifier',
    run: async (s) => {
      const pass = await s.approved()
      const reply = await s.validate(pass.value, pass.service, { changes: { claims: { aud: [s.identifier] } } })
      expectAnswer(reply, ValidationResponse, 'the validation')
    },
  },
  ...LOOKALIKES.map(
    ([slug, what, lookalike]): Case<AuthorityStage> => ({
      id: `AUTH-ASRT-08/${slug}`,
      about: `iss ${what}, and is not the pass's Service`,
      negative: true,
      run: async (s) => {
        const pass = await s.approved()
        await s.check('unknown-authorization', pass.service) // now the right one is known
        const iss = lookalike(pass.service.origin)
        expectNotAuthenticated(s, await s.validate(pass.value, pass.service, { changes: { claims: { iss } } }))
        await expectStillGood(s, pass)
      },
    }),
  ),
  forgery('AUTH-ASRT-08', {
    slug: 'list',
    about: 'iss is a list of the right one',
    forge: ({ header, claims, key }) => signJws(header, { ...claims, iss: [claims.iss] }, key),
  }),
  ...LIFETIME_FAULTS.map((fault) => forgery('AUTH-ASRT-09', fault)),
  forgery(
    'AUTH-ASRT-09',
    withClaims('two-hours', 'it lives for two hours', () => ({ exp: nowSeconds() + 7200 })),
  ),
  {
    ...forgery(
      'AUTH-ASRT-09',
      withClaims('ten-minutes', 'it lives for ten minutes', () => ({ exp: nowSeconds() + 600 })),
    ),
    profile: 'hardened',
  },
  ...FORM_FAULTS.filter(({ slug }) => slug === 'duplicate-claim').map((fault) => forgery('AUTH-ASRT-09', fault)),
  ...FUTURE_FAULTS.map((fault) => forgery('AUTH-ASRT-10', fault)),
  ...['bearer', 'BEARER'].map(
    (scheme): Case<AuthorityStage> => ({
      id: scheme === 'bearer' ? 'AUTH-ASRT-15' : 'AUTH-ASRT-15/upper-case',
      about: `the scheme is written ${scheme}`,
      run: async (s) => {
        const pass = await s.approved()
        const authorization = `${scheme} ${s.secret(pass.service.assertion(s.identifier))}`
        const reply = await s.validate(pass.value, pass.service, { assertion: null, send: { headers: { authorization } } })
        expectAnswer(reply, ValidationResponse, 'the validation')
      },
    }),
  ),
]

function isListFault(slug: string): boolean {
  return slug === 'aud-two' || slug === 'aud-empty-list'
}
