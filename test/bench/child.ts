import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { z } from 'zod'

/** A server of the bench in a process of its own, on a CPU apart from the load where the machine can do that. */
export type Child = {
  origin: string
  /** CPU time the process has used so far, in microseconds. */
  cpuMicros: () => Promise<number>
  stop: () => Promise<void>
}

const Ready = z.object({ origin: z.string() })
const Used = z.object({ cpuMicros: z.number() })
const PROGRAM = new URL('./server.ts', import.meta.url).pathname

/** Starts `server.ts` as a kind of server, told what it needs; resolves when it listens. */
export async function startChild(kind: string, told: object, { pinned, cpu }: { pinned: boolean; cpu: number }): Promise<Child> {
  const node = [process.execPath, '--import', 'tsx', PROGRAM, kind, JSON.stringify(told)]
  const [command = process.execPath, ...args] = pinned ? ['taskset', '-c', String(cpu), ...node] : node
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const { origin } = Ready.parse(await answer(child))
  return {
    origin,
    async cpuMicros() {
      const answered = answer(child)
      child.send('cpu')
      return Used.parse(await answered).cpuMicros
    },
    async stop() {
      const exited = once(child, 'exit')
      child.send('stop')
      await exited
    },
  }
}

async function answer(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`a server of the bench ended with ${code}`)
  })
  ended.catch(() => {}) // only while somebody waits
  const [message] = await Promise.race([once(child, 'message'), ended])
  return message
}
