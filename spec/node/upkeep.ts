import type { AuditTable } from './audit.ts'
import { verifyAudit } from './audit-verify.ts'
import { print, printJson } from './cli.ts'
import { listPublicKeys, type SigningKeyTable } from './keys.ts'
import { pendingMigrations } from './migrate.ts'
import { openReadOnly, requireMade } from './open-database.ts'
import { OperatorError } from './operator-error.ts'
import { migrateDatabase } from './party.ts'
import { readPartySettings, type ServerParty } from './server-party.ts'
import { readDatabase, type ServerSettings, systemNow } from './settings.ts'

/** Brings the schema up to date and says what was applied. Throws OperatorError when the database is not there, or is newer than this program. */
export async function migrateParty<S extends ServerSettings>(party: ServerParty<S>, file: string, { json }: { json?: boolean }): Promise<void> {
  const database = databaseOf(party, file)
  await requireMade(database)
  const applied = await migrateDatabase(database, party.migrations, systemNow)
  if (json) printJson({ applied })
  else print(applied.length > 0 ? `applied ${applied.join(', ')}` : 'the schema is up to date')
}

/** Verifies the whole audit trail with the public keys in the database, also beside a running server. Throws OperatorError that names the first row that does not hold. */
export async function auditVerify<S extends ServerSettings>(party: ServerParty<S>, file: string, { json }: { json?: boolean }): Promise<void> {
  const db = await openReadOnly<AuditTable & SigningKeyTable>(databaseOf(party, file))
  try {
    await pendingMigrations(db, party.migrations)
    const verdict = await verifyAudit(db.read, await listPublicKeys(db.read), party.createVerifyEvent?.())
    const { verified, heads, unnumbered, bad } = verdict
    if (json) printJson(verdict)
    else print(`rows verified: ${verified}, signed heads among them: ${heads}, rows not yet numbered: ${unnumbered}`)
    if (bad)
      throw new OperatorError(`row ${bad.seq} of the audit trail does not hold: ${bad.why}`, {
        hint: 'the rows before it hold; compare this row and those after it with a backup',
      })
  } finally {
    await db.close()
  }
}

const databaseOf = <S extends ServerSettings>(party: ServerParty<S>, file: string): string =>
  readDatabase(file, readPartySettings(party, file).database)
