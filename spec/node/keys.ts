import { exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { Now, Random } from '../effects.ts'
import type { SigningKey } from '../jwt.ts'
import type { Database } from './database.ts'
import { OperatorError } from './operator-error.ts'
import type { Secrets } from './secrets.ts'

/** A party's signing keys: the private part sealed under the master key. */
export type SigningKeyTable = { signing_key: { key_id: string; public_jwk: string; sealed_private_jwk: string; created_at: number } }

export type SigningKeys = {
  /** The newest key: what this party signs with. */
  current: SigningKey
  /** Every key's public part, for the JWKS: what was signed before a rotation still verifies. */
  jwks: { keys: JWK[] }
}

const PURPOSE = 'signing keys'
const Jwk = z.looseObject({ kty: z.string() })

/** Makes a new ES256 signing key; from now on it signs. */
export async function createSigningKey(db: Database<SigningKeyTable>, d: { now: Now; random: Random; secrets: Secrets }): Promise<void> {
  const pair = await generateKeyPair('ES256', { extractable: true })
  const keyId = d.random(9)
  const publicJwk = { ...(await exportJWK(pair.publicKey)), kid: keyId, alg: 'ES256', use: 'sig' }
  const sealed = d.secrets.seal(PURPOSE, JSON.stringify(await exportJWK(pair.privateKey)))
  await db.write((tx) =>
    tx
      .insertInto('signing_key')
      .values({ key_id: keyId, public_jwk: JSON.stringify(publicJwk), sealed_private_jwk: sealed, created_at: d.now() })
      .execute(),
  )
}

/** Loads the signing keys. Undefined when there are none: a key is made by `init`, never silently. Throws Error when one cannot be unsealed. */
export async function loadSigningKeys(db: { read: Kysely<SigningKeyTable> }, secrets: Secrets): Promise<SigningKeys | undefined> {
  const rows = await db.read.selectFrom('signing_key').selectAll().orderBy('created_at', 'desc').orderBy('key_id').limit(20).execute()
  const [newest] = rows
  if (!newest) return undefined
  const privateKey = await importJWK(Jwk.parse(JSON.parse(secrets.unseal(PURPOSE, newest.sealed_private_jwk))), 'ES256')
  if (privateKey instanceof Uint8Array) throw new Error('the signing key is symmetric')
  const keys = rows.map((row) => Jwk.parse(JSON.parse(row.public_jwk)))
  return { current: { privateKey, algorithm: 'ES256', keyId: newest.key_id, publicJwk: Jwk.parse(JSON.parse(newest.public_jwk)) }, jwks: { keys } }
}

/** The signing keys of a party that is to start. Throws OperatorError when there are none, or the newest cannot be unsealed. */
export async function requireSigningKeys(db: { read: Kysely<SigningKeyTable> }, secrets: Secrets): Promise<SigningKeys> {
  const keys = await loadSigningKeys(db, secrets)
  if (keys) return keys
  throw new OperatorError('there is no signing key in the database', {
    hint: 'restore the database from a backup: only init makes a key, in a new database',
  })
}

/** The public part of every signing key there ever was: what signed the heads of the audit trail. */
export async function listPublicKeys(db: Kysely<SigningKeyTable>): Promise<JWK[]> {
  const rows = await db.selectFrom('signing_key').select('public_jwk').orderBy('created_at', 'desc').execute()
  return rows.map((row) => Jwk.parse(JSON.parse(row.public_jwk)))
}
