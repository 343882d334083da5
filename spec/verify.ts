import { compactVerify, importJWK } from 'jose'
import type { VerificationJwk } from './jwk.ts'
import type { Algorithm, Jws } from './jwt.ts'

/** Verifies a signature under one key. Rejects when it is not valid, or the key is not one for its algorithm. */
export type Verify = (jws: Jws) => Promise<void>
/** Imports a public key for one algorithm. Rejects when its members do not make a key (a point off the curve, say). */
export type ImportKey = (key: VerificationJwk, algorithm: Algorithm) => Promise<Verify>

/** By Web Cryptography: on every platform, for every algorithm. */
export const importKey: ImportKey = async ({ jwk }, algorithm) => {
  const key = await importJWK(jwk, algorithm)
  if (key instanceof Uint8Array) throw new Error('a symmetric key')
  return async ({ compact }) => void (await compactVerify(compact, key, { algorithms: [algorithm] }))
}
