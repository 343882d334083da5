/** The document that enterprise DNS leads to: what is wrong with it names no Authority, at resolution, scope discovery and redemption alike. */
import { describe, expect, test } from 'vitest'
import { ACME, type Changes, json } from './fake-authority.ts'
import { type Desk, desk, okay, refusal } from './service-rig.ts'

const FAILED: [number, string] = [502, 'discovery_failed']
const INVALID: [number, string] = [502, 'configuration_invalid']

async function found(more: Parameters<typeof desk>[0] = {}): Promise<Desk> {
  const d = await desk({ trust: ['own', 'federated'], policy: { offer_both: true }, ...more })
  d.enterprise.publish('acme.example')
  return d
}

/** Refused at every door, no pass handed to anybody, no keys fetched; served once the document is in order and its time has passed. */
async function expectClosed(d: Desk, outcome: [number, string], spoil: (d: Desk) => void): Promise<void> {
  const { configuration } = d.enterprise.answers
  spoil(d)
  expect(await refusal(await d.resolve())).toEqual(outcome)
  for (const { identifier, asked, sign } of [d.enterprise, d.own, d.federated]) {
    expect(await refusal(await d.redeem({ authority: identifier }))).toEqual(outcome)
    expect(await refusal(await d.scopes(await sign({}, { typ: 'agentpass-authority-assertion+jwt' })))).toEqual(outcome)
    expect(asked('validate')).toEqual([])
    expect(asked('jwks.json')).toEqual([])
  }
  d.enterprise.answers.configuration = configuration
  d.enterprise.host()
  d.pass(301)
  expect(await okay(await d.resolve())).toEqual({ enterprise_authority: d.enterprise.reference })
}
const answering = (response: (document: Changes) => Response) => (d: Desk) => {
  d.enterprise.answers.configuration = () => response(d.enterprise.configuration)
}

test.each<[string, [number, string], (document: Changes) => Response]>([
  ['a redirect', FAILED, () => Response.redirect('https://elsewhere.example/config', 302)],
  ['a 204', INVALID, () => new Response(null, { status: 204 })],
  ['a 304', FAILED, () => new Response(null, { status: 304 })],
  ...[206, 400, 401, 403, 404, 410, 429, 500, 503].map((status): [string, [number, string], (document: Changes) => Response] => [
    `a ${status} with a good body`,
    FAILED,
    (document) => json(document, status),
  ]),
])('a document that is answered with %s: %s, and no Authority is named [DISC-ENT-12] [SVC-RES-08]', async (_, outcome, response) => {
  await expectClosed(await found(), outcome, answering(response))
})

test('a document whose host is down: refused, and no Authority is named [DISC-ENT-12] [SVC-RES-08]', async () => {
  await expectClosed(await found(), FAILED, (d) => d.enterprise.unplug())
})

const ENDPOINTS = { validate: `${ACME}/validate`, authorization_check: `${ACME}/check` }
const SPOILED: [string, Changes, string][] = [
  ['version 1.0', { version: '1.0' }, '[VER-02]'],
  ['version 10.1', { version: '10.1' }, '[VER-02]'],
  ['no version', { version: undefined }, '[VER-05]'],
  ['version 0.1 as a number', { version: 0.1 }, '[VER-05]'],
  ['version 0.1.0', { version: '0.1.0' }, '[VER-05]'],
  ['version v0.1', { version: 'v0.1' }, '[VER-05]'],
  ['version 00.1', { version: '00.1' }, '[VER-05]'],
  ['version " 0.1"', { version: ' 0.1' }, '[VER-05]'],
  ['version null', { version: null }, '[VER-05]'],
  ['trust_mode federated', { trust_mode: 'federated' }, '[DISC-ENT-14]'],
  ['trust_mode service', { trust_mode: 'service' }, '[DISC-ENT-14]'],
  ['no trust_mode', { trust_mode: undefined }, '[DISC-ENT-13]'],
  ['an authority of a foreign origin', { authority: 'https://bank.example' }, '[DISC-ENT-15]'],
  ['an authority on a subdomain', { authority: 'https://x.authority.acme.example' }, '[DISC-ENT-15]'],
  ['an authority on another port', { authority: `${ACME}:8443` }, '[DISC-ENT-15]'],
  ['an authority that only begins alike', { authority: `${ACME}.evil.example` }, '[DISC-ENT-15]'],
  ['an authority in upper case', { authority: ACME.toUpperCase() }, '[DISC-ENT-13]'],
  ['an authority over http', { authority: ACME.replace('https', 'http') }, '[DISC-ENT-13]'],
  ['no authority', { authority: undefined }, '[DISC-ENT-13]'],
  ['no jwks_uri', { jwks_uri: undefined }, '[DISC-ENT-13]'],
  ['jwks_uri over http', { jwks_uri: 'http://authority.acme.example/jwks.json' }, '[DISC-ENT-13]'],
  ['no endpoints', { endpoints: undefined }, '[DISC-ENT-13]'],
  ['validate over http', { endpoints: { ...ENDPOINTS, validate: 'http://127.0.0.1/validate' } }, '[SVC-RED-21]'],
  ['validate with userinfo', { endpoints: { ...ENDPOINTS, validate: 'https://u:p@x.example/' } }, '[SVC-RED-21]'],
  ['no authorization_check', { endpoints: { validate: ENDPOINTS.validate } }, '[DISC-ENT-13]'],
  ['authorization_close that is no URL', { endpoints: { ...ENDPOINTS, authorization_close: 5 } }, '[DISC-ENT-13]'],
  ['a policy that is a string', { policy: 'allow' }, '[SVC-RES-06]'],
  ...['false', 'true', 0, 1, null, {}].map((allow): [string, Changes, string] => [
    `allow_service_authorities ${JSON.stringify(allow)}`,
    { policy: { allow_service_authorities: allow } },
    '[SVC-RES-06]',
  ]),
]

describe('a document that is not valid is refused, and no Authority is named', () => {
  test.each(SPOILED.map(([name, changes, ids]): [string, string, Changes] => [name, ids, changes]))('%s %s', async (_name, _ids, changes) => {
    await expectClosed(
      await found(),
      INVALID,
      answering((document) => json({ ...document, ...changes })),
    )
  })

  test.each([
    ['a page', '<!doctype html><title>Sign in</title>'],
    ['cut short', '{"version":"0.1"'],
    ['with something behind it', '{"version":"0.1"} {}'],
    ['no UTF-8', new Uint8Array([0x7b, 0xff, 0x7d])],
    ['nested without end', '['.repeat(50_000)],
    ['over 64 KiB', JSON.stringify({ version: '0.1', x: 'x'.repeat(65_536) })],
    ['null', 'null'],
    ['an array', '[{"version":"0.1"}]'],
  ])('%s [DISC-ENT-13]', async (_, body) => {
    await expectClosed(
      await found(),
      INVALID,
      answering(() => new Response(body, { headers: { 'content-type': 'application/json' } })),
    )
  })
})

test.each(['1.0', '7', undefined])('the refusal of version %s names it and ours [VER-06]', async (version) => {
  const d = await found()
  d.enterprise.configuration.version = version
  expect(await (await d.resolve()).text()).toMatch(version === undefined ? /\(missing\).*0\.x/ : new RegExp(`${version.replace('.', '\\.')}.*0\\.x`))
})

test.each(['0.0', '0.2', '0.9', '0.10'])('version %s is a minor of ours, and works [VER-04]', async (version) => {
  const d = await found()
  d.enterprise.configuration.version = version
  expect(await okay(await d.resolve())).toEqual({ enterprise_authority: d.enterprise.reference })
  await okay(await d.redeem())
})

test.each(['text/plain', 'text/html', 'application/octet-stream'])('core-0.1 reads a document served as %s, hardened does not', async (type) => {
  for (const [profile, status] of Object.entries({ 'core-0.1': 200, hardened: 502 })) {
    const d = await found({ profile })
    d.enterprise.answers.configuration = () => json(d.enterprise.configuration, 200, { 'content-type': type })
    expect((await d.resolve()).status).toBe(status)
  }
})

test.each<[string, Changes]>([
  ['validate', { endpoints: { ...ENDPOINTS, validate: 'https://elsewhere.example/validate' } }],
  ['authorization_check', { endpoints: { ...ENDPOINTS, authorization_check: 'https://elsewhere.example/check' } }],
  ['authorization_close', { endpoints: { ...ENDPOINTS, authorization_close: 'https://elsewhere.example/close' } }],
  ['jwks_uri', { jwks_uri: 'https://elsewhere.example/jwks.json' }],
])('%s on another public host: accepted in core-0.1, refused in hardened [SVC-RED-21]', async (_, changes) => {
  const core = await found()
  Object.assign(core.enterprise.configuration, changes)
  expect(await okay(await core.resolve())).toEqual({ enterprise_authority: core.enterprise.reference })
  const spoil = answering((document) => json({ ...document, ...changes }))
  await expectClosed(await found({ profile: 'hardened' }), INVALID, spoil)
})

test.each(['own', 'federated'] as const)('the document at the pin of the %s Authority must name that Authority [DISC-ENT-15]', async (who) => {
  const d = await desk({ trust: ['own', 'federated'], policy: { offer_both: true } })
  const { identifier } = d[who]
  const redeem = () => d.redeem({ authority: identifier, user: { email: 'ada@nowhere.example' } })
  d[who].configuration.authority = `${identifier}/`
  expect(await refusal(await redeem())).toEqual([502, 'configuration_invalid'])
  expect(d[who].asked('validate')).toEqual([])
  d[who].configuration.authority = identifier
  d.pass(301)
  d[who].answers.validate = async () => json(d[who].validation({ user: { email: 'ada@nowhere.example' } }))
  await okay(await redeem())
})

test.each(['own', 'federated'] as const)('what the %s Authority says of policy is not read: that is for an enterprise to say', async (who) => {
  const d = await desk({ trust: ['own', 'federated'], policy: { offer_both: true } })
  d[who].answers.validate = async () => json(d[who].validation({ user: { email: 'ada@nowhere.example' } }))
  for (const policy of ['open', { allow_service_authorities: 'false' }, { allow_service_authorities: false }]) {
    d[who].configuration.policy = policy
    d.pass(301)
    await okay(await d.redeem({ authority: d[who].identifier, user: { email: 'ada@nowhere.example' } }))
  }
})
