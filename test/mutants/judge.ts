import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { z } from 'zod'
import type { Mutant } from './mutant.ts'

/** What the suite found of one mutant. `missed` are cases that should have failed and did not; `why` says so where there was no verdict at all. */
export type Judgement = { id: string; caughtBy: string[]; missed: { id: string; verdict: string; why: string }[]; ms: number; error?: string }

const Report = z.object({
  notices: z.array(z.string()),
  aborted: z.string().nullable(),
  results: z.array(z.object({ id: z.string(), party: z.string(), verdict: z.string(), remarks: z.array(z.string()) })),
})
const MOST_MS = 240_000
const APPLY = new URL('./apply.mjs', import.meta.url).href

/** Runs the suite's `self` on our parties with a mutant in them: its own cases, or with `only` others. `compiled` is the folder of the compiled tree. */
export async function judgeMutant(mutant: Mutant, compiled: string, only: string[] = mutant.fails): Promise<Judgement> {
  const started = performance.now()
  const { file, find, replace, id } = mutant
  const env = {
    ...process.env,
    AGENTPASS_MUTANT: JSON.stringify({ file, find, replace }),
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import ${APPLY}`.trim(),
  }
  const args = [
    join(compiled, 'conformance/main.js'),
    'self',
    '--profile',
    mutant.profile ?? 'core-0.1',
    '--seed',
    id,
    '--json',
    ...(mutant.browser ? ['--browser'] : []),
    '--only',
    ...only,
  ]
  const { out, err } = await runProgram(args, env)
  const ms = performance.now() - started
  const parsed = Report.safeParse(parse(out))
  if (!parsed.success) return { id, caughtBy: [], missed: [], ms, error: err.trim().slice(-600) || 'the suite printed no report' }
  const { results, aborted } = parsed.data
  const failed = results.filter(({ verdict }) => verdict === 'FAIL' || verdict === 'WARN').map((result) => result.id)
  const missed = mutant.fails
    .filter((one) => !failed.includes(one))
    .map((one) => {
      const result = results.find((each) => each.id === one)
      return { id: one, verdict: result?.verdict ?? 'not run', why: [...(result?.remarks ?? []), aborted ?? ''].filter(Boolean).join('; ') }
    })
  return { id, caughtBy: [...new Set(failed)], missed: only === mutant.fails ? missed : [], ms }
}

function runProgram(args: string[], env: NodeJS.ProcessEnv): Promise<{ out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: MOST_MS })
    const said = { out: '', err: '' }
    child.stdout.on('data', (chunk) => (said.out += chunk))
    child.stderr.on('data', (chunk) => (said.err += chunk))
    child.on('error', reject)
    child.on('close', () => resolve(said))
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
