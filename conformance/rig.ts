import { readFileSync } from 'node:fs'
import { type Browser, findBrowser, startBrowser } from './actors/browser.ts'
import { createClients } from './actors/client.ts'
import { type Ground, startGround } from './actors/ground.ts'
import type { Adapter, Profile } from './adapter.ts'
import { Misuse } from './misuse.ts'
import { type Observing, observe } from './observe.ts'
import { createRedactor, type Redactor } from './report/redact.ts'
import type { Watch } from './stage.ts'

export type RigOptions = {
  profile: Profile
  seed: string
  /** Allows plain http to a peer on a loopback address; the report says so. */
  insecureLoopback?: boolean | undefined
  /** The browser for the cases that need one: its program, or whichever Chromium is found. Without it they are skipped. */
  browser?: string | true | undefined
  /** The suite's own servers, where they are up already; then they stay so. */
  ground?: Ground | undefined
}
/** All that cases need of the suite, for one run. */
export type Rig = { ground: Ground; watch: Watch; redactor: Redactor; set: (name: string) => Observing; close: () => Promise<void> }

/** Starts the suite's servers and opens its way to the peers of an adapter. Throws Misuse. */
export async function openRig(adapter: Adapter, { profile, seed, insecureLoopback = false, ...options }: RigOptions): Promise<Rig> {
  const ca = readCa(adapter)
  const ground = options.ground ?? (await startGround(adapter.suite, profile, seed))
  const clients = createClients({ ca, ...adapter.reach, insecureLoopback })
  const watch: Watch = { refusals: [], secrets: new Set() }
  const redactor = createRedactor()
  const browser = options.browser === undefined ? undefined : keepBrowser(options.browser, adapter, ground)
  const d = { ground, profile, connect: clients.observed, watch, redactor, ...(browser && { browser: browser.get }) }
  return {
    ...{ ground, watch, redactor },
    set: (name) => observe(name, d),
    close: async () => {
      clients.close()
      await browser?.stop()
      if (!options.ground) await ground.stop()
    },
  }
}

/** One browser for the whole run, started when it is first needed. */
function keepBrowser(named: string | true, { reach, authority, service, suite }: Adapter, ground: Ground) {
  let browser: Promise<Browser> | undefined
  const peers = [authority, service].flatMap((peer) => (peer ? [peer.configuration_url] : []))
  const start = () =>
    startBrowser({
      program: findBrowser(named, process.env.PATH ?? ''),
      hosts: reach.hosts,
      zone: ground.zone,
      address: suite.address,
      peers,
      suitePort: ground.hosts.port,
    })
  return {
    get: async () => {
      browser ??= start()
      return browser
    },
    stop: async () => (await browser?.catch(() => undefined))?.stop(),
  }
}

function readCa({ reach }: Adapter): string | undefined {
  if (reach.ca_file === undefined) return undefined
  try {
    return readFileSync(reach.ca_file, 'utf8')
  } catch {
    throw new Misuse([`reach.ca_file: ${reach.ca_file} cannot be read`], 'it is a PEM file: what the peer’s certificate is checked against')
  }
}
