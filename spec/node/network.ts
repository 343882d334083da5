import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Fetch, ResolveTxt } from '../effects.ts'
import { createResolver } from './dns.ts'
import { createGuardedFetch } from './fetch.ts'
import { messageOf } from './operator-error.ts'
import { type NetworkSettings, pathBeside, SettingsError, unusable } from './settings.ts'

/** DNS and guarded fetch as the settings want them. */
export type Network = { resolveTxt: ResolveTxt; fetch: Fetch; close: () => Promise<void> }

/** How long a call may take in all and how much it may bring, where that is not what the protocol's own messages need. */
export type Limits = { timeoutMs: number; maxBytes: number }

/** Opens what a party reaches its peers with. Where the settings name DNS servers, addresses are asked of them too. Throws SettingsError. */
export function openNetwork(settingsFile: string, settings: NetworkSettings, limits?: Limits): Network {
  const { dns_servers: servers, dnssec, allow_private: allowPrivate, ca_file: caFile } = settings
  const ca = caFile === undefined ? undefined : readCa(settingsFile, caFile)
  try {
    const resolver = createResolver({ ...(servers && { servers }), validating: dnssec !== 'off' })
    const guarded = createGuardedFetch({
      ...(servers && { resolveAddresses: resolver.resolveAddresses }),
      ...(ca !== undefined && { ca }),
      ...limits,
      allowPrivate,
    })
    return { resolveTxt: resolver.resolveTxt, fetch: guarded.fetch, close: guarded.close }
  } catch (cause) {
    throw new SettingsError(settingsFile, [`network: ${messageOf(cause)}`], { cause }) // an address or a network that no pattern refuses
  }
}

function readCa(settingsFile: string, caFile: string): string {
  const file = pathBeside(settingsFile, caFile)
  try {
    const pem = readFileSync(file, 'utf8')
    new X509Certificate(pem) // what is no certificate would be passed over in silence
    return pem
  } catch (cause) {
    throw unusable(settingsFile, `network.ca_file: ${file} is no certificate that can be read`, {
      cause,
      hint: 'it is a PEM file that this user may read',
    })
  }
}
