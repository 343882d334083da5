/** Holder binding (protocol 8, check 7; 9.4): a pass bound to a key buys nothing without a fresh proof of that key for this very redemption. */
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { sha256 } from '../spec/base64url.ts'
import { type Changes, DESK, forged, json } from './fake-authority.ts'
import { type Desk, desk, holder, okay, REDEEM, refusal } from './service-rig.ts'

type Holder = Awaited<ReturnType<typeof holder>>

/** A Service whose Authority has a pass bound to a holder's key, and says so as often as it is asked. */
async function bound(more: { profile?: string; answer?: Changes } = {}): Promise<{ d: Desk; key: Holder }> {
  const d = await desk(more)
  const key = await holder()
  d.enterprise.publish('acme.example')
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ cnf: key.cnf, ...more.answer }))
  return { d, key }
}

const validated = (d: Desk) => d.enterprise.asked('validate').length
const minted = async (d: Desk) => (await d.database().read.selectFrom('credential').select('digest').execute()).length

/** Refused, nothing minted; whether the pass was spent on the way; and a good proof still works. */
async function expectRefused({ d, key }: { d: Desk; key: Holder }, proof: Changes, outcome: [number, string], spent: boolean): Promise<void> {
  const before = validated(d)
  expect(await refusal(await d.redeem(proof))).toEqual(outcome)
  expect(validated(d) - before).toBe(spent ? 1 : 0)
  expect(d.enterprise.asked('close')).toHaveLength(spent ? 1 : 0)
  expect(await minted(d)).toBe(0)
  await okay(await d.redeem(await key.proof(d.now(), {}, { typ: 'agentpass-holder-proof+jwt' })))
}
const INVALID: [number, string] = [401, 'invalid_proof']

test('with a fresh proof of its key a bound pass buys a token [SVC-HB-01]', async () => {
  const { d, key } = await bound()
  await okay(await d.redeem(await key.proof(d.now())))
})

test('a bound pass without a proof buys nothing [SVC-HB-02]', async () => {
  await expectRefused(await bound(), {}, [401, 'proof_required'], true)
})

test('a pass that is not bound needs none, and one that comes along does no harm [SVC-HB-03]', async () => {
  const { d, key } = await bound({ answer: { cnf: undefined } })
  await okay(await d.redeem())
  await okay(await d.redeem(await key.proof(d.now())))
})

test('a proof of another key [SVC-HB-01]', async () => {
  const world = await bound()
  await expectRefused(world, await (await holder()).proof(world.d.now()), INVALID, true)
})

/** Claims that are wrong, by the time of the Service: seen before the pass is spent. */
const CLAIMS: [string, (now: number) => Changes, string][] = [
  ['aud of another Service', () => ({ aud: 'https://other.example' }), '[SVC-HB-04]'],
  ['aud of the endpoint', () => ({ aud: DESK + REDEEM }), '[SVC-HB-04]'],
  ['aud of two', () => ({ aud: [DESK, 'https://other.example'] }), '[SVC-HB-04]'],
  ['no aud', () => ({ aud: undefined }), '[SVC-HB-04]'],
  ['no exp', () => ({ exp: undefined }), '[SVC-HB-05]'],
  ['exp past', (now) => ({ iat: now - 120, exp: now - 60 }), '[SVC-HB-05]'],
  ['no iat', () => ({ iat: undefined }), '[SVC-HB-05]'],
  ['no jti', () => ({ jti: undefined }), '[SVC-HB-05]'],
  ['an empty jti', () => ({ jti: '' }), '[SVC-HB-05]'],
  ['jti 7', () => ({ jti: 7 }), '[SVC-HB-05]'],
  ['a jti of 1,025 characters', () => ({ jti: 'x'.repeat(1025) }), '[SVC-HB-05]'],
  ['no iss', () => ({ iss: undefined }), '[SVC-HB-05]'],
  ['an empty iss', () => ({ iss: '' }), '[SVC-HB-05]'],
  ['exp in ten years', (now) => ({ exp: now + 315_360_000 }), '[SVC-HB-10]'],
  ['exp 1e300', () => ({ exp: 1e300 }), '[SVC-HB-10]'],
  ['a life over an hour', (now) => ({ exp: now + 3601 }), '[SVC-HB-10]'],
  ['iat tomorrow', (now) => ({ iat: now + 86_400, exp: now + 86_460 }), '[SVC-HB-10]'],
  ['iat 61 seconds ahead', (now) => ({ iat: now + 61, exp: now + 100 }), '[SVC-HB-10]'],
  ['htm GET', () => ({ htm: 'GET' }), '[SVC-HB-07]'],
  ['htm post', () => ({ htm: 'post' }), '[SVC-HB-07]'],
  ['htu of the browser endpoint', () => ({ htu: `${DESK}/agentpass/redeem/browser-session` }), '[SVC-HB-07]'],
  ['htu of another host', () => ({ htu: `https://evil.example${REDEEM}` }), '[SVC-HB-07]'],
  ['htu over http', () => ({ htu: `http://desk.example${REDEEM}` }), '[SVC-HB-07]'],
  ['htu with a slash more', () => ({ htu: `${DESK}${REDEEM}/` }), '[SVC-HB-07]'],
  ['htu that is no URL', () => ({ htu: REDEEM }), '[SVC-HB-07]'],
  ['htu of an array', () => ({ htu: [DESK + REDEEM] }), '[SVC-HB-07]'],
  ['aph of another pass', () => ({ aph: 'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg' }), '[SVC-HB-08]'],
  ['an empty aph', () => ({ aph: '' }), '[SVC-HB-08]'],
  ['aph that is the pass', () => ({ aph: 'pass-1' }), '[SVC-HB-08]'],
  ['task_id, of a task attestation', () => ({ task_id: 'task-1' }), '[SVC-HB-13]'],
  ['cnf, of a harness attestation', () => ({ cnf: {} }), '[SVC-HB-13]'],
]
test.each(CLAIMS.map(([name, changes, ids]): [string, string, typeof changes] => [name, ids, changes]))(
  '%s: 401 before the pass is spent %s',
  async (_name, _ids, changes) => {
    const world = await bound()
    await expectRefused(world, await world.key.proof(world.d.now(), changes(world.d.now())), INVALID, false)
  },
)

test('a malformed proof is refused before the pass is spent, bound or not [SVC-RED-19]', async () => {
  for (const answer of [{}, { cnf: undefined }])
    for (const jwt of ['x', 'a.b.c', '{}', 'x'.repeat(20_000)])
      await expectRefused(await bound({ answer }), { harness_proof: { jwt } }, INVALID, false)
})

test.each<[string, Changes]>([
  ['alg none', { alg: 'none' }],
  ['alg HS256', { alg: 'HS256' }],
  ['crit', { crit: ['exp'] }],
  ['b64', { b64: false }],
  ['typ of an assertion', { typ: 'agentpass-service-assertion+jwt' }],
  ['typ of a task attestation', { typ: 'agentpass-task-attestation+jwt' }],
])('a header with %s: 401 before the pass is spent, however well signed [SVC-HB-13]', async (_, changes) => {
  const world = await bound()
  const now = world.d.now()
  const jwt = await forged({ alg: 'ES256', ...changes }, { iss: 'harness-1', aud: DESK, iat: now, exp: now + 60, jti: 'j' }, world.key.privateKey)
  await expectRefused(world, { harness_proof: { jwt } }, INVALID, false)
})

test.each(['ES384', 'PS256', 'EdDSA'])('an alg that does not suit the key, %s: 401 [SVC-HB-13]', async (alg) => {
  const world = await bound()
  const now = world.d.now()
  const jwt = await forged({ alg }, { iss: 'harness-1', aud: DESK, iat: now, exp: now + 60, jti: 'j' }, world.key.privateKey)
  await expectRefused(world, { harness_proof: { jwt } }, INVALID, true)
})

test('a key that comes with the proof is never the key [SVC-HB-01]', async () => {
  const world = await bound()
  const thief = await holder()
  await expectRefused(world, await thief.proof(world.d.now(), {}, { jwk: thief.jwk }), INVALID, true)
})

test('core-0.1 takes a proof without htm, htu and aph; hardened wants all three, and a life of at most 300 seconds [SVC-HB-07] [SVC-HB-08] [SVC-HB-10]', async () => {
  const bare = { htm: undefined, htu: undefined, aph: undefined }
  const core = await bound()
  await okay(await core.d.redeem(await core.key.proof(core.d.now(), bare)))
  for (const changes of [{ htm: undefined }, { htu: undefined }, { aph: undefined }, { exp: core.d.now() + 301 }]) {
    const hardened = await bound({ profile: 'hardened' })
    const proof = await hardened.key.proof(hardened.d.now(), changes, { typ: 'agentpass-holder-proof+jwt' })
    await expectRefused(hardened, proof, INVALID, false)
  }
  const hardened = await bound({ profile: 'hardened' })
  await expectRefused(hardened, await hardened.key.proof(hardened.d.now()), INVALID, false) // typ JWT
})

test.each([`${DESK}${REDEEM}?x=1`, `${DESK}${REDEEM}#x`, `https://DESK.example:443${REDEEM}`, `${DESK}/x/..${REDEEM}`])(
  'htu %s is the same URL [SVC-HB-14]',
  async (htu) => {
    const { d, key } = await bound()
    await okay(await d.redeem(await key.proof(d.now(), { htu })))
  },
)

test('iss is compared with the Harness the Authority names, and with nothing where it names none [SVC-HB-11]', async () => {
  const world = await bound()
  await expectRefused(world, await world.key.proof(world.d.now(), { iss: 'harness-2' }), INVALID, true)
  for (const harness of [undefined, {}]) {
    const { d, key } = await bound({ answer: { harness } })
    await okay(await d.redeem(await key.proof(d.now(), { iss: 'whoever' })))
  }
})

const OFF_CURVE = { kty: 'EC', crv: 'P-256', x: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE', y: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE' }
test.each<[string, unknown]>([
  ['{}', {}],
  ['{ jwk: {} }', { jwk: {} }],
  ['{ jwk: null }', { jwk: null }],
  ['a thumbprint alone', { jkt: 'x' }],
  ['null', null],
  ['false', false],
  ['an empty string', ''],
  ['an array', []],
  ['a symmetric key', { jwk: { kty: 'oct', k: 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I' } }],
  ['an unknown kty', { jwk: { kty: 'AKP', pub: 'x' } }],
  ['an unknown curve', { jwk: { ...OFF_CURVE, crv: 'secp256k1' } }],
  ['a point off its curve', { jwk: OFF_CURVE }],
  ['a coordinate cut short', { jwk: { ...OFF_CURVE, x: 'AQ' } }],
  ['a key for encryption', { jwk: { ...OFF_CURVE, use: 'enc' } }],
  ['a weak RSA key', { jwk: { kty: 'RSA', n: 'AQAB', e: 'AQAB' } }],
])('a cnf that is there but cannot be used, %s, is 502 and never "unbound" [SVC-HB-12]', async (_, cnf) => {
  const { d, key } = await bound({ answer: { cnf } })
  expect(await refusal(await d.redeem(await key.proof(d.now())))).toEqual([502, 'authority_unavailable'])
  expect((await refusal(await d.redeem()))[0]).toBeOneOf([401, 502]) // whether a point lies on its curve shows only with a proof
  expect(await minted(d)).toBe(0)
  expect(d.enterprise.asked('close')).toHaveLength(2)
})

test.each(['ES384', 'ES512', 'EdDSA', 'PS256', 'RS256'])('a holder may have a key for %s [SVC-HB-01]', async (alg) => {
  const pair = await generateKeyPair(alg, { extractable: true })
  const { d } = await bound({ answer: { cnf: { jwk: { ...(await exportJWK(pair.publicKey)), kid: 'k', ext: true, key_ops: ['verify'] } } } })
  const claims = { iss: 'harness-1', aud: DESK, iat: d.now(), exp: d.now() + 60, jti: 'j', aph: await sha256('pass-1') }
  const jwt = await new SignJWT(claims).setProtectedHeader({ alg }).sign(pair.privateKey)
  await okay(await d.redeem({ harness_proof: { jwt } }))
})
