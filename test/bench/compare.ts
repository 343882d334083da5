import { median, quantile } from './load.ts'
import { tellProgress } from './progress.ts'
import type { LatencyRow } from './report.ts'

const WARM_UP = 2500
const ROUNDS = 3
const CALLS = 2000

/** A way to do something, and what its row is called. */
export type Way = { name: string; act: () => Promise<void> }

/** Does the same in two ways, in interleaved rounds, one after the other. Gives how long each takes, and what the second adds, under `adds`. */
export async function compareWays(subject: string, plain: Way, more: Way, adds: string): Promise<LatencyRow[]> {
  const ways = [plain, more].map((way) => ({ ...way, times: [] as number[][] }))
  for (const { name, act } of ways) {
    tellProgress(`${subject}: warming up, ${name}`)
    for (let i = 0; i < WARM_UP; i++) await act()
  }
  for (let round = 1; round <= ROUNDS; round++)
    for (const { name, act, times } of ways) {
      tellProgress(`${subject}: round ${round} of ${ROUNDS}, ${name}`)
      times.push(await measureOnce(act))
    }
  const [first, second] = ways.map(({ name, times }) => {
    const p = (share: number) => median(times.map((all) => quantile(all, share)))
    return row(name, p(0.5), p(0.99))
  })
  if (!first || !second) return []
  return [first, second, row(adds, second.p50Ms - first.p50Ms, second.p99Ms - first.p99Ms)]
}

async function measureOnce(act: () => Promise<void>): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < CALLS; i++) {
    const started = performance.now()
    await act()
    times.push(performance.now() - started)
  }
  return times.sort((a, b) => a - b)
}

const row = (name: string, p50: number, p99: number): LatencyRow => ({ name, rounds: ROUNDS * CALLS, p50Ms: round2(p50), p99Ms: round2(p99) })
const round2 = (ms: number): number => Number(ms.toFixed(2))
