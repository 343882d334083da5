import { joined } from '../spec/body.ts'

/**
 * A stream in which a secret must not be: it is passed on as it comes, and breaks off with `found()`, its source told, before the secret's first byte where it
 * is there. Only what may be the beginning of the secret is held back until more is known. `secret` is not empty.
 */
export function screen(body: ReadableStream<Uint8Array>, secret: string, found: () => Error): ReadableStream<Uint8Array> {
  const sought = new TextEncoder().encode(secret)
  const isIn = createSearch(sought)
  const reader = body.getReader()
  let held = new Uint8Array()
  const next = async (): Promise<Uint8Array | undefined> => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const data = held.length > 0 ? joined([held, part.value], held.length + part.value.length) : part.value
      if (isIn(data)) throw found()
      const end = data.length - openEnd(data, sought)
      held = Uint8Array.from(data.subarray(end))
      if (end > 0) return data.subarray(0, end)
    }
    const rest = held
    held = new Uint8Array()
    return rest.length > 0 ? rest : undefined
  }
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const data = await next()
          if (data) controller.enqueue(data)
          else controller.close()
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

/** Whether bytes are in others, by Horspool's rule: most of what is searched is never looked at. */
function createSearch(sought: Uint8Array): (data: Uint8Array) => boolean {
  const last = sought.length - 1
  const steps = new Map<number, number>()
  sought.subarray(0, last).forEach((byte, i) => {
    steps.set(byte, last - i)
  })
  const stepOf = Uint32Array.from({ length: 256 }, (_, byte) => steps.get(byte) ?? sought.length)
  return (data) => {
    for (let at = last; at < data.length; at += stepOf[data[at] ?? 0] ?? sought.length) {
      let same = 0
      while (same <= last && data[at - same] === sought[last - same]) same += 1
      if (same > last) return true
    }
    return false
  }
}

/** How many bytes at the end may be the beginning of what is sought. */
function openEnd(data: Uint8Array, sought: Uint8Array): number {
  let length = Math.min(sought.length - 1, data.length)
  while (!sought.subarray(0, length).every((byte, i) => byte === data[data.length - length + i])) length -= 1
  return length
}
