import type { Now } from '../../spec/effects.ts'

/**
 * An answer that may take its time, for as long as it is allowed: what ends a delegation ends it too (protocol 7). `requireAllowed` is asked before more is passed on,
 * once a second at most; where it throws, the answer breaks off and its source is told.
 */
export function whileAllowed(
  d: { now: Now },
  body: ReadableStream<Uint8Array>,
  { allowedAt, requireAllowed }: { allowedAt: number; requireAllowed: () => Promise<void> },
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let askedAt = allowedAt
  const read = async () => {
    const part = await reader.read()
    if (part.done || d.now() === askedAt) return part
    await requireAllowed()
    askedAt = d.now()
    return part
  }
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await read()
          if (done) controller.close()
          else controller.enqueue(value)
        } catch (failure) {
          void reader.cancel(failure).catch(() => undefined) // it may be what broke
          throw failure
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}
