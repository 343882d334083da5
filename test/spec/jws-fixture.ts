/** Signed objects made by hand with `node:crypto`, so that what is tested is not signed by the code under test. */
import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** The time in every test, in epoch seconds. */
export const NOW = 1_800_000_000
export const AUTHORITY = 'https://agents.acme.example'
export const SERVICE = 'https://desk.example'
export const HARNESS = 'runner-7f3c'

export type Members = Record<string, unknown>
export type Pair = { publicKey: KeyObject; privateKey: KeyObject; jwk: Members }

const paired = ({ publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject }): Pair => ({
  publicKey,
  privateKey,
  jwk: { ...publicKey.export({ format: 'jwk' }) },
})
export const ecPair = (namedCurve: string): Pair => paired(generateKeyPairSync('ec', { namedCurve }))
export const edPair = (): Pair => paired(generateKeyPairSync('ed25519'))
export const rsaPair = (modulusLength = 2048, publicExponent = 65537): Pair => paired(generateKeyPairSync('rsa', { modulusLength, publicExponent }))

export const base64url = (data: string | Uint8Array): string => Buffer.from(data).toString('base64url')
/** A part of a JWS: members as JSON, or text and bytes as they are. */
const part = (content: Members | string | Uint8Array): string =>
  base64url(typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content))

/** The signature over two encoded parts, by the rules of the named algorithm (RFC 7518 §3) and never by what kind of key it is. */
export function signature(algorithm: string, key: KeyObject, input: string): Buffer {
  const data = Buffer.from(input)
  const hash = `sha${algorithm.slice(2)}`
  if (algorithm.startsWith('ES')) return sign(hash, data, { key, dsaEncoding: 'ieee-p1363' })
  if (algorithm.startsWith('RS')) return sign(hash, data, key)
  if (algorithm.startsWith('PS'))
    return sign(hash, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST })
  return sign(null, data, key)
}

/** A compact JWS of two encoded parts as they are, signed over exactly their text. */
export const sealed = (input: string, { key, algorithm = 'ES256' }: { key: Pair; algorithm?: string }): string =>
  `${input}.${base64url(signature(algorithm, key.privateKey, input))}`

/** A compact JWS of a header and a payload: members as JSON, or text and bytes as they are. */
export const jws = (
  header: Members | string | Uint8Array,
  payload: Members | string | Uint8Array,
  signer: { key: Pair; algorithm?: string },
): string => sealed(`${part(header)}.${part(payload)}`, signer)

export const HOLDER = ecPair('P-256')
/** Claims that are good for every kind but for those a kind has of its own. */
export const CLAIMS = { iss: SERVICE, aud: AUTHORITY, iat: NOW, exp: NOW + 60, jti: 'skrPwxdV727i1sSVkCzbVQ' }
export const HEADER = { alg: 'ES256', typ: 'JWT' }
/** A good object, but for the members given. */
export const genuine = (claims: Members = {}, header: Members = {}): string =>
  jws({ ...HEADER, ...header }, { ...CLAIMS, ...claims }, { key: HOLDER })
