import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import { z } from 'zod'
import { readVerificationJwk } from '../spec/jwk.ts'
import type { SigningKey } from '../spec/jwt.ts'

/** A fresh holder key for one task (protocol 4): P-256, which every peer has. The private part cannot be exported. */
export async function createHolderKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: false })
  return { privateKey, algorithm: 'ES256', publicJwk: publicMembers(await exportJWK(publicKey)) }
}

/** A private P-256 key as its file has it. */
const PrivateJwk = z.looseObject({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string(), d: z.string() })

/** A new private key for a file: one that is registered at an Authority and used for many tasks. */
export async function createPrivateJwk(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const { d = '', ...rest } = await exportJWK(privateKey)
  return { ...publicMembers(rest), d }
}

/** Reads a private key that is kept, to be registered at an Authority (protocol 4, tier registered). Throws Error where it is no whole P-256 key. */
export async function readHolderKey(document: unknown): Promise<SigningKey> {
  const { data } = PrivateJwk.safeParse(document)
  const publicJwk = publicMembers(data ?? {})
  if (!data || !readVerificationJwk(publicJwk)) throw new Error('it is no private P-256 JWK')
  const privateKey = await importJWK({ ...publicJwk, d: data.d }, 'ES256', { extractable: false }).catch(() => undefined)
  if (!privateKey || privateKey instanceof Uint8Array) throw new Error('it is no whole P-256 key') // the cause might quote it
  return { privateKey, algorithm: 'ES256', publicJwk }
}

/** What an Authority registers a key by (RFC 7638). */
export const thumbprintOf = (key: SigningKey): Promise<string> => calculateJwkThumbprint(key.publicJwk)

const publicMembers = ({ kty = '', crv = '', x = '', y = '' }: JWK): JWK => ({ kty, crv, x, y })
