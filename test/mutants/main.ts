import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { InvalidArgumentError } from 'commander'
import { createProgram, jsonOption, print, printJson, run, say } from '../../spec/node/cli.ts'
import { OperatorError } from '../../spec/node/operator-error.ts'
import { compileProject } from '../compile.ts'
import { mutants } from './all.ts'
import { type Judgement, judgeMutant } from './judge.ts'
import type { Mutant } from './mutant.ts'

type Options = { only?: string[]; sample?: number; jobs: number; fresh?: true; discover?: string[]; json?: true }

const HOME = resolve(import.meta.dirname, '..', '..')
const CACHE = join(HOME, 'node_modules', '.cache', 'agentpass-mutants.json')

const number = (text: string): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('it is a whole number from 1')
  return value
}

const program = createProgram('mutants', 'Small deliberate faults in our parties: whether the conformance suite finds each, and by which case.', [
  '--only service-user-not-compared',
])
  .option('--only <ids...>', 'these mutants, or those whose ids begin so')
  .option('--sample <n>', 'so many of them, always the same', number)
  .option('--jobs <n>', 'how many at once', number, availableParallelism() + 1) // some wait while others work
  .option('--fresh', 'judge again what an earlier run with the same code has judged')
  .option('--discover <ids...>', 'with --only: run these cases, such as SVC- or AUTH-, and print which of them fail')
  .addOption(jsonOption())
  .action(async (options: Options) => {
    const chosen = choose(options)
    const folder = compileProject('tsconfig.build.json', 'mutants')
    try {
      conclude(await judgeAll(chosen, folder, options), chosen, options)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

function choose({ only, sample }: Options): readonly Mutant[] {
  const chosen = mutants.filter(({ id }) => !only || only.some((start) => id.startsWith(start)))
  if (chosen.length === 0) throw new OperatorError('no mutant is called so', { exitCode: 2 })
  if (sample === undefined || sample >= chosen.length) return chosen
  return Array.from({ length: sample }, (_, i) => chosen[Math.floor((i * chosen.length) / sample)]).flatMap((one) => one ?? [])
}

/** Judges them side by side. What an earlier run judged, of the same code, is taken from it: a run that was broken off goes on. */
async function judgeAll(chosen: readonly Mutant[], folder: string, { jobs, fresh, discover, json }: Options): Promise<Judgement[]> {
  const tree = digestOf(folder)
  const known: Record<string, Judgement> = !fresh && !discover && existsSync(CACHE) ? JSON.parse(readFileSync(CACHE, 'utf8')) : {}
  const queue = [...chosen]
  const done: Judgement[] = []
  const work = async (compiled: string) => {
    for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
      const key = createHash('sha256').update(tree).update(JSON.stringify(mutant)).digest('hex')
      const judgement = known[key] ?? (await judgeMutant(mutant, compiled, discover))
      done.push(judgement)
      if (!json) tell(judgement, `${done.length}/${chosen.length}`)
      if (discover || judgement.error !== undefined || judgement.missed.length > 0) continue
      known[key] = judgement
      mkdirSync(join(CACHE, '..'), { recursive: true })
      writeFileSync(CACHE, JSON.stringify(known))
    }
  }
  const copies = Array.from({ length: jobs }, (_, i) => `${folder}-${i}`)
  try {
    for (const copy of copies) cpSync(folder, copy, { recursive: true })
    await Promise.all(copies.map(work))
  } finally {
    for (const copy of copies) rmSync(copy, { recursive: true, force: true })
  }
  return done
}

function digestOf(folder: string): string {
  const hash = createHash('sha256')
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(folder, file)
    if (/\.(js|json)$/.test(file)) hash.update(file).update(readFileSync(path))
  }
  return hash.digest('hex')
}

function tell({ id, caughtBy, missed, ms, error }: Judgement, at: string): void {
  const state = error === undefined && caughtBy.length > 0 ? `caught by ${caughtBy.join(' ')}` : 'SURVIVES'
  say(`${at.padStart(9)}  ${id}: ${state}  (${(ms / 1000).toFixed(1)} s)`)
  if (error !== undefined) say(`           ${error}`)
  for (const one of missed) say(`           ${one.id} did not fail: ${one.verdict}${one.why && ` (${one.why.slice(0, 300)})`}`)
}

function conclude(done: Judgement[], chosen: readonly Mutant[], { json, discover }: Options): void {
  if (discover) return
  const caught = done.filter(({ error, caughtBy }) => error === undefined && caughtBy.length > 0)
  const reasonOf = (id: string) => chosen.find((one) => one.id === id)?.survives
  const survivors = done
    .filter((one) => !caught.includes(one))
    .map(({ id, error }) => ({ id, reason: reasonOf(id) ?? error ?? 'no case fails: a fault that the suite does not find' }))
  const wrong = done.filter(({ missed }) => missed.length > 0)
  if (json) printJson({ total: done.length, caught: caught.length, survivors })
  else print(`caught ${caught.length} of ${done.length}${survivors.map(({ id, reason }) => `\n  survives: ${id}: ${reason}`).join('')}`)
  if (wrong.length > 0)
    say(`cases that should have failed and did not: ${wrong.flatMap(({ id, missed }) => missed.map((one) => `${id}: ${one.id}`)).join(', ')}`)
  if (wrong.length > 0 || survivors.some(({ id }) => reasonOf(id) === undefined)) process.exitCode = 1
}

await run(program, process.argv)
