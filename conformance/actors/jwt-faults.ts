import { createPublicKey } from 'node:crypto'
import { base64url, createKey, type Key, macJws, type Part, signJws, unsignedJws } from './jws.ts'
import { nowSeconds } from './jwt.ts'

/** A good signed object, taken apart: what a fault is made from. `key` signed it. */
export type GoodObject = { header: Record<string, unknown>; claims: Record<string, unknown>; key: Key }
/** One way in which a signed object is wrong. */
export type JwtFault = { slug: string; about: string; forge: (good: GoodObject) => string }

const fault = (slug: string, about: string, forge: JwtFault['forge']): JwtFault => ({ slug, about, forge })
const sign = (
  { header, claims, key }: GoodObject,
  changed: { header?: Record<string, unknown>; claims?: Record<string, unknown>; key?: Key },
): string => signJws({ ...header, ...changed.header }, { ...claims, ...changed.claims }, changed.key ?? key)
const good = (object: GoodObject): string => sign(object, {})
const years = (n: number): number => nowSeconds() + n * 31_536_000
/** JSON with a member written as this text, such as a number that no number can say. */
const withText = (claims: Record<string, unknown>, member: string, text: string): string =>
  JSON.stringify({ ...claims, [member]: '\u0001' }).replace('"\\u0001"', text)

/** Algorithms and signatures (RFC 8725 §3.1, RFC 7515 §4.1.11): `alg` suits the key, no `none`, no MAC, nothing critical is passed over. */
export const ALGORITHM_FAULTS: readonly JwtFault[] = [
  ...['none', 'None', 'NONE', 'nOnE'].map((alg) =>
    fault(`alg-${alg}`, `alg is ${alg} and there is no signature`, ({ header, claims }) => unsignedJws({ ...header, alg }, claims)),
  ),
  fault('alg-none-signed', 'alg is none over a good signature', ({ header, claims, key }) => signJws({ ...header, alg: 'none' }, claims, key)),
  fault('alg-hs256-signed', 'alg is HS256 over a good signature', ({ header, claims, key }) => signJws({ ...header, alg: 'HS256' }, claims, key)),
  fault('hs256-pem', 'a MAC under the PEM of the public key', (o) =>
    mac(o, createPublicKey(o.key.privateKey).export({ type: 'spki', format: 'pem' })),
  ),
  fault('hs256-der', 'a MAC under the DER of the public key', (o) =>
    mac(o, createPublicKey(o.key.privateKey).export({ type: 'spki', format: 'der' })),
  ),
  fault('hs256-jwk', 'a MAC under the text of the public JWK', (o) => mac(o, JSON.stringify(o.key.jwk))),
  fault('alg-other-curve', 'alg is ES384 over a signature of a P-256 key', ({ header, claims, key }) =>
    signJws({ ...header, alg: 'ES384' }, claims, key),
  ),
  fault('alg-rs256', 'alg is RS256 over a signature of an EC key', ({ header, claims, key }) => signJws({ ...header, alg: 'RS256' }, claims, key)),
  fault('alg-es256k', 'alg is ES256K', ({ header, claims, key }) => signJws({ ...header, alg: 'ES256K' }, claims, key)),
  fault('alg-missing', 'there is no alg', (o) => sign(o, { header: { alg: undefined } })),
  fault('stranger', 'another key signed it, under the same kid', (o) => sign(o, { key: createKey('ES256', o.key.kid) })),
  fault('signature-changed', 'a bit of the signature is another', (o) => changeSignature(good(o))),
  fault('signature-cut', 'the signature is cut short', (o) => good(o).slice(0, -12)),
  fault('signature-zero', 'r and s of the signature are zero', ({ header, claims }) => unsignedJws(header, claims, base64url(Buffer.alloc(64)))),
  fault('payload-changed', 'the payload was changed after it was signed', (o) => changePayload(o)),
]
const mac = ({ header, claims }: GoodObject, secret: string | Buffer): string => macJws({ ...header, alg: 'HS256' }, claims, secret)

/** What a header may not ask for. */
export const HEADER_FAULTS: readonly JwtFault[] = [
  fault('crit-unknown', 'a critical extension nobody knows', (o) => sign(o, { header: { crit: ['x-unknown'], 'x-unknown': true } })),
  fault('crit-empty', 'an empty list of critical extensions', (o) => sign(o, { header: { crit: [] } })),
  fault('crit-registered', 'a registered member is listed as critical', (o) => sign(o, { header: { crit: ['exp'] } })),
  fault('b64', 'the payload is not encoded (b64 false)', ({ header, claims, key }) => signJws({ ...header, b64: false, crit: ['b64'] }, claims, key)),
]

/** Keys that a header offers, of somebody else who signed with them. `url` is where a reader would fetch one: nobody may. */
export const headerKeyFaults = (url: string): JwtFault[] => {
  const stranger = createKey()
  const as = (slug: string, about: string, header: Record<string, unknown>) =>
    fault(slug, about, (o) => sign(o, { key: stranger, header: { kid: undefined, ...header } }))
  return [
    as('jwk', 'the header brings its own key (jwk)', { jwk: stranger.jwk }),
    as('jku', 'the header names a key set (jku)', { jku: url, kid: stranger.kid }),
    as('x5u', 'the header names a certificate (x5u)', { x5u: url }),
    as('x5c', 'the header brings a certificate (x5c)', { x5c: [base64url('no certificate')] }),
  ]
}

/** The form of a compact JWS and of its JSON (RFC 7515 §2, RFC 7519 §4). */
export const FORM_FAULTS: readonly JwtFault[] = [
  fault('duplicate-claim', 'a claim is there twice', ({ header, claims, key }) =>
    signJws(header, JSON.stringify(claims).replace(/\}$/, ',"exp":4102444800}'), key),
  ),
  fault('duplicate-header', 'alg is there twice in the header', ({ header, claims, key }) =>
    signJws(JSON.stringify(header).replace(/\}$/, `,"alg":"${key.algorithm}"}`), claims, key),
  ),
  fault('padded', 'its parts are padded', (o) => good(o).replace(/\./g, '=.')),
  fault('spaces', 'there is a space in it', (o) => `${good(o).slice(0, 20)} ${good(o).slice(20)}`),
  fault('four-parts', 'it has four parts', (o) => `${good(o)}.${base64url('more')}`),
  fault('jwe', 'it has five parts, as an encrypted one', (o) => `${good(o)}.${base64url('a')}.${base64url('b')}`),
  fault('detached', 'its payload is left out', (o) => good(o).replace(/\.[^.]*\./, '..')),
  fault('json-serialisation', 'it is in the JSON serialisation', (o) => asJson(good(o))),
  fault('payload-no-object', 'its payload is a list', ({ header, key }) => signJws(header, '[]', key)),
  fault('payload-no-json', 'its payload is no JSON', ({ header, key }) => signJws(header, 'claims', key)),
  fault('nested', 'its payload is another signed object', (o) => signJws({ ...o.header, cty: 'JWT' }, good(o), o.key)),
  fault('deep', 'its payload nests 10,000 deep', ({ header, claims, key }) =>
    signJws(header, withText(claims, 'deep', `${'['.repeat(2500)}${']'.repeat(2500)}`), key),
  ),
  fault('kid-no-text', 'its kid is a list', (o) => sign(o, { header: { kid: [o.key.kid] } })),
]

/** Faults, by their slugs, that a conforming peer may let pass: it is warned, with this sentence. */
export const TOLERATED: Readonly<Record<string, string | undefined>> = {
  'duplicate-claim': 'a claim that is there twice is better refused: readers differ on which one counts',
  'duplicate-header': 'a header member that is there twice is better refused: readers differ on which one counts',
  'kid-no-text': 'a kid that is no text is better refused',
  deep: 'a payload that nests so deep is better refused',
  'typ-secevent+jwt': 'the typ of another kind of signed object is better refused',
}

/** Times (RFC 7519 §4.1.4 to 4.1.6). */
export const EXPIRY_FAULTS: readonly JwtFault[] = [
  fault('exp-missing', 'there is no exp', (o) => sign(o, { claims: { exp: undefined } })),
  fault('exp-text', 'exp is text', (o) => sign(o, { claims: { exp: String(nowSeconds() + 60) } })),
  fault('exp-null', 'exp is null', (o) => sign(o, { claims: { exp: null } })),
  fault('exp-true', 'exp is true', (o) => sign(o, { claims: { exp: true } })),
  fault('exp-infinite', 'exp is 1e400', ({ header, claims, key }) => signJws(header, withText(claims, 'exp', '1e400'), key)),
  fault('exp-negative', 'exp is negative', (o) => sign(o, { claims: { exp: -1 } })),
]
export const EXPIRED: JwtFault = fault('expired', 'it expired two minutes ago', (o) =>
  sign(o, { claims: { iat: nowSeconds() - 180, exp: nowSeconds() - 120 } }),
)
export const ISSUED_FAULTS: readonly JwtFault[] = [
  fault('iat-missing', 'there is no iat', (o) => sign(o, { claims: { iat: undefined } })),
  fault('iat-text', 'iat is text', (o) => sign(o, { claims: { iat: String(nowSeconds()) } })),
]
export const FUTURE_FAULTS: readonly JwtFault[] = [
  fault('iat-tomorrow', 'it was issued tomorrow', (o) => sign(o, { claims: { iat: nowSeconds() + 86_400, exp: nowSeconds() + 86_460 } })),
  fault('iat-in-two-minutes', 'it was issued two minutes from now', (o) => sign(o, { claims: { iat: nowSeconds() + 120, exp: nowSeconds() + 180 } })),
  fault('nbf-tomorrow', 'it is not valid before tomorrow', (o) => sign(o, { claims: { nbf: nowSeconds() + 86_400 } })),
]
export const LIFETIME_FAULTS: readonly JwtFault[] = [
  fault('ten-years', 'it lives for ten years', (o) => sign(o, { claims: { exp: years(10) } })),
  fault('for-ever', 'exp is 1e300', (o) => sign(o, { claims: { exp: 1e300 } })),
]

/** Audiences, for the one that is right. */
export const audienceFaults = (audience: string): JwtFault[] => {
  const as = (slug: string, about: string, aud: unknown) => fault(`aud-${slug}`, about, (o) => sign(o, { claims: { aud } }))
  return [
    as('missing', 'there is no aud', undefined),
    as('null', 'aud is null', null),
    as('other', 'aud is somebody else', 'https://somebody-else.invalid'),
    as('slash', 'aud has a slash more, or less, at its end', audience.endsWith('/') ? audience.slice(0, -1) : `${audience}/`),
    as('upper-case', 'aud is in capitals', audience.toUpperCase()),
    as('prefix', 'aud only begins like the right one', `${audience}.invalid`),
    as('shortened', 'aud is the beginning of the right one', audience.slice(0, -1)),
    as('two', 'aud is a list of two', [audience, 'https://somebody-else.invalid']),
    as('empty-list', 'aud is an empty list', []),
  ]
}

/** Takes a good object apart, so that it can be made wrong. */
export function takeApart(compact: string, key: Key): GoodObject {
  const [header = '', payload = ''] = compact.split('.')
  const read = (part: string): Record<string, unknown> => ({ ...JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) })
  return { header: read(header), claims: read(payload), key }
}

/** The typ of another kind than the one that is expected, or of a security event. */
export const typFault = (typ: string): JwtFault => fault(`typ-${typ}`, `its typ is ${typ}`, (o) => sign(o, { header: { typ } }))

function changeSignature(compact: string): string {
  const at = compact.lastIndexOf('.') + 10
  return `${compact.slice(0, at)}${compact[at] === 'A' ? 'B' : 'A'}${compact.slice(at + 1)}`
}

function changePayload(o: GoodObject): string {
  const [header, , signature] = good(o).split('.')
  return `${header}.${encode({ ...o.claims, added: true })}.${signature}`
}

const encode = (part: Part): string => base64url(JSON.stringify(part))

function asJson(compact: string): string {
  const [header, payload, signature] = compact.split('.')
  return JSON.stringify({ payload, protected: header, signature })
}
