import type { Log } from './log.ts'

/** Something that is done again and again until the party stops. */
export type Chore = { name: string; everyMs: number; run: () => Promise<unknown> }

/** Runs chores, each never twice at once; a failure is logged and the chore comes round again. `stop` waits for those under way. */
export function startChores(chores: Chore[], log: Log): { stop: () => Promise<void> } {
  const stops = chores.map((chore) => {
    let running: Promise<unknown> | undefined
    const timer = setInterval(() => {
      running ??= chore
        .run()
        .catch((failure) => log.error('chore_failed', { route: chore.name, failure }))
        .finally(() => {
          running = undefined
        })
    }, chore.everyMs)
    timer.unref()
    return async () => {
      clearInterval(timer)
      await running
    }
  })
  return {
    async stop() {
      await Promise.all(stops.map((stop) => stop()))
    },
  }
}

/** Deletes expired rows in bounded batches until none is left. */
export async function sweepAll(deleteSome: (limit: number) => Promise<number>): Promise<void> {
  const limit = 500
  while ((await deleteSome(limit)) === limit);
}
