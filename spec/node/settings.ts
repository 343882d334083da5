import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSecureContext } from 'node:tls'
import { parseDocument } from 'yaml'
import { z } from 'zod'
import type { Now, Random, Wait } from '../effects.ts'
import { parseUrl } from '../origin.ts'
import { isPostgres } from './database.ts'
import { exportSettings } from './export/settings.ts'
import { LOG_LEVELS } from './log-level.ts'
import { messageOf, OperatorError, type OperatorErrorOptions } from './operator-error.ts'
import { describeIssues, inPlainWords } from './plain-words.ts'
import { type MasterKey, readMasterKey } from './secrets.ts'
import type { Listen } from './serve.ts'

/** The real clock, randomness and patience; everything else is handed them. */
export const systemNow: Now = () => Math.floor(Date.now() / 1000)
export const systemRandom: Random = (bytes) => randomBytes(bytes).toString('base64url')
export const systemWait: Wait = async (ms, signal) => {
  await sleep(ms, undefined, signal ? { signal } : {}).catch((aborted) => {
    signal?.throwIfAborted() // its reason, and not only that it was aborted
    throw aborted
  })
}
export const environment = (): Record<string, string | undefined> => process.env

/** Settings that cannot be used (misuse), or what they name that cannot (a failure), with every problem found. */
export class SettingsError extends OperatorError {
  override readonly name = 'SettingsError'
  constructor(file: string, problems: string[], options?: OperatorErrorOptions) {
    super(
      problems.map((problem) => `${file}: ${problem}`),
      { exitCode: 2, ...options },
    )
  }
}

/** A secret's place: a file, or a variable of the environment. It never stands in the settings themselves. */
export const secretPlace = z.union(
  [z.strictObject({ file: z.string().min(1) }), z.strictObject({ env: z.string().min(1) })],
  'does not say where the secret is: { file: PATH } or { env: NAME }',
)
export type SecretPlace = z.infer<typeof secretPlace>

/** A SQLite file beside the settings, a URL of PostgreSQL without its password, or the place of a whole URL. */
const databasePlace = z.union(
  [z.string().min(1), z.strictObject({ file: z.string().min(1) }), z.strictObject({ env: z.string().min(1) })],
  'does not say where the database is: PATH, postgres://USER@HOST/NAME, or { file: PATH } or { env: NAME } that holds such a URL with its password',
)

const cidr = z.string().regex(/^[0-9a-f.:]+\/\d{1,3}$/i, 'is no network such as 10.1.0.0/16')
const dnsServer = z
  .string()
  .regex(/^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]+\])(?::\d{1,5})?$/i, 'is no address of a DNS server such as 192.0.2.53 or [2001:db8::53]:53')

/** Settings that all doors share. */
export const listenSettings = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  port: z.int().min(0).max(65_535),
  tls: z.strictObject({ cert_file: z.string(), key_file: z.string() }).optional(),
})

/** How this party reaches its peers. */
export const networkSettings = z.strictObject({
  dns_servers: z.array(dnsServer).min(1).optional(),
  dnssec: z.enum(['off', 'validating_resolver', 'required']).default('off'),
  allow_private: z.array(cidr).default([]),
  ca_file: z.string().optional(),
})
export type NetworkSettings = z.infer<typeof networkSettings>

/** Settings that both server parties have. */
export const serverSettings = {
  profile: z.enum(['core-0.1', 'hardened']).default('core-0.1'),
  listen: listenSettings,
  management: z.strictObject({ listen: listenSettings, admin_token: secretPlace }),
  database: databasePlace,
  master_keys: z.array(secretPlace).min(1),
  network: networkSettings.prefault({}),
  client_address_header: z.string().min(1).optional(),
  export: exportSettings(secretPlace),
  log_level: z.enum(LOG_LEVELS).default('info'),
}
export type ServerSettings = z.infer<z.ZodObject<typeof serverSettings>>

/** Reads a YAML settings file against its schema. Throws SettingsError with every problem, each naming the member. */
export function readSettings<S extends z.ZodType>(file: string, schema: S): z.infer<S> {
  return parseSettings(file, readText(file), schema)
}

/** Reads the YAML text of a settings file, as `readSettings`. */
export function parseSettings<S extends z.ZodType>(file: string, text: string, schema: S): z.infer<S> {
  const parsed = schema.safeParse(parseYaml(file, text), { error: inPlainWords })
  if (parsed.success) return parsed.data
  throw new SettingsError(file, describeIssues(parsed.error), { cause: parsed.error })
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new SettingsError(file, ['cannot be read'], { cause, hint: 'does it exist, and may this user read it?' })
  }
}

function parseYaml(file: string, text: string): unknown {
  const document = parseDocument(text, { prettyErrors: true })
  const problems = document.errors.map((e) => `is no YAML: ${e.message.split('\n')[0]?.replace(/:$/, '')}`)
  if (problems.length > 0) throw new SettingsError(file, problems)
  try {
    return document.toJS({ maxAliasCount: 20 })
  } catch (cause) {
    throw new SettingsError(file, [`is no YAML: ${messageOf(cause)}`], { cause })
  }
}

/** Where a path of the settings points: relative to the settings file. */
export const pathBeside = (settingsFile: string, path: string): string => resolve(dirname(settingsFile), path)

/** The database that settings name: a path of a file, or a URL. Throws SettingsError. */
export function readDatabase(settingsFile: string, place: z.infer<typeof databasePlace>): string {
  if (typeof place === 'string' && !isPostgres(place)) return pathBeside(settingsFile, place)
  const url = typeof place === 'string' ? place : readSecret(settingsFile, place)
  const parsed = isPostgres(url) ? parseUrl(url) : undefined
  if (!parsed?.hostname && !parsed?.searchParams.has('host'))
    throw unusable(settingsFile, 'the database is no URL such as postgres://USER:PASSWORD@HOST:5432/NAME', {
      hint: 'a SQLite file is named in the settings, by its path',
    })
  if (typeof place === 'string' && parsed.password !== '')
    throw unusable(settingsFile, 'the database URL has a password in it', {
      hint: 'keep the whole URL in a file or a variable: database: { env: DATABASE_URL }',
    })
  return url
}

/** The settings are well-formed, and what they name cannot be used. */
export const unusable = (settingsFile: string, problem: string, options: OperatorErrorOptions): SettingsError =>
  new SettingsError(settingsFile, [problem], { exitCode: 1, ...options })

/** Reads a secret from its place. Throws SettingsError that says where it looked. */
export function readSecret(settingsFile: string, place: SecretPlace): string {
  if ('env' in place) {
    const value = environment()[place.env]
    if (!value) throw unusable(settingsFile, `the environment variable ${place.env} is not set`, { hint: 'set it, or keep the secret in a file' })
    return value.trim()
  }
  const file = pathBeside(settingsFile, place.file)
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw unusable(settingsFile, `the file ${file} cannot be read`, {
      cause,
      hint: 'does it exist, and may this user read it? restore a lost one from a backup',
    })
  }
}

/** Reads the master keys, the one in use first. Throws SettingsError for one that is not whole. */
export function readMasterKeys(settingsFile: string, places: SecretPlace[]): [MasterKey, ...MasterKey[]] {
  const keys = places.map((place) => {
    try {
      return readMasterKey(readSecret(settingsFile, place))
    } catch (cause) {
      if (cause instanceof SettingsError) throw cause
      const hint = cause instanceof OperatorError ? cause.hint : undefined
      throw unusable(settingsFile, `${nameOf(place)}: ${messageOf(cause)}`, { cause, hint })
    }
  })
  const [first, ...others] = keys
  if (!first) throw new SettingsError(settingsFile, ['master_keys: at least one is needed'])
  return [first, ...others]
}

const nameOf = (place: SecretPlace): string => ('env' in place ? place.env : place.file)

/** Reads the admin token. Throws SettingsError for one that is not whole, or could be guessed. */
export function readAdminToken(settingsFile: string, place: SecretPlace): string {
  const token = readSecret(settingsFile, place)
  if (/^[\x21-\x7e]{32,}$/.test(token)) return token
  throw unusable(settingsFile, `${nameOf(place)}: an admin token is at least 32 characters without spaces, and this is not`, {
    hint: 'restore it, or write a new random one there: the running server takes it when it is started again',
  })
}

/** Reads the certificate and key of a door. Throws SettingsError naming the file that cannot be read, or saying that the two do not fit. */
export function readListen(settingsFile: string, { host, port, tls }: z.infer<typeof listenSettings>): Listen {
  if (!tls) return { host, port }
  const [cert, key] = [tls.cert_file, tls.key_file].map((file) => readSecret(settingsFile, { file }))
  try {
    createSecureContext({ cert, key })
  } catch (cause) {
    throw unusable(settingsFile, `${tls.cert_file} and ${tls.key_file} are no certificate and its key: ${messageOf(cause)}`, {
      cause,
      hint: 'both are PEM, whole, and of one pair',
    })
  }
  return { host, port, tls: { cert: cert ?? '', key: key ?? '' } }
}
