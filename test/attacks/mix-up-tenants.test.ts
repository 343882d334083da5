/** Attacks M-11, M-12, M-15 to M-17 and M-19: another's authorization, a binding that is left out, another's account, another's desk, another's key. */
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { openAuthority } from '../../authority/node/open.ts'
import { migrations } from '../../authority/store/migrations/all.ts'
import { createLog } from '../../spec/node/log.ts'
import { IssuanceStatus } from '../../spec/wire/issuance.ts'
import { APPROVING, type AuthorityWorld, authorityWorld, callers, HARNESS, message, refusal, TASK } from '../authority-rig.ts'
import { type Changes, fakeAuthority, json, signed } from '../fake-authority.ts'
import { fakeService } from '../fake-service.ts'
import { internet } from '../internet.ts'
import { AUTHORITY, authoritySettings, initialised, SERVICE, serviceSettings, startAuthority } from '../parties.ts'
import { desk, holder, okay } from '../service-rig.ts'

test('M-11: an authorization is known to the Service that redeemed it; to any other, and to a guess, there is none [AUTH-CHK-03 AUTH-CLS-02]', async () => {
  const w = await authorityWorld(APPROVING)
  const other = fakeService(w.net, 'https://other.example')
  const mine = await w.redeemed()
  const { authorizationId: id } = mine
  const guesses = [id, id.toUpperCase(), `${id} `, `${id}=`, id.slice(0, -1), mine.id, mine.value, '*', '%', `${id}' OR '1'='1`, 'x'.repeat(1024)]
  const said = new Set<string>()
  for (const guess of guesses) {
    const strangers = [await w.check(guess, other.bearer()), await w.close(guess, other.bearer(), 'revoke'), await w.close(guess, other.bearer())]
    if (guess !== id) strangers.push(await w.check(guess, w.desk.bearer()), await w.close(guess, w.desk.bearer(), 'revoke'))
    for (const answer of strangers) said.add(`${answer.status} ${await answer.text()}`)
  }
  expect([...said]).toEqual([expect.stringMatching(/^404 .*unknown_authorization/)])
  expect((await w.check(id, w.desk.bearer())).status).toBe(200)
  expect((await w.close(id, w.desk.bearer())).status).toBe(200)
})

/** A Service whose Authority has a pass that is bound to a key. */
async function bound() {
  const d = await desk()
  const key = await holder()
  d.enterprise.publish('acme.example')
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ cnf: key.cnf }))
  return { d, key }
}

test.each<[string, Changes, number]>([
  ['no proof', {}, 401],
  ['undefined', { harness_proof: undefined }, 401],
  ['null', { harness_proof: null }, 400],
  ['{}', { harness_proof: {} }, 400],
  ['an empty jwt', { harness_proof: { jwt: '' } }, 400],
  ['a jwt that is null', { harness_proof: { jwt: null } }, 400],
  ['a list', { harness_proof: [] }, 400],
  ['text', { harness_proof: 'jwt' }, 400],
  ['a proof under another name', { proof: { jwt: 'x' } }, 401],
])('M-12: to leave out the proof of a bound pass, as %s, buys nothing [SVC-HB-02]', async (_, left, status) => {
  const { d, key } = await bound()
  expect((await d.redeem(left)).status).toBe(status)
  expect(await d.database().read.selectFrom('credential').select('digest').execute()).toEqual([])
  expect(d.enterprise.asked('close')).toHaveLength(status === 401 ? 1 : 0)
  await okay(await d.redeem(await key.proof(d.now())))
})

test.each<[string, unknown]>([
  ['{}', {}],
  ['null', null],
  ['a list', []],
  ['text', 'jwk'],
  ['an empty jwk', { jwk: {} }],
  ['a jwk that is null', { jwk: null }],
  ['a thumbprint alone', { jkt: 'x' }],
])('M-12: a cnf that is %s is never "unbound": 400 at issuance, 502 in an answer [SVC-HB-12 AUTH-ISS-08]', async (_, cnf) => {
  const { d, key } = await bound()
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ cnf }))
  expect(await refusal(await d.redeem())).toEqual([502, 'authority_unavailable'])
  expect(await refusal(await d.redeem(await key.proof(d.now())))).toEqual([502, 'authority_unavailable'])
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ cnf: key.cnf }))
  await okay(await d.redeem(await key.proof(d.now())))
  const w = await authorityWorld()
  expect(await refusal(await w.issue(message({ harness: { id: HARNESS, cnf } })))).toEqual([400, 'malformed_request'])
  expect((await w.issue(message({ harness: { id: HARNESS, cnf: key.cnf } }))).status).toBe(202)
})

test('M-12: a cnf that is taken out on the way is missed where the task is attested with its key [AUTH-TATT-01]', async () => {
  const w = await authorityWorld()
  const key = await holder()
  const hash = Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(TASK.description))).toString('hex')
  const claims = { iss: HARNESS, task_id: TASK.id, task_description_hash: hash, iat: w.now(), exp: w.now() + 300 }
  const task = { ...TASK, attestation: { jwt: await signed(claims, {}, key.privateKey) } }
  const swapped = await holder()
  expect(await refusal(await w.issue(message({ task })))).toEqual([400, 'malformed_request'])
  expect(await refusal(await w.issue(message({ task, harness: { id: HARNESS, cnf: swapped.cnf } })))).toEqual([401, 'invalid_attestation'])
  expect((await w.issue(message({ task, harness: { id: HARNESS, cnf: key.cnf } }))).status).toBe(202)
})

const Echo = z.object({ headers: z.record(z.string(), z.string()) })
test.each<[string, string, string, boolean]>([
  ['the letters of the local part', 'Ada@acme.example', 'ada@acme.example', true],
  ['the letters of the domain', 'ada@ACME.example', 'ada@acme.example', true],
  ['the normal form of a letter', 'ad\u00e9@acme.example', 'ade\u0301@acme.example', false],
  ['a letter that Unicode folds', 'kim@acme.example', '\u212aim@acme.example', false],
  ['a letter that only looks alike', 'ada@acme.example', 'аda@acme.example', false],
  ['a sharp s', 'stra\u00dfe@acme.example', 'strasse@acme.example', false],
  ['a dotless i', 'dILEK@acme.example', 'dılek@acme.example', false],
])(
  'M-15: of two users who differ in %s, the account is the one that the Authority names, or there is none [SVC-RED-12]',
  async (_, asked, answered, isOne) => {
    const d = await desk({ settings: { users: [{ user: answered, scopes: ['tickets:read'] }] } })
    d.enterprise.publish('acme.example')
    d.enterprise.answers.validate = async () => json(d.enterprise.validation({ user: { email: answered } }))
    const user = { email: asked }
    if (isOne) {
      const token = await d.token({ user })
      expect(await d.database().read.selectFrom('credential').select('user_email').execute()).toEqual([{ user_email: answered }])
      expect(Echo.parse(await okay(await d.call('/api/tickets', token))).headers['agentpass-user']).toBe(answered)
    } else {
      expect(await refusal(await d.redeem({ user }))).toEqual([403, 'user_mismatch'])
      expect(await d.database().read.selectFrom('credential').select('digest').execute()).toEqual([])
      await okay(await d.redeem({ user: { email: answered } }))
    }
  },
)

const VERBS = ['approve', 'deny', 'cancel', 'revoke', 'narrow']
test('M-16: nothing that any party holds opens the management door: no pass, id, digest, assertion or token [AUTH-DEC-02 AUTH-REV-01]', async () => {
  const w = await authorityWorld()
  const { id } = await w.requested()
  const { ref, digest } = await w.show(id)
  const pass = (await w.approved()).value
  const assertions = [
    w.desk.assertion(),
    w.desk.assertion({ iss: AUTHORITY, sub: 'admin', scope: '*' }),
    (w.desk.asked[0]?.authorization ?? '').slice('Bearer '.length),
  ]
  for (const token of ['junk', id, ref, digest, pass, ...assertions, '*', 'null', 'undefined', 'x'.repeat(10_000)]) {
    for (const verb of VERBS)
      expect(await refusal(await w.manage(`/requests/${ref}/${verb}`, { digest, scope: ['tickets:read'] }, `Bearer ${token}`)), token).toEqual([
        401,
        'unauthenticated',
      ])
    for (const path of ['/requests', `/requests/${ref}`, '/metrics']) expect((await w.manage(path, undefined, `Bearer ${token}`)).status).toBe(401)
  }
  expect(await (await w.status(id)).json()).toMatchObject({ status: 'pending' })
  expect((await w.act('approve', id)).status).toBe(200)
})

/** A second Authority beside it, of another tenant, with an admin token of its own. */
async function beside(w: AuthorityWorld) {
  const adminToken = 'admin-token-of-another-tenant'
  const settings = authoritySettings({ authority: 'https://authority.beta.example', domains: ['beta.example'] })
  const opening = { settings, effects: w.authority.opening.effects, ...(await initialised(migrations, w.net)), adminToken }
  const opened = await openAuthority(opening)
  onTestFinished(opened.stop)
  return { ...callers(opened, adminToken), adminToken }
}

test("M-17: who decides for one Authority decides nothing for another: its token opens no other door, and the other's requests are unknown to it [AUTH-DEC-02]", async () => {
  const w = await authorityWorld()
  const other = await beside(w)
  const { id } = await w.requested()
  const { ref, digest } = await w.show(id)
  for (const verb of VERBS) {
    const body = { digest, ...(verb === 'narrow' && { scope: ['tickets:read'] }) }
    expect(await refusal(await w.manage(`/requests/${ref}/${verb}`, body, `Bearer ${other.adminToken}`))).toEqual([401, 'unauthenticated'])
    for (const name of [ref, id]) expect(await refusal(await other.manage(`/requests/${name}/${verb}`, body))).toEqual([404, 'unknown_request'])
  }
  expect(await (await other.manage('/requests')).json()).toEqual({ requests: [] })
  expect(await refusal(await other.issue())).toEqual([403, 'policy_denied']) // nor does it take the other's users in
  expect(await (await w.status(id)).json()).toMatchObject({ status: 'pending' })
  expect((await w.act('approve', id)).status).toBe(200)
})

const Keys = z.object({ keys: z.array(z.unknown()) })
/** An Authority and a Service on one origin that publish one key set: what the Authority signs would verify as the Service's. */
async function underOneRoof(authority: string, profile: string) {
  const net = internet()
  const started = await startAuthority(net, { ...net, log: createLog('test', 'silent') }, { ...APPROVING, authority, profile })
  const it = fakeService(net)
  const pathOf = (url: string) => new URL(url).pathname
  const ofTheService = (url: string) => ['/configuration', '/keys', '/scopes'].includes(pathOf(url))
  net.host(SERVICE, { request: (url: string, init?: RequestInit) => (ofTheService(url) ? it.app : started.app).request(url, init) } as typeof it.app)
  const { keys } = Keys.parse(await (await started.app.request(`${SERVICE}/.well-known/jwks.json`)).json())
  it.pages.keys = () => Response.json({ keys: [...keys, { ...it.key.jwk, kid: 'k1' }] })
  return { ...callers(started, ''), it }
}

test.each([
  ['core-0.1', `${SERVICE}/authority`],
  ['hardened', `${SERVICE}/authority`],
  ['hardened', SERVICE],
  ['core-0.1', SERVICE],
])(
  'M-19: in %s what the Authority %s says to the Service beside it, sent back, authenticates nobody, though one key signs for both [AUTH-ASRT-14]',
  async (profile, authority) => {
    const w = await underOneRoof(authority, profile)
    const { agentpass } = IssuanceStatus.parse(await (await w.issue()).json())
    const [reflected] = w.it.asked
    for (const answer of [
      await w.validate(agentpass?.value, reflected?.authorization),
      await w.check('x', reflected?.authorization),
      await w.close('x', reflected?.authorization),
    ])
      expect(await refusal(answer)).toEqual([401, 'invalid_assertion'])
    const own = w.it.bearer({ aud: authority }, profile === 'hardened' ? { typ: 'agentpass-service-assertion+jwt' } : {})
    expect((await w.validate(agentpass?.value, own)).status).toBe(200)
  },
)

test('M-19: what a Service says to an Authority that has its name and its keys, sent back, tells nobody which scopes there are [SVC-SCD-10]', async () => {
  const d = await desk()
  const twin = await fakeAuthority(d.net, SERVICE)
  twin.publish('acme.example')
  twin.jwks.keys.push(...Keys.parse(await okay(await d.request('/.well-known/agentpass-service/jwks.json'))).keys)
  await okay(await d.redeem({ authority: SERVICE }))
  const said = d.net.calls.find(({ url }) => url === `${SERVICE}/validate`)?.headers.get('authorization') ?? ''
  expect(await refusal(await d.scopes(said.slice('Bearer '.length)))).toEqual([401, 'invalid_assertion'])
  await okay(await d.scopes(await twin.sign()))
})

test('M-19: a Service and its own Authority that have one name are no setting: their assertions could be taken for one another', () => {
  const named = (authority: string) => () =>
    serviceSettings({ trust: { service_authority: { authority, authority_configuration_url: `${SERVICE}/.well-known/agentpass-authority` } } })
  expect(named(SERVICE)).toThrow('is the service itself')
  expect(named(`${SERVICE}/authority`)).not.toThrow()
})
