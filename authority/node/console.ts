import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { stringify } from 'yaml'
import type { Database } from '../../spec/node/database.ts'
import { createRate } from '../../spec/node/doors.ts'
import type { Effects, Party } from '../../spec/node/party.ts'
import type { ConsoleDeps } from '../console/console.ts'
import { CONSOLE } from '../console/door.ts'
import type { Matching } from '../console/number.ts'
import { createProvider } from '../console/provider.ts'
import { createConsoleStreams } from '../console/streams.ts'
import { lanesOf } from '../notify/notifier.ts'
import type { PolicyInForce } from '../policy/current.ts'
import type { BulkDeps } from '../revoke/bulk.ts'
import type { AuthoritySettings } from '../settings.ts'
import type { AuthorityTables } from '../store/schema.ts'
import { newestSeq } from '../store/trail.ts'

type Given = {
  settings: AuthoritySettings
  clientSecret: string | undefined
  effects: Effects
  party: Party
  db: Database<AuthorityTables>
  decisions: BulkDeps & Pick<ConsoleDeps, 'authorizationId' | 'lifetimes' | 'clientOf'>
  policy: PolicyInForce
}

const read = (name: string): string => readFileSync(new URL(`../console/assets/${name}`, import.meta.url), 'utf8')

/** How a request is approved by number: as the settings say, else as the profile does. */
export const matchingOf = ({ console: settings, profile }: AuthoritySettings): Matching =>
  settings?.number_matching ?? (profile === 'hardened' ? 'unverified' : 'off')

/** What the console's pages stand on; undefined where the settings have none. */
export function consoleDeps({ settings, clientSecret, effects, party, db, decisions, policy }: Given): ConsoleDeps | undefined {
  if (!settings.console) return undefined
  const { origin } = new URL(settings.authority)
  const provider = createProvider({
    ...effects,
    now: party.now,
    settings: settings.console.sign_in,
    clientSecret,
    callbackUrl: `${origin}${CONSOLE}/callback`,
    signedOutUrl: `${origin}${CONSOLE}/signed-out`,
  })
  const assets = { style: read('console.css'), script: read('console.js') }
  const addresses = { style: addressOf('console.css', assets.style), script: addressOf('console.js', assets.script) }
  return {
    ...effects,
    ...party,
    ...decisions,
    db,
    origin,
    settings: settings.console,
    matching: matchingOf(settings),
    policyState: policy.state,
    namesApprovers: settings.policy.file !== undefined,
    rememberDays: settings.policy.remember_days,
    provider,
    assets,
    frame: () => ({ origin, assets: addresses, formTargets: provider.origins(), remembers: settings.policy.remember_days > 0 }),
    streams: createConsoleStreams(() => newestSeq(db.read)),
    consoleTurns: { signIn: createRate(60, 60), act: createRate(120, 60) },
    lanes: lanesOf(settings.notifications),
    settingsText: stringify(settings, { aliasDuplicateObjects: false }),
  }
}

const addressOf = (name: string, text: string): string =>
  `${CONSOLE}/assets/${name}?v=${createHash('sha256').update(text).digest('base64url').slice(0, 12)}`
