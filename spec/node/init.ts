import { chmodSync, existsSync, mkdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { print, printJson } from './cli.ts'
import { isPostgres } from './database.ts'
import { createSigningKey } from './keys.ts'
import { nameOfDatabase, openWritable } from './open-database.ts'
import { messageOf, OperatorError } from './operator-error.ts'
import { openMigrated, type PartyTables } from './party.ts'
import { createSecrets, generateMasterKey, type Secrets } from './secrets.ts'
import type { ServerParty, TxtRecord } from './server-party.ts'
import { parseSettings, readDatabase, readListen, readMasterKeys, type ServerSettings, systemNow, systemRandom } from './settings.ts'

/** Where a party's files are, from its folder: its settings file names them like this. */
export const MASTER_KEY_FILE = 'secrets/master.key'
export const ADMIN_TOKEN_FILE = 'secrets/admin.token'
export const DATABASE_URL_FILE = 'secrets/database.url'

const STAGING = '.agentpass-init'
const TOKEN_BYTES = 32

type Made = {
  settings: string
  database: string
  master_key: string
  admin_token: string
  credentials?: string[]
  records: TxtRecord[]
  next: string
}

/**
 * Makes all a party needs to be served: settings, secrets, a database with a signing key. Nothing that exists is replaced, and a failure leaves nothing
 * behind: all is made in a folder of its own and moved into place at the end, the settings last. `credentials` are files of this party's own that get a random secret each.
 * Throws OperatorError; SettingsError when the text makes no settings.
 */
export async function initParty<S extends ServerSettings>(
  party: ServerParty<S>,
  { dir, text, database, json, credentials = [] }: { dir: string; text: string; database?: string; json?: boolean; credentials?: string[] },
): Promise<void> {
  const names = { settings: `${party.name}.yaml`, database: database === undefined ? `${party.name}.db` : DATABASE_URL_FILE }
  const settings = parseSettings(names.settings, text, party.schema)
  const folder = resolve(dir)
  readListen(join(folder, names.settings), settings.listen)
  const files = [MASTER_KEY_FILE, ADMIN_TOKEN_FILE, ...credentials, names.database, names.settings]
  await withStaging(folder, async (staging) => {
    requireNothing(folder, files)
    requireNothing(folder, [`${names.database}-wal`]) // the log of a database that is gone would be taken for the new one's
    await fill(party, settings, { staging, text, names, url: database, credentials }, () => moveAll(staging, folder, files))
  })
  tellMade(
    {
      settings: join(folder, names.settings),
      database: database === undefined ? join(folder, names.database) : nameOfDatabase(database),
      master_key: join(folder, MASTER_KEY_FILE),
      admin_token: join(folder, ADMIN_TOKEN_FILE),
      ...(credentials.length > 0 && { credentials: credentials.map((file) => join(folder, file)) }),
      records: party.records(settings),
      next: `${party.command} check-config --config ${join(dir, names.settings)}`,
    },
    json,
  )
}

/** The folder is also the lock: of two that run at once, the second is refused. */
async function withStaging(folder: string, work: (staging: string) => Promise<void>): Promise<void> {
  const staging = join(folder, STAGING)
  try {
    mkdirSync(folder, { recursive: true })
    mkdirSync(staging, { mode: 0o700 })
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST' && existsSync(staging))
      throw new OperatorError(`another init is at work in ${folder}, or was cut off there`, { cause, hint: `if none is running, remove ${staging}` })
    throw cannotWrite(folder, cause)
  }
  try {
    await work(staging)
  } catch (cause) {
    throw cause instanceof OperatorError ? cause : cannotWrite(folder, cause)
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

const cannotWrite = (folder: string, cause: unknown) =>
  new OperatorError(`cannot write in ${folder}: ${messageOf(cause)}`, { cause, hint: 'make it writable, or name another folder with --dir' })

function requireNothing(folder: string, files: string[]): void {
  const existing = files.map((file) => join(folder, file)).filter((file) => existsSync(file))
  if (existing.length === 0) return
  throw new OperatorError(
    existing.map((file) => `${file} exists, and init replaces nothing`),
    { hint: 'a new key cannot open what the old one sealed: name another folder with --dir, or move these away yourself' },
  )
}

type Plan = { staging: string; text: string; names: { settings: string; database: string }; url: string | undefined; credentials: string[] }

/** Makes everything, then moves it into place; where either fails, a server's database is left as it was found. */
async function fill<S extends ServerSettings>(
  party: ServerParty<S>,
  settings: S,
  { staging, text, names, url, credentials }: Plan,
  move: () => void,
): Promise<void> {
  const write = (file: string, content: string, mode: number) => writeFileSync(join(staging, file), content, { mode, flag: 'wx', flush: true })
  mkdirSync(join(staging, dirname(MASTER_KEY_FILE)), { mode: 0o700 })
  write(MASTER_KEY_FILE, `${generateMasterKey()}\n`, 0o600)
  for (const file of [ADMIN_TOKEN_FILE, ...credentials]) write(file, `${systemRandom(TOKEN_BYTES)}\n`, 0o600)
  if (url !== undefined) write(DATABASE_URL_FILE, `${url}\n`, 0o600)
  write(names.settings, text, 0o644)
  const settingsFile = join(staging, names.settings)
  const secrets = createSecrets(readMasterKeys(settingsFile, settings.master_keys))
  const database = readDatabase(settingsFile, settings.database)
  if (isPostgres(database)) return emptied(database, () => makeDatabase(party, database, secrets).then(move))
  await makeDatabase(party, database, secrets)
  chmodSync(database, 0o600)
  move()
}

async function makeDatabase<S extends ServerSettings>(party: ServerParty<S>, database: string, secrets: Secrets): Promise<void> {
  const db = await openMigrated<PartyTables>(database, party.migrations, systemNow)
  try {
    await createSigningKey(db, { now: systemNow, random: systemRandom, secrets })
  } finally {
    await db.close()
  }
}

/** Runs `work` on a server's database without tables; a failure takes the tables away again that it made. Throws OperatorError when there are some. */
async function emptied(database: string, work: () => Promise<void>): Promise<void> {
  const db = await openWritable<PartyTables>(database)
  const tables = () => db.read.introspection.getTables()
  try {
    if ((await tables()).length > 0)
      throw new OperatorError(`the database ${nameOfDatabase(database)} has tables, and init replaces nothing`, {
        hint: 'create a database for this party alone, or move what is in this one away',
      })
    await work().catch(async (failure) => {
      const made = await tables()
      await db.write(async (tx) => {
        for (const { name } of made) await tx.schema.dropTable(name).execute()
      })
      throw failure
    })
  } finally {
    await db.close()
  }
}

/** Moves files into place in their order, or puts back what was moved. */
function moveAll(from: string, to: string, files: string[]): void {
  const undo: (() => void)[] = []
  try {
    for (const file of files) {
      const folder = dirname(join(to, file))
      if (!existsSync(folder)) {
        mkdirSync(folder, { mode: 0o700 })
        undo.push(() => rmdirSync(folder))
      }
      renameSync(join(from, file), join(to, file))
      undo.push(() => renameSync(join(to, file), join(from, file)))
    }
  } catch (failure) {
    for (const step of undo.reverse()) step()
    throw failure
  }
}

const tellMade = (made: Made, json: boolean | undefined): void => (json ? printJson(made) : print(inWords(made)))

const published = (records: TxtRecord[]): string =>
  records.length === 0 ? '' : `\npublish in DNS\n${records.map(({ name, value }) => `  ${name}. IN TXT "${value}"`).join('\n')}\n`

const inWords = (made: Made): string => `made
  ${made.settings}  the settings, each explained
  ${made.database}  the database, with the signing key sealed in it
  ${made.master_key}  the master key: back it up apart from the database, nothing replaces it
  ${made.admin_token}  the admin token, for the management door
${(made.credentials ?? []).map((file) => `  ${file}  a credential: give it to its agent, and to nobody else\n`).join('')}${published(made.records)}
then
  ${made.next}`
