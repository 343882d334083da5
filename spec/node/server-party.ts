import type { Hono } from 'hono'
import type { z } from 'zod'
import type { Migration } from './migrate.ts'
import { type Network, openNetwork } from './network.ts'
import { OperatorError } from './operator-error.ts'
import type { Effects } from './party.ts'
import type { MasterKey } from './secrets.ts'
import type { Listen } from './serve.ts'
import { readAdminToken, readDatabase, readListen, readMasterKeys, readSettings, type ServerSettings } from './settings.ts'

/** What the command line must know of a server party; everything else about the two is the same. */
export type ServerParty<S extends ServerSettings> = {
  name: 'authority' | 'service'
  command: string
  schema: z.ZodType<S>
  migrations: Record<string, Migration>
  /** The name the party has on the wire: an authority identifier, or a Service origin. */
  identity: (settings: S) => string
  /** The TXT records by which the party's peers find it. */
  records: (settings: S) => TxtRecord[]
  open: (opening: PartyOpening<S>) => Promise<OpenServer>
}
export type TxtRecord = { name: string; value: string }
export type PartyOpening<S> = { settings: S; database: string; masterKeys: [MasterKey, ...MasterKey[]]; adminToken: string; effects: Effects }
export type OpenServer = { app: Hono; management: Hono; stop: () => Promise<void> }

/** What settings name, read and opened. */
export type Equipment = {
  database: string
  masterKeys: [MasterKey, ...MasterKey[]]
  adminToken: string
  doors: { protocol: Listen; management: Listen }
  network: Network
}

/** Reads a party's settings. Throws SettingsError with every problem. */
export const readPartySettings = <S extends ServerSettings>(party: ServerParty<S>, file: string): S => readSettings(file, party.schema)

/** Reads and opens what settings name: secrets, certificates, the network. Throws OperatorError with every problem. */
export function equip(file: string, settings: ServerSettings): Equipment {
  const database = attempt(() => readDatabase(file, settings.database))
  const masterKeys = attempt(() => readMasterKeys(file, settings.master_keys))
  const adminToken = attempt(() => readAdminToken(file, settings.management.admin_token))
  const protocol = attempt(() => readListen(file, settings.listen))
  const management = attempt(() => readListen(file, settings.management.listen))
  const network = attempt(() => openNetwork(file, settings.network))
  if (database.ok && masterKeys.ok && adminToken.ok && protocol.ok && management.ok && network.ok)
    return {
      database: database.value,
      masterKeys: masterKeys.value,
      adminToken: adminToken.value,
      doors: { protocol: protocol.value, management: management.value },
      network: network.value,
    }
  const failures = [database, masterKeys, adminToken, protocol, management, network].flatMap((tried) => (tried.ok ? [] : [tried.failure]))
  throw new OperatorError(
    failures.flatMap(({ problems }) => problems),
    {
      cause: failures[0],
      exitCode: failures.some(({ exitCode }) => exitCode === 2) ? 2 : 1,
      hint: failures.find(({ hint }) => hint !== undefined)?.hint,
    },
  )
}

type Attempt<T> = { ok: true; value: T } | { ok: false; failure: OperatorError }

function attempt<T>(read: () => T): Attempt<T> {
  try {
    return { ok: true, value: read() }
  } catch (failure) {
    if (failure instanceof OperatorError) return { ok: false, failure }
    throw failure
  }
}
