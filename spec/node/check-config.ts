import { readTxt } from '../discovery.ts'
import type { ResolveTxt } from '../effects.ts'
import { print, printJson, say } from './cli.ts'
import { type ClockTable, latestKept } from './clock.ts'
import type { ExportTables } from './export/cursor.ts'
import { wantsPseudonyms } from './export/exports.ts'
import { examinePseudonyms } from './export/pseudonyms.ts'
import type { SigningKeyTable } from './keys.ts'
import { pendingMigrations } from './migrate.ts'
import { openReadOnly } from './open-database.ts'
import { messageOf, OperatorError } from './operator-error.ts'
import { createSecrets, type MasterKey } from './secrets.ts'
import { equip, readPartySettings, type ServerParty, type TxtRecord } from './server-party.ts'
import { readDatabase, readMasterKeys, type ServerSettings, systemNow } from './settings.ts'
import { openSigningKeys } from './signing.ts'

type Findings = { problems: string[]; warnings: string[]; hint?: string | undefined }

/** Says whether `serve` would start, and whether peers would find it; changes nothing. Throws OperatorError with every problem. */
export async function checkConfig<S extends ServerSettings>(party: ServerParty<S>, file: string, { json }: { json?: boolean }): Promise<void> {
  const { problems, warnings, hint } = await examine(party, file)
  if (json) printJson({ problems, warnings })
  for (const warning of warnings) say(`${party.command}: warning: ${warning}`)
  if (problems.length > 0) throw new OperatorError(problems, { hint, exitCode: 2 })
  if (!json) print(`${file} is fine`)
}

async function examine<S extends ServerSettings>(party: ServerParty<S>, file: string): Promise<Findings> {
  const findings: Findings = { problems: [], warnings: [] }
  const settings = await examineOne(findings, () => readPartySettings(party, file))
  if (!settings) return findings
  await examineOne(findings, async () => {
    const { network } = equip(party, file, settings)
    for (const record of party.records(settings)) await examineRecord(findings, network.resolveTxt, record)
    await network.close()
  })
  await examineOne(findings, () => party.examine?.(settings, file))
  await examineOne(findings, () => examineDatabase(findings, party, { file, settings }))
  return findings
}

/** One examination: what it throws are problems, and the next goes on. */
async function examineOne<T>(findings: Findings, look: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await look()
  } catch (failure) {
    if (!(failure instanceof OperatorError)) throw failure
    findings.problems.push(...failure.problems)
    findings.hint ??= failure.hint
    return undefined
  }
}

/** The record is somebody else's to publish, perhaps tomorrow: what is wrong with it is a warning. */
async function examineRecord({ warnings }: Findings, resolveTxt: ResolveTxt, { name, value }: TxtRecord): Promise<void> {
  const wanted = `it is to be TXT "${value}"`
  try {
    const text = readTxt((await resolveTxt(name)).values, true)
    switch (text.outcome) {
      case 'found':
        if (text.url !== value) warnings.push(`${name} leads to ${text.url}: ${wanted}`)
        return
      case 'failed':
        warnings.push(`${name} has records, and not exactly one of them is an https URL: ${wanted}`)
        return
      case 'disabled':
        warnings.push(`${name} says none: ${wanted}`)
        return
      case 'absent':
        warnings.push(`${name} is not published: ${wanted}`)
    }
  } catch (failure) {
    warnings.push(`DNS does not answer for ${name}: ${messageOf(failure)}`)
  }
}

type Place<S> = { file: string; settings: S }

async function examineDatabase<S extends ServerSettings>(findings: Findings, party: ServerParty<S>, { file, settings }: Place<S>): Promise<void> {
  const db = await openReadOnly<SigningKeyTable & ClockTable & ExportTables>(readDatabase(file, settings.database))
  try {
    const pending = await pendingMigrations(db, party.migrations)
    if (pending.length > 0) findings.warnings.push(`serve, or migrate, will bring the schema up to date: ${pending.join(', ')}`)
    const masterKeys = readableKeys(file, settings)
    const latestAt = Math.max(systemNow(), await latestKept(db.read))
    if (!masterKeys) return
    const secrets = createSecrets(masterKeys)
    await examineOne(findings, () => openSigningKeys(db, secrets, () => latestAt))
    await examineExportKey(findings, settings, () => examinePseudonyms(db.read, secrets))
  } finally {
    await db.close()
  }
}

/** Without the key of the pseudonyms no export under pseudonyms starts, and all else does. */
async function examineExportKey(findings: Findings, settings: ServerSettings, look: () => Promise<void>): Promise<void> {
  if (wantsPseudonyms(settings.export)) return void (await examineOne(findings, look))
  await look().catch((failure) => findings.warnings.push(messageOf(failure)))
}

/** What is wrong with the keys themselves has been told. */
function readableKeys(file: string, settings: ServerSettings): [MasterKey, ...MasterKey[]] | undefined {
  try {
    return readMasterKeys(file, settings.master_keys)
  } catch {
    return undefined
  }
}
