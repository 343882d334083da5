import { createHmac } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Random } from '../../effects.ts'
import { emailDomain } from '../../email.ts'
import type { Database } from '../database.ts'
import { messageOf, OperatorError } from '../operator-error.ts'
import { masterKeyOf, type Secrets } from '../secrets.ts'
import type { ExportTables } from './cursor.ts'

/** One value always gets one pseudonym, in whichever member it stands. */
export type PseudonymOf = (value: unknown) => string

const PURPOSE = 'export pseudonyms'
const KEY_BYTES = 32
const PSEUDONYM_CHARS = 22 // 132 bits

/** Opens the key of the pseudonyms, made when it is first wanted. Throws OperatorError for a master key that is no longer in the settings. */
export async function openPseudonyms(db: Database<ExportTables>, { secrets, random }: { secrets: Secrets; random: Random }): Promise<PseudonymOf> {
  const sealed = (await findKey(db.read)) ?? (await makeKey(db, secrets.seal(PURPOSE, random(KEY_BYTES))))
  const key = await keepOpenable(db, secrets, sealed)
  return (value) => `p_${createHmac('sha256', key).update(comparable(value)).digest('base64url').slice(0, PSEUDONYM_CHARS)}`
}

/** Keeps the key, where there is one, for exports that want it again. Throws OperatorError as `openPseudonyms`. */
export async function keepPseudonyms(db: Database<ExportTables>, secrets: Secrets): Promise<void> {
  const sealed = await findKey(db.read)
  if (sealed !== undefined) await keepOpenable(db, secrets, sealed)
}

/** Looks whether the key, where there is one, can be opened, and changes nothing. Throws OperatorError. */
export async function examinePseudonyms(db: Kysely<ExportTables>, secrets: Secrets): Promise<void> {
  const isMade = (await db.introspection.getTables()).some(({ name }) => name === 'export_key') // not where the database is looked at before it is migrated
  const sealed = isMade ? await findKey(db) : undefined
  if (sealed !== undefined) unseal(secrets, sealed)
}

/** It stays when the master key is rotated: it is sealed anew under the one in use, or the old one could not be taken out of the settings. */
async function keepOpenable(db: Database<ExportTables>, secrets: Secrets, sealed: string): Promise<string> {
  const key = unseal(secrets, sealed)
  if (masterKeyOf(sealed) !== secrets.current) await replaceKey(db, sealed, secrets.seal(PURPOSE, key))
  return key
}

function unseal(secrets: Secrets, sealed: string): string {
  try {
    return secrets.unseal(PURPOSE, sealed)
  } catch (cause) {
    throw new OperatorError(`the key of the pseudonyms in exports cannot be opened: ${messageOf(cause)}`, {
      cause,
      hint: cause instanceof OperatorError ? cause.hint : undefined,
    })
  }
}

/** Addresses in the form in which they are compared: an event about a refused request has them as they came. */
function comparable(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value)
  const at = value.lastIndexOf('@')
  return at === -1 ? value : `${value.slice(0, at)}@${emailDomain(value) ?? value.slice(at + 1)}`
}

const findKey = async (db: Kysely<ExportTables>): Promise<string | undefined> =>
  (await db.selectFrom('export_key').select('sealed_key').where('id', '=', 1).executeTakeFirst())?.sealed_key

async function makeKey(db: Database<ExportTables>, sealed: string): Promise<string> {
  await db.write((tx) =>
    tx
      .insertInto('export_key')
      .values({ id: 1, sealed_key: sealed })
      .onConflict((c) => c.doNothing())
      .execute(),
  )
  return (await findKey(db.read)) ?? sealed // another instance may have been first
}

const replaceKey = (db: Database<ExportTables>, old: string, sealed: string) =>
  db.write((tx) => tx.updateTable('export_key').set({ sealed_key: sealed }).where('sealed_key', '=', old).execute())
