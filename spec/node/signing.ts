import { importJWK, type JWK } from 'jose'
import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { Now } from '../effects.ts'
import { ProtocolError } from '../error.ts'
import type { SigningKey } from '../jwt.ts'
import { toRfc3339 } from '../time.ts'
import { isPublished, readSigningKeys, SEALED_FOR, type SigningKeyTable, type StoredKey, signerAt } from './keys.ts'
import { messageOf, OperatorError } from './operator-error.ts'
import { masterKeyOf, type Secrets } from './secrets.ts'

/** The signing keys of a running party. What is asked for is what counts at that moment: nobody keeps it. */
export type SigningKeys = {
  /** The key that signs. Throws overloaded while there is none. */
  current: () => SigningKey
  isSigning: () => boolean
  /** The public parts that are published: of the next key, of the one that signs, and of those whose signatures may still be under way. */
  jwks: () => { keys: JWK[] }
  /** Reads the keys again, which another process may have rotated. Throws OperatorError when none signs, or one cannot be opened; what could be read counts all the same. */
  refresh: () => Promise<void>
}

const Jwk = z.looseObject({ kty: z.string() })

/**
 * Opens the signing keys of a party that is to start; `now` never goes back, or a clock that does would revive a key that was taken out of use.
 * Throws OperatorError when none signs, or the one that does, or the next, cannot be opened: a key is made by a person, never silently.
 */
export async function openSigningKeys(db: { read: Kysely<SigningKeyTable> }, secrets: Secrets, now: Now): Promise<SigningKeys> {
  let known: StoredKey[] = []
  const opened = new Map<string, SigningKey>()
  const find = () => {
    const openable = known.filter(({ keyId }) => opened.has(keyId))
    return opened.get(signerAt(openable, now())?.keyId ?? '')
  }
  const keys: SigningKeys = {
    isSigning: () => find() !== undefined,
    current() {
      const key = find()
      if (!key) throw new ProtocolError('overloaded', 'this server has no key to sign with at the moment', { retryAfterSeconds: 60 })
      return key
    },
    jwks: () => ({ keys: known.filter((key) => isPublished(key, now())).map(({ publicJwk }) => publicJwk) }),
    async refresh() {
      known = await readSigningKeys(db.read)
      const signer = requireSigner(known, now())
      const inUse = known.slice(0, known.indexOf(signer) + 1).filter((key) => isPublished(key, now()))
      for (const keyId of opened.keys()) if (!known.some((key) => key.keyId === keyId && isPublished(key, now()))) opened.delete(keyId)
      for (const key of inUse.toReversed()) if (!opened.has(key.keyId)) opened.set(key.keyId, await openKey(key, secrets)) // the one that signs first
    },
  }
  await keys.refresh()
  return keys
}

function requireSigner(keys: StoredKey[], at: number): StoredKey {
  const signer = signerAt(keys, at)
  if (signer) return signer
  if (keys.length === 0)
    throw new OperatorError('there is no signing key in the database', {
      hint: 'restore the database from a backup: only init makes a key, in a new database',
    })
  const begins = keys.filter((key) => isPublished(key, at)).map(({ signsFrom }) => signsFrom)
  if (begins.length === 0)
    throw new OperatorError('every signing key in the database has ended', {
      hint: 'restore the database from a backup, or have keys rotate --now make a key',
    })
  throw new OperatorError(`no signing key signs yet: the first does from ${toRfc3339(Math.min(...begins))} on, and here it is ${toRfc3339(at)}`, {
    hint: 'is the clock of this server right?',
  })
}

async function openKey({ keyId, publicJwk, sealed }: StoredKey, secrets: Secrets): Promise<SigningKey> {
  try {
    const privateJwk = Jwk.parse(JSON.parse(secrets.unseal(SEALED_FOR, sealed)))
    if (privateJwk.x !== publicJwk.x || privateJwk.y !== publicJwk.y) throw new Error('its public part is of another key')
    const privateKey = await importJWK(privateJwk, 'ES256')
    if (privateKey instanceof Uint8Array) throw new Error('it is symmetric')
    return { privateKey, algorithm: 'ES256', keyId, publicJwk }
  } catch (cause) {
    throw new OperatorError(`the signing key ${keyId}, sealed under the master key ${masterKeyOf(sealed)}, cannot be opened: ${messageOf(cause)}`, {
      cause,
      hint: (cause instanceof OperatorError ? cause.hint : undefined) ?? 'restore the database from a backup',
    })
  }
}
