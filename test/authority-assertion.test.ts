/** How an Authority judges the assertion of a Service: at each of its three endpoints alike, and before anything else. */
import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { APPROVING, type AuthorityWorld, authorityWorld, refusal } from './authority-rig.ts'
import type { FakeService } from './fake-service.ts'
import { AUTHORITY, SERVICE } from './parties.ts'
import { base64url, ecPair, edPair, jws, type Members, rsaPair } from './spec/jws-fixture.ts'

const world = () => authorityWorld({ ...APPROVING, lifetimes: { pass_seconds: 3600 } })
const CANARY = 'https://canary.example'

type Hostile = (desk: FakeService, w: AuthorityWorld) => string | undefined
/** The header is refused at every endpoint; then the pass and the authorization are as good as before. */
async function expectRefused(hostile: Hostile) {
  const w = await world()
  const { value } = await w.approved()
  const { authorizationId } = await w.redeemed()
  const calls = w.calls.length
  const answers = [await w.validate(value, hostile(w.desk, w)), await w.check(authorizationId, hostile(w.desk, w))]
  answers.push(await w.close(authorizationId, hostile(w.desk, w)))
  for (const answer of answers) expect(await refusal(answer)).toEqual([401, 'invalid_assertion'])
  expect(w.calls.slice(calls).filter(({ url }) => !url.startsWith(`${SERVICE}/`))).toEqual([])
  expect((await w.check(authorizationId, w.desk.bearer())).status).toBe(200)
  expect((await w.validate(value, w.desk.bearer())).status).toBe(200)
}

const claiming =
  (claims: (now: number) => Members): Hostile =>
  (desk, w) =>
    desk.bearer(claims(w.now()))
const heading =
  (header: Members): Hostile =>
  (desk) =>
    desk.bearer({}, header)

test.each<[string, Hostile]>([
  ['no Authorization header', () => undefined],
  ['Basic', () => 'Basic ZGVzazpzZWNyZXQ='],
  ['Bearer and nothing', () => 'Bearer '],
  ['a token that is no JWT', () => 'Bearer junk'],
  ['an assertion without a scheme', (desk) => desk.assertion()],
  ['two assertions', (desk) => `${desk.bearer()}, ${desk.bearer()}`],
  ['an assertion that is cut', (desk) => desk.bearer().slice(0, -4)],
  ['an assertion with padding', (desk) => `${desk.bearer()}=`],
  ['a detached payload', (desk) => desk.bearer().replace(/\.[^.]+\./, '..')],
  ['the form of an encrypted token', (desk) => `${desk.bearer()}.e30.e30`],
])('%s is no assertion [AUTH-ASRT-01 AUTH-CHK-04 AUTH-CLS-08 AUTH-ASRT-18]', async (_, hostile) => {
  await expectRefused(hostile)
})

const FAR = 4_000_000_000
test.each<[string, (now: number) => Members]>([
  ['expired more than a minute ago [AUTH-ASRT-03 AUTH-CHK-05]', (now) => ({ iat: now - 120, exp: now - 61 })],
  ['has no exp [AUTH-ASRT-04]', () => ({ exp: undefined })],
  ['has exp as text [AUTH-ASRT-04]', (now) => ({ exp: String(now + 60) })],
  ['has exp null [AUTH-ASRT-04]', () => ({ exp: null })],
  ['has exp true [AUTH-ASRT-04]', () => ({ exp: true })],
  ['has no iat [AUTH-ASRT-05]', () => ({ iat: undefined })],
  ['has iat as text [AUTH-ASRT-05]', (now) => ({ iat: String(now) })],
  ['lives longer than an hour [AUTH-ASRT-09]', (now) => ({ exp: now + 3601 })],
  ['lives for ever [AUTH-ASRT-09]', () => ({ exp: FAR })],
  ['is of tomorrow [AUTH-ASRT-10]', (now) => ({ iat: now + 86_400, exp: now + 86_460 })],
  ['is not valid yet [AUTH-ASRT-10]', (now) => ({ nbf: now + 86_400 })],
  ['ends before it begins', (now) => ({ iat: now, exp: now - 1 })],
  ['has an empty jti', () => ({ jti: '' })],
  ['has a jti that is no text', () => ({ jti: 7 })],
])('an assertion that %s is refused', async (_, claims) => {
  await expectRefused(claiming(claims))
})

test.each<[string, unknown]>([
  ['another Authority', 'https://authority.other.example'],
  ['the identifier with a slash', `${AUTHORITY}/`],
  ['the identifier in other letters', AUTHORITY.replace('authority', 'Authority')],
  ['the identifier with its port', `${AUTHORITY}:443`],
  ['the configuration URL', `${AUTHORITY}/.well-known/agentpass-authority`],
  ['the validate endpoint', `${AUTHORITY}/validate`],
  ['a part of the identifier', AUTHORITY.slice(0, -1)],
  ['the identifier and another', [AUTHORITY, 'https://authority.other.example']],
  ['the identifier twice', [AUTHORITY, AUTHORITY]],
  ['nobody', []],
  ['null', null],
  ['nothing', undefined],
])('an assertion for %s is refused [AUTH-ASRT-06 AUTH-ASRT-07]', async (_, aud) => {
  await expectRefused(claiming(() => ({ aud })))
})

test.each<[string, unknown]>([
  ['a slash', `${SERVICE}/`],
  ['its port', `${SERVICE}:443`],
  ['upper case', 'https://DESK.example'],
  ['a path', `${SERVICE}/app`],
  ['a query', `${SERVICE}?`],
  ['userinfo', 'https://x@desk.example'],
  ['a final dot', `${SERVICE}.`],
  ['a full-width dot', 'https://desk。example'],
  ['a tab in it', 'https://desk\t.example'],
  ['http', 'http://desk.example'],
  ['no scheme', 'desk.example'],
  ['nothing', ''],
  ['undefined', undefined],
  ['a list', [SERVICE]],
])('an issuer that is like the Service but for %s is not the Service [AUTH-ASRT-08]', async (_, iss) => {
  await expectRefused(claiming(() => ({ iss })))
})

test.each([
  ...['https://127.0.0.1', 'https://[::1]', 'https://169.254.169.254', 'https://localhost', 'https://10.0.0.7:8443', 'https://metadata'],
  ...['file:///etc/passwd', 'http://169.254.169.254', '//evil.example', 'https://evil.example', `data:,${SERVICE}`],
])('an issuer %s that no record vouches for makes the Authority fetch nothing [AUTH-ASRT-08 DISC-SVC-02]', async (iss) => {
  const w = await world()
  expect(await refusal(await w.validate('x', w.desk.bearer({ iss })))).toEqual([401, 'invalid_assertion'])
  expect(w.calls).toEqual([])
})

const P384 = ecPair('P-384')
const RSA = rsaPair()
const hmac =
  (secret?: string): Hostile =>
  (desk) => {
    const input = desk.assertion({}, { alg: 'HS256' }).split('.', 2).join('.')
    const mac = createHmac('sha256', secret ?? JSON.stringify(desk.key.jwk)).update(input)
    return `Bearer ${input}.${mac.digest('base64url')}`
  }
test.each<[string, string, Hostile]>([
  ['alg none and no signature', '[AUTH-ASRT-12]', (desk) => `Bearer ${base64url('{"alg":"none"}')}.${base64url(JSON.stringify(desk.claims()))}.`],
  ['alg none and a signature', '[AUTH-ASRT-12]', heading({ alg: 'none' })],
  ['a MAC under the public key as JWK', '[AUTH-ASRT-12]', hmac()],
  ['a MAC under a guess', '[AUTH-ASRT-12]', hmac('secret')],
  ['ES384 by a P-384 key of the same kid', '[AUTH-ASRT-12]', (desk) => desk.bearer({}, { alg: 'ES384' }, { key: P384, algorithm: 'ES384' })],
  ['RS256 by an RSA key of the same kid', '[AUTH-ASRT-12]', (desk) => desk.bearer({}, { alg: 'RS256' }, { key: RSA, algorithm: 'RS256' })],
  ["another's signature", '[AUTH-ASRT-02]', (desk) => desk.bearer({}, {}, { key: ecPair('P-256') })],
  ['an unknown kid', '[AUTH-ASRT-02 AUTH-ASRT-17]', heading({ kid: 'k9' })],
  ['a kid that is no text', '[AUTH-ASRT-02 AUTH-ASRT-17]', heading({ kid: 1 })],
  ['crit', '[AUTH-ASRT-11]', heading({ crit: ['exp'], exp: 1 })],
  ['b64 false', '[AUTH-ASRT-11]', heading({ b64: false, crit: ['b64'] })],
  ['a key of its own', '[AUTH-ASRT-13]', (desk) => jwsWith(desk, { jwk: OWN.jwk, kid: undefined })],
  ['a jku', '[AUTH-ASRT-13]', (desk) => jwsWith(desk, { jku: `${CANARY}/keys`, kid: 'mine' })],
  ['an x5u', '[AUTH-ASRT-13]', (desk) => jwsWith(desk, { x5u: `${CANARY}/cert`, kid: 'mine' })],
])('an assertion with %s is refused, and no key is sought where it says %s', async (_, _ids, hostile) => {
  await expectRefused(hostile)
})

const OWN = ecPair('P-256')
const jwsWith = (desk: FakeService, header: Members) => `Bearer ${jws({ alg: 'ES256', typ: 'JWT', ...header }, desk.claims(), { key: OWN })}`

test.each<[string, Hostile]>([
  ['a holder proof', claiming(() => ({ htm: 'POST', htu: `${AUTHORITY}/validate` }))],
  ['a proof by its pass hash alone', claiming(() => ({ aph: 'x' }))],
  ['a task attestation', claiming(() => ({ task_id: 't', task_description_hash: 'x' }))],
  ['an authority assertion', heading({ typ: 'agentpass-authority-assertion+jwt' })],
  ['the typ of a proof', heading({ typ: 'agentpass-holder-proof+jwt' })],
])('%s signed by the Service is no service assertion [AUTH-ASRT-14]', async (_, hostile) => {
  await expectRefused(hostile)
})

test("the Authority's own assertion, sent back to it, does not authenticate anybody [AUTH-ASRT-14]", async () => {
  const w = await world()
  await w.approved()
  expect((await w.validate('x', w.desk.asked[0]!.authorization)).status).toBe(401)
})

const ED = edPair()
test.each<[string, Hostile]>([
  ['bearer in small letters [AUTH-ASRT-15]', (desk) => desk.bearer().replace('Bearer', 'bearer')],
  ['BEARER and two spaces [AUTH-ASRT-15]', (desk) => desk.bearer().replace('Bearer ', 'BEARER  ')],
  ['the audience in a list of just it [AUTH-ASRT-07]', claiming(() => ({ aud: [AUTHORITY] }))],
  ['a clock a minute behind [AUTH-ASRT-03]', claiming((now) => ({ iat: now - 119, exp: now - 59 }))],
  ['a clock a minute ahead [AUTH-ASRT-10]', claiming((now) => ({ iat: now + 60, exp: now + 120, nbf: now + 60 }))],
  ['the longest life [AUTH-ASRT-09]', claiming((now) => ({ exp: now + 3600 }))],
  ['no jti', claiming(() => ({ jti: undefined }))],
  ['no typ', heading({ typ: undefined })],
  ['no kid', heading({ kid: undefined })],
  ['other claims', claiming(() => ({ sub: 'x', cnf: {}, task_id: 't', x_unknown: null }))],
  ['EdDSA [AUTH-ASRT-12]', (desk) => desk.bearer({}, { alg: 'EdDSA', kid: 'ed' }, { key: ED, algorithm: 'EdDSA' })],
  ['RS256 [AUTH-ASRT-12]', (desk) => desk.bearer({}, { alg: 'RS256', kid: 'rsa' }, { key: RSA, algorithm: 'RS256' })],
])('a good assertion with %s is accepted', async (_, good) => {
  const w = await world()
  w.desk.pages.keys = () =>
    Response.json({
      keys: [
        { ...ED.jwk, kid: 'ed' },
        { ...RSA.jwk, kid: 'rsa' },
        { ...w.desk.key.jwk, kid: 'k1' },
      ],
    })
  const { value } = await w.approved()
  expect((await w.validate(value, good(w.desk, w))).status).toBe(200)
})
