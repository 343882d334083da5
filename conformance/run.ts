import type { Ground } from './actors/ground.ts'
import { type Adapter, parseAdapter } from './adapter.ts'
import { type CaseChoice, casesOf, isChosen } from './cases.ts'
import { judge } from './judge.ts'
import { Misuse } from './misuse.ts'
import type { Report, Result } from './report/report.ts'
import { PARTIES, type Party } from './requirements.ts'
import { openRig, type Rig, type RigOptions } from './rig.ts'
import { type Sentry, startSentry } from './sentry.ts'
import { authoritySubject, harnessSubject, type Judged, type Subject, serviceSubject } from './subject.ts'
import { version } from './version.ts'

export type RunOptions = RigOptions &
  CaseChoice & {
    onStart?: (about: { total: number; ground: Ground }) => void
    onBegin?: (id: string) => void
    onResult?: (result: Result) => void
  }

/** How many cases of a party are under way at once. A Harness is a process each. Where the suite's hosts are always the same ones, cases take turns. */
const AT_ONCE = { authority: 6, service: 6, harness: 4 } as const

/** Judges the peers that an adapter names, and gives the report. `document` is what an adapter file says. Throws Misuse; whatever the peers do is in the report. */
export async function run(document: unknown, options: RunOptions): Promise<Report> {
  const started = Date.now()
  const adapter = parseAdapter(document, 'the adapter')
  const rig = await openRig(adapter, options)
  try {
    const subjects = subjectsOf(rig.ground, adapter)
    const chosen = subjects.flatMap(({ cases }) => cases.filter((one) => isChosen(one, options)))
    if (chosen.length === 0) throw new Misuse(['no case is like that'], 'agentpass-conformance list shows all of them')
    options.onStart?.({ total: chosen.length, ground: rig.ground })
    const sentry = await startSentry(subjects, rig.set, rig.watch)
    const atOnce = (party: Party) => (rig.ground.settings.names === 'static' ? 1 : AT_ONCE[party])
    const results = await runAll(chosen, atOnce, (one) => judgeOne(one, rig, sentry, options))
    const aborted = await sentry.close()
    return rig.redactor.report({
      tool: { name: 'agentpass-conformance', version: version() },
      profile: options.profile,
      seed: options.seed,
      startedAt: new Date(started).toISOString(),
      ms: Date.now() - started,
      subjects: subjects.map(({ party, url }) => ({ party, name: url ?? nameOfCommand(adapter), url })),
      notices: [...noticesOf(adapter, options), ...sentry.notices],
      ...(aborted !== undefined && { aborted }),
      results: aborted === undefined ? results : results.map(sentry.withdraw),
    })
  } finally {
    await rig.close()
  }
}

async function judgeOne(one: Judged, rig: Rig, sentry: Sentry, { profile, onBegin, onResult }: RunOptions): Promise<Result> {
  onBegin?.(one.id)
  const result = await judge(one, { set: rig.set, sentry, profile, redactor: rig.redactor })
  onResult?.(result)
  return result
}

/** Those that wait first, then the others, side by side; then those that must be alone; at last those that judge the whole run. Gives the results in the order of the cases. */
async function runAll(cases: Judged[], atOnce: (party: Party) => number, judgeOne: (one: Judged) => Promise<Result>): Promise<Result[]> {
  const results = new Map<Judged, Result>()
  const drain = async (queue: Judged[]): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) results.set(next, await judgeOne(next))
  }
  const together = (party: Party) => {
    const mine = cases.filter((one) => one.party === party && !one.alone && !one.last)
    const queue = [...mine.filter(({ slow }) => slow), ...mine.filter(({ slow }) => !slow)]
    return Promise.all(Array.from({ length: atOnce(party) }, () => drain(queue)))
  }
  await Promise.all(PARTIES.map(together))
  await drain(cases.filter(({ alone, last }) => alone && !last))
  await drain(cases.filter(({ last }) => last))
  return cases.flatMap((one) => results.get(one) ?? [])
}

function subjectsOf(ground: Ground, { authority, service, harness }: Adapter): Subject[] {
  return [
    ...(authority ? [authoritySubject(ground, authority, casesOf.authority)] : []),
    ...(service ? [serviceSubject(ground, service, casesOf.service)] : []),
    ...(harness ? [harnessSubject(harness, casesOf.harness)] : []),
  ]
}

/** The program and its first words. */
const nameOfCommand = ({ harness }: Adapter): string => [harness?.bearer ?? ''].flat().slice(0, 3).join(' ')

function noticesOf({ suite, reach, authority, service }: Adapter, { insecureLoopback = false }: RunOptions): string[] {
  const isPlain = Object.keys(reach.plain).length > 0 || [authority, service].some((peer) => peer?.configuration_url.startsWith('http:'))
  return [
    ...(insecureLoopback && isPlain
      ? ['INSECURE: the peer was spoken to over plain http on a loopback address. Nothing here says that it is safe over a network.']
      : []),
    ...(suite.names === 'static' ? ["The peer has the suite's names written into it: what needs DNS was not judged."] : []),
  ]
}
