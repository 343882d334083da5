import type { Hono } from 'hono'
import type { z } from 'zod'
import type { VerifyEvent } from './audit-verify.ts'
import type { Exporting } from './export/exports.ts'
import { readExporters } from './export/ready.ts'
import type { Migration } from './migrate.ts'
import { type Network, openNetwork } from './network.ts'
import { OperatorError } from './operator-error.ts'
import type { Effects } from './party.ts'
import type { MasterKey } from './secrets.ts'
import type { Listen } from './serve.ts'
import {
  readAdminToken,
  readDatabase,
  readListen,
  readMasterKeys,
  readSecret,
  readSettings,
  type SecretPlace,
  type ServerSettings,
  SettingsError,
} from './settings.ts'

/** What the command line must know of a server party; everything else about the two is the same. */
export type ServerParty<S extends ServerSettings> = {
  name: 'authority' | 'service' | 'broker'
  command: string
  schema: z.ZodType<S>
  migrations: Record<string, Migration>
  /** The name the party has on the wire: an authority identifier, or a Service origin. */
  identity: (settings: S) => string
  /** The TXT records by which the party's peers find it. */
  records: (settings: S) => TxtRecord[]
  /** The places of secrets that only this party's settings name. */
  ownSecrets?: (settings: S) => Record<string, SecretPlace>
  /** What is wrong with what was read there, in words that name none of it. */
  problemsOfSecrets?: (settings: S, secrets: Record<string, string>) => string[]
  /** Makes what verifies this party's own events, in the order of the trail, for one walk of `audit verify`. */
  createVerifyEvent?: () => VerifyEvent
  /** What `check-config` examines beside what all parties have. Throws OperatorError with every problem. */
  examine?: (settings: S, file: string) => Promise<void>
  /** How long a request may take to come in, where bodies are long. */
  requestMs?: number
  open: (opening: PartyOpening<S>) => Promise<OpenServer>
}
export type TxtRecord = { name: string; value: string }
export type PartyOpening<S> = {
  settings: S
  /** Where the settings are: paths in them are relative to that. */
  settingsFile: string
  database: string
  masterKeys: [MasterKey, ...MasterKey[]]
  adminToken: string
  ownSecrets: Record<string, string>
  exporting?: Exporting
  effects: Effects
}
export type OpenServer = { app: Hono; management: Hono; stop: () => Promise<void> }

/** What settings name, read and opened. */
export type Equipment = {
  database: string
  masterKeys: [MasterKey, ...MasterKey[]]
  adminToken: string
  ownSecrets: Record<string, string>
  exporting: Exporting
  doors: { protocol: Listen; management: Listen }
  network: Network
}

/** Reads a party's settings. Throws SettingsError with every problem. */
export const readPartySettings = <S extends ServerSettings>(party: ServerParty<S>, file: string): S => readSettings(file, party.schema)

/** Reads and opens what settings name: secrets, certificates, the network. Throws OperatorError with every problem. */
export function equip<S extends ServerSettings>(party: ServerParty<S>, file: string, settings: S): Equipment {
  const database = attempt(() => readDatabase(file, settings.database))
  const masterKeys = attempt(() => readMasterKeys(file, settings.master_keys))
  const adminToken = attempt(() => readAdminToken(file, settings.management.admin_token))
  const ownSecrets = attempt(() => readOwnSecrets(party, file, settings))
  const exporters = attempt(() => readExporters(file, settings.export))
  const protocol = attempt(() => readListen(file, settings.listen))
  const management = attempt(() => readListen(file, settings.management.listen))
  const network = attempt(() => openNetwork(file, settings.network))
  if (database.ok && masterKeys.ok && adminToken.ok && ownSecrets.ok && exporters.ok && protocol.ok && management.ok && network.ok)
    return {
      database: database.value,
      masterKeys: masterKeys.value,
      adminToken: adminToken.value,
      ownSecrets: ownSecrets.value,
      exporting: { source: party.identity(settings), party: party.name, exporters: exporters.value },
      doors: { protocol: protocol.value, management: management.value },
      network: network.value,
    }
  const failures = [database, masterKeys, adminToken, ownSecrets, exporters, protocol, management, network].flatMap((tried) =>
    tried.ok ? [] : [tried.failure],
  )
  throw new OperatorError(
    failures.flatMap(({ problems }) => problems),
    {
      cause: failures[0],
      exitCode: failures.some(({ exitCode }) => exitCode === 2) ? 2 : 1,
      hint: failures.find(({ hint }) => hint !== undefined)?.hint,
    },
  )
}

/** The secrets that only this party's settings name. Throws SettingsError that says where it looked, or what is wrong with what was there. */
export function readOwnSecrets<S extends ServerSettings>(party: ServerParty<S>, file: string, settings: S): Record<string, string> {
  const places = Object.entries(party.ownSecrets?.(settings) ?? {})
  const secrets = Object.fromEntries(places.map(([name, place]) => [name, readSecret(file, place)]))
  const problems = party.problemsOfSecrets?.(settings, secrets) ?? []
  if (problems.length > 0) throw new SettingsError(file, problems, { exitCode: 1 })
  return secrets
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
