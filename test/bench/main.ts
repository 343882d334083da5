import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Option } from 'commander'
import { createProgram, jsonOption, printJson, run, say } from '../../spec/node/cli.ts'
import { messageOf, OperatorError } from '../../spec/node/operator-error.ts'
import { compileProject } from '../compile.ts'
import { measureBroker } from './broker.ts'
import { CASES, type Case } from './cases.ts'
import { measureConsole } from './console.ts'
import { requirePostgres } from './databases.ts'
import { FLAT_CASES, measureFlatness, SIZES } from './flatness.ts'
import { type Bench, placeOf, withGround } from './ground.ts'
import { type Leftovers, untilInterrupted, withLeftovers, withoutPassword } from './leftovers.ts'
import { measure, totalShots } from './measure.ts'
import { measurePolicy } from './policy.ts'
import { tellProgress } from './progress.ts'
import { type LatencyRow, printFlatness, printHead, printLatency, printRow, type Row, summarise } from './report.ts'
import { measureRevocation, REVOCATIONS } from './revocation.ts'

type Options = { json?: true; only?: string[]; flatness?: true; database?: string; profile?: string }

const ROUNDS = 3
const REVOCATION = 'revocation'
const CONSOLE = 'console'
const BROKER = 'broker'
const POLICY = 'policy'
const NAMES = [...CASES.map(({ name }) => name), REVOCATION, CONSOLE, BROKER, POLICY]

const program = createProgram('bench', 'Speed of the parties beside floors of the same run: ratios count, not absolute figures.', [
  '--only validate check',
  '--flatness --database postgres://user:password@127.0.0.1:5432/postgres',
])
  .addOption(jsonOption())
  .addOption(new Option('--only <names...>', 'some rows only').choices(NAMES))
  .option('--flatness', `${FLAT_CASES.join(', ')} with ${SIZES.map((size) => size.toLocaleString('en')).join(', ')} requests stored`)
  .option('--database <url>', 'a PostgreSQL server on which the parties get databases of their own, dropped at the end; SQLite files without it')
  .option('--profile <folder>', 'write a CPU profile of each measured server there')
  .action(async (options: Options) => {
    try {
      await withLeftovers(undefined, (leftovers) => Promise.race([bench(options, leftovers), untilInterrupted()]))
    } catch (failure) {
      tellProgress('')
      const { hint, exitCode = 1 } = failure instanceof OperatorError ? failure : {}
      throw new OperatorError(withoutPassword(messageOf(failure)), { hint, exitCode, cause: failure })
    }
  })

async function bench(options: Options, leftovers: Leftovers): Promise<void> {
  const cases = casesOf(options)
  if (options.database !== undefined) await requirePostgres(options.database)
  if (options.profile !== undefined) mkdirSync(options.profile, { recursive: true })
  const ready = prepare(options, leftovers)
  const done = (row: Row) => {
    tellProgress('')
    if (!options.json) printRow(row)
  }
  if (!options.json) printHead()
  const rows = options.flatness ? await measureFlatness(ready, cases, done) : await measureAll(ready, cases, done)
  const isWanted = (name: string) => !options.flatness && (!options.only || options.only.includes(name))
  const latencies = [
    ...(isWanted(REVOCATION) ? await measureRevocations(ready, options) : []),
    ...(isWanted(CONSOLE) ? await measurePages(ready, options) : []),
    ...(isWanted(BROKER) ? await measureForwarding(ready, options) : []),
    ...(isWanted(POLICY) ? await measureDeciding(ready, options) : []),
  ]
  if (options.json) printJson([...rows, ...latencies])
  else if (options.flatness) printFlatness(SIZES, rows)
}

/** The cases that were asked for. Throws OperatorError for one that has nothing to do with how many requests are stored. */
function casesOf({ only, flatness }: Options): Case[] {
  const possible = flatness ? FLAT_CASES : NAMES
  const odd = only?.find((name) => !possible.includes(name))
  if (odd) throw new OperatorError(`--flatness does not measure ${odd}`, { hint: `it measures ${FLAT_CASES.join(', ')}`, exitCode: 2 })
  return possible.filter((name) => !only || only.includes(name)).flatMap((name) => CASES.filter((one) => one.name === name))
}

/** Compiles the servers, since plain JavaScript is what is deployed, and takes the second CPU: the first is for the servers. */
function prepare({ database, profile }: Options, leftovers: Leftovers): Bench {
  tellProgress('compiling the servers')
  const compiled = compileProject('test/bench/tsconfig.json', 'bench')
  leftovers.add(() => rmSync(compiled, { recursive: true, force: true }))
  const pinned = spawnSync('taskset', ['-acp', '1', String(process.pid)], { stdio: 'ignore' }).status === 0
  if (!pinned) say('bench: taskset is not there or there is one CPU: servers and load share CPUs, so ratios are rough')
  const folder = profile === undefined ? undefined : resolve(profile)
  return { program: join(compiled, 'test', 'bench', 'server.js'), pinned, postgres: database, profile: folder, leftovers }
}

async function measureAll(ready: Bench, cases: Case[], done: (row: Row) => void): Promise<Row[]> {
  const rows: Row[] = []
  for (const one of cases) {
    const [rounds = []] = await withGround(ready, async (ground) => {
      tellProgress(`${one.name}: filling its databases`)
      const server = await one.prepare(placeOf(ground, one.name), totalShots(one, ROUNDS))
      return measure(one, ground.floors, [{ name: one.name, ...server }], ROUNDS)
    })
    const row = summarise(one.name, rounds)
    rows.push(row)
    done(row)
  }
  return rows
}

async function measureRevocations(ready: Bench, { json }: Options): Promise<LatencyRow[]> {
  const rows: LatencyRow[] = []
  for (const one of REVOCATIONS) {
    const row = await withGround(ready, (ground) => measureRevocation(one, placeOf(ground, one.name)))
    rows.push(row)
    tellProgress('')
    if (!json) printLatency(row)
  }
  return rows
}

async function measurePages(ready: Bench, { json }: Options): Promise<LatencyRow[]> {
  const rows = await withGround(ready, (ground) => measureConsole(placeOf(ground, CONSOLE)))
  tellProgress('')
  if (!json) for (const row of rows) printLatency(row)
  return rows
}

async function measureForwarding(ready: Bench, { json }: Options): Promise<LatencyRow[]> {
  const { rows, memory } = await withGround(ready, (ground) => measureBroker(placeOf(ground, BROKER)))
  tellProgress('')
  if (!json) for (const row of rows) printLatency(row)
  if (!json) say(memory)
  return rows
}

async function measureDeciding(ready: Bench, { json }: Options): Promise<LatencyRow[]> {
  const { rows, simulated } = await withGround(ready, (ground) => measurePolicy(placeOf(ground, POLICY)))
  tellProgress('')
  if (!json) for (const row of rows) printLatency(row)
  if (!json) say(simulated)
  return rows
}

await run(program, process.argv)
process.exit() // after an interruption, what was under way may still be
