import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { z } from 'zod'
import type { Leftovers } from './leftovers.ts'

/** A server of the bench in a process of its own, on a CPU apart from the load where the machine can do that. */
export type Child = {
  origin: string
  /** CPU time the process has used so far, in microseconds. */
  cpuMicros: () => Promise<number>
  stop: () => Promise<void>
}
/** How servers are started: the compiled `server.js`, and whether on the first CPU alone. */
export type Starting = { program: string; pinned: boolean; leftovers: Leftovers }
/** Where a CPU profile of a server goes when it stops, and what its file is called. */
export type Profile = { folder: string; name: string }

const Ready = z.object({ origin: z.string() })
const Used = z.object({ cpuMicros: z.number() })

/** Starts a kind of server, told what it needs; resolves when it listens. What it is told names passwords, so it goes by message: arguments are for every user of the machine to read. */
export async function startChild(starting: Starting, kind: string, told: object, profile?: Profile): Promise<Child> {
  const node = [process.execPath, ...(profile ? profiling(profile, kind) : []), starting.program, kind]
  const [command = '', ...args] = starting.pinned ? ['taskset', '-c', '0', ...node] : node
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const exited = once(child, 'exit')
  starting.leftovers.add(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const lost = exited.then(([code, signal]) => {
    throw new Error(`a server of the bench ended with ${code ?? signal}`)
  })
  lost.catch(() => {}) // only while somebody waits for an answer
  const ask = async <T>(question: object | string, Answer: z.ZodType<T>): Promise<T> => {
    const answered = once(child, 'message')
    child.send(question)
    const [answer] = await Promise.race([answered, lost])
    return Answer.parse(answer)
  }
  const { origin } = await ask(told, Ready)
  return {
    origin,
    cpuMicros: async () => (await ask('cpu', Used)).cpuMicros,
    async stop() {
      child.send('stop')
      await exited
    },
  }
}

const profiling = ({ folder, name }: Profile, kind: string): string[] => [
  '--cpu-prof',
  '--cpu-prof-dir',
  folder,
  '--cpu-prof-name',
  `${name}-${kind}.cpuprofile`,
]
