import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { z } from 'zod'
import { RigFailure } from '../case.ts'

/** The browser's DevTools protocol, over a pipe. */
export type DevTools = {
  send: (method: string, params?: object, sessionId?: string) => Promise<Record<string, unknown>>
  onEvent: (listen: (event: { method: string; params: Record<string, unknown>; sessionId?: string | undefined }) => void) => void
  stop: () => Promise<void>
}

const Message = z.object({
  id: z.int().optional(),
  method: z.string().optional(),
  params: z.record(z.string(), z.unknown()).default({}),
  sessionId: z.string().optional(),
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.object({ message: z.string() }).optional(),
})
const GRACE_MS = 5000
type Waiting = { resolve: (result: Record<string, unknown>) => void; reject: (cause: Error) => void }

/** Starts a browser with these arguments. Calls that are under way when it ends are rejected with RigFailure. */
export function startDevTools(program: string, args: string[]): DevTools {
  const child = spawn(program, ['--remote-debugging-pipe', ...args], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] })
  const { input, output } = pipesOf(child)
  const waiting = new Map<number, Waiting>()
  const listeners: Parameters<DevTools['onEvent']>[0][] = []
  let lastId = 0
  let pending = ''
  const endAll = (why: string) => {
    for (const { reject } of waiting.values()) reject(new RigFailure(why))
    waiting.clear()
  }
  child.on('error', (cause) => endAll(`the browser cannot be run: ${cause.message}`))
  child.on('exit', () => endAll('the browser has ended'))
  input.on('error', () => endAll('the browser has ended'))
  output.on('data', (chunk) => {
    const [...messages] = (pending + String(chunk)).split('\0')
    pending = messages.pop() ?? ''
    for (const text of messages) receive(Message.parse(JSON.parse(text)))
  })
  const receive = ({ id, method, params, sessionId, result, error }: z.infer<typeof Message>) => {
    if (method !== undefined) for (const listen of listeners) listen({ method, params, sessionId })
    const one = id === undefined ? undefined : waiting.get(id)
    if (id !== undefined) waiting.delete(id)
    if (error) one?.reject(new RigFailure(`the browser says: ${error.message}`))
    else one?.resolve(result ?? {})
  }
  return {
    send: (method, params = {}, sessionId) =>
      new Promise((resolve, reject) => {
        const id = ++lastId
        waiting.set(id, { resolve, reject })
        input.write(`${JSON.stringify({ id, method, params, ...(sessionId !== undefined && { sessionId }) })}\0`)
      }),
    onEvent: (listen) => void listeners.push(listen),
    stop: () => {
      if (child.exitCode === null && input.writable) input.write(`${JSON.stringify({ id: ++lastId, method: 'Browser.close' })}\0`)
      return ended(child)
    },
  }
}

function pipesOf(child: ChildProcess): { input: Writable; output: Readable } {
  const [, , , input, output] = child.stdio
  if (!input || !('write' in input) || !output || !('read' in output)) throw new RigFailure('the browser has no pipes')
  return { input, output }
}

/** Waits for it to end by itself, and ends it when it does not. */
const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    const force = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
    child.once('exit', () => {
      clearTimeout(force)
      resolve()
    })
  })
