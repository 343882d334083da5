import type { Wait } from '../../spec/effects.ts'
import { taskAnnounced } from './record.ts'

/** Who waits for tasks to change, in this instance. */
export type Changes = {
  /** Is told what the database's listeners are told; undefined where something may have been missed. */
  hear: (message: string | undefined) => void
  /** Runs whenever a task has changed, or may have, until `stop`. */
  follow: (id: string, onChange: () => void) => { stop: () => void }
}

export function createChanges(onChanged: (id: string) => void): Changes {
  const following = new Map<string, Set<() => void>>()
  const tell = (id: string) => {
    onChanged(id)
    for (const onChange of following.get(id) ?? []) onChange()
  }
  return {
    hear(message) {
      if (message === undefined) for (const id of following.keys()) tell(id)
      const id = message === undefined ? undefined : taskAnnounced(message)
      if (id !== undefined) tell(id)
    },
    follow(id, onChange) {
      const those = following.get(id) ?? new Set()
      following.set(id, those.add(onChange))
      return {
        stop() {
          those.delete(onChange)
          if (those.size === 0) following.delete(id)
        },
      }
    },
  }
}

/** Waits until something changes, a signal ends it, or some time is over. Never throws. */
export async function untilChanged(
  d: { changes: Changes; wait: Wait },
  id: string,
  { ms, signal }: { ms: number; signal: AbortSignal | undefined },
): Promise<void> {
  const over = new AbortController()
  const end = () => over.abort()
  const { stop } = d.changes.follow(id, end)
  signal?.addEventListener('abort', end)
  if (signal?.aborted) end()
  await d.wait(ms, over.signal).catch(() => undefined) // ended early: that is what it waits for
  signal?.removeEventListener('abort', end)
  stop()
}
