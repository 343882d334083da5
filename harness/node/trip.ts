import type { Now, Random, Wait } from '../../spec/effects.ts'
import type { NetworkSettings } from '../../spec/node/settings.ts'
import { type AcquireDeps, type AcquiredSession, acquire, acquireBrowserSession, type Wanted } from '../acquire.ts'
import { endTask, type Returnable } from '../revoke.ts'
import { openAttest } from './attest.ts'
import { createChooser } from './choose.ts'
import { openPrivateFolder, type PrivateFolder } from './folder.ts'
import { dropToken, type HeldToken, type Ignored, keepToken, returnable } from './held.ts'
import type { Io } from './io.ts'
import { requireKey } from './key.ts'
import type { Network } from './network.ts'
import type { OpenBrowser } from './opener.ts'
import { createProgress } from './progress.ts'
import { type Environment, loadSettings, type Settings, userFolder } from './settings.ts'

/** What the command takes from the outside. */
export type Outside = {
  io: Io
  environment: Environment
  now: Now
  random: Random
  wait: Wait
  openNetwork: (settings: NetworkSettings) => Network
  openBrowser: OpenBrowser
  signal: AbortSignal
  /** Has the signals that would end this command told to somebody else, until what it gives is called. */
  divertSignals: (to: (signal: NodeJS.Signals) => void) => () => void
}
/** Settings and state of this user. */
export type Opened = { settings: Settings; folder: PrivateFolder }

/** Reads the settings and opens the state. Throws OperatorError. */
export async function openUser(o: Outside, config: string | undefined): Promise<Opened> {
  const settings = loadSettings(o.environment, config)
  return { settings, folder: await openPrivateFolder(o, stateFolder(o.environment)) }
}

/** Where this user's state is kept. */
export const stateFolder = (environment: Environment): string => userFolder(environment, 'XDG_STATE_HOME', '.local/state')

/** Gets a token for one task and keeps it, telling a person how far it is. Throws TripFailure, or what ended the signal; what was not kept is given back. */
export async function acquireToken(o: Outside, opened: Opened, network: Network, wanted: Wanted): Promise<HeldToken> {
  const acquired = await travel(o, opened, network, { wanted, go: acquire })
  try {
    const held = await keepToken(opened.folder, acquired, o.now())
    o.signal.throwIfAborted()
    return held
  } catch (failure) {
    await dropToken(opened.folder, acquired.task.id).catch(() => undefined) // what cannot be written may not be removable either
    await giveBack(o, network, acquired.service, acquired)
    throw failure
  }
}

/** Gets a browser session that has yet to begin, telling a person how far it is. Throws TripFailure, or what ended the signal. */
export const acquireSession = (o: Outside, opened: Opened, network: Network, wanted: Wanted): Promise<AcquiredSession> =>
  travel(o, opened, network, { wanted, go: acquireBrowserSession })

type Trip<A> = { wanted: Wanted; go: (d: AcquireDeps, wanted: Wanted) => Promise<A> }

async function travel<A>(o: Outside, { settings, folder }: Opened, network: Network, { wanted, go }: Trip<A>): Promise<A> {
  const holderKey = settings.holder_key && (await requireKey(settings.holder_key.file))
  const attest = await openAttest(o, settings, network)
  const progress = createProgress(o)
  const { service, user } = wanted
  const chooseAuthority = createChooser({ ...o, folder, authorities: settings.authorities, service, user })
  const { resolveTxt, fetch, fetchEvents } = network
  const known = { harnessId: settings.harness_id, ...(holderKey && { holderKey }), ...(attest && { attest }) }
  const deps = { ...o, ...progress, resolveTxt, fetch, fetchEvents, chooseAuthority, ...known }
  try {
    return await go({ ...deps, profile: settings.profile, requireDnssec: settings.network.dnssec === 'required' }, { ...wanted, signal: o.signal })
  } finally {
    progress.end()
  }
}

/** Gives back what this command will not use, whatever ended it. A Service that cannot be told is named. */
export async function giveBack({ io }: Outside, { fetch }: Network, service: string, token: Returnable | undefined): Promise<void> {
  const told = token && (await endTask({ fetch }, token).catch(() => false))
  if (!told) io.err(`agentpass: warning: what was got could not be given back to ${service}: it is dropped, and the delegation goes on\n`)
}

/** Gives back and drops a token that was got for this command alone. */
export async function takeBack(o: Outside, { folder }: Opened, network: Network, held: HeldToken): Promise<void> {
  await giveBack(o, network, held.service, returnable(held))
  await dropToken(folder, held.task.id)
}

/** Says which files of the state are not trusted. */
export function warn(io: Io, ignored: Ignored[]): void {
  for (const { file, why } of ignored) io.err(`agentpass: warning: ignored ${file}: ${why}\n`)
}
