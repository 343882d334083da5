import { existsSync } from 'node:fs'
import { homedir, hostname } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { describeIssues, inPlainWords } from '../../spec/node/plain-words.ts'
import { pathBeside, readSettings, SettingsError } from '../../spec/node/settings.ts'
import type { AttestationSettings } from '../attest.ts'
import { HarnessSettings, HarnessVariables } from '../settings.ts'

export type Environment = Record<string, string | undefined>
/** The settings in force: the file, overridden by the environment. The paths in it are absolute. */
export type Settings = HarnessSettings & { harness_id: string }

/** Reads the settings file, where there is one or one was named, and the environment over it. Throws SettingsError with every problem. */
export function loadSettings(environment: Environment, named: string | undefined): Settings {
  const file = settingsFile(environment, named)
  const kept = placedBeside(file, named !== undefined || existsSync(file) ? readSettings(file, HarnessSettings) : HarnessSettings.parse({}))
  const { AGENTPASS_USER, AGENTPASS_RESOLVER, AGENTPASS_CA, AGENTPASS_ALLOW_PRIVATE } = readVariables(environment)
  const network = {
    ...kept.network,
    ...(AGENTPASS_RESOLVER && { dns_servers: AGENTPASS_RESOLVER }),
    ...(AGENTPASS_CA !== undefined && { ca_file: resolve(AGENTPASS_CA) }),
    ...(AGENTPASS_ALLOW_PRIVATE && { allow_private: AGENTPASS_ALLOW_PRIVATE }),
  }
  return {
    ...kept,
    harness_id: kept.harness_id ?? defaultHarnessId('agentpass-cli'),
    ...(AGENTPASS_USER !== undefined && { user: AGENTPASS_USER }),
    network,
  }
}

/** What settings of a Harness name by paths. */
type Placed = Pick<HarnessSettings, 'holder_key' | 'attestation' | 'network'>

/** Settings whose paths are absolute: in the file they are relative to it. */
export function placedBeside<S extends Placed>(file: string, settings: S): S {
  const { holder_key: key, attestation, network } = settings
  const caFile = network.ca_file
  return {
    ...settings,
    network: { ...network, ...(caFile !== undefined && { ca_file: pathBeside(file, caFile) }) },
    ...(key && { holder_key: { file: pathBeside(file, key.file) } }),
    ...(attestation && { attestation: withPaths(file, attestation) }),
  }
}

const withPaths = (file: string, { vendor_key: vendor, kubernetes: cluster, ...more }: AttestationSettings): AttestationSettings => ({
  ...more,
  ...(vendor && { vendor_key: { ...vendor, file: pathBeside(file, vendor.file) } }),
  ...(cluster && { kubernetes: { ...cluster, folder: pathBeside(file, cluster.folder) } }),
})

/** Where the settings are, or would be. */
export const settingsFile = (environment: Environment, named: string | undefined): string =>
  named ?? join(userFolder(environment, 'XDG_CONFIG_HOME', '.config'), 'config.yaml')

/** A folder of ours among the user's (XDG base directories; a relative path there counts as unset). */
export function userFolder(environment: Environment, variable: 'XDG_CONFIG_HOME' | 'XDG_STATE_HOME', otherwise: string): string {
  const set = environment[variable]
  const base = set !== undefined && isAbsolute(set) ? set : join(environment.HOME || homedir(), otherwise)
  return join(base, 'agentpass')
}

/** Names the program and the machine, so that an approver can tell whose agent asks. */
export const defaultHarnessId = (program: 'agentpass-cli' | 'agentpass-broker'): string =>
  `${program}@${hostname().replace(/[^\w.-]/g, '-') || 'unknown'}`

function readVariables(environment: Environment) {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const parsed = HarnessVariables.safeParse(set, { error: inPlainWords })
  if (parsed.success) return parsed.data
  throw new SettingsError('environment', describeIssues(parsed.error))
}
