import { type Kysely, sql } from 'kysely'
import type { Now, Random } from '../effects.ts'
import { lifetimeCapSeconds, SKEW_SECONDS } from '../profile.ts'
import { toRfc3339 } from '../time.ts'
import { type AuditTable, recordFrom } from './audit.ts'
import type { Database, Dialect } from './database.ts'
import { addSigningKey, generateSigningKey, isPublished, readSigningKeys, type SigningKeyTable, type StoredKey, signerAt } from './keys.ts'
import { OperatorError } from './operator-error.ts'
import type { Secrets } from './secrets.ts'

/** How long a key is published before it signs: a peer keeps a key set for 300 s (protocol 2), and a cache on the way to it may have kept it as long before. */
export const PUBLISHED_BEFORE_SECONDS = 600
/** How long a key is published after it has signed last: as long as anybody may accept what it signed (protocol 9). */
export const PUBLISHED_AFTER_SECONDS = lifetimeCapSeconds('core-0.1', false) + SKEW_SECONDS

const MAX_PUBLISHED = 5 // peers ignore keys after the twentieth (protocol 9)

export type RotationTables = SigningKeyTable & AuditTable
export type RotationDeps = { db: Database<RotationTables>; now: Now; random: Random; secrets: Secrets }
/** `overlap`: published first, then it signs, then the old one leaves. `now`: the new key signs and every other leaves the JWKS, at once. */
export type RotationKind = 'overlap' | 'now'

/**
 * Makes the next signing key, with its audit row in one transaction; running parties read it within seconds. Gives its id.
 * Throws OperatorError where a rotation is under way already, but for one that is to be `now`.
 */
export async function rotateSigningKeys(d: RotationDeps, kind: RotationKind): Promise<string> {
  const key = await generateSigningKey(d)
  return d.db.write(async (tx) => {
    await takeTurn(tx, d.db.dialect)
    const at = d.now()
    const keys = await readSigningKeys(tx)
    if (keys.length === 0) throw new OperatorError('there is no signing key to rotate', { hint: 'restore the database from a backup' })
    const published = keys.filter((one) => isPublished(one, at))
    await (kind === 'now' ? replaceAll(tx, key, { published, at }) : succeed(tx, key, { published, at }))
    return key.keyId
  })
}

type Making = { published: StoredKey[]; at: number }
type NewKey = Omit<StoredKey, 'signsFrom'>

/** The next key is published until it signs; the one that signs until then has its end set. */
async function succeed(tx: Kysely<RotationTables>, key: NewKey, { published, at }: Making): Promise<void> {
  requireRotatable(published, at)
  const signsFrom = at + PUBLISHED_BEFORE_SECONDS
  await setEnd(
    tx,
    signsFrom + PUBLISHED_AFTER_SECONDS,
    published.filter(({ publishedUntil }) => publishedUntil === undefined),
  )
  await addSigningKey(tx, { ...key, signsFrom }, at)
  await recordFrom(tx, { event: 'key_rotation', outcome: 'published', kid: key.keyId, by: 'command' }, at)
}

/** Nothing is left of the keys that were published, a next one that never signed included. */
async function replaceAll(tx: Kysely<RotationTables>, key: NewKey, { published, at }: Making): Promise<void> {
  await setEnd(tx, at, published)
  await addSigningKey(tx, { ...key, signsFrom: at }, at)
  for (const { keyId } of published) await recordFrom(tx, { event: 'key_rotation', outcome: 'removed', kid: keyId, by: 'command' }, at)
  await recordFrom(tx, { event: 'key_rotation', outcome: 'signing', kid: key.keyId, by: 'command' }, at)
}

async function setEnd(tx: Kysely<RotationTables>, publishedUntil: number, keys: StoredKey[]): Promise<void> {
  for (const { keyId } of keys) await tx.updateTable('signing_key').set({ published_until: publishedUntil }).where('key_id', '=', keyId).execute()
}

function requireRotatable(published: StoredKey[], at: number): void {
  const next = published.find(({ signsFrom }) => signsFrom > at)
  if (next)
    throw new OperatorError(`a rotation is under way: the key ${next.keyId} signs from ${toRfc3339(next.signsFrom)} on`, {
      hint: 'wait until then; --now ends every key that is published, this one too',
    })
  if (!signerAt(published, at)) throw new OperatorError('no key signs that the next could follow', { hint: 'have a new one sign at once with --now' })
  const [firstEnd = at] = published.flatMap(({ publishedUntil }) => publishedUntil ?? []).sort((a, b) => a - b)
  if (published.length >= MAX_PUBLISHED)
    throw new OperatorError(`${published.length} keys are published, and more are not allowed`, {
      hint: `the oldest leaves at ${toRfc3339(firstEnd)}; --now ends them all`,
    })
}

/** Of two who rotate at once the second sees what the first has done; on SQLite every transaction that writes does. */
const takeTurn = async (tx: Kysely<RotationTables>, dialect: Dialect): Promise<void> => {
  if (dialect === 'postgres') await sql`lock table signing_key in share row exclusive mode`.execute(tx)
}
