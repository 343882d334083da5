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
  const file = named ?? join(userFolder(environment, 'XDG_CONFIG_HOME', '.config'), 'config.yaml')
  const kept = named !== undefined || existsSync(file) ? readSettings(file, HarnessSettings) : HarnessSettings.parse({})
  const { AGENTPASS_USER, AGENTPASS_RESOLVER, AGENTPASS_CA, AGENTPASS_ALLOW_PRIVATE } = readVariables(environment)
  const { ca_file: caFile } = kept.network
  const network = {
    ...kept.network,
    ...(caFile !== undefined && { ca_file: pathBeside(file, caFile) }),
    ...(AGENTPASS_RESOLVER && { dns_servers: AGENTPASS_RESOLVER }),
    ...(AGENTPASS_CA !== undefined && { ca_file: resolve(AGENTPASS_CA) }),
    ...(AGENTPASS_ALLOW_PRIVATE && { allow_private: AGENTPASS_ALLOW_PRIVATE }),
  }
  const key = kept.holder_key && { holder_key: { file: pathBeside(file, kept.holder_key.file) } }
  return {
    ...kept,
    harness_id: kept.harness_id ?? defaultHarnessId(),
    ...key,
    ...(kept.attestation && { attestation: withPaths(file, kept.attestation) }),
    ...(AGENTPASS_USER !== undefined && { user: AGENTPASS_USER }),
    network,
  }
}

const withPaths = (file: string, { vendor_key: vendor, kubernetes: cluster, ...more }: AttestationSettings): AttestationSettings => ({
  ...more,
  ...(vendor && { vendor_key: { ...vendor, file: pathBeside(file, vendor.file) } }),
  ...(cluster && { kubernetes: { ...cluster, folder: pathBeside(file, cluster.folder) } }),
})

/** A folder of ours among the user's (XDG base directories; a relative path there counts as unset). */
export function userFolder(environment: Environment, variable: 'XDG_CONFIG_HOME' | 'XDG_STATE_HOME', otherwise: string): string {
  const set = environment[variable]
  const base = set !== undefined && isAbsolute(set) ? set : join(environment.HOME || homedir(), otherwise)
  return join(base, 'agentpass')
}

/** Names the machine, so that an approver can tell whose agent asks. */
const defaultHarnessId = (): string => `agentpass-cli@${hostname().replace(/[^\w.-]/g, '-') || 'unknown'}`

function readVariables(environment: Environment) {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const parsed = HarnessVariables.safeParse(set, { error: inPlainWords })
  if (parsed.success) return parsed.data
  throw new SettingsError('environment', describeIssues(parsed.error))
}
