import { randomBytes } from 'node:crypto'
import type { Adapter, Profile } from './adapter.ts'
import { readAdapter } from './adapter-file.ts'
import { listCases } from './list.ts'
import { Misuse } from './misuse.ts'
import { type Outputs, writeOutputs } from './outputs.ts'
import { wantsColour } from './report/paint.ts'
import { isConforming, type Report } from './report/report.ts'
import { createTerminal, type Terminal } from './report/terminal.ts'
import { PARTIES, type Party } from './requirements.ts'
import { run } from './run.ts'
import { startOwnPeers } from './self.ts'

export type JudgeOptions = Outputs & {
  only?: string[]
  profile?: Profile
  seed?: string
  verbose?: true
  insecureLoopback?: true
  browser?: string | true
}

/** Judges the peer of one adapter file: prints as it goes, writes the reports, and gives the exit code. Throws Misuse. */
export async function judgePeer(party: Party, file: string, options: JudgeOptions): Promise<number> {
  const adapter = onlyParty(readAdapter(file, process.env), party, file)
  return conclude(await runOnTerminal(adapter, options.profile ?? adapter.profile, options, {}), options)
}

/** Judges our own three parties, in one profile or in both: in `hardened` what it has beside the other. */
export async function judgeSelf(options: JudgeOptions & { database?: string }): Promise<number> {
  const profiles: Profile[] = options.profile ? [options.profile] : ['core-0.1', 'hardened']
  const codes: number[] = []
  for (const profile of profiles) {
    const seed = options.seed ?? newSeed()
    const hardeningOnly = profiles.length > 1 && profile === 'hardened'
    const parties = PARTIES.filter((party) => listCases({ party, only: options.only, hardeningOnly }).length > 0)
    if (parties.length === 0) continue
    const own = await startOwnPeers(profile, seed, { parties, database: options.database })
    try {
      const report = await runOnTerminal(own.adapter, profile, { ...options, seed }, { ground: own.ground, hardeningOnly })
      codes.push(conclude(report, profiles.length > 1 ? named(options, profile) : options))
    } finally {
      await own.stop()
    }
  }
  if (codes.length === 0) throw new Misuse(['no case is like that'], 'agentpass-conformance list shows all of them')
  return Math.max(...codes)
}

/** A file for each profile, where there are two. */
const named = ({ json, junit, html, ...options }: JudgeOptions, profile: Profile): JudgeOptions => {
  const name = (file: string) => file.replace(/(\.\w+)?$/, `-${profile}$1`)
  return {
    ...options,
    ...(json !== undefined && { json: json === true ? true : name(json) }),
    ...(junit && { junit: name(junit) }),
    ...(html && { html: name(html) }),
  }
}

type More = Pick<Parameters<typeof run>[1], 'ground' | 'hardeningOnly'>

async function runOnTerminal(adapter: unknown, profile: Profile, options: JudgeOptions, more: More): Promise<Report> {
  const { only, verbose = false, insecureLoopback = false, browser } = options
  const seed = options.seed ?? newSeed()
  const out = options.json === true ? process.stderr : process.stdout
  let terminal: Terminal | undefined
  const report = await run(adapter, {
    ...more,
    ...{ seed, profile, only, insecureLoopback, browser },
    onStart: ({ total }) => {
      terminal = createTerminal({ verbose, hasColour: wantsColour(out, process.env), out, talk: process.stderr, total })
    },
    onBegin: (id) => terminal?.begin(id),
    onResult: (result) => terminal?.result(result),
  })
  terminal?.end(report)
  return report
}

function conclude(report: Report, options: Outputs): number {
  writeOutputs(report, options)
  return isConforming(report) ? 0 : 1
}

const newSeed = (): string => randomBytes(6).toString('hex')

/** The adapter without the other parties that its file may name too. */
export function onlyParty(adapter: Adapter, party: Party, file: string): Adapter {
  const { authority, service, harness, ...common } = adapter
  const peer = { authority, service, harness }[party]
  if (!peer) throw new Misuse([`${file} names no ${party}`], `agentpass-conformance init ${party} writes an adapter that does`)
  return { ...common, [party]: peer }
}
