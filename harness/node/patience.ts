import type { Wait } from '../../spec/effects.ts'

/** Waits for something, and no longer than a while: then it throws what `late` gives. Throws the signal's reason when that is aborted first. No timer is left behind. */
export async function within<T>(d: { wait: Wait; signal: AbortSignal }, ms: number, awaited: Promise<T>, late: () => Error): Promise<T> {
  const over = new AbortController()
  const leave = () => over.abort(d.signal.reason)
  d.signal.addEventListener('abort', leave)
  if (d.signal.aborted) leave()
  const patience = d.wait(ms, over.signal).then(() => {
    throw late()
  })
  try {
    return await Promise.race([awaited, patience])
  } finally {
    d.signal.removeEventListener('abort', leave)
    over.abort()
  }
}

/** Resolves when a signal is aborted: for what serves until it is told to stop. */
export const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
    if (signal.aborted) resolve()
  })
