import { Pool } from 'undici'

/** One request of a load; bodies and headers are made before the clock runs. */
export type Shot = { method: 'GET' | 'POST'; path: string; headers?: Record<string, string>; body?: string; expect: number }
export const JSON_BODY = { 'content-type': 'application/json' }
export type Measured = { perSecond: number; p50Ms: number; p99Ms: number }

/** Sends every shot once, over so many connections at a time. Throws when an answer is not the one expected: a fast refusal is no result. */
export async function fire(origin: string, shots: Shot[], connections: number): Promise<Measured> {
  const pool = new Pool(origin, { connections, pipelining: 1 })
  const times: number[] = []
  let next = 0
  const worker = async () => {
    for (let shot = shots[next++]; shot; shot = shots[next++]) {
      const started = performance.now()
      const { statusCode, body } = await pool.request({ method: shot.method, path: shot.path, headers: shot.headers ?? {}, body: shot.body ?? null })
      const text = await body.text()
      times.push(performance.now() - started)
      if (statusCode !== shot.expect)
        throw new Error(`${shot.method} ${shot.path} was answered ${statusCode} instead of ${shot.expect}: ${text.slice(0, 200)}`)
    }
  }
  const started = performance.now()
  await Promise.all(Array.from({ length: connections }, worker))
  const seconds = (performance.now() - started) / 1000
  await pool.close()
  times.sort((a, b) => a - b)
  return { perSecond: shots.length / seconds, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) }
}

/** What so large a share of sorted values does not exceed. */
export const quantile = (sorted: number[], share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0

export const median = (values: number[]): number =>
  quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  )
