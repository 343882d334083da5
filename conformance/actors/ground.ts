import { readFileSync } from 'node:fs'
import type { Profile, SuiteSettings } from '../adapter.ts'
import { RigFailure, Skipped } from '../case.ts'
import { Misuse } from '../misuse.ts'
import { type Certificates, createCa, openCa } from './certificates.ts'
import { type Dns, startDns } from './dns.ts'
import { type Hosts, startHosts } from './hosts.ts'
import { type Chance, createChance } from './seed.ts'

/** What the suite's own parties stand on: its names, its web server and the certificate authority that the peer trusts. */
export type Ground = {
  profile: Profile
  settings: SuiteSettings
  zone: string
  dns: Dns
  hosts: Hosts
  /** PEM of the suite's certificate authority. */
  ca: string
  /** Its private key, PEM. */
  caKey: string
  /** Makes certificates of that authority. */
  certificates: Certificates
  chance: Chance
  /** A host name nobody has had yet; where the peer has the suite's names written into it, the next of those. */
  nextHost: (kind: string) => string
  /** Throws Skipped where the peer does not ask the suite's DNS server. */
  needDns: () => void
  /** Throws RigFailure when the suite's own servers do not answer any more. */
  probe: () => Promise<void>
  stop: () => Promise<void>
}

/** Starts the suite's DNS and web server. Throws Misuse when a port is taken or the certificate authority cannot be read. */
export async function startGround(settings: SuiteSettings, profile: Profile, seed: string): Promise<Ground> {
  const pair = settings.ca ? { cert: read(settings.ca.cert), key: read(settings.ca.key) } : await createCa()
  const certificates = await openCa(pair).catch((cause: unknown) => {
    throw new Misuse([`suite.ca: key and certificate are no pair: ${String(cause)}`], 'agentpass-conformance init makes one')
  })
  const dns = await startDns({ ...settings, port: settings.dns_port }).catch(inUse)
  const hosts = await startHosts({ ...settings, port: settings.https_port }, certificates).catch(async (cause) => {
    await dns.stop()
    return inUse(cause)
  })
  const chance = createChance(seed)
  const used = new Map<string, number>()
  const next = (kind: string): string => {
    const number = (used.get(kind) ?? 0) + 1
    used.set(kind, number)
    return settings.names === 'static' ? `${kind}-${((number - 1) % STATIC_HOSTS) + 1}` : `${kind}-${number}-${chance.name().slice(0, 6)}`
  }
  return {
    profile,
    settings,
    zone: settings.zone,
    dns,
    hosts,
    ca: pair.cert,
    caKey: pair.key,
    certificates,
    chance,
    nextHost: next,
    needDns: () => {
      if (settings.names === 'static') throw new Skipped("the peer is not pointed at the suite's DNS server (suite.names is static)")
    },
    probe: async () => {
      const alive =
        dns.isUp() &&
        hosts.isUp() &&
        (await dns.probe().then(
          () => true,
          () => false,
        ))
      if (!alive) throw new RigFailure("the suite's own servers do not answer any more")
    },
    stop: async () => {
      await Promise.all([dns.stop(), hosts.stop()])
    },
  }
}

/** How many hosts of a kind a peer with static names must know. */
export const STATIC_HOSTS = 3

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new Misuse([`${file} cannot be read`], 'agentpass-conformance init makes the certificate authority of the suite')
  }
}

function inUse(cause: unknown): never {
  throw new Misuse([cause instanceof Error ? cause.message : String(cause)], 'is another run under way? change suite.dns_port or suite.https_port')
}
