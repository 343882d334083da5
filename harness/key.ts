import { exportJWK, generateKeyPair } from 'jose'
import type { SigningKey } from '../spec/jwt.ts'

/** A fresh holder key for one task (protocol 4): P-256, which every peer has. The private part cannot be exported. */
export async function createHolderKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: false })
  const { kty, crv, x, y } = await exportJWK(publicKey)
  return { privateKey, algorithm: 'ES256', publicJwk: { kty: kty ?? '', crv: crv ?? '', x: x ?? '', y: y ?? '' } }
}
