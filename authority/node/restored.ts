import { z } from 'zod'
import { parseJson } from '../../spec/json.ts'
import { recordFrom } from '../../spec/node/audit.ts'
import type { Database } from '../../spec/node/database.ts'
import { requireRightClock } from '../../spec/node/keys-commands.ts'
import { createLog } from '../../spec/node/log.ts'
import { RESTORING } from '../../spec/node/migrate.ts'
import { openWritable } from '../../spec/node/open-database.ts'
import { migrateDatabase, openParty } from '../../spec/node/party.ts'
import { rotateSigningKeys } from '../../spec/node/rotation.ts'
import { createSecrets, type MasterKey } from '../../spec/node/secrets.ts'
import { systemNow, systemRandom } from '../../spec/node/settings.ts'
import { toRfc3339 } from '../../spec/time.ts'
import { type Ended, revokeAll } from '../revoke/bulk.ts'
import { migrations } from '../store/migrations/all.ts'
import { findNewestEvent, forgetSignIns, removeKeys, removeMark } from '../store/restored.ts'
import type { AuthorityTables } from '../store/schema.ts'

const BY = 'restore'
const REASON = 'restored from a backup'

/** The migrations by which a database is known that a restore was cut off in. */
export const withMark = { [RESTORING]: async () => {}, ...migrations }

/** What a restore has ended and taken away. */
export type Restored = Ended & { sessions: number; passkeys: number; harness_keys: { thumbprint: string; name: string }[] }

/** Brings the schema up to date, marked first: until `endRestored` is through, no program serves this database. */
export const markRestoring = (database: string): Promise<string[]> => migrateDatabase(database, withMark, systemNow)

/** Takes the mark away where nothing was ended after all. */
export async function unmark(database: string): Promise<void> {
  const db = await openWritable<AuthorityTables>(database)
  await db.write((tx) => removeMark(tx, RESTORING)).finally(db.close)
}

/**
 * Ends everything that is alive in a database from a backup (protocol 4, 7), for of what was used, revoked or removed since nothing in it tells: requests, passes, authorizations,
 * sign-ins, signing keys, and unless they are to be kept the keys of Harnesses and the passkeys. The Services are told once a server runs.
 * Where it fails halfway the mark stays, and it can be called again.
 */
export async function endRestored(database: string, masterKeys: [MasterKey, ...MasterKey[]], { keepKeys }: { keepKeys: boolean }): Promise<Restored> {
  const db = await openWritable<AuthorityTables>(database)
  const forgotten = await forget(db, { masterKeys, keepKeys }).catch(async (failure) => {
    await db.close()
    throw failure
  })
  const party = await openParty(db, {
    masterKeys,
    effects: { now: systemNow, random: systemRandom, ...NOBODY, log: createLog('authority', 'silent') },
  })
  try {
    const nobodyHears = { onDecided: () => {}, deliverSoon: () => {} } // no server runs: harnesses poll, and the outbox is looked at when one starts
    const ended = await revokeAll({ ...party, ...nobodyHears, db, random: systemRandom }, { by: 'all' }, { by: BY, reason: REASON })
    await party.audit.signHead()
    await db.write((tx) => removeMark(tx, RESTORING))
    return { ...ended, ...forgotten }
  } finally {
    await party.stop()
  }
}

const unreachable = () => Promise.reject(new Error('nobody is asked'))
const NOBODY = { fetch: unreachable, resolveTxt: unreachable }

type Forgetting = { masterKeys: [MasterKey, ...MasterKey[]]; keepKeys: boolean }

/** The trail says first from when on it is silent. A signing key that was taken out of use since is in none of its states any more: a new one signs. */
async function forget(db: Database<AuthorityTables>, { masterKeys, keepKeys }: Forgetting): Promise<Omit<Restored, keyof Ended>> {
  await requireRightClock(db)
  const forgotten = await db.write(async (tx) => {
    const at = systemNow()
    const record = (event: Omit<Parameters<typeof recordFrom>[1], 'by'>) => recordFrom(tx, { ...event, by: BY }, at)
    await record({ event: 'restored', outcome: 'from a backup', reason: silentFrom(await findNewestEvent(tx)) })
    const sessions = await forgetSignIns(tx)
    const { passkeys, harnessKeys } = keepKeys ? { passkeys: [], harnessKeys: [] } : await removeKeys(tx)
    for (const { email, name } of passkeys) await record({ event: 'passkey', outcome: 'removed', user: email, key_name: name })
    const harness_keys = harnessKeys.map(({ thumbprint, name }) => ({ thumbprint, name }))
    for (const { thumbprint, name } of harness_keys)
      await record({ event: 'registration', outcome: 'removed', key_thumbprint: thumbprint, key_name: name })
    return { sessions, passkeys: passkeys.length, harness_keys }
  })
  await rotateSigningKeys({ db, now: systemNow, random: systemRandom, secrets: createSecrets(masterKeys) }, 'now')
  return forgotten
}

const Timed = z.looseObject({ at: z.number() })

function silentFrom(newest: string | undefined): string {
  const event = newest === undefined ? undefined : Timed.safeParse(parseJson(newest)).data
  return `what was audited after ${event ? toRfc3339(event.at) : 'the backup'} is not in this trail`
}
