import { authority } from '../../authority/node/authority.ts'
import { openAuthority } from '../../authority/node/open.ts'
import { AuthoritySettings } from '../../authority/settings.ts'
import { migrations } from '../../authority/store/migrations/all.ts'
import { readExporters } from '../../spec/node/export/ready.ts'
import { readOwnSecrets } from '../../spec/node/server-party.ts'
import { readSettings } from '../../spec/node/settings.ts'
import type { AuthorityReference } from '../../spec/wire/configuration.ts'
import { type Ground, type Management, type MoveIn, moveIn, prepare } from './premises.ts'

/** An Authority of the world. Its settings file works with `agentpass-authority --config`. */
export type AuthorityParty = { identifier: string; settingsFile: string; management: Management; second?: string }
type Wanted = MoveIn & { host: string; port?: number | undefined; settings: object; secrets?: Record<string, string> | undefined }

/** Starts an Authority on a host of its own; with `second`, another instance of it at the address of that name. `settings` are those of its YAML file, on top of the world's, and `secrets` the files in `secrets/` that these name. */
export async function startAuthority(ground: Ground, want: Wanted): Promise<AuthorityParty> {
  const premises = await prepare(ground, 'authority', {
    host: want.host,
    port: want.port ?? 0,
    migrations,
    settings: (port) => ({ authority: `https://${want.host}:${port}`, ...want.settings }),
    secrets: want.secrets,
  })
  ground.stops.push(premises.close)
  const settings = readSettings(premises.settingsFile, AuthoritySettings)
  const ownSecrets = readOwnSecrets(authority, premises.settingsFile, settings)
  const exporters = readExporters(premises.settingsFile, settings.export)
  const exporting = { source: settings.authority, party: authority.name, exporters }
  const openOne = () => openAuthority({ ...premises, settings, adminToken: premises.management.token, ownSecrets, exporting })
  const second = await moveIn(ground, premises, openOne, want)
  return { identifier: settings.authority, settingsFile: premises.settingsFile, management: premises.management, ...second }
}

/** Where an Authority's document is: what a TXT record says, or with the identifier a pin. */
export const documentUrl = ({ identifier }: Pick<AuthorityParty, 'identifier'>): string => `${identifier}/.well-known/agentpass-authority`
export const pinOf = (party: AuthorityParty): AuthorityReference => ({
  authority: party.identifier,
  authority_configuration_url: documentUrl(party),
})
