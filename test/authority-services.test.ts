/** How an Authority finds the Service that calls: every failed step is 401, and costs the pass nothing. */
import { expect, test } from 'vitest'
import { APPROVING, type AuthorityWorld, authorityWorld, refusal } from './authority-rig.ts'
import { configurationOf, fakeService } from './fake-service.ts'
import { SERVICE } from './parties.ts'
import { ecPair, type Members, rsaPair } from './spec/jws-fixture.ts'
import { guard, peer } from './spec/tls-fixture.ts'

const world = () => authorityWorld({ ...APPROVING, lifetimes: { pass_seconds: 3600 } })
const STALE_SECONDS = 301 // nothing that discovery read before is still kept

type Fault = (w: AuthorityWorld) => void
/** With the fault the Service is nobody and the pass is untouched; without it, the same pass buys its redemption. */
async function expectSurvived(fault: Fault) {
  const w = await world()
  const { value } = await w.approved()
  const { desk } = w
  const pages = { ...desk.pages }
  w.pass(STALE_SECONDS)
  fault(w)
  expect(await refusal(await w.validate(value, desk.bearer()))).toEqual([401, 'invalid_assertion'])
  Object.assign(desk.pages, pages)
  w.net.host(desk.origin, desk.app)
  w.publish(desk.record, `${SERVICE}/configuration`)
  w.pass(STALE_SECONDS)
  expect((await w.validate(value, desk.bearer())).status).toBe(200)
}

const publish =
  (...values: string[]): Fault =>
  (w) =>
    w.publish(w.desk.record, ...values)
const serve =
  (page: 'configuration' | 'keys', answer: () => Response): Fault =>
  (w) => {
    w.desk.pages[page] = answer
  }
const document = (changed: Members) => serve('configuration', () => Response.json({ ...configurationOf(SERVICE), ...changed }))
const keySet = (...keys: unknown[]) => serve('keys', () => Response.json({ keys }))
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

test.each<[string, Fault]>([
  ['DNS answers SERVFAIL', (w) => w.breakDns(w.desk.record)],
  ['there is no record', publish()],
  ['the record is an http URL [DISC-SVC-03]', publish(`http://desk.example/configuration`)],
  ['the record is none [DISC-SVC-04]', publish('none')],
  ['the record is no URL', publish('v=spf1 -all')],
  ['the record has userinfo', publish('https://desk.example@evil.example/configuration')],
  ['the record has a fragment', publish(`${SERVICE}/configuration#x`)],
  ['two records contradict each other', publish(`${SERVICE}/configuration`, `${SERVICE}/other`)],
])('a Service is not known while %s [DISC-SVC-02]', async (_, fault) => {
  await expectSurvived(fault)
})

test.each<[string, Fault]>([
  ['cannot be reached', (w) => w.unplug(SERVICE)],
  ['is 404', serve('configuration', () => new Response(null, { status: 404 }))],
  ['is 500', serve('configuration', () => Response.json(configurationOf(SERVICE), { status: 500 }))],
  ['is 206', serve('configuration', () => Response.json(configurationOf(SERVICE), { status: 206 }))],
  ['is 304', serve('configuration', () => new Response(null, { status: 304 }))],
  ['redirects', serve('configuration', () => Response.redirect(`${SERVICE}/other`, 302))],
  ['is empty', serve('configuration', () => new Response(''))],
  ['is HTML', serve('configuration', () => new Response('<h1>hello</h1>'))],
  ['is a list', serve('configuration', () => Response.json([configurationOf(SERVICE)]))],
  ['is null', serve('configuration', () => Response.json(null))],
  ['is no UTF-8', serve('configuration', () => new Response(new Uint8Array([0x22, 0xff, 0x22])))],
  ['nests 50,000 deep', serve('configuration', () => new Response(nested(50_000)))],
  ['is over 64 KiB', document({ x_padding: 'x'.repeat(65 * 1024) })],
])('a Service is not known while its configuration %s [AUTH-ASRT-19]', async (_, fault) => {
  await expectSurvived(fault)
})

test.each([['9.0'], ['1.0'], ['1.1'], [undefined], [0.1], ['0.1.0'], ['v0.1'], ['00.1'], [''], [null], [['0.1']]])(
  'a Service whose configuration is of version %j is not known [VER-03 VER-05 VER-06]',
  async (version) => {
    await expectSurvived(document({ version }))
  },
)

test.each<[string, Members]>([
  ['is of another kind', { kind: 'authority' }],
  ['is of no kind', { kind: undefined }],
  ['names another origin [DISC-SVC-05]', { service: { origin: 'https://bank.example' } }],
  ['names its origin with a slash', { service: { origin: `${SERVICE}/` } }],
  ['names no origin', { service: {} }],
  ['has no key set', { jwks_uri: undefined }],
  ['has its key set at an http URL', { jwks_uri: 'http://desk.example/keys' }],
  ['has its key set at no URL', { jwks_uri: 7 }],
  ['has no scopes endpoint', { endpoints: {} }],
])('a Service whose configuration %s is not known', async (_, changed) => {
  await expectSurvived(document(changed))
})

const OTHER = ecPair('P-256')
test.each<[string, Fault]>([
  ['cannot be fetched', serve('keys', () => new Response(null, { status: 503 }))],
  ['redirects', serve('keys', () => Response.redirect(`${SERVICE}/other`, 307))],
  ['is no JSON', serve('keys', () => new Response('-----BEGIN PUBLIC KEY-----'))],
  ['is a bare list', serve('keys', () => Response.json([{ ...OTHER.jwk, kid: 'k1' }]))],
  ['is over 256 KiB', keySet({ x: 'x'.repeat(257 * 1024) })],
  ['is empty', keySet()],
  ['has the kid for another key', keySet({ ...OTHER.jwk, kid: 'k1' })],
  ['has the key under another kid', (w) => keySet({ ...w.desk.key.jwk, kid: 'k2' })(w)],
  ['has the private key too', (w) => keySet({ ...w.desk.key.privateKey.export({ format: 'jwk' }), kid: 'k1' })(w)],
  ['has the key for encryption', (w) => keySet({ ...w.desk.key.jwk, kid: 'k1', use: 'enc' })(w)],
  [
    'has it after twenty others',
    (w) => keySet(...Array.from({ length: 20 }, () => ({ ...OTHER.jwk, kid: 'k0' })), { ...w.desk.key.jwk, kid: 'k1' })(w),
  ],
  ['has no key but a symmetric one', keySet({ kty: 'oct', k: 'c2VjcmV0', kid: 'k1', alg: 'HS256' })],
  ['has a weak key', keySet({ ...rsaPair(1024).jwk, kid: 'k1' })],
])('a Service is not known while its key set %s [AUTH-ASRT-02 AUTH-ASRT-19]', async (_, fault) => {
  await expectSurvived(fault)
})

test.each<[string, Fault]>([
  ['a record beside others that do not parse', publish('v=spf1 -all', ` ${SERVICE}/configuration\t`, 'none')],
  ['the same record twice', publish(`${SERVICE}/configuration`, `${SERVICE}/configuration`)],
  ['a configuration of a higher minor version [VER-04]', document({ version: '0.9' })],
  ['unknown members everywhere [VER-07]', document({ x_a: 1, service: { origin: SERVICE, x_b: [] }, trust: 'for nobody here' })],
  ['a key without kid, alg and use', (w) => keySet(w.desk.key.jwk)(w)],
  ['keys beside it that nobody can use', (w) => keySet(null, 7, {}, { kty: 'oct', k: 'eA' }, { ...w.desk.key.jwk, kid: 'k1' })(w)],
])('a Service with %s is known', async (_, fault) => {
  const w = await world()
  const { value } = await w.approved()
  w.pass(STALE_SECONDS)
  fault(w)
  expect((await w.validate(value, w.desk.bearer())).status).toBe(200)
})

test.each(['/configuration', '/keys'])('a Service is not known while its %s begins and never ends [AUTH-ASRT-19]', async (path) => {
  const { url } = await peer((_, response) => void response.writeHead(200).write('{'))
  const slow = guard({ timeoutMs: 300 })
  await expectSurvived((w) => {
    const request: typeof w.desk.app.request = async (to, init) => (String(to).endsWith(path) ? slow.fetch(url) : w.desk.app.request(to, init))
    w.net.host(SERVICE, { request })
  })
})

test('a Service is looked up at the host of its origin, whose port is no part of the name [DISC-SVC-02 DISC-SVC-07]', async () => {
  const w = await world()
  const desk = fakeService(w.net, 'https://desk.example:8443')
  const { value } = await w.approved({ service: { origin: desk.origin } })
  expect((await w.validate(value, desk.bearer())).status).toBe(200)
  expect([...new Set(w.lookups)]).toEqual(['_agentpass-service.desk.example'])
})

test('a record or document that failed is asked for again, and an outage is never kept as absence [AUTH-ASRT-19]', async () => {
  const w = await world()
  const { value } = await w.approved()
  w.pass(STALE_SECONDS)
  w.breakDns(w.desk.record)
  expect((await w.validate(value, w.desk.bearer())).status).toBe(401)
  w.publish(w.desk.record, `${SERVICE}/configuration`)
  w.pass(2)
  expect((await w.validate(value, w.desk.bearer())).status).toBe(200)
})
