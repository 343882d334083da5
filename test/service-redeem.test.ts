import { expect, test } from 'vitest'
import { BearerTokenGrant } from '../spec/wire/redemption.ts'
import { ACME, type Changes, DESK, json, USER } from './fake-authority.ts'
import { type Desk, desk, holder, okay, REDEEM, refusal } from './service-rig.ts'

const BROWSER = '/agentpass/redeem/browser-session'

async function found(more: Parameters<typeof desk>[0] = {}): Promise<Desk> {
  const d = await desk(more)
  d.enterprise.publish('acme.example')
  return d
}

test('a redemption buys a bearer token, its scope and its life, and is stored nowhere on the way [SVC-TOK-01] [SVC-SCP-09] [SVC-RED-20]', async () => {
  const d = await found()
  const response = await d.redeem()
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(response.headers.get('pragma')).toBe('no-cache')
  expect(response.headers.get('content-type')).toMatch(/^application\/json/)
  const grant = BearerTokenGrant.parse(await okay(response))
  expect(grant).toMatchObject({ scope: ['tickets:read', 'tickets:write'], expires_in: 600 })
  expect(grant.bearer_token).toMatch(/^[\w-]{43}$/)
  expect((await d.call('/api/tickets', grant.bearer_token)).status).toBe(200)
})

test('two tokens are never alike [SVC-TOK-03]', async () => {
  const d = await found()
  const tokens = await Promise.all(Array.from({ length: 50 }, () => d.token()))
  expect(new Set(tokens).size).toBe(50)
})

test('the Authority is asked once, in our name, and told the value and nothing else [SVC-RED-08]', async () => {
  const d = await found()
  await okay(await d.redeem({ requested_scope: ['tickets:read'], ...(await (await holder()).proof(d.now())) }))
  const [call] = d.enterprise.calls.filter(({ path }) => path === '/validate')
  expect(call?.body).toEqual({ agentpass: { value: 'pass-1' } })
  expect(call?.assertion?.claims).toEqual({ iss: DESK, aud: ACME, iat: d.now(), exp: d.now() + 60, jti: expect.stringMatching(/^[\w-]{22}$/) })
  expect(call?.assertion?.header).toEqual({ alg: 'ES256', typ: 'JWT', kid: expect.any(String) })
  expect(d.enterprise.asked('validate')).toHaveLength(1)
})

test('an assertion names its kind in hardened, and each has an id of its own [SVC-RED-08]', async () => {
  const d = await found({ profile: 'hardened' })
  for (let i = 0; i < 2; i++) await okay(await d.redeem())
  const [first, second] = d.enterprise.calls.filter(({ path }) => path === '/validate').map(({ assertion }) => assertion)
  expect(first?.header).toMatchObject({ typ: 'agentpass-service-assertion+jwt' })
  expect(first?.claims.jti).not.toBe(second?.claims.jti)
})

test.each([
  'x',
  ' pass ',
  'eyJhbGciOiJub25lIn0.eyJ1c2VyIjoiZXZlIn0.',
  '{"user":"eve","scope":["*"]}',
  "' OR 1=1; DROP TABLE credential; --",
  '../../etc/passwd',
  'pass\r\nX-Injected: 1',
  'pass\u0000\u2028\u202e🗝',
  '%2e%2e%2f',
  'x'.repeat(60_000),
])('a pass is nothing to us but a value: %j goes on as it came [SVC-RED-16]', async (value) => {
  const d = await found()
  await okay(await d.redeem({ agentpass: { type: 'bearer_token', value, user: { email: 'eve@evil.example' } } }))
  expect(d.enterprise.asked('validate')).toEqual([{ agentpass: { value } }])
})

const BEARER = { type: 'bearer_token', value: 'pass-1' }
const BAD: [string, unknown, string][] = [
  ['no agentpass', { agentpass: undefined }, '[SVC-RED-01]'],
  ['no agentpass.type', { agentpass: { value: 'pass-1' } }, '[SVC-RED-01]'],
  ['no agentpass.value', { agentpass: { type: 'bearer_token' } }, '[SVC-RED-01]'],
  ['an empty value', { agentpass: { ...BEARER, value: '' } }, '[SVC-RED-18]'],
  ['a value that is an object', { agentpass: { ...BEARER, value: {} } }, '[SVC-RED-18]'],
  ['an agentpass that is a string', { agentpass: 'pass-1' }, '[SVC-RED-18]'],
  ['type browser_session', { agentpass: { ...BEARER, type: 'browser_session' } }, '[SVC-RED-02]'],
  ['type Bearer_Token', { agentpass: { ...BEARER, type: 'Bearer_Token' } }, '[SVC-RED-02]'],
  ['no authority', { authority: undefined }, '[SVC-RED-01]'],
  ['an authority over http', { authority: 'http://authority.acme.example' }, '[SVC-RED-18]'],
  ['an authority not in normal form', { authority: 'https://Authority.acme.example' }, '[SVC-RED-18]'],
  ['an authority that is an object', { authority: { authority: ACME } }, '[SVC-RED-18]'],
  ['no user', { user: undefined }, '[SVC-RED-01]'],
  ['no user.email', { user: {} }, '[SVC-RED-01]'],
  ['a user that is a string', { user: USER }, '[SVC-RED-18]'],
  ['a requested_scope that is text', { requested_scope: 'tickets:read' }, '[SVC-SCP-07] [SVC-RED-19]'],
  ['a requested_scope of numbers', { requested_scope: [1] }, '[SVC-SCP-07] [SVC-RED-19]'],
  ['a requested_scope in a requested_scope', { requested_scope: [['tickets:read']] }, '[SVC-SCP-07]'],
  ['a requested_scope that is an object', { requested_scope: {} }, '[SVC-SCP-07]'],
  ['a requested_scope null', { requested_scope: null }, '[SVC-SCP-07]'],
  ['a requested_scope with an empty name', { requested_scope: [''] }, '[SVC-SCP-07]'],
  ['a requested_scope of 10,000 names', { requested_scope: Array.from({ length: 10_000 }, () => 'a') }, '[SVC-SCP-07]'],
  ['a harness_proof that is a string', { harness_proof: 'x.y.z' }, '[SVC-RED-19]'],
  ['an empty harness_proof', { harness_proof: {} }, '[SVC-RED-19]'],
  ['an empty harness_proof.jwt', { harness_proof: { jwt: '' } }, '[SVC-RED-19]'],
  ['null', null, '[SVC-RED-18]'],
  ['an array', [], '[SVC-RED-18]'],
  ['a string', 'pass-1', '[SVC-RED-18]'],
]
test.each(BAD.map(([name, changes, ids]): [string, string, unknown] => [name, ids, changes]))(
  '%s: 400, nobody is asked anything, and the pass still buys what it is for %s',
  async (_name, _ids, changes) => {
    const d = await found()
    const whole = typeof changes === 'object' && changes !== null && !Array.isArray(changes)
    const response = whole ? await d.redeem(changes as Changes) : await d.post(REDEEM, JSON.stringify(changes))
    expect(await refusal(response)).toEqual([400, 'malformed_request'])
    expect([d.net.lookups, d.sent()]).toEqual([[], []])
    await okay(await d.redeem())
  },
)

test('a pass that says it is of the other type is 400 at each endpoint, and is not spent [SVC-RED-02]', async () => {
  const d = await found()
  expect(await refusal(await d.post(BROWSER, d.redemption()))).toEqual([400, 'malformed_request'])
  const browser = d.redemption({ agentpass: { type: 'browser_session', value: 'pass-1' } })
  expect(await refusal(await d.post(REDEEM, browser))).toEqual([400, 'malformed_request'])
  expect(d.sent()).toEqual([])
  await okay(await d.redeem())
})

test('the checks come in their order, the first failure speaks, and all but the last leave the pass unspent [SVC-RED-19]', async () => {
  const d = await found()
  const { proof } = await holder()
  const stranger = { authority: 'https://stranger.example' }
  const badProof = await proof(d.now(), { aud: 'https://other.example' })
  const nothing = { requested_scope: [] }
  const code = async (...changes: Changes[]) => (await refusal(await d.redeem(Object.assign({}, ...changes))))[1]
  expect(await code({ user: { email: 'a@b@c' } }, stranger, badProof, nothing)).toBe('invalid_email')
  expect(await code(stranger, badProof, nothing)).toBe('untrusted_authority')
  expect(await code(badProof, nothing)).toBe('invalid_proof')
  expect(await code(nothing)).toBe('insufficient_scope')
  expect(d.enterprise.asked('validate')).toEqual([])
  await okay(await d.redeem())
})

test('whatever Host and X-Forwarded headers say, a proof is for the configured URL [SVC-HB-14]', async () => {
  const d = await found()
  const { proof, cnf } = await holder()
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ cnf }))
  const spoof = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', 'x-forwarded-prefix': '/x' }
  const at = (htu: string) => async () => proof(d.now(), { htu })
  const send = async (changes: Changes, url = DESK) =>
    d.service.app.request(url + REDEEM, {
      method: 'POST',
      headers: { ...spoof, 'content-type': 'application/json' },
      body: JSON.stringify(d.redemption(changes)),
    })
  expect(await refusal(await send(await at(`https://evil.example${REDEEM}`)(), 'https://evil.example'))).toEqual([401, 'invalid_proof'])
  expect(d.enterprise.asked('validate')).toEqual([])
  expect((await send(await at(DESK + REDEEM)(), 'http://evil.example')).status).toBe(200)
})

test('one caller has a bounded number of redemptions; more are 429 and reach no Authority', async () => {
  const d = await found({ settings: { limits: { redemptions_per_minute: 3 } } })
  const answers = await Promise.all(Array.from({ length: 20 }, () => d.redeem()))
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(3)
  expect(await refusal(answers.at(-1)!)).toEqual([429, 'rate_limited'])
  expect(d.enterprise.asked('validate')).toHaveLength(3)
})

test('unknown members at every level are ignored [VER-07]', async () => {
  const d = await found()
  d.enterprise.answers.validate = async () =>
    json(d.enterprise.validation({ x: 1, user: { email: USER, x: 1 }, agent: { id: 'a', x: 1 }, act: { sub: 'x' } }))
  await okay(await d.redeem({ x: 1, agentpass: { ...BEARER, x: 1 }, user: { email: USER, x: 1 } }))
})
