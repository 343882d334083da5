import { generateKeyPairSync, sign } from 'node:crypto'
import { ValidationResponse } from '../../spec/wire/validation.ts'
import { expectAnswer, isSuccess } from '../actors/client.ts'
import { base64url, createKey, macJws, signJws } from '../actors/jws.ts'
import { ALGORITHM_FAULTS, FORM_FAULTS, HEADER_FAULTS, headerKeyFaults, type JwtFault, TOLERATED } from '../actors/jwt-faults.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { expectForgeryRefused, expectNotAuthenticated, expectStillGood, forgery } from './presenting.ts'
import type { AuthorityStage } from './stage.ts'

/** Faults of the signature itself; the others of the table are about `alg`. */
export const isSignature = ({ slug }: JwtFault): boolean => ['stranger', 'payload-changed'].includes(slug) || slug.startsWith('signature-')

/** What stands in `Authorization` in place of a bearer assertion, made of a good one. */
const NO_ASSERTIONS: [string, string, (good: string) => string | undefined][] = [
  ['none', 'there is no Authorization', () => undefined],
  ['empty', 'Authorization is “Bearer” alone', () => 'Bearer '],
  ['basic', 'Authorization has the scheme Basic', (good) => `Basic ${base64url(`service:${good}`)}`],
  ['no-scheme', 'Authorization has no scheme', (good) => good],
  ['word', 'the bearer assertion is a word', () => 'Bearer service'],
]

/** The signature of a Service's assertion, its algorithm and its form (§5.4.1, RFC 8725). */
export const assertionSignature: Case<AuthorityStage>[] = [
  ...NO_ASSERTIONS.map(
    ([slug, about, header]): Case<AuthorityStage> => ({
      id: `AUTH-ASRT-01/${slug}`,
      about,
      negative: true,
      run: async (s) => {
        const pass = await s.approved()
        const authorization = header(s.secret(pass.service.assertion(s.identifier)))
        const reply = await s.validate(pass.value, pass.service, {
          assertion: null,
          ...(authorization !== undefined && { send: { headers: { authorization } } }),
        })
        expectNotAuthenticated(s, reply)
        await expectStillGood(s, pass)
      },
    }),
  ),
  {
    id: 'AUTH-ASRT-02',
    about: 'a Service presents its pass, and its key set is looked for',
    run: async (s) => {
      const pass = await s.approved()
      await expectStillGood(s, pass)
      expectThat(pass.service.callsTo('jwks').length > 0, 'the key set that its document names to be fetched', 'no request for it')
    },
  },
  ...ALGORITHM_FAULTS.filter(isSignature).map((fault) => forgery('AUTH-ASRT-02', fault)),
  forgery('AUTH-ASRT-02', {
    slug: 'unknown-kid',
    about: 'another key signed it, under a kid that the key set has not',
    forge: ({ header, claims }) => {
      const stranger = createKey()
      return signJws({ ...header, kid: stranger.kid }, claims, stranger)
    },
  }),
  forgery('AUTH-ASRT-02', {
    slug: 'signature-der',
    about: 'its ECDSA signature is in DER, not as r and s alone (RFC 7518 §3.4)',
    forge: ({ header, claims, key }) => {
      const [input = ''] = /^.*(?=\.)/.exec(signJws(header, claims, key)) ?? []
      return `${input}.${base64url(sign('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'der' }))}`
    },
  }),
  ...FORM_FAULTS.filter(({ slug }) => slug !== 'duplicate-claim').map((fault) => forgery('AUTH-ASRT-02', fault, TOLERATED[fault.slug])),
  ...HEADER_FAULTS.map((fault) => forgery('AUTH-ASRT-11', fault)),
  ...ALGORITHM_FAULTS.filter((fault) => !isSignature(fault)).map((fault) => forgery('AUTH-ASRT-12', fault)),
  forgery('AUTH-ASRT-12', {
    slug: 'kid-dev-null',
    about: 'its kid is the path of an empty file, and it is a MAC under an empty secret',
    forge: ({ header, claims }) => macJws({ ...header, alg: 'HS256', kid: '../../../../../../dev/null' }, claims, ''),
  }),
  {
    id: 'AUTH-ASRT-12/es256-on-p384',
    about: 'alg is ES256, and the key that signed it is on P-384',
    negative: true,
    run: async (s) => {
      const service = s.service()
      const key = createKey('ES384')
      service.keys = [{ ...key, algorithm: 'ES256' }]
      const pass = await s.approved({ service })
      expectNotAuthenticated(s, await s.validate(pass.value, service))
      service.keys = [key]
      await expectStillGood(s, pass)
    },
  },
  {
    id: 'AUTH-ASRT-12/rsa-1024',
    about: 'an RSA key of 1024 bits is in the key set, and signed it',
    negative: true,
    run: async (s) => {
      const service = s.service()
      const [good = createKey()] = service.keys
      const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
      const weak = { algorithm: 'RS256' as const, kid: 'weak', privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid: 'weak' } }
      service.keys = [weak, good]
      const pass = await s.approved({ service })
      expectNotAuthenticated(s, await s.validate(pass.value, service))
      expectAnswer(await s.validate(pass.value, service, { changes: { key: good } }), ValidationResponse, 'the validation with a good key')
    },
  },
  {
    id: 'AUTH-ASRT-12/oct-key',
    about: 'a symmetric key is in the key set, and it is a MAC under that',
    negative: true,
    run: async (s) => {
      const service = s.service()
      const secret = Buffer.alloc(32, 'k')
      const keys = [{ kty: 'oct', k: base64url(secret), kid: 'secret', alg: 'HS256' }, ...service.keys.map(({ jwk }) => jwk)]
      service.on.jwks = () => ({ json: { keys }, headers: { 'cache-control': 'max-age=10' } })
      await expectForgeryRefused(s, ({ header, claims }) => macJws({ ...header, alg: 'HS256', kid: 'secret' }, claims, secret), { service })
    },
  },
  ...headerKeyFaults('').map(
    ({ slug, about }): Case<AuthorityStage> => ({
      id: `AUTH-ASRT-13/${slug}`,
      about,
      negative: true,
      run: async (s) => {
        const attacker = attackersHost(s)
        const fault = headerKeyFaults(attacker.url).find((one) => one.slug === slug)
        await expectForgeryRefused(s, (good) => fault?.forge(good) ?? '')
        expectEqual(attacker.visits(), 0, 'requests for what the header names')
      },
    }),
  ),
  {
    id: 'AUTH-ASRT-13/jku-and-good-key',
    about: 'the header names a key set elsewhere (jku), though the right key signed it',
    negative: true,
    run: async (s) => {
      const attacker = attackersHost(s)
      const pass = await s.approved()
      const reply = await s.validate(pass.value, pass.service, { changes: { header: { jku: attacker.url } } })
      if (!isSuccess(reply)) await expectStillGood(s, pass) // to ignore it, or to refuse it, are both right
      expectEqual(attacker.visits(), 0, 'requests for what the header names')
    },
  },
]

/** A host that nobody has a reason to ask. */
function attackersHost(s: AuthorityStage): { url: string; visits: () => number } {
  const host = s.ground.nextHost('attacker')
  let visits = 0
  s.ground.hosts.serve(host, () => {
    visits++
    return { json: { keys: [] } }
  })
  return { url: `${s.ground.hosts.origin(host)}/keys`, visits: () => visits }
}
