import { createPublicKey } from 'node:crypto'
import { readVerificationJwk } from '../jwk.ts'
import { holderKey } from '../wire/issuance.ts'

/** A public key that people pin or register: what a holder key may be, and its members make a key (a point on the curve, say). */
export const publicKey = holderKey.refine(makesKey, 'is no key: its members do not fit together')

function makesKey(candidate: unknown): boolean {
  const key = readVerificationJwk(candidate)
  if (!key) return true // refused already, with a better reason
  try {
    createPublicKey({ key: { ...key.jwk }, format: 'jwk' })
    return true
  } catch {
    return false // it throws for nothing else
  }
}
