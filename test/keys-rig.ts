/** The signing keys of a party under test, rotated as the command does it: in the database, beside whoever runs on it. */
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import { openDatabase } from '../spec/node/open-database.ts'
import type { Effects, PartyTables } from '../spec/node/party.ts'
import { type RotationKind, rotateSigningKeys } from '../spec/node/rotation.ts'
import { createSecrets, generateMasterKey, type MasterKey, readMasterKey } from '../spec/node/secrets.ts'
import { openSigningKeys } from '../spec/node/signing.ts'

type Opening = { database: string; masterKeys: [MasterKey, ...MasterKey[]] }
export type MasterKeys = Opening['masterKeys']

export const masterKey = (): MasterKey => readMasterKey(generateMasterKey())

export function keysOf(effects: Pick<Effects, 'now' | 'random'>, { database, masterKeys }: Opening) {
  const open = () => {
    const db = openDatabase<PartyTables>(database)
    onTestFinished(db.close)
    return db
  }
  const db = open()
  return {
    db,
    open,
    /** Rotates, under these master keys or the party's own, and gives the id of the new key. */
    rotate: (kind: RotationKind = 'overlap', under: MasterKeys = masterKeys, on = db) =>
      rotateSigningKeys({ ...effects, db: on, secrets: createSecrets(under) }, kind),
    /** The keys as a party has them that starts now. */
    opened: (under: MasterKeys = masterKeys) => openSigningKeys(db, createSecrets(under), effects.now),
    /** Every event of the trail about keys, as its outcome and key. */
    audited: async () => {
      const rows = await db.read.selectFrom('audit').select('event').orderBy('id').execute()
      const events = rows.map(({ event }) => AuditedEvent.parse(JSON.parse(event)))
      return events.filter(({ event }) => event === 'key_rotation').map(({ outcome, kid }) => [outcome, kid])
    },
  }
}

const AuditedEvent = z.looseObject({ event: z.string(), outcome: z.string(), kid: z.string().optional() })

/** The ids in a key set, in its order. */
export const kidsOf = ({ keys }: { keys: { kid?: string }[] }): (string | undefined)[] => keys.map(({ kid }) => kid)
