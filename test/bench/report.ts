import { print } from '../../spec/node/cli.ts'
import { median } from './load.ts'
import type { Round } from './measure.ts'

/** A row of the bench: medians of its rounds. Ratios are to the floors of the same round; for `guard`, `cpuMicros` is CPU above the bare route. */
export type Row = {
  name: string
  perSecond: number
  p50Ms: number
  p99Ms: number
  cpuMicros: number
  floorPerSecond: number
  ratio: number
  /** The floor with an fsync each, and the ratio to it. */
  durableFloorPerSecond?: number
  durableRatio?: number
  /** With other requests stored: the ratio to the same with the fewest stored, in the same round. */
  ofFewest?: number
}

/** A row that is no load: how long something takes, one after the other. */
export type LatencyRow = { name: string; rounds: number; p50Ms: number; p99Ms: number }

/** What design section 8 asks for: ratios to the floors, and CPU in microseconds. */
const TARGETS: Record<string, { ratio?: number; durableRatio?: number; cpuMicros?: number }> = {
  validate: { ratio: 0.7, durableRatio: 1.9 },
  validate32: { ratio: 0.8, durableRatio: 1.9 },
  check: { ratio: 0.78 },
  issuance: { ratio: 0.3 },
  poll: { ratio: 0.5 },
  redeem: { ratio: 0.45 },
  guard: { cpuMicros: 30 },
}
const LATENCY_TARGETS_MS: Record<string, number> = { revocation: 50, 'revocation-unpushed': 6000, 'broker adds (p50)': 1, 'policy adds (p50)': 0.5 }
const PAGE_TARGET_MS = 100
/** How much of its speed a row keeps while a thousand times as many requests are stored. */
const FLAT = 0.85

/** The row of some rounds; `fewest` are those, in the same order, of the server with the fewest requests stored. */
export function summarise(name: string, rounds: Round[], fewest?: Round[]): Row {
  const of = (digits: number, pick: (round: Round, i: number) => number) => Number(median(rounds.map(pick)).toFixed(digits))
  const row: Row = {
    name,
    perSecond: of(0, ({ own }) => own.perSecond),
    p50Ms: of(2, ({ own }) => own.p50Ms),
    p99Ms: of(2, ({ own }) => own.p99Ms),
    cpuMicros: of(1, ({ own, floor }) => own.cpuMicros - (name === 'guard' ? floor.cpuMicros : 0)),
    floorPerSecond: of(0, ({ floor }) => floor.perSecond),
    ratio: of(3, ({ own, floor }) => own.perSecond / floor.perSecond),
  }
  if (rounds.some(({ durable }) => durable)) {
    row.durableFloorPerSecond = of(0, ({ durable }) => durable?.perSecond ?? 0)
    row.durableRatio = of(2, ({ own, durable }) => own.perSecond / (durable?.perSecond ?? 0))
  }
  if (fewest) row.ofFewest = of(3, ({ own }, i) => own.perSecond / (fewest[i]?.own.perSecond ?? 0))
  return row
}

const HEAD = ['', 'per second', 'p50 ms', 'p99 ms', 'CPU µs', 'floor', 'ratio', 'target']
const cells = (values: (string | number)[]) => values.map((value, i) => (i === 0 ? String(value).padEnd(20) : String(value).padStart(12))).join('')
const grouped = (value: number) => value.toLocaleString('en')

/** Prints the head of the table of rows. */
export const printHead = (): void => print(cells(HEAD))

/** Prints a row with its target beside it. */
export function printRow(row: Row): void {
  const target = TARGETS[row.name.split(' ')[0] ?? ''] ?? {}
  const sought = target.ratio !== undefined ? `≥ ${target.ratio.toFixed(2)}` : `≤ ${target.cpuMicros} µs`
  const durable =
    row.durableRatio !== undefined
      ? `   durable floor ${grouped(row.durableFloorPerSecond ?? 0)}/s, ${row.durableRatio.toFixed(1)}x (≥ ${target.durableRatio}x)`
      : ''
  const measured = [row.name, grouped(row.perSecond), row.p50Ms.toFixed(2), row.p99Ms.toFixed(2), row.cpuMicros.toFixed(1)]
  print(cells([...measured, grouped(row.floorPerSecond), row.ratio.toFixed(2), sought]) + durable)
}

/** Prints a row of a time, with its target beside it. */
export const printLatency = ({ name, p50Ms, p99Ms }: LatencyRow): void =>
  print(cells([name, '', p50Ms.toFixed(2), p99Ms.toFixed(2), '', '', '', `≤ ${LATENCY_TARGETS_MS[name] ?? PAGE_TARGET_MS} ms`]))

/** Prints how the ratio to the floor changes with the requests stored, and how much of the speed with the fewest is kept with the most. Of each case the rows come one after the other. */
export function printFlatness(sizes: number[], rows: Row[]): void {
  print(`\n${cells(['ratio to the floor', ...sizes.map(grouped), 'kept', 'target'])}`)
  for (let i = 0; i < rows.length; i += sizes.length) {
    const line = rows.slice(i, i + sizes.length)
    const ratios = line.map(({ ratio }) => ratio.toFixed(2))
    print(cells([line[0]?.name.split(' ')[0] ?? '', ...ratios, line.at(-1)?.ofFewest?.toFixed(2) ?? '', `≥ ${FLAT}`]))
  }
}
