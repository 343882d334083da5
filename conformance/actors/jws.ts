import { createHash, createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject, randomBytes, sign } from 'node:crypto'

/** The algorithms the suite signs with. */
export type Algorithm = 'ES256' | 'ES384' | 'ES512' | 'EdDSA' | 'Ed25519' | 'RS256' | 'PS256'
export type Key = {
  algorithm: Algorithm
  kid: string
  privateKey: KeyObject
  /** The public part alone, with its `kid`. */
  jwk: PublicJwk
}
export type PublicJwk = JsonWebKey & { kid?: string; [member: string]: unknown }

const CURVES = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' } as const

/** A new key; with a `kid` of its own unless one is given. */
export function createKey(algorithm: Algorithm = 'ES256', kid = randomBytes(9).toString('base64url')): Key {
  const privateKey = generate(algorithm)
  return { algorithm, kid, privateKey, jwk: { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid } }
}

function generate(algorithm: Algorithm): KeyObject {
  switch (algorithm) {
    case 'ES256':
    case 'ES384':
    case 'ES512':
      return generateKeyPairSync('ec', { namedCurve: CURVES[algorithm] }).privateKey
    case 'EdDSA':
    case 'Ed25519':
      return generateKeyPairSync('ed25519').privateKey
    case 'RS256':
    case 'PS256':
      return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  }
}

export const base64url = (bytes: string | Buffer): string => Buffer.from(bytes).toString('base64url')
export const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('base64url')
export const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Members of a header or payload; text is taken as it stands, for what no object can say (a member twice, `1e400`). */
export type Part = Record<string, unknown> | string

/** A compact JWS of these parts, signed by hand. A member that is undefined is left out. */
export function signJws(header: Part, payload: Part, key: Key): string {
  const input = signingInput(header, payload)
  return `${input}.${base64url(signatureOf(Buffer.from(input), key))}`
}

/** The same, with the signature of a MAC under this secret. */
export function macJws(header: Part, payload: Part, secret: string | Buffer, hash = 'sha256'): string {
  const input = signingInput(header, payload)
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`
}

/** The same, with no signature, or with this text in its place. */
export const unsignedJws = (header: Part, payload: Part, signature = ''): string => `${signingInput(header, payload)}.${signature}`

const signingInput = (header: Part, payload: Part): string => `${encodePart(header)}.${encodePart(payload)}`
const encodePart = (part: Part): string => base64url(typeof part === 'string' ? part : JSON.stringify(part))

function signatureOf(input: Buffer, { algorithm, privateKey }: Key): Buffer {
  switch (algorithm) {
    case 'ES256':
    case 'ES384':
    case 'ES512':
      return sign(`sha${algorithm.slice(2)}`, input, { key: privateKey, dsaEncoding: 'ieee-p1363' })
    case 'EdDSA':
    case 'Ed25519':
      return sign(null, input, privateKey)
    case 'RS256':
      return sign('sha256', input, privateKey)
    case 'PS256':
      return sign('sha256', input, { key: privateKey, padding: 6, saltLength: 32 }) // RSA_PKCS1_PSS_PADDING
  }
}
