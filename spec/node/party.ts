import type { Registry } from 'prom-client'
import type { Fetch, Now, Random, ResolveTxt } from '../effects.ts'
import { type Audit, type AuditTable, createAudit } from './audit.ts'
import { type ClockGuard, type ClockTable, createClockGuard } from './clock.ts'
import type { Database } from './database.ts'
import type { ExportTables } from './export/cursor.ts'
import { type Exporting, type Exports, openExports } from './export/exports.ts'
import type { ExportState } from './export/states.ts'
import type { SigningKeyTable } from './keys.ts'
import type { Log } from './log.ts'
import type { Readiness } from './management.ts'
import { createMetrics } from './metrics.ts'
import { type Migration, migrate } from './migrate.ts'
import { openPatiently, openWritable } from './open-database.ts'
import { createSecrets, type MasterKey, type Secrets } from './secrets.ts'
import { openSigningKeys, type SigningKeys } from './signing.ts'
import { type Chore, startChores } from './sweep.ts'

export type PartyTables = AuditTable & ClockTable & ExportTables & SigningKeyTable
/** What a server party takes from the outside. */
export type Effects = { now: Now; random: Random; fetch: Fetch; resolveTxt: ResolveTxt; log: Log }

/** What a server party is opened with, beside its database. */
export type PartyFoundation = {
  masterKeys: [MasterKey, ...MasterKey[]]
  effects: Effects
  /** Where the audit trail is handed over to; nowhere by default. */
  exporting?: Exporting | undefined
}

/** What every server party stands on beside its own tables: keys, audit trail, chores. */
export type Party = {
  /** The time as the party's steps see it. Throws overloaded while this instance's clock is behind: what has expired must not come back. */
  now: Now
  secrets: Secrets
  keys: SigningKeys
  audit: Audit
  metrics: Registry
  readiness: Readiness
  exportStates: () => Promise<ExportState[]>
  /** The database as the party's steps see it: nothing is written while this instance's clock is behind. */
  guard: <T>(db: Database<T>) => Database<T>
  /** Starts what is done again and again: numbering the trail, signing its head, handing it over, watching the clock and the signing keys, and the party's own chores. */
  start: (chores: Chore[]) => void
  /** Stops the chores, numbers and signs what is left, hands that over too where it takes a moment at most, and closes the database. */
  stop: () => Promise<void>
}

/** Opens a database and brings its schema up to date. Throws OperatorError when it cannot. */
export async function openMigrated<T>(database: string, migrations: Record<string, Migration>, now: Now): Promise<Database<T>> {
  await migrateDatabase(database, migrations, now)
  return openWritable<T>(database)
}

/** Brings the schema of a database up to date, however long that takes. Gives the names of the migrations applied now. Throws OperatorError when it cannot. */
export async function migrateDatabase(database: string, migrations: Record<string, Migration>, now: Now): Promise<string[]> {
  const db = await openPatiently(database)
  try {
    return await migrate(db, migrations, now)
  } finally {
    await db.close()
  }
}

/** Opens a server party on its database, and closes that when it cannot. Throws OperatorError: no signing key, a master key that does not fit. */
export async function openParty(db: Database<PartyTables>, { masterKeys, effects, exporting = NOWHERE }: PartyFoundation): Promise<Party> {
  try {
    const secrets = createSecrets(masterKeys)
    const clock = createClockGuard(db, effects.now)
    await clock.check()
    const keys = await openSigningKeys(db, secrets, clock.latestAt)
    const { registry, count } = createMetrics()
    const audit = createAudit({ db, now: effects.now, log: effects.log, signingKey: keys.current, count })
    const exports = await openExports({ db, secrets, effects, metrics: registry }, exporting)
    const trustedNow = () => {
      clock.requireTrusted()
      return effects.now()
    }
    return {
      now: trustedNow,
      secrets,
      keys,
      audit,
      metrics: registry,
      guard: (own) => guarded(own, clock),
      exportStates: exports.states,
      ...lifeOf({ db, clock, keys, audit, exports, log: effects.log }),
    }
  } catch (failure) {
    await db.close()
    throw failure
  }
}

const NOWHERE: Exporting = { source: '', party: '', exporters: [] }

const guarded = <T>(db: Database<T>, clock: ClockGuard): Database<T> => ({
  ...db,
  write: async (work) => {
    clock.requireTrusted()
    return db.write(work)
  },
})

type Living = { db: Database<PartyTables>; clock: ClockGuard; keys: SigningKeys; audit: Audit; exports: Exports; log: Log }

function lifeOf({ db, clock, keys, audit, exports, log }: Living): Pick<Party, 'readiness' | 'start' | 'stop'> {
  let running: { stop: () => Promise<void> } | undefined
  return {
    async readiness() {
      const [writable] = await Promise.all([succeeds(audit.number()), succeeds(keys.refresh())]) // why not, the chores tell
      if (!clock.isTrusted()) return { ready: false, why: 'the clock was set back' }
      if (!clock.isInStep()) return { ready: false, why: 'the clocks of this server and of the database differ by more than five seconds' }
      if (!writable) return { ready: false, why: 'the database cannot be written' }
      return keys.isSigning() ? { ready: true } : { ready: false, why: 'no signing key signs' }
    },
    start(chores) {
      const own = [
        { name: 'audit numbering', everyMs: 100, run: audit.number },
        { name: 'signing keys', everyMs: 5000, run: keys.refresh },
        { name: 'audit head', everyMs: 60_000, run: audit.signHead },
        { name: 'clock', everyMs: 60_000, run: clock.check },
      ]
      running = startChores([...own, ...exports.chores, ...chores], log)
    },
    async stop() {
      await running?.stop()
      await audit.signHead().catch((failure) => log.error('audit_head_failed', { failure }))
      await exports.stop() // the head is handed over too
      await db.close()
    },
  }
}

const succeeds = (attempt: Promise<unknown>): Promise<boolean> =>
  attempt.then(
    () => true,
    () => false,
  )
