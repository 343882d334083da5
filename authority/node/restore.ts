import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { copyWhole, flush } from '../../spec/node/backup.ts'
import { print, printJson, say } from '../../spec/node/cli.ts'
import { isConfirmed, isTerminal } from '../../spec/node/confirm.ts'
import { isPostgres } from '../../spec/node/database.ts'
import { requireUnused } from '../../spec/node/in-use.ts'
import { pendingMigrations } from '../../spec/node/migrate.ts'
import { nameOfDatabase, openReadOnly, requireMade } from '../../spec/node/open-database.ts'
import { OperatorError } from '../../spec/node/operator-error.ts'
import { isTaken, putInPlace } from '../../spec/node/put-in-place.ts'
import { readPartySettings } from '../../spec/node/server-party.ts'
import { readDatabase, readMasterKeys } from '../../spec/node/settings.ts'
import { visible } from '../approve/visible.ts'
import { authority } from './authority.ts'
import { endRestored, markRestoring, type Restored, unmark, withMark } from './restored.ts'
import { countsOf } from './revocations.ts'

export type RestoreOptions = {
  config: string
  from?: string
  inPlace?: boolean
  replace?: boolean
  keepKeys?: boolean
  yes?: boolean
  json?: boolean
}

/** Takes a backup into use, with everything ended that was alive in it. Throws OperatorError; the database in use is as it was then, or is one that no server takes. */
export async function restore(o: RestoreOptions): Promise<void> {
  if ((o.from === undefined) === !o.inPlace) throw misuse('name the backup with --from FILE, or say --in-place', 'see restore --help')
  if (o.replace && o.inPlace) throw misuse('--replace goes with --from', 'what is in place is not replaced')
  const settings = readPartySettings(authority, o.config)
  const masterKeys = readMasterKeys(o.config, settings.master_keys)
  const database = readDatabase(o.config, settings.database)
  const end = (where: string) => endRestored(where, masterKeys, { keepKeys: o.keepKeys === true })
  if (o.from === undefined) tell(await inPlace(database, o, end), o)
  else tell(await fromFile(resolve(o.from), database, o, end), o)
}

type End = (database: string) => Promise<Restored>
type Told = Restored & { database: string; kept?: string }

/** A database that other means brought back. It is marked before anything else, so that no server that starts meanwhile takes it. */
async function inPlace(database: string, o: RestoreOptions, end: End): Promise<Told> {
  await requireMade(database)
  await requireUnused(database)
  await requireWord(o)
  await markRestoring(database)
  await requireUnused(database).catch(async (failure) => {
    await unmark(database)
    throw failure
  })
  return { ...(await end(database)), database }
}

/** All is done in a copy, which is put in place when nothing in it is alive. */
async function fromFile(file: string, database: string, o: RestoreOptions, end: End): Promise<Told> {
  if (isPostgres(database))
    throw misuse(
      'a PostgreSQL database is brought back by its own tools',
      'pg_restore into an empty database, name that in the settings, then restore --in-place',
    )
  await requireBackup(file)
  await requireRoom(database, o)
  await requireWord(o)
  for (const left of leftovers(database)) say(`${left} is of a restore that was cut off, unless one is at work: it can be removed`)
  const folder = mkdtempSync(`${database}${STAGING}`)
  try {
    const copy = join(folder, basename(database))
    copyWhole(file, copy)
    await markRestoring(copy)
    const ended = await end(copy)
    flush(copy)
    const kept = putInPlace(copy, database)
    return { ...ended, database, ...(kept !== undefined && { kept }) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const STAGING = '.restoring-'

const leftovers = (database: string): string[] =>
  readdirSync(dirname(database))
    .filter((name) => name.startsWith(`${basename(database)}${STAGING}`))
    .map((name) => join(dirname(database), name))

async function requireBackup(file: string): Promise<void> {
  const db = await openReadOnly(file)
  await pendingMigrations(db, withMark).finally(db.close)
}

async function requireRoom(database: string, { replace }: RestoreOptions): Promise<void> {
  if (!existsSync(dirname(database)))
    throw new OperatorError(`the folder ${dirname(database)} does not exist`, { hint: 'is the path in the settings right?' })
  if (!isTaken(database)) return
  if (!replace)
    throw new OperatorError(`there is a database at ${database}`, {
      hint: 'with --replace the backup takes its place; the old one is kept beside it',
    })
  if (existsSync(database)) await requireUnused(database)
}

/** Nobody ends everything by accident. */
async function requireWord({ yes }: RestoreOptions): Promise<void> {
  if (yes) return
  const question = 'end every request, pass, authorization and session that is in the backup'
  if (!isTerminal()) throw misuse(`nobody is here to be asked whether to ${question}`, 'say --yes where that is meant')
  if (!(await isConfirmed(`${question}? [y/N] `))) throw new OperatorError('nothing was restored')
}

const misuse = (problem: string, hint: string) => new OperatorError(problem, { exitCode: 2, hint })

function tell(told: Told, { json, keepKeys }: RestoreOptions): void {
  if (json) printJson({ ...told, database: nameOfDatabase(told.database) })
  else print(inWords(told, keepKeys))
}

function inWords({ kept, harness_keys, ...ended }: Told, keepKeys = false): string {
  const lines = [`restored, and ended: ${countsOf(ended)}, ${ended.sessions} sessions`]
  if (kept !== undefined) lines.push(`the old database is kept as ${kept}`)
  if (!keepKeys) lines.push(`removed: ${ended.passkeys} passkeys, ${harness_keys.length} registered keys of harnesses`)
  return [...lines, ...harness_keys.map(({ thumbprint, name }) => `  ${thumbprint}  ${visible(name)}`)].join('\n')
}
