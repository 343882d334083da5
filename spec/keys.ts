import { createCache, type Loaded, lifetimeSeconds } from './cache.ts'
import type { Fetch, Now } from './effects.ts'
import { readVerificationJwk, type VerificationJwk } from './jwk.ts'
import type { Algorithm, Jws } from './jwt.ts'
import { isServedAsJson, readAnswer } from './peer.ts'
import type { Profile } from './profile.ts'
import { type ImportKey, importKey, type Verify } from './verify.ts'
import { KeySetDocument } from './wire/configuration.ts'

const KEY_SET_LIMIT_BYTES = 256 * 1024
const KEY_SET_SECONDS = { least: 10, most: 300, otherwise: 300 }
const MAX_KEYS = 20
const MAX_TRIED = 5
const REFRESH_SECONDS = 30
const MAX_IMPORTED = 5000

/** The key set cannot be had: an outage, not a verdict about the signature. */
export class KeysUnavailable extends Error {}

export type KeySets = {
  /** Verifies a signature under the key set at a URL. An unknown `kid` refreshes the set, at most once in 30 s. Throws KeysUnavailable, or Error when no key verifies it. */
  verify: (jwksUri: string, jws: Jws) => Promise<void>
}

export const ACCEPT = 'application/json, application/jwk-set+json;q=0.9, */*;q=0.1'

/** The key cache (protocol 2): sets by URL, with single flight and their lifetimes; an imported key is kept and shared by every set that lists it. */
export function createKeySets(d: { fetch: Fetch; now: Now; profile: Profile; importKey?: ImportKey }): KeySets {
  const sets = createCache<KeySet>(d.now)
  const refreshes = createCache<void>(d.now)
  const imported = createImports(d.importKey ?? importKey)

  const load = async (jwksUri: string): Promise<Loaded<KeySet>> => {
    const askedAt = d.now()
    const response = await d.fetch(jwksUri, { headers: { accept: ACCEPT } })
    if (d.profile === 'hardened' && !isServedAsJson(response)) throw new Error('the key set is not served as JSON')
    const { keys } = await readAnswer(response, KeySetDocument, KEY_SET_LIMIT_BYTES)
    // It says what was published when it was asked for, so its lifetime counts from then: also where a later answer has overtaken it.
    return { value: createKeySet(keys, imported), ttlSeconds: lifetimeSeconds(response, KEY_SET_SECONDS) - (d.now() - askedAt) }
  }
  const get = (jwksUri: string) =>
    sets
      .get(jwksUri, () => load(jwksUri))
      .catch((cause) => {
        throw new KeysUnavailable(`the key set at ${jwksUri} cannot be had`, { cause })
      })
  /** One refresh that all who miss a key await. Where it fails the set we have stays in use. */
  const refresh = (jwksUri: string) =>
    refreshes.get(jwksUri, async () => {
      const fresh = await load(jwksUri).catch(() => undefined)
      if (fresh) sets.put(jwksUri, fresh)
      return { value: undefined, ttlSeconds: REFRESH_SECONDS }
    })

  return {
    async verify(jwksUri, jws) {
      const set = await get(jwksUri)
      if (candidates(set, jws).length === 0) await refresh(jwksUri)
      await verifyWithAny(jws, candidates(await get(jwksUri), jws))
    },
  }
}

/** Keys that settings pin, in place of a set that is fetched: verifies a signature under one of them (protocol 9). Rejects when none does. */
export function createPinnedKeys(documents: unknown[], importKey: ImportKey): (jws: Jws) => Promise<void> {
  const keys = createKeySet(documents, createImports(importKey))
  return (jws) => verifyWithAny(jws, candidates(keys, jws))
}

type ImportedKey = VerificationJwk & { import: (algorithm: Algorithm) => Promise<Verify> }
type KeySet = ImportedKey[]

const createKeySet = (documents: unknown[], imported: (key: VerificationJwk) => ImportedKey): KeySet =>
  documents.slice(0, MAX_KEYS).flatMap((document) => {
    const key = readVerificationJwk(document)
    return key ? [imported(key)] : []
  })

/** The keys that may have signed: those of the `kid`, or, where the object or the whole set names none, the first five that suit the `alg` (protocol 9). */
function candidates(set: KeySet, { keyId, algorithm }: Jws): ImportedKey[] {
  const anonymous = keyId === undefined || set.every((key) => key.keyId === undefined)
  return set.filter((key) => (anonymous || key.keyId === keyId) && key.algorithms.includes(algorithm)).slice(0, MAX_TRIED)
}

/** Importing a key costs more than verifying with it, so each is imported once, by its content. The oldest goes when there are too many. */
function createImports(importKey: ImportKey): (key: VerificationJwk) => ImportedKey {
  const known = new Map<string, ImportedKey>()
  return (key) => {
    const content = JSON.stringify([key.keyId, key.algorithms, key.jwk])
    const entry = known.get(content) ?? withImport(key, importKey)
    known.delete(content)
    known.set(content, entry)
    const [oldest] = known.keys()
    if (known.size > MAX_IMPORTED && oldest !== undefined) known.delete(oldest)
    return entry
  }
}

function withImport(key: VerificationJwk, importKey: ImportKey): ImportedKey {
  const imported = new Map<Algorithm, Promise<Verify>>()
  return {
    ...key,
    import(algorithm) {
      const kept = imported.get(algorithm) ?? importKey(key, algorithm)
      imported.set(algorithm, kept)
      return kept
    },
  }
}

async function verifyWithAny(jws: Jws, keys: ImportedKey[]): Promise<void> {
  for (const key of keys) {
    const verified = await key
      .import(jws.algorithm)
      .then((verify) => verify(jws))
      .then(
        () => true,
        () => false, // not this key; the next may be the one
      )
    if (verified) return
  }
  throw new Error('no key of the set verifies the signature')
}
