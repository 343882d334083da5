import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { listCases } from '../../conformance/list.ts'
import type { Report } from '../../conformance/report/report.ts'
import { PARTIES } from '../../conformance/requirements.ts'
import { run } from '../../conformance/run.ts'
import { startOwnPeers } from '../../conformance/self.ts'
import { BROKEN_REFERENCE } from '../../conformance/sentry.ts'
import { messageOf } from '../../spec/node/operator-error.ts'
import type { Mutant } from './mutant.ts'

/** What the suite found of one mutant. `missed` are cases that should have failed and did not; `why` says so where there was no verdict at all. */
export type Judgement = { id: string; caughtBy: string[]; missed: { id: string; verdict: string; why: string }[]; ms: number; error?: string }

const MOST_MS = 240_000

/** Judges our parties with a mutant in them: by its own cases, or with `only` by others. `compiled` is the folder of the compiled tree, in which the mutant is for as long; nobody else may use it meanwhile. */
export async function judgeMutant(mutant: Mutant, compiled: string, only: string[] = mutant.fails): Promise<Judgement> {
  const started = performance.now()
  const { file, find, replace, id, fails } = mutant
  const at = join(compiled, file)
  const source = readFileSync(at, 'utf8')
  writeFileSync(
    at,
    source.replace(find, () => replace),
  )
  try {
    const report = await judgeWorld(mutant, only, join(compiled, 'test/world/main.js'))
    const missed = only === fails ? missedOf(fails, report) : []
    return { id, caughtBy: failedOf(report), missed, ms: performance.now() - started, ...(mutant.unusable ? {} : errorOf(report)) }
  } catch (failure) {
    return { id, caughtBy: [], missed: [], ms: performance.now() - started, error: messageOf(failure) }
  } finally {
    writeFileSync(at, source)
  }
}

async function judgeWorld({ id, profile: named, browser }: Mutant, only: string[], program: string): Promise<Report> {
  const profile = named ?? 'core-0.1'
  const parties = PARTIES.filter((party) => listCases({ party, only }).length > 0)
  const own = await startOwnPeers(profile, id, { parties, world: [process.execPath, program] })
  const late = setTimeout(() => void own.stop(), MOST_MS) // then the run ends too: nobody is there any more
  try {
    return await run(own.adapter, { profile, seed: id, only, ground: own.ground, browser })
  } finally {
    clearTimeout(late)
    await own.stop()
  }
}

/** Who does not work at all fails everything, and shows nothing of a fault that is meant to be small. */
function errorOf({ notices }: Report): { error?: string } {
  const broken = notices.find((notice) => notice.startsWith(BROKEN_REFERENCE))
  return broken === undefined ? {} : { error: `it cannot be judged: ${broken}` }
}

const failedOf = ({ results }: Report): string[] => [
  ...new Set(results.filter(({ verdict }) => verdict === 'FAIL' || verdict === 'WARN').map(({ id }) => id)),
]

function missedOf(fails: string[], report: Report): Judgement['missed'] {
  const failed = failedOf(report)
  return fails
    .filter((id) => !failed.includes(id))
    .map((id) => {
      const result = report.results.find((one) => one.id === id)
      return { id, verdict: result?.verdict ?? 'not run', why: [...(result?.remarks ?? []), report.aborted ?? ''].filter(Boolean).join('; ') }
    })
}
