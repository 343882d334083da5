import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { CASES, type Case, type Place, startFloor } from './cases.ts'
import { fire, type Measured, median } from './load.ts'

/** A row of the bench. `ratio` is to the floor of the same run; for `guard`, `cpuMicros` is CPU above the bare route. */
type Row = { name: string; perSecond: number; p50Ms: number; p99Ms: number; cpuMicros: number; floorPerSecond: number; ratio: number }
type Options = { json?: true; only?: string[]; flatness?: true }

const WARM_UP = 2500
const ROUNDS = 3
const FLAT_SIZES = [1000, 100_000, 1_000_000]
const FLAT_CASES = ['validate', 'check', 'poll']
/** What design asks for, as ratios to the floor. */
const TARGETS: Record<string, number> = { validate: 0.7, validate32: 0.8, check: 0.78, issuance: 0.3, poll: 0.5, redeem: 0.45 }

const program = new Command('bench')
  .description('Speed of the parties beside floors of the same run: ratios count, not absolute figures.')
  .addHelpText('before', 'example: npm run bench -- --only validate check\n')
  .option('--json', 'print the rows as JSON')
  .option('--only <names...>', `some of: ${CASES.map(({ name }) => name).join(' ')}`)
  .option('--flatness', `${FLAT_CASES.join(', ')} with ${FLAT_SIZES.join(', ')} requests stored`)

async function run(options: Options): Promise<void> {
  const pinned = pinToSecondCpu()
  if (!pinned) process.stderr.write('bench: taskset is not there or there is one CPU: servers and load share CPUs, so ratios are rough\n')
  const cases = CASES.filter(({ name }) => (options.flatness ? FLAT_CASES : (options.only ?? CASES.map((c) => c.name))).includes(name))
  const rows: Row[] = []
  for (const stored of options.flatness ? FLAT_SIZES : [0])
    for (const one of cases) {
      const row = await measure(one, { pinned, cpu: 0 }, stored)
      rows.push(options.flatness ? { ...row, name: `${one.name} @ ${stored}` } : row)
      if (!options.json) print(row, rows.length === 1, stored)
    }
  if (options.json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`)
}

/** The load runs on the second CPU, the servers on the first. */
function pinToSecondCpu(): boolean {
  return spawnSync('taskset', ['-cp', '1', String(process.pid)], { stdio: 'ignore' }).status === 0
}

async function measure(one: Case, pinning: Place['pinning'], stored: number): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'agentpass-bench-'))
  try {
    const floor = await startFloor(folder, pinning)
    const { child, also = [], shots } = await one.prepare({ at: folder, pinning }, WARM_UP + ROUNDS * one.shots, stored)
    await fire(child.origin, shots.splice(0, WARM_UP), one.connections)
    await fire(floor.child.origin, await floor.shots(one.floor, WARM_UP), one.connections)
    const rounds: { own: Measured; ground: Measured; cpu: number; groundCpu: number }[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const groundShots = await floor.shots(one.floor, one.shots)
      const [ground, groundCpu] = await withCpu(floor.child, () => fire(floor.child.origin, groundShots, one.connections))
      const [own, cpu] = await withCpu(child, () => fire(child.origin, shots.splice(0, one.shots), one.connections))
      rounds.push({ own, ground, cpu: cpu / one.shots, groundCpu: groundCpu / one.shots })
    }
    await Promise.all([child, floor.child, ...also].map((server) => server.stop()))
    return summarise(one, rounds)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function withCpu<T>(server: { cpuMicros: () => Promise<number> }, work: () => Promise<T>): Promise<[T, number]> {
  const before = await server.cpuMicros()
  const result = await work()
  return [result, (await server.cpuMicros()) - before]
}

function summarise({ name }: Case, rounds: { own: Measured; ground: Measured; cpu: number; groundCpu: number }[]): Row {
  const of = (pick: (round: (typeof rounds)[number]) => number) => median(rounds.map(pick))
  const round = (value: number, digits: number) => Number(value.toFixed(digits))
  const cpu = name === 'guard' ? of((r) => r.cpu - r.groundCpu) : of((r) => r.cpu)
  return {
    name,
    perSecond: round(
      of((r) => r.own.perSecond),
      0,
    ),
    p50Ms: round(
      of((r) => r.own.p50Ms),
      2,
    ),
    p99Ms: round(
      of((r) => r.own.p99Ms),
      2,
    ),
    cpuMicros: round(cpu, 1),
    floorPerSecond: round(
      of((r) => r.ground.perSecond),
      0,
    ),
    ratio: round(
      of((r) => r.own.perSecond / r.ground.perSecond),
      3,
    ),
  }
}

function print(row: Row, withHead: boolean, stored: number): void {
  const cells = (values: (string | number)[]) => values.map((value, i) => (i === 0 ? String(value).padEnd(20) : String(value).padStart(12))).join('')
  if (withHead) process.stdout.write(`${cells(['', 'per second', 'p50 ms', 'p99 ms', 'CPU µs', 'floor', 'ratio', 'target'])}\n`)
  const target = row.name === 'guard' ? '≤ 30 µs' : (TARGETS[row.name] ?? '')
  process.stdout.write(
    `${cells([stored > 0 ? `${row.name} @ ${stored}` : row.name, row.perSecond, row.p50Ms, row.p99Ms, row.cpuMicros, row.floorPerSecond, row.ratio, target])}\n`,
  )
}

program.parse()
await run(program.opts<Options>())
