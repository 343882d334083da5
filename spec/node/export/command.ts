import { type FileHandle, open, rm } from 'node:fs/promises'
import type { Kysely } from 'kysely'
import type { AuditTable } from '../audit.ts'
import { createProgress, print, writeOut } from '../cli.ts'
import { pendingMigrations } from '../migrate.ts'
import { openReadOnly } from '../open-database.ts'
import { messageOf, OperatorError } from '../operator-error.ts'
import { readPartySettings, type ServerParty } from '../server-party.ts'
import { readDatabase, type ServerSettings } from '../settings.ts'
import { csvHead, csvLine } from './csv.ts'
import { asciiJson, type ExportedEvent, exportedEvent, newestSeq, readTrail } from './event.ts'
import { createOcsf } from './ocsf.ts'

export const AUDIT_FORMATS = ['csv', 'jsonl', 'ocsf'] as const
export type AuditExportOptions = { format: (typeof AUDIT_FORMATS)[number]; since?: number; until?: number; output?: string }

const PAGE = 1000

/** Writes the numbered rows of the trail, also beside a running server, in memory that does not grow with them. A file is its owner's alone and replaces nothing. Throws OperatorError. */
export async function auditExport<S extends ServerSettings>(party: ServerParty<S>, configFile: string, o: AuditExportOptions): Promise<void> {
  const settings = readPartySettings(party, configFile)
  const db = await openReadOnly<AuditTable>(readDatabase(configFile, settings.database))
  const progress = createProgress('rows read')
  try {
    await pendingMigrations(db, party.migrations)
    const lines = linesOf(o.format, party.name)
    const pages = textsOf(db.read, { ...o, source: party.identity(settings), line: lines.line, told: progress.add })
    const count = o.output === undefined ? await toStdout(lines.head, pages) : await toFile(o.output, lines.head, pages)
    progress.end()
    if (o.output !== undefined) print(`made ${o.output}: ${count} events`)
  } finally {
    progress.end()
    await db.close()
  }
}

type Line = (event: ExportedEvent) => string
type Page = { text: string; count: number }

function linesOf(format: AuditExportOptions['format'], party: string): { head: string; line: Line } {
  switch (format) {
    case 'csv':
      return { head: csvHead(), line: csvLine }
    case 'jsonl':
      return { head: '', line: (event) => `${asciiJson(event)}\n` }
    case 'ocsf': {
      const shape = createOcsf(party)
      return { head: '', line: (event) => `${asciiJson(shape(event))}\n` }
    }
  }
}

type Asked = { since?: number; until?: number; source: string; line: Line; told: (count: number) => void }

/** Page by page up to what is the newest row now. A row that is no event any more is of no time, and of every one. */
async function* textsOf(db: Kysely<AuditTable>, { since = 0, until = Number.POSITIVE_INFINITY, source, line, told }: Asked): AsyncGenerator<Page> {
  const newest = await newestSeq(db)
  for (let after = 0; after < newest; ) {
    const rows = (await readTrail(db, after, PAGE)).filter(({ seq }) => seq <= newest)
    const events = rows.map((row) => exportedEvent(row, source)).filter(({ at, event }) => event === 'unreadable' || (at >= since && at < until))
    yield { text: events.map(line).join(''), count: events.length }
    told(rows.length)
    after = rows.at(-1)?.seq ?? newest
  }
}

async function toStdout(head: string, pages: AsyncGenerator<Page>): Promise<number> {
  let sum = 0
  if (!(await writeOut(head))) return sum
  for await (const { text, count } of pages) {
    if (!(await writeOut(text))) return sum // who reads us has enough
    sum += count
  }
  return sum
}

async function toFile(path: string, head: string, pages: AsyncGenerator<Page>): Promise<number> {
  const file = await create(path)
  try {
    let sum = 0
    await file.appendFile(head).catch(unwritable)
    for await (const { text, count } of pages) {
      await file.appendFile(text).catch(unwritable)
      sum += count
    }
    await file.sync().catch(unwritable)
    return sum
  } catch (cause) {
    await rm(path)
    if (!(cause instanceof Unwritable)) throw cause
    throw new OperatorError(`${path} cannot be written: ${messageOf(cause)}`, { cause, hint: 'is the disk full? nothing is left of the file' })
  } finally {
    await file.close()
  }
}

class Unwritable extends Error {}
function unwritable(cause: unknown): never {
  throw new Unwritable(messageOf(cause), { cause })
}

async function create(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')
      throw new OperatorError(`${path} exists`, { cause, hint: 'nothing that exists is replaced: name another file' })
    throw new OperatorError(`${path} cannot be made: ${messageOf(cause)}`, { cause, hint: 'does its folder exist, and may this user write there?' })
  }
}
