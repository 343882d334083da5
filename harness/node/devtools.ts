import type { Readable, Writable } from 'node:stream'
import { z } from 'zod'

/** What goes either way in the DevTools protocol: a command, its answer, or an event. `sessionId` is the conversation it belongs to; none is the browser's own. */
const Message = z.looseObject({
  id: z.int().optional(),
  sessionId: z.string().optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.looseObject({ message: z.string() }).optional(),
})
export type Message = z.infer<typeof Message>
/** A conversation with the browser through its pipe. */
export type DevTools = {
  /** Commands the browser, or in a session that was attached a page. Gives the result; throws Error where it refuses, or goes. */
  command: (method: string, params?: object, sessionId?: string) => Promise<unknown>
  /** Passes a message on as it is; what comes back in its session goes to whoever hears that. */
  post: (message: Message) => void
  /** Who hears what comes in the sessions of others. */
  onMessage: (hear: (message: Message) => void) => void
  /** Ends every command that waits: the browser has gone. */
  gone: () => void
}

const GONE = 'the browser has gone'

/** Reads a message of the DevTools protocol; undefined for what is none. */
export function readMessage(text: string): Message | undefined {
  try {
    return Message.parse(JSON.parse(text)) // a page may nest deeper than messages of ours
  } catch {
    return undefined // whoever says it gets no answer
  }
}

/** Speaks the DevTools protocol as `--remote-debugging-pipe` has it: JSON, each ended by a NUL. */
export function openDevTools({ input, output }: { input: Writable; output: Readable }): DevTools {
  const waiting = new Map<number, { resolve: (result: unknown) => void; reject: (failure: Error) => void }>()
  const own = new Set<string | undefined>([undefined])
  let hear = (_: Message) => {}
  let last = 0
  let isGone = false
  const post = (message: Message) => void input.write(`${JSON.stringify(message)}\0`)
  const settle = ({ id = 0, result, error }: Message) => {
    const caller = waiting.get(id)
    waiting.delete(id)
    if (error) caller?.reject(new Error(error.message))
    else caller?.resolve(result)
  }
  const deliver = (text: string) => {
    const message = readMessage(text)
    if (!message) return
    if (own.has(message.sessionId)) settle(message)
    else hear(message)
  }
  readTexts(output, deliver)
  input.on('error', () => {}) // a browser that has gone is told by its end
  return {
    command: (method, params = {}, sessionId) =>
      new Promise((resolve, reject) => {
        if (isGone) return reject(new Error(GONE))
        own.add(sessionId)
        last += 1
        waiting.set(last, { resolve, reject })
        post({ id: last, method, params, ...(sessionId !== undefined && { sessionId }) })
      }),
    post,
    onMessage: (next) => {
      hear = next
    },
    gone: () => {
      isGone = true
      for (const { reject } of waiting.values()) reject(new Error(GONE))
      waiting.clear()
    },
  }
}

function readTexts(output: Readable, deliver: (text: string) => void): void {
  let parts: Buffer[] = []
  output.on('data', (chunk: Buffer) => {
    let from = 0
    for (let end = chunk.indexOf(0); end !== -1; end = chunk.indexOf(0, from)) {
      deliver(Buffer.concat([...parts, chunk.subarray(from, end)]).toString('utf8'))
      parts = []
      from = end + 1
    }
    if (from < chunk.length) parts.push(chunk.subarray(from))
  })
  output.on('error', () => {}) // as above
}
