import { toRfc3339 } from '../time.ts'
import { print, printJson, say, table } from './cli.ts'
import { type ClockTable, createClockGuard, latestKept } from './clock.ts'
import { isConfirmed, isTerminal } from './confirm.ts'
import type { Database } from './database.ts'
import { isPublished, readSigningKeys, type StoredKey, signerAt } from './keys.ts'
import { pendingMigrations } from './migrate.ts'
import { openReadOnly, openWritable, requireMade } from './open-database.ts'
import { OperatorError } from './operator-error.ts'
import type { PartyTables } from './party.ts'
import { type RotationKind, rotateSigningKeys } from './rotation.ts'
import { createSecrets, masterKeyOf } from './secrets.ts'
import { readPartySettings, type ServerParty } from './server-party.ts'
import { readDatabase, readMasterKeys, type ServerSettings, systemNow, systemRandom } from './settings.ts'

/** `next` is published and does not sign yet; `retiring` signs no more and is published still; `retired` only verifies heads of the audit trail. */
type KeyState = 'next' | 'signing' | 'retiring' | 'retired'
type ListedKey = { kid: string; state: KeyState; signs_from: string; published_until?: string; master_key: string }

/** Lists the signing keys and what each is doing, also beside a running server; nothing changes. */
export async function listKeys<S extends ServerSettings>(party: ServerParty<S>, file: string, { json }: { json?: boolean }): Promise<void> {
  const db = await openReadOnly<PartyTables>(readDatabase(file, readPartySettings(party, file).database))
  try {
    await pendingMigrations(db, party.migrations)
    tell(listed(await readSigningKeys(db.read), Math.max(systemNow(), await latestKept(db.read))), json)
  } finally {
    await db.close()
  }
}

type RotateOptions = { json?: boolean; now?: boolean; yes?: boolean }

/** Rotates the signing keys in the database; a running server follows within seconds. Throws OperatorError when it cannot, and nothing has changed then. */
export async function rotateKeys<S extends ServerSettings>(party: ServerParty<S>, file: string, { json, now, yes }: RotateOptions): Promise<void> {
  const settings = readPartySettings(party, file)
  const secrets = createSecrets(readMasterKeys(file, settings.master_keys))
  const database = readDatabase(file, settings.database)
  await requireMade(database)
  if (now && !yes) await requireConfirmed()
  const db = await openWritable<PartyTables>(database)
  try {
    const pending = await pendingMigrations(db, party.migrations)
    if (pending.length > 0) throw new OperatorError(`the schema is not up to date: ${pending.join(', ')}`, { hint: `run ${party.command} migrate` })
    await requireRightClock(db)
    const kind: RotationKind = now ? 'now' : 'overlap'
    const kid = await rotateSigningKeys({ db, now: systemNow, random: systemRandom, secrets }, kind)
    say(AFTERWARDS[kind](kid))
    tell(listed(await readSigningKeys(db.read), systemNow()), json)
  } finally {
    await db.close()
  }
}

const AFTERWARDS: Record<RotationKind, (kid: string) => string> = {
  overlap: (kid) => `made ${kid}: running servers publish it within seconds, and sign with it when every peer can know it`,
  now: (kid) => `made ${kid}: running servers sign with it within seconds; peers may take the old keys from their caches for up to 300 s`,
}

async function requireConfirmed(): Promise<void> {
  if (!isTerminal())
    throw new OperatorError('nobody is here to be asked whether every published key is to end at once', { exitCode: 2, hint: 'confirm with --yes' })
  say('every key that is published now ends at once, and a new one signs: peers that have only the old ones refuse us until they read the new one')
  if (!(await isConfirmed('rotate at once? [y/N] '))) throw new OperatorError('nothing was rotated')
}

/** The times that a command writes are this clock's, and every server goes by them. Throws OperatorError where it cannot be right. */
export async function requireRightClock(db: Database<ClockTable>): Promise<void> {
  const clock = createClockGuard(db, systemNow)
  await clock.check()
  if (clock.isTrusted() && clock.isInStep()) return
  throw new OperatorError("the clock of this computer is not the servers' or the database's", { hint: 'set it, or run the command on a server' })
}

function listed(keys: StoredKey[], at: number): ListedKey[] {
  const signer = signerAt(keys, at)
  const stateOf = (key: StoredKey): KeyState => {
    if (key === signer) return 'signing'
    if (!isPublished(key, at)) return 'retired'
    return key.signsFrom > at ? 'next' : 'retiring'
  }
  return keys.map((key) => ({
    kid: key.keyId,
    state: stateOf(key),
    signs_from: toRfc3339(key.signsFrom),
    ...(key.publishedUntil !== undefined && { published_until: toRfc3339(key.publishedUntil) }),
    master_key: masterKeyOf(key.sealed),
  }))
}

const HEADINGS = ['KID', 'STATE', 'SIGNS FROM', 'PUBLISHED UNTIL', 'MASTER KEY']

const tell = (keys: ListedKey[], json: boolean | undefined): void => (json ? printJson({ keys }) : print(inTable(keys)))

const inTable = (keys: ListedKey[]): string =>
  table(
    HEADINGS,
    keys.map((key) => [key.kid, key.state, key.signs_from, key.published_until ?? '-', key.master_key]),
  )
