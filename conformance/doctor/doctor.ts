import type { Adapter } from '../adapter.ts'
import { PARTIES } from '../requirements.ts'
import { openRig } from '../rig.ts'
import { authorityEntrance, harnessEntrance, serviceEntrance } from '../subject.ts'
import { authorityHops } from './authority.ts'
import { harnessHops } from './harness.ts'
import { type Hop, type Walked, walk } from './hop.ts'
import { serviceHops } from './service.ts'

/** Walks the way of every case once, hop by hop, for the one peer of an adapter; gives whether all of it works, and what the adapter leaves out. Throws Misuse. */
export async function examine(
  adapter: Adapter,
  insecureLoopback: boolean,
  onWalked: (walked: Walked) => void,
): Promise<{ works: boolean; missing: string[] }> {
  const rig = await openRig(adapter, { profile: adapter.profile, seed: 'doctor', insecureLoopback })
  const { ground } = rig
  const { stage } = rig.set('doctor')
  try {
    const { authority, service, harness } = adapter
    const hops: Hop[] = [
      ...(authority ? authorityHops(() => authorityEntrance(ground, authority)(stage), stage, authority.configuration_url) : []),
      ...(service ? serviceHops(() => serviceEntrance(ground, service)(stage), stage, service.configuration_url) : []),
      ...(harness ? harnessHops(harnessEntrance(harness)(stage)) : []),
    ]
    onWalked({
      says: `the suite's DNS server is at ${adapter.suite.address}:${ground.dns.port}, its hosts at ${adapter.suite.address}:${ground.hosts.port}`,
      works: true,
    })
    return { works: await walk(hops, onWalked), missing: missingOf(adapter) }
  } finally {
    await rig.close()
  }
}

const VARIANTS = (names: string): string[] => names.split(' ').map((name) => `variants.${name}`)
/** What an adapter may name of a peer: without it there are cases that are skipped. */
const OPTIONAL = {
  authority: [
    ...['approve', 'deny', 'cancel', 'revoke', 'narrow'].map((name) => `decisions.${name}`),
    ...['second', 'pins_vendor', 'foreign_domain', 'decision_doors', 'logs'],
    ...VARIANTS('short demanding limited automatic durable'),
  ],
  service: [
    'second',
    'users.domains',
    'end_session',
    'logs',
    ...VARIANTS('own_accepted own_preferred own_required both closed limited short durable'),
  ],
  harness: ['browser', 'options.scope', 'options.authority', 'options.destination'],
} as const

const missingOf = (adapter: Adapter): string[] =>
  PARTIES.flatMap((party) =>
    adapter[party] ? OPTIONAL[party].filter((path) => isMissing(dig(adapter[party], path.split('.')))).map((path) => `${party}.${path}`) : [],
  )

const isMissing = (value: unknown): boolean => value === undefined || value === false || (Array.isArray(value) && value.length === 0)

const dig = (value: unknown, [name, ...more]: string[]): unknown =>
  name === undefined
    ? value
    : typeof value === 'object' && value !== null
      ? dig(Object.entries(value).find(([key]) => key === name)?.[1], more)
      : undefined
