import { isSuccess } from '../actors/client.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { expectNothing, expectUnspent, suggest, validationsOf } from './bought.ts'
import type { Pass, PassType, Redeeming, ServiceStage } from './stage.ts'

/** A redemption that differs from a good one. */
type Wrong = [slug: string, about: string, changed: (pass: Pass, s: ServiceStage) => Redeeming]

const MISSING: Wrong[] = [
  ['agentpass', 'there is no agentpass', () => ({ changed: { agentpass: undefined } })],
  ['type', 'agentpass has no type', ({ value }) => ({ changed: { agentpass: { value } } })],
  ['value', 'agentpass has no value', ({ type }) => ({ changed: { agentpass: { type } } })],
  ['value-empty', 'the value of agentpass is empty', ({ type }) => ({ changed: { agentpass: { type, value: '' } } })],
  ['authority', 'no Authority is named', () => ({ changed: { authority: undefined } })],
  ['user', 'there is no user', () => ({ changed: { user: undefined } })],
  ['email', 'user has no email', () => ({ changed: { user: {} } })],
]

const MALFORMED: Wrong[] = [
  ['null', 'the body is null', () => ({ send: { body: 'null' } })],
  ['list', 'the body is a list', () => ({ send: { body: '[]' } })],
  ['text', 'the body is a text', () => ({ send: { body: '"redeem"' } })],
  ['empty', 'the body is empty', () => ({ send: { body: '' } })],
  ['broken', 'the body breaks off', ({ value }) => ({ send: { body: `{"agentpass":{"value":"${value}"` } })],
  ['agentpass-text', 'agentpass is a text', ({ value }) => ({ changed: { agentpass: value } })],
  ['value-list', 'the value of agentpass is a list', ({ type, value }) => ({ changed: { agentpass: { type, value: [value] } } })],
  ['email-list', 'user.email is a list', ({ user }) => ({ changed: { user: { email: [user] } } })],
  ['email-no-address', 'user.email has two @', ({ user }) => ({ changed: { user: { email: `somebody@${user}` } } })],
  ['authority-number', 'authority is a number', () => ({ changed: { authority: 7 } })],
  ['authority-no-url', 'authority is no URL', () => ({ changed: { authority: 'enterprise' } })],
  ['proof-text', 'harness_proof is a text', () => ({ changed: { harness_proof: 'proof' } })],
  ['proof-number', 'harness_proof.jwt is a number', () => ({ changed: { harness_proof: { jwt: 1 } } })],
  ['media-type', 'the body says that it is plain text', () => ({ send: { headers: { 'content-type': 'text/plain' } } })],
]

const refuses = async (s: ServiceStage, type: PassType, wrong: Wrong[2], ...suggested: number[]): Promise<void> => {
  const pass = s.pass({ type })
  const refused = await s.redeem(pass, wrong(pass, s))
  expectNothing(refused)
  suggest(s, refused, ...suggested)
  expectUnspent(pass)
  expectThat(isSuccess(await s.redeem(pass)), 'the same pass to be good for a good request', 'a refusal')
}

/** Redemption: what is read of the request, before anybody else is asked (§4.4). */
export const redemption: Case<ServiceStage>[] = [
  ...MISSING.map(
    ([slug, about, changed]): Case<ServiceStage> => ({
      id: `SVC-RED-01/${slug}`,
      about,
      negative: true,
      run: (s) => refuses(s, 'bearer_token', changed, 400),
    }),
  ),
  ...MISSING.filter(([slug]) => ['value', 'authority', 'email'].includes(slug)).map(
    ([slug, about, changed]): Case<ServiceStage> => ({
      id: `SVC-RED-01/browser-${slug}`,
      about: `for a browser session: ${about}`,
      negative: true,
      run: (s) => refuses(s, 'browser_session', changed, 400),
    }),
  ),
  ...MALFORMED.map(
    ([slug, about, changed]): Case<ServiceStage> => ({
      id: `SVC-RED-18/${slug}`,
      about,
      negative: true,
      run: (s) => refuses(s, 'bearer_token', changed, 400, 415),
    }),
  ),
  {
    id: 'SVC-RED-02/bearer-at-browser',
    about: 'a pass for a bearer token comes to the browser session endpoint',
    negative: true,
    run: (s) => refuses(s, 'bearer_token', () => ({ endpoint: 'browser_session' }), 400),
  },
  {
    id: 'SVC-RED-02/browser-at-bearer',
    about: 'a pass for a browser session comes to the bearer token endpoint',
    negative: true,
    run: (s) => refuses(s, 'browser_session', () => ({ endpoint: 'bearer_token' }), 400),
  },
  {
    id: 'SVC-RED-02/unknown',
    about: 'agentpass.type is a type that nobody knows',
    negative: true,
    run: (s) => refuses(s, 'bearer_token', ({ value }) => ({ changed: { agentpass: { type: 'admin_session', value } } }), 400),
  },
  {
    id: 'SVC-RED-20',
    about: 'a bearer token is bought: the answer may be kept by no cache',
    run: async (s) => {
      const reply = await s.redeem(s.pass())
      expectThat(isSuccess(reply), 'a token', `${reply.status} ${reply.text.slice(0, 200)}`)
      const control = reply.headers['cache-control'] ?? 'none'
      expectThat(/\bno-store\b/.test(control), 'Cache-Control: no-store', control)
    },
  },
]

/** Values that are no business of a Service’s: what a pass looks like means nothing (§2.1). The mark makes each the only one of its kind. */
const OPAQUE: [slug: string, about: string, write: (mark: string) => string][] = [
  ['jwt', 'the pass looks like a signed object', (mark) => `eyJhbGciOiJub25lIn0.eyJleHAiOjF9.${mark}`],
  ['json', 'the pass looks like JSON', (mark) => `{"authority":"https://somebody-else.invalid","id":"${mark}"}`],
  ['sql', 'the pass looks like SQL', (mark) => `${mark}' OR 1=1; DROP TABLE credential --`],
  ['encoded', 'the pass has percent signs, slashes and dots', (mark) => `../%2e%2e/%00${mark}`],
  ['blanks', 'the pass has blanks at its ends', (mark) => `  ${mark} `],
  ['unicode', 'the pass has letters of no ASCII', (mark) => `ünïcode-é-e\u0301-${mark}`],
]

/** The pass itself: opaque, and spent once (§2.1, §4.4). */
export const passes: Case<ServiceStage>[] = [
  ...OPAQUE.map(
    ([slug, about, write]): Case<ServiceStage> => ({
      id: `SVC-RED-16/${slug}`,
      about,
      run: async (s) => {
        const made = s.pass()
        const pass = { ...made, value: s.secret(write(made.value)) }
        pass.authority.scripts.set(pass.value, pass.script)
        const reply = await s.redeem(pass)
        expectEqual(validationsOf(pass).length, 1, 'the number of validations of the very value')
        expectThat(isSuccess(reply), 'the pass to buy a token', `${reply.status} ${reply.text.slice(0, 200)}`)
      },
    }),
  ),
  {
    id: 'SVC-RED-17',
    about: 'one pass is redeemed twenty times at once',
    negative: true,
    run: (s) => redeemAtOnce(s, () => 'bearer_token'),
  },
  {
    id: 'SVC-RED-17/both-endpoints',
    about: 'one pass is redeemed twenty times at once, for a token and for a session in turn',
    negative: true,
    run: (s) => redeemAtOnce(s, (i) => (i % 2 === 0 ? 'bearer_token' : 'browser_session')),
  },
]

/** The Authority says yes once, as it must; its word may buy one credential. */
async function redeemAtOnce(s: ServiceStage, typeOf: (i: number) => PassType): Promise<void> {
  const pass = s.pass()
  let spent = false
  pass.script.validate = () => {
    const first = !spent
    spent = true
    return first ? { json: pass.script.validation } : { status: 409, json: { error: { code: 'already_consumed', message: 'it has been used' } } }
  }
  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, i) => {
      const endpoint = typeOf(i)
      return s.redeem(pass, { endpoint, changed: { agentpass: { type: endpoint, value: pass.value } } })
    }),
  )
  const bought = replies.filter(isSuccess).length
  expectThat(bought <= 1, 'at most one credential', `${bought}`)
  await s.token()
}

/** What is made out before the pass is spent, so that a bad request does not burn it. */
const BEFORE: [slug: string, about: string, how: Wrong[2], profile?: 'hardened'][] = [
  ['scope-shape', 'requested_scope is a text', () => ({ changed: { requested_scope: 'read' } })],
  ['authority', 'an Authority is named that nobody trusts', () => ({ changed: { authority: 'https://nobody.invalid' } })],
  ['proof-no-jwt', 'the proof is no signed object', () => ({ proof: 'no.signed.object' })],
  ['proof-audience', 'the proof is for another Service', () => ({ proof: { claims: { aud: 'https://somebody-else.invalid' } } })],
  ['proof-expired', 'the proof expired two hours ago', () => ({ proof: { claims: { iat: 1_700_000_000, exp: 1_700_000_060 } } })],
  ['proof-url', 'the proof is for another URL', (_, s) => ({ proof: { claims: { htu: s.endpoint('browser_session') } } }), 'hardened'],
  ['proof-pass', 'the proof is for another pass', () => ({ proof: { claims: { aph: 'x'.repeat(43) } } }), 'hardened'],
]

/** The order of the checks (§4.4). */
export const order: Case<ServiceStage>[] = BEFORE.map(
  ([slug, about, how, profile]): Case<ServiceStage> => ({
    id: `SVC-RED-19/${slug}`,
    about: `${about}; then the same pass comes with a good request`,
    negative: true,
    ...(profile && { profile }),
    run: (s) => refuses(s, 'bearer_token', how, 400, 401, 403),
  }),
)
