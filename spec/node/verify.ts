import { createPublicKey, verify } from 'node:crypto'
import { fromBase64url } from '../base64url.ts'
import { type ImportKey, importKey as importWebKey } from '../verify.ts'

/**
 * By Node's own cryptography for ES256, which is what nearly everybody signs with: Web Cryptography takes twice the time, most of it on the way to another thread and back.
 * Every other algorithm goes the way of the web.
 */
export const importKey: ImportKey = async (key, algorithm) => {
  if (algorithm !== 'ES256') return importWebKey(key, algorithm)
  const publicKey = createPublicKey({ key: { ...key.jwk }, format: 'jwk' })
  if (publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('no key on P-256')
  return async (jws) => {
    const signature = jws.algorithm === 'ES256' ? fromBase64url(jws.compact.slice(jws.compact.lastIndexOf('.') + 1)) : undefined
    const signed = Buffer.from(jws.compact.slice(0, jws.compact.lastIndexOf('.')), 'latin1')
    if (!signature || !verify('sha256', signed, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature))
      throw new Error('the signature does not verify')
  }
}
