/** Somebody's request, for a token that is lent to it. */
import type { Asked } from '../harness/forward.ts'

export const asked = (path: string, changed: Partial<Asked> = {}): Asked => ({
  method: 'GET',
  path,
  headers: new Headers(),
  body: undefined,
  ...changed,
})
export const bytes = (text: string) => new TextEncoder().encode(text)

/** A body that comes in these parts, and then no more. */
export const stream = (...parts: (string | Uint8Array)[]) =>
  new ReadableStream<Uint8Array>({
    pull(controller) {
      const part = parts.shift()
      if (part === undefined) controller.close()
      else controller.enqueue(typeof part === 'string' ? bytes(part) : part)
    },
  })
