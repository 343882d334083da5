/** The assertion of an Authority at scope discovery: every way in which it can be wrong is one and the same 401, and the good one still works. */
import { createHmac } from 'node:crypto'
import { exportSPKI, generateKeyPair, importJWK } from 'jose'
import { describe, expect, test } from 'vitest'
import { ACME, type Changes, DESK, forged } from './fake-authority.ts'
import { type Desk, desk, okay, refusal, SCOPES } from './service-rig.ts'

const BODY = { user: { email: 'ada@acme.example' }, agent: { id: 'agent-7' } }

async function found(profile = 'core-0.1'): Promise<Desk> {
  const d = await desk({ profile })
  d.enterprise.publish('acme.example')
  return d
}
const TYPED = { typ: 'agentpass-authority-assertion+jwt' }

async function expectRefused(d: Desk, authorization: string): Promise<void> {
  expect(await refusal(await d.post(SCOPES, BODY, { authorization }))).toEqual([401, 'invalid_assertion'])
  await okay(await d.scopes(await d.enterprise.sign({}, TYPED)))
}

test.each([
  '',
  'Bearer',
  'Bearer ',
  'Basic YTpi',
  'DPoP x.y.z',
  'Bearer a b',
  'Bearer a.b',
  'Bearer a.b.c.d.e',
  'Bearer {"payload":"","signatures":[]}',
])('Authorization "%s" is no assertion [SVC-SCD-01] [SVC-SCD-10]', async (authorization) => expectRefused(await found(), authorization))

test('the scheme is read without case [AUTH-ASRT-15]', async () => {
  const d = await found()
  for (const scheme of ['bearer', 'BEARER', 'BeArEr'])
    await okay(await d.post(SCOPES, BODY, { authorization: `${scheme} ${await d.enterprise.sign()}` }))
})

/** Claims, by the time of the Service. */
const CLAIMS: [string, (now: number) => Changes, string][] = [
  ['aud of another Service', () => ({ aud: 'https://other.example' }), '[SVC-SCD-03]'],
  ['aud with a trailing slash', () => ({ aud: `${DESK}/` }), '[SVC-SCD-03]'],
  ['aud in upper case', () => ({ aud: DESK.toUpperCase() }), '[SVC-SCD-03]'],
  ['aud with the default port', () => ({ aud: `${DESK}:443` }), '[SVC-SCD-03]'],
  ['aud that begins alike', () => ({ aud: `${DESK}.evil.example` }), '[SVC-SCD-03]'],
  ['aud of two', () => ({ aud: [DESK, 'https://other.example'] }), '[SVC-SCD-03]'],
  ['aud twice in an array', () => ({ aud: [DESK, DESK] }), '[SVC-SCD-03]'],
  ['an empty aud', () => ({ aud: [] }), '[SVC-SCD-03]'],
  ['aud null', () => ({ aud: null }), '[SVC-SCD-03]'],
  ['no aud', () => ({ aud: undefined }), '[SVC-SCD-03]'],
  ['no exp', () => ({ exp: undefined }), '[SVC-SCD-04]'],
  ['exp in the past', (now) => ({ iat: now - 180, exp: now - 60 }), '[SVC-SCD-04]'],
  ['exp as text', (now) => ({ exp: `${now + 60}` }), '[SVC-SCD-04]'],
  ['exp null', () => ({ exp: null }), '[SVC-SCD-04]'],
  ['exp true', () => ({ exp: true }), '[SVC-SCD-04]'],
  ['exp in ten years', (now) => ({ exp: now + 315_360_000 }), '[SVC-SCD-10]'],
  ['a life over an hour', (now) => ({ exp: now + 3601 }), '[SVC-SCD-10]'],
  ['exp before iat', (now) => ({ iat: now + 30, exp: now + 20 }), '[SVC-SCD-04]'],
  ['no iat', () => ({ iat: undefined }), '[SVC-SCD-05]'],
  ['iat as text', (now) => ({ iat: `${now}` }), '[SVC-SCD-05]'],
  ['iat tomorrow', (now) => ({ iat: now + 86_400, exp: now + 86_460 }), '[SVC-SCD-05]'],
  ['iat 61 seconds ahead', (now) => ({ iat: now + 61, exp: now + 100 }), '[SVC-SCD-05]'],
  ['nbf tomorrow', (now) => ({ nbf: now + 86_400 }), '[SVC-SCD-10]'],
  ['no iss', () => ({ iss: undefined }), '[SVC-SCD-06]'],
  ['iss of an array', () => ({ iss: [ACME] }), '[SVC-SCD-06]'],
  ['an empty jti', () => ({ jti: '' }), '[SVC-SCD-10]'],
  ['a jti that is a number', () => ({ jti: 5 }), '[SVC-SCD-10]'],
  ['htm, of a proof', () => ({ htm: 'POST' }), '[SVC-SCD-10]'],
  ['htu, of a proof', () => ({ htu: `${DESK}${SCOPES}` }), '[SVC-SCD-10]'],
  ['aph, of a proof', () => ({ aph: 'x' }), '[SVC-SCD-10]'],
  ['task_description_hash, of a task attestation', () => ({ task_description_hash: 'x' }), '[SVC-SCD-10]'],
]
test.each(CLAIMS.map(([name, changes, ids]): [string, string, typeof changes] => [name, ids, changes]))(
  '%s: 401 %s',
  async (_name, _ids, changes) => {
    const d = await found()
    await expectRefused(d, `Bearer ${await d.enterprise.sign(changes(d.now()))}`)
  },
)

test.each([`${ACME}/`, `${ACME}:443`, ACME.toUpperCase(), `${ACME}.`, 'https://u@authority.acme.example', 'https://xn--authority-x.acme.example'])(
  'iss %s looks alike, and is not the Authority [SVC-SCD-06]',
  async (iss) => {
    const d = await found()
    expect(await refusal(await d.scopes(await d.enterprise.sign({ iss })))).toEqual([403, 'untrusted_authority'])
    expect(d.enterprise.asked('jwks.json')).toEqual([])
    await okay(await d.scopes(await d.enterprise.sign()))
  },
)

test.each<[string, Changes]>([
  ['crit', { crit: ['exp'] }],
  ['an empty crit', { crit: [] }],
  ['b64', { b64: false }],
  ['alg none', { alg: 'none' }],
  ['alg NONE', { alg: 'NONE' }],
  ['alg HS256', { alg: 'HS256' }],
  ['alg ES256K', { alg: 'ES256K' }],
  ['alg ES384', { alg: 'ES384' }],
  ['alg RS256', { alg: 'RS256' }],
  ['no alg', { alg: undefined }],
  ['a kid that is a number', { kid: 5 }],
  ['an unknown kid', { kid: '../../dev/null' }],
  ['typ of a service assertion', { typ: 'agentpass-service-assertion+jwt' }],
  ['typ of a proof', { typ: 'application/AgentPass-Holder-Proof+jwt' }],
  ['typ of the identity token for apps', { typ: 'agentpass-identity+jwt' }],
])('a header with %s: 401, whatever the signature [SVC-SCD-10] [SVC-HB-13]', async (_, changes) => {
  const d = await found()
  const header = { alg: 'ES256', typ: 'JWT', kid: d.enterprise.key.kid, ...changes }
  const claims = { iss: ACME, aud: DESK, iat: d.now(), exp: d.now() + 60 }
  await expectRefused(d, `Bearer ${await forged(header, claims, d.enterprise.privateKey)}`)
  await expectRefused(d, `Bearer ${await forged(header, claims)}`)
})

test.each<[string, (claims: string) => string]>([
  ['a claim twice', (claims) => claims.replace('{', '{"iss":"https://stranger.example",')],
  ['a claim twice, once escaped', (claims) => claims.replace('{', '{"\\u0061ud":"https://other.example",')],
  ['something behind it', (claims) => `${claims} x`],
  ['a number no clock has', (claims) => claims.replace(/"exp":\d+/, '"exp":1e400')],
  ['no object', () => '"claims"'],
  ['nesting without end', (claims) => claims.replace('{', `{"x":${'['.repeat(5000)}${']'.repeat(5000)},`)],
])('a payload with %s: 401, however well signed [SVC-SCD-10]', async (_, spoil) => {
  const d = await found()
  const header = { alg: 'ES256', typ: 'JWT', kid: d.enterprise.key.kid }
  const claims = JSON.stringify({ iss: ACME, aud: DESK, iat: d.now(), exp: d.now() + 60 })
  await okay(await d.scopes(await forged(header, claims, d.enterprise.privateKey)))
  await expectRefused(d, `Bearer ${await forged(header, spoil(claims), d.enterprise.privateKey)}`)
})

describe('keys', () => {
  test('a signature of another key [SVC-SCD-02]', async () => {
    const d = await found()
    await expectRefused(d, `Bearer ${await d.enterprise.sign({}, {}, d.own.privateKey)}`)
  })

  test('a MAC made with the public key, in each encoding [SVC-SCD-10]', async () => {
    const d = await found()
    const jwk = { kty: 'EC', crv: 'P-256', x: d.enterprise.key.x!, y: d.enterprise.key.y! }
    const pem = await exportSPKI((await importJWK(jwk, 'ES256')) as CryptoKey)
    for (const secret of [JSON.stringify(jwk), JSON.stringify(d.enterprise.key), pem, pem.replaceAll('\n', ''), d.enterprise.key.x!]) {
      const unsigned = await forged({ alg: 'HS256', kid: d.enterprise.key.kid }, { iss: ACME, aud: DESK, iat: d.now(), exp: d.now() + 60 })
      const mac = createHmac('sha256', secret).update(unsigned.slice(0, -1)).digest('base64url')
      await expectRefused(d, `Bearer ${unsigned}${mac}`)
    }
  })

  test.each(['jku', 'x5u', 'jwk', 'x5c'])(
    'a key that comes with the object, as %s, is never used, and nothing is fetched for it [AUTH-ASRT-13]',
    async (member) => {
      const d = await found()
      const evil = { jku: 'https://evil.example/jwks', x5u: 'https://evil.example/x5u', jwk: d.own.key, x5c: ['MIIB'] }[member]
      await expectRefused(d, `Bearer ${await d.enterprise.sign({}, { [member]: evil, kid: d.own.key.kid }, d.own.privateKey)}`)
      expect(d.sent().filter((call) => call.includes('evil'))).toEqual([])
    },
  )

  test('a key that has just come is found by one refresh; strange kids cause no more than that in thirty seconds [AUTH-ASRT-17]', async () => {
    const d = await found()
    await okay(await d.scopes(await d.enterprise.sign()))
    const fresh = await generateKeyPair('ES256', { extractable: true })
    d.enterprise.jwks.keys.push({ ...(await crypto.subtle.exportKey('jwk', fresh.publicKey as CryptoKey)), kid: 'fresh' })
    await okay(await d.scopes(await d.enterprise.sign({}, { kid: 'fresh' }, fresh.privateKey)))
    expect(d.enterprise.asked('jwks.json')).toHaveLength(2)
    for (let i = 0; i < 50; i++) expect((await d.scopes(await d.enterprise.sign({}, { kid: `strange-${i}` }))).status).toBe(401)
    expect(d.enterprise.asked('jwks.json')).toHaveLength(2)
  })

  test('a key that was taken back is refused once its set has aged', async () => {
    const d = await found()
    await okay(await d.scopes(await d.enterprise.sign()))
    d.enterprise.jwks.keys = [d.own.key]
    d.pass(300)
    expect(await refusal(await d.scopes(await d.enterprise.sign()))).toEqual([401, 'invalid_assertion'])
  })
})

test('hardened wants the kind by name and a life of at most 300 seconds [SVC-SCD-10]', async () => {
  const d = await found('hardened')
  await expectRefused(d, `Bearer ${await d.enterprise.sign()}`)
  await expectRefused(d, `Bearer ${await d.enterprise.sign({ exp: d.now() + 301 }, TYPED)}`)
  await okay(await d.scopes(await d.enterprise.sign({ exp: d.now() + 300 }, TYPED)))
})
