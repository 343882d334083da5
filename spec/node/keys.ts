import { exportJWK, generateKeyPair, type JWK } from 'jose'
import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { Now, Random } from '../effects.ts'
import type { Database } from './database.ts'
import { OperatorError } from './operator-error.ts'
import type { Secrets } from './secrets.ts'

/** A party's signing keys: the private part sealed under the master key. None is ever deleted: what they signed of the audit trail must go on verifying. */
export type SigningKeyTable = {
  signing_key: {
    key_id: string
    public_jwk: string
    sealed_private_jwk: string
    created_at: number
    signs_from: number | null // null: made before keys were rotated, it signs from its making on
    published_until: number | null // null: no end is set
  }
}

/** A signing key as it is stored. It signs from `signsFrom` on, until a newer one does; it is in the JWKS from its making until `publishedUntil`. */
export type StoredKey = { keyId: string; publicJwk: JWK; sealed: string; signsFrom: number; publishedUntil: number | undefined }

/** What the private parts are sealed for. */
export const SEALED_FOR = 'signing keys'

const NEWEST = 50 // more than are ever published
const Jwk = z.looseObject({ kty: z.string() })

/** Makes an ES256 key, sealed and ready to be stored. */
export async function generateSigningKey({ random, secrets }: { random: Random; secrets: Secrets }): Promise<Omit<StoredKey, 'signsFrom'>> {
  const pair = await generateKeyPair('ES256', { extractable: true })
  const keyId = random(9)
  const publicJwk = { ...(await exportJWK(pair.publicKey)), kid: keyId, alg: 'ES256', use: 'sig' }
  return { keyId, publicJwk, sealed: secrets.seal(SEALED_FOR, JSON.stringify(await exportJWK(pair.privateKey))), publishedUntil: undefined }
}

/** Makes the first key of a new database; it signs at once. */
export async function createSigningKey(db: Database<SigningKeyTable>, d: { now: Now; random: Random; secrets: Secrets }): Promise<void> {
  const key = await generateSigningKey(d)
  const at = d.now()
  await db.write((tx) => addSigningKey(tx, { ...key, signsFrom: at }, at))
}

/** Stores a new key, which is published from now on. */
export const addSigningKey = (tx: Kysely<SigningKeyTable>, { keyId, publicJwk, sealed, signsFrom }: StoredKey, at: number) =>
  tx
    .insertInto('signing_key')
    .values({ key_id: keyId, public_jwk: JSON.stringify(publicJwk), sealed_private_jwk: sealed, created_at: at, signs_from: signsFrom })
    .execute()

/** The newest keys, the one that signs last first; among them is every published one. Throws OperatorError for one that cannot be read. */
export async function readSigningKeys(db: Kysely<SigningKeyTable>): Promise<StoredKey[]> {
  const rows = await db.selectFrom('signing_key').selectAll().orderBy('created_at', 'desc').orderBy('key_id').limit(NEWEST).execute()
  const keys = rows.map((row) => ({
    keyId: row.key_id,
    publicJwk: readPublicJwk(row),
    sealed: row.sealed_private_jwk,
    signsFrom: row.signs_from ?? row.created_at, // the column is also missing, where a database is looked at before it is migrated
    publishedUntil: row.published_until ?? undefined,
  }))
  return keys.sort((a, b) => b.signsFrom - a.signsFrom)
}

function readPublicJwk({ key_id, public_jwk }: { key_id: string; public_jwk: string }): JWK {
  try {
    return Jwk.parse(JSON.parse(public_jwk))
  } catch (cause) {
    throw new OperatorError(`the signing key ${key_id} in the database cannot be read`, { cause, hint: 'restore the database from a backup' })
  }
}

/** Whether a key is in the JWKS at an instant. */
export const isPublished = ({ publishedUntil }: StoredKey, at: number): boolean => publishedUntil === undefined || publishedUntil > at

/** The key that signs at an instant: of the published ones that have begun, the newest. Keys are given newest first. */
export const signerAt = (keys: StoredKey[], at: number): StoredKey | undefined => keys.find((key) => key.signsFrom <= at && isPublished(key, at))

/** The public part of every signing key there ever was: what signed the heads of the audit trail. */
export async function listPublicKeys(db: Kysely<SigningKeyTable>): Promise<JWK[]> {
  const rows = await db.selectFrom('signing_key').select('public_jwk').orderBy('created_at', 'desc').execute()
  return rows.map((row) => Jwk.parse(JSON.parse(row.public_jwk)))
}
